"""Images and documents: the JSON that each interface gets, and what its refusals teach."""

import json
from dataclasses import replace
from typing import Any

import pytest

from streamtui.chat.messages import ChatRequest, Media, Turn
from streamtui.chat.ports import InMemoryQuirks
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.media_refusals import media_lesson_of
from tests.providers.conftest import Make, ask, hear
from tests.providers.playback import DONE, FIN, delta, playback, refusal
from tests.server import ScriptedServer

PHOTO = Media("photo.png", "image/png", "iVBO")
PAPER = Media("paper.pdf", "application/pdf", "JVBE")
OK = [delta("Hello"), FIN, DONE]


def showing(model: str, *media: Media, text: str = "What is this?") -> ChatRequest:
    turns = (Turn("user", "Look", media=media), Turn("assistant", "Yes"), Turn("user", text, media=media))
    return replace(ask(model), turns=turns)


@pytest.mark.parametrize(
    ("name", "field", "parts"),
    [
        (
            "openai",
            "messages",
            [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                {
                    "type": "file",
                    "file": {"filename": "paper.pdf", "file_data": "data:application/pdf;base64,JVBE"},
                },
                {"type": "text", "text": "What is this?"},
            ],
        ),
        (
            "responses",
            "input",
            [
                {"type": "input_image", "image_url": "data:image/png;base64,iVBO"},
                {
                    "type": "input_file",
                    "filename": "paper.pdf",
                    "file_data": "data:application/pdf;base64,JVBE",
                },
                {"type": "input_text", "text": "What is this?"},
            ],
        ),
        (
            "anthropic",
            "messages",
            [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                {
                    "type": "document",
                    "title": "paper.pdf",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                },
                {"type": "text", "text": "What is this?"},
            ],
        ),
    ],
)
async def test_each_interface_gets_files_in_its_own_terms(
    server: ScriptedServer, make: Make, name: str, field: str, parts: list[Any]
) -> None:
    await hear(make(name), showing("hello", PHOTO, PAPER))

    sent = server.requests[-1].json[field]
    assert [message["content"] for message in sent[::2]] == [[*parts[:-1], {**parts[-1], "text": "Look"}], parts]
    assert sent[1]["content"] == "Yes"


async def test_turns_without_files_are_sent_as_before(server: ScriptedServer, make: Make) -> None:
    turns = (Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"))
    await hear(make("openai"), replace(ask("hello"), turns=turns))

    assert [message["content"] for message in server.requests[-1].json["messages"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (404, "No endpoints found that support image input"),
        (400, "zeta is not a multimodal model"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        (400, "Failed to deserialize the JSON body: messages[0]: unknown variant `image_url`, expected `text`"),
        (400, "'messages.0.content' must be a string"),
        (422, "messages.0.content: Input should be a valid string"),
        (400, "This model does not support image input."),
        (400, "json: cannot unmarshal array into Go struct field Message.messages.content of type string"),
    ],
)
async def test_a_model_without_sight_gets_a_word_and_the_text_and_that_is_said_once(
    make: Make, status: int, message: str
) -> None:
    request = showing("zeta", PHOTO)
    later = replace(request, turns=(*request.turns, Turn("assistant", "It is"), Turn("user", "And?")))
    async with playback(refusal(status, {"error": {"message": message}}), OK) as server:
        provider = make(base_url=server.url, memory=InMemoryQuirks())
        heard = [await hear(provider, asked) for asked in (request, later, request)]

    said = "takes no images with this model"
    assert [each.said.count(said) for each in heard] == [1, 0, 1]
    note = "[photo.png: an image that is not sent, since this model or endpoint takes none]\n\nWhat is this?"
    assert [body["messages"][2]["content"] for body in server.bodies[1:]] == [note] * 3


async def test_an_image_alone_for_a_model_without_sight_is_an_error(make: Make) -> None:
    async with playback(refusal(400, {"error": {"message": "This model does not support image input."}}), OK) as server:
        heard = await hear(make(base_url=server.url, memory=InMemoryQuirks()), showing("zeta", PHOTO, text=""))

    assert "takes no images with zeta, and the prompt has no text" in str(heard.error)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "message",
    [
        "image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes",
        "Could not process image",
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png']",
        "The image data you provided does not represent a valid image: it could not be decoded. That is not supported.",
        "model zeta is not supported",
        "Invalid base64 image_url.",
        'model zeta is not supported: {"messages": [{"content": [{"type": "image_url"}]}]}',
        "At least one of the image dimensions exceed max allowed size: 8000 pixels",
    ],
)
def test_a_refusal_of_one_image_teaches_nothing(message: str) -> None:
    body = json.dumps({"error": {"message": message}})

    assert media_lesson_of(StatusError(400, {}, body, None), {"images"}) is None


def test_a_lesson_about_documents_is_none_about_images() -> None:
    body = json.dumps({"error": {"message": "Unsupported content part: file is not supported."}})

    rule = media_lesson_of(StatusError(400, {}, body, None), {"images", "files"})
    assert rule is not None and rule.quirk == "no:files"
    assert media_lesson_of(StatusError(400, {}, body, None), {"images"}) is None


async def test_a_system_message_that_moves_into_the_prompt_stands_before_its_files(
    server: ScriptedServer, make: Make
) -> None:
    memory = InMemoryQuirks()
    provider = make("openai", memory=memory)
    memory.learn(server.url, "hello", "no:system")
    turns = (Turn("system", "Be brief."), Turn("user", "What?", media=(PHOTO,)))
    await hear(provider, replace(ask("hello"), turns=turns))

    (message,) = server.requests[-1].json["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url", "text"]
    assert message["content"][0]["text"] == "Be brief."
