"""Every word that a server sends, once, in whatever shape it comes; what is no text is named."""

import json
from typing import Any

import pytest

from streamtui.chat import Conversation, Model
from streamtui.chat.events import Event, Revised, TextDelta
from streamtui.chat.messages import Citation
from tests.providers.conftest import Heard, Make, hear
from tests.providers.playback import DONE, FIN, Answer, choice, delta, event, playback


async def heard_of(make: Make, *parts: bytes) -> Heard:
    async with playback(parts) as server:
        return await hear(make(base_url=server.url), "m")


def whole(text: str, **more: Any) -> bytes:
    return choice({"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more})


HELLO = "Hello world"


@pytest.mark.parametrize(
    "parts",
    [
        [delta("Hello"), delta(" world"), whole(HELLO)],
        [delta("Hello"), delta(" world"), whole(HELLO, delta={})],
        [delta("Hello"), delta(" world"), choice({"message": {"content": [{"type": "text", "text": HELLO}]}})],
        [delta("Hello"), delta(" world"), choice({"message": {"content": ["Hello", {"text": {"value": " world"}}]}})],
        [delta("Hello"), delta(" world"), whole(HELLO, delta={"content": ""})],
        [whole(HELLO)],
        [whole("Hello"), whole("Hello wor"), whole(HELLO)],
        [whole("Hello"), whole(" world")],
        [choice({"delta": {"content": "Hello"}, "message": {"content": "Hello"}}),
         choice({"delta": {"content": " world"}, "message": {"content": HELLO}}), FIN],
        [event({"choices": [{"index": 0, "delta": {"content": piece}} for piece in ("Hello", " world")]})],
        [event({"choices": [{"index": 1, "delta": {"content": HELLO}}]}),
         event({"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]})],
        [choice({"delta": {"content": ["Hello", " world"]}})],
        [choice({"delta": {"content": {"type": "text", "text": HELLO}}})],
        [choice({"delta": {"content": [{"type": "text", "text": piece} for piece in ("Hello", " world")]}})],
        [choice({"delta": {"content": [{"type": "text", "text": {"value": HELLO}}]}})],
        [choice({"delta": HELLO})],
        [choice({"text": HELLO})],
        [choice({"delta": {"audio": {"transcript": HELLO}}})],
        [event([{"choices": [{"index": 0, "delta": {"content": HELLO}}]}])],
    ],
)  # fmt: skip
async def test_text_comes_once_whatever_its_shape(make: Make, parts: list[bytes]) -> None:
    heard = await heard_of(make, *parts, FIN, DONE)
    assert heard.error is None
    assert heard.text == HELLO
    assert heard.notices == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"content": 42}, "unknown kind"),
        ({"content": [{"type": "image_url", "image_url": {"url": "x"}}]}, "an image"),
        ({"images": [{"image_url": {"url": "x"}}]}, "an image"),
        ({"content": [{"type": "hologram", "data": "x"}]}, "«hologram»"),
    ],
)
async def test_what_can_not_be_shown_is_named_and_stays_named(make: Make, value: dict[str, Any], says: str) -> None:
    async with playback([delta("Look: "), choice({"delta": value}), choice({"delta": value}), FIN, DONE]) as server:
        conversation = Conversation(Model(make(base_url=server.url), "m"))
        async with conversation.ask("hi") as reply:
            async for _ in reply:
                pass
    assert reply.message.text == "Look: "
    assert [notice.kind for notice in reply.message.notices] == ["left_out"]
    assert says in reply.message.notices[0].text


@pytest.mark.parametrize(
    "value",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"reasoning": {"text": "Hm."}},
        {"thinking": "Hm."},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]},
        {"content": [{"type": "thinking", "thinking": "Hm."}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
        {"content": [{"type": "reasoning", "summary": [{"text": "Hm."}]}]},
        {"content": [{"type": "reasoning", "text": "Hm."}]},
    ],
)
async def test_thinking_is_found_wherever_it_stands(make: Make, value: dict[str, Any]) -> None:
    heard = await heard_of(make, choice({"delta": value}), delta("Yes."), FIN, DONE)
    assert (heard.reasoning, heard.text, heard.notices) == ("Hm.", "Yes.", [])


