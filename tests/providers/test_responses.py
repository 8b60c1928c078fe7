"""The Responses interface: what only this wire form has, and when it is used."""

from typing import Any

import pytest

from streamtui import providers
from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import ChatRequest, Citation, Turn
from streamtui.chat.ports import InMemoryQuirks
from tests.providers.conftest import Heard, Make, ask, hear
from tests.providers.playback import DONE, FIN, Answer, delta, event, playback, refusal

ONLY = "This model is only supported in v1/responses and not in v1/chat/completions."


def told(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def text(piece: str) -> bytes:
    return told("response.output_text.delta", delta=piece)


def completed(*output: Any, **fields: Any) -> bytes:
    usage = {"input_tokens": 7, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 3}}
    response = {"object": "response", "status": "completed", "output": list(output), "usage": usage, **fields}
    return told("response.completed", response=response)


def answered(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": words, **more}]}


CREATED = told("response.created", response={"status": "in_progress"})


async def heard_of(make: Make, *parts: bytes, request: ChatRequest | str = "m") -> Heard:
    async with playback(parts) as server:
        return await hear(make("responses", base_url=server.url), request)


async def test_the_turns_are_input_and_nothing_is_stored_there(make: Make) -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "hi"), Turn("assistant", "Hello"), Turn("user", "more"))
    request = ChatRequest("m", turns, max_tokens=9, effort="low")
    async with playback([CREATED, text("Yes"), completed()]) as server:
        await hear(make("responses", base_url=server.url), request)
    body = server.bodies[0]
    assert server.heads[0].startswith("POST /v1/responses ")
    assert body["input"] == [{"role": turn.role, "content": turn.text} for turn in turns]
    assert (body["store"], body["max_output_tokens"], body["stream"]) == (False, 9, True)
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}


async def test_summaries_are_reasoning_in_paragraphs(make: Make) -> None:
    kind = "response.reasoning_summary_text.delta"
    parts = [told(kind, summary_index=0, delta="First"), told(kind, summary_index=0, delta=" this.")]
    heard = await heard_of(make, CREATED, *parts, told(kind, summary_index=1, delta="Then."), text("Yes"), completed())
    assert (heard.reasoning, heard.text) == ("First this.\n\nThen.", "Yes")
    assert heard.usage is not None and heard.usage.reasoning_tokens == 3


async def test_the_closing_event_says_nothing_twice(make: Make) -> None:
    heard = await heard_of(make, CREATED, text("Hello"), text(" world"), completed(answered("Hello world")))
    assert (heard.text, heard.finish_reason, heard.notices) == ("Hello world", "stop", [])


async def test_what_came_by_no_delta_is_taken_from_the_closing_event(make: Make) -> None:
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    heard = await heard_of(make, CREATED, completed(reasoning, answered("Hello world")))
    assert (heard.reasoning, heard.text) == ("Hm.", "Hello world")


async def test_a_refusal_is_text_and_said(make: Make) -> None:
    heard = await heard_of(make, CREATED, told("response.refusal.delta", delta="I can't."), completed())
    assert (heard.text, heard.notices) == ("I can't.", ["refusal"])


async def test_sources(make: Make) -> None:
    annotation = {"type": "url_citation", "url": "https://example.org/a", "title": "A"}
    added = told("response.output_text.annotation.added", annotation=annotation)
    heard = await heard_of(make, CREATED, text("Yes"), added, completed())
    assert Citation("https://example.org/a", "A") in heard.events


async def test_a_failed_response_keeps_its_text_and_says_why(make: Make) -> None:
    error = {"code": "server_error", "message": "On fire."}
    failed = told("response.failed", response={"status": "failed", "error": error})
    heard = await heard_of(make, CREATED, text("Hello wor"), failed)
    assert heard.text == "Hello wor"
    assert heard.error is not None and "broke the reply off: On fire." in str(heard.error)


async def test_a_refusal_that_names_the_interface_is_followed_once_and_remembered(make: Make) -> None:
    memory = InMemoryQuirks()
    answer = Answer([CREATED, text("Hello"), completed()])
    async with playback(refusal(404, {"error": {"message": ONLY}}), answer) as server:
        provider = make(base_url=server.url, memory=memory)
        for _ in range(2):
            assert (await hear(provider, "m")).text == "Hello"
        paths = [head.split()[1] for head in server.heads]
    assert paths == ["/v1/chat/completions", "/v1/responses", "/v1/responses"]


async def test_where_the_other_interface_fails_too_the_first_line_is_shown(make: Make) -> None:
    memory = InMemoryQuirks()
    first, second = refusal(404, {"error": {"message": ONLY}}), refusal(404, {"detail": "Not Found"})
    async with playback(first, second) as server:
        heard = await hear(make(base_url=server.url, memory=memory), "m")
        assert len(server.bodies) == 2
        assert memory.quirks(server.url, "m") == frozenset()
    assert heard.error is not None and "only supported in v1/responses" in str(heard.error)


# -- endpoint values


async def test_what_an_endpoint_sends_along(make: Make) -> None:
    async with playback([delta("Hello"), FIN, DONE]) as server:
        endpoint = providers.Endpoint(
            "openai",
            providers.parse_base_url(server.url),
            providers.Secret("a-key-of-mine"),
            name="work",
            key_header="api-key",
            headers={"X-Team": "a-team-name"},
            query={"api-version": "2026-06-01"},
            body={"top_p": 0.9, "temperature": 0.2},
        )
        provider = providers.create_at(endpoint)
        heard = await hear(provider, ask("m", temperature=0.5))
        await provider.aclose()
    head, body = server.heads[0].lower(), server.bodies[0]
    assert heard.text == "Hello"
    assert provider.name == "work"
    assert "post /v1/chat/completions?api-version=2026-06-01 " in head
    assert "api-key: a-key-of-mine" in head and "x-team: a-team-name" in head
    assert "authorization" not in head and "x-stainless" not in head
    assert (body["top_p"], body["temperature"]) == (0.9, 0.5)


async def test_an_endpoint_that_is_not_to_stream() -> None:
    whole = {"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}
    async with playback(refusal(200, whole)) as server:
        endpoint = providers.Endpoint("openai", providers.parse_base_url(server.url), stream=False)
        provider = providers.create_at(endpoint)
        heard = await hear(provider, "m")
        await provider.aclose()
    assert (heard.text, heard.notices) == ("Hello", [])
    assert server.bodies[0]["stream"] is False
    assert "authorization" not in server.heads[0].lower()


@pytest.mark.parametrize("headers", [{"Host": "x"}, {"X Y": "z"}, {"X-Y": "a\nb"}, {"X-Y": "é"}])
def test_a_header_that_can_not_be_one_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        providers.Endpoint("openai", None, headers=headers)


async def test_values_of_headers_are_not_shown(make: Make) -> None:
    async with playback(refusal(401, {"error": {"message": "Token very-secret-token is no good"}})) as server:
        base = providers.parse_base_url(server.url)
        endpoint = providers.Endpoint("openai", base, headers={"X-Token": "very-secret-token"})
        provider = providers.create_at(endpoint)
        heard = await hear(provider, "m")
        await provider.aclose()
    assert "very-secret" not in str(heard.error) and "[key hidden]" in str(heard.error)