async def events_of(make: Make, *parts: bytes) -> tuple[Any, list[Event]]:
    async with playback(parts) as server:
        conversation = Conversation(Model(make(base_url=server.url), "m"))
        async with conversation.ask("hi") as reply:
            events = [event async for event in reply]
    return reply.message, events


@pytest.mark.parametrize(
    "pieces",
    [
        ["Let me see. 2+2", " is 4.\n</thi", "nk>\n\nThe answer is 4."],
        ["Let me see. 2+2 is 4.\n</think>\n\nThe answer is 4."],
        [*"Let me see. 2+2 is 4.\n</think>\n\nThe answer is 4."],
        ["Let me see. 2+2 is 4.", "</think>", "\n\n", "The answer is 4."],
    ],
)
async def test_a_closing_tag_alone_makes_reasoning_of_what_came_before(make: Make, pieces: list[str]) -> None:
    message, events = await events_of(make, *map(delta, pieces), FIN, DONE)
    assert message.reasoning == "Let me see. 2+2 is 4."
    assert message.text == "The answer is 4."
    if len(pieces) > 1:
        assert sum(isinstance(event, Revised) for event in events) == 1
        at = next(number for number, event in enumerate(events) if isinstance(event, Revised))
        assert "".join(event.text for event in events[at:] if isinstance(event, TextDelta)) == message.text


@pytest.mark.parametrize(
    "text",
    [
        "Write `</think>` at the end.",
        "```\n<b>\n</think>\n```\nThat was it.",
        "~~~xml\n</think>\n~~~\n",
        "A paragraph.\n\n    </think>\n",
        "It begins with <think> and ends with </think>, as always.",
        "<think>Hm.</think>The tag </think> closes it.",
        "``a ` b </think> ``",
    ],
)
async def test_a_closing_tag_in_code_or_after_an_opening_one_is_text(make: Make, text: str) -> None:
    message, events = await events_of(make, *map(delta, text), FIN, DONE)
    assert message.text == text.removeprefix("<think>Hm.</think>")
    assert not any(isinstance(event, Revised) for event in events)


@pytest.mark.parametrize(
    ("opening", "closing"), [("<think>", "</think>"), ("<thought>", "</thought>"), ("[THINK]", "[/THINK]")]
)
async def test_tags_that_models_think_in(make: Make, opening: str, closing: str) -> None:
    message, _ = await events_of(make, *map(delta, f"{opening}\nHm.{closing}\n\nYes."), FIN, DONE)
    assert (message.reasoning, message.text) == ("Hm.", "Yes.")


URL = "https://example.org/a"


@pytest.mark.parametrize(
    "part",
    [
        event({"choices": [{"index": 0, "delta": {"content": "."}}], "citations": [URL, URL]}),
        event({"choices": [], "search_results": [{"url": URL, "title": "A"}], "citations": [URL]}),
        choice({"delta": {"annotations": [{"type": "url_citation", "url_citation": {"url": URL, "title": "A"}}]}}),
    ],
)
async def test_sources_are_kept_with_numbers(make: Make, part: bytes) -> None:
    message, events = await events_of(make, delta("Yes[1]"), part, part, FIN, DONE)
    assert [(citation.number, citation.url) for citation in message.citations] == [(1, URL)]
    assert sum(isinstance(event, Citation) for event in events) == 1


# -- lines that are no JSON


@pytest.mark.parametrize(
    "odd",
    [
        b"data: : PROCESSING\n\n",
        b"data: ping\n\n",
        b"data: keep-alive\n\n",
        b"data: OPENROUTER PROCESSING\n\n",
        b'data: data: {"choices":[]}\n\n',
        b'data: data: {"choices":[]}\ndata:\ndata:\n\n',
        b'data: {"choices":[]}\r\ndata: {"choices":[]}\r\n\r\n',
        b": comment\n\n",
        b"retry: 3\n\n",
    ],
)
async def test_odd_lines_do_not_break_a_healthy_reply(make: Make, odd: bytes) -> None:
    for parts in ([odd, delta("Hello"), delta(" world")], [delta("Hello"), odd, delta(" world"), odd]):
        heard = await heard_of(make, *parts, FIN, DONE)
        assert (heard.text, heard.error, heard.notices) == (HELLO, None, [])


@pytest.mark.parametrize("mark", [b"data: data: [DONE]\n\n", b"data: [DONE]\ndata:\n\n", b"data:[DONE]\n\n"])
async def test_the_end_mark_in_odd_dress(make: Make, mark: bytes) -> None:
    heard = await heard_of(make, delta(HELLO), FIN, mark)
    assert (heard.text, heard.error) == (HELLO, None)


async def test_a_doubled_prefix_and_events_parted_by_single_newlines_are_read(make: Make) -> None:
    doubled = [b"data: " + part for part in (delta("Hello"), delta(" world"), FIN)]
    assert (await heard_of(make, *doubled)).text == HELLO
    parted = [part.replace(b"\n\n", b"\n") for part in (delta("Hello"), delta(" world"), FIN, DONE)]
    assert (await heard_of(make, *parted)).text == HELLO


FULL = '{"code":400,"message":"the request exceeds the available context size, try increasing it"}'


@pytest.mark.parametrize(
    ("parts", "kept", "kind", "says"),
    [
        ([f"error: {FULL}\n\n".encode(), DONE], "", "context_length", "available context size"),
        ([delta("Hello"), f"error: {FULL}\n\n".encode(), DONE], "Hello", "context_length", "available context size"),
        ([delta("Hello"), b"data: error: out of memory\n\n"], "Hello", "server", "out of memory"),
        ([delta("Hello"), b"data: Internal Server Error\n\n"], "Hello", "protocol", "Internal Server Error"),
        ([delta("Hello"), b"CUDA error: device lost\n\n"], "Hello", "server", "CUDA error: device lost"),
        ([b"the model is not loaded\n\n"], "", "protocol", "the model is not loaded"),
        ([b'event: message\ndata: {"tick":1}\n\n'], "", "protocol", '{"tick":1}'),
    ],
)
async def test_errors_and_bare_words_are_quoted(
    make: Make, parts: list[bytes], kept: str, kind: str, says: str
) -> None:
    heard = await heard_of(make, *parts)
    assert heard.error is not None
    assert heard.error.kind == kind
    assert says in str(heard.error)
    assert heard.text == kept


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([{"prompt_tokens": 7, "completion_tokens": 1}, {"prompt_tokens": 7, "completion_tokens": 2},
          {"prompt_tokens": 0, "completion_tokens": 0}], (7, 2)),
        ([{"prompt_tokens": 7.0, "completion_tokens": 2.0}], (7, 2)),
        ([{"input_tokens": 7, "output_tokens": 2}], (7, 2)),
    ],
)  # fmt: skip
async def test_usage_is_what_was_counted(make: Make, counts: list[dict[str, Any]], expected: tuple[int, int]) -> None:
    parts = [event({"choices": [], "usage": usage}) for usage in counts]
    heard = await heard_of(make, delta(HELLO), FIN, *parts, DONE)
    assert heard.usage is not None
    assert (heard.usage.input_tokens, heard.usage.output_tokens) == expected


@pytest.mark.parametrize("place", ["choice", "x_groq"])
async def test_usage_in_other_places(make: Make, place: str) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 2}
    last = choice({"delta": {}, "finish_reason": "stop", "usage": usage})
    if place == "x_groq":
        last = choice({"delta": {}, "finish_reason": "stop"}, x_groq={"usage": usage})
    heard = await heard_of(make, delta(HELLO), last, DONE)
    assert heard.usage is not None and heard.usage.output_tokens == 2


async def test_a_whole_reply_that_broke_keeps_its_text(make: Make) -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Hello wor"}, "finish_reason": "network_error"}]}
    async with playback(Answer([json.dumps(body).encode()], content_type="application/json")) as server:
        heard = await hear(make(base_url=server.url), "m")
    assert heard.text == "Hello wor"
    assert heard.error is not None and "network_error" in str(heard.error)
