"""Lessons are narrow: only a field that is refused as such is left out, and that is said each time."""

import json
from typing import Any

import pytest

from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import InMemoryQuirks
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.quirks import lesson_of, limit_in
from tests.providers.conftest import Make, ask, hear
from tests.providers.playback import DONE, FIN, Answer, delta, event, playback, refusal

OK = [delta("Hello"), FIN, DONE]
ALL = frozenset({"stream", "stream_options", "max_tokens", "temperature", "system", "reasoning_effort", "prefill"})
TEMPLATE = {"enable_thinking": True, "reasoning_effort": "high"}
CLAUDE_OK = [
    event({"type": "message_start", "message": {}}, "message_start"),
    event({"type": "content_block_delta", "delta": {"text": "Hello"}}, "content_block_delta"),
    event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, "message_delta"),
    event({"type": "message_stop"}, "message_stop"),
]


def no(message: str, status: int = 400, **more: Any) -> Answer:
    return refusal(status, {"error": {"message": message, "type": "invalid_request_error", **more}})


@pytest.mark.parametrize(
    "message",
    [
        "Invalid 'max_tokens': integer above maximum value. Expected a value <= 4096, but got 9000 instead.",
        "max_tokens must be at most 4096, got 9000 instead.",
        "temperature: range: 0..1",
        "Invalid temperature: 1.5 is not supported, must be between 0 and 1",
        "'temperature' must be less than or equal to 1",
        "temperature 1.5 is too high",
        "The max_tokens value is out of range",
        "model zeta is not supported",
        "Unsupported model: zeta. Unknown deployment.",
        "This model is deprecated; use zeta-2 instead.",
        "The system is not supported today",
    ],
)
def test_a_value_that_is_refused_teaches_nothing(message: str) -> None:
    body = json.dumps({"error": {"message": message}})
    rule = lesson_of(StatusError(400, {}, body, None), ALL - {"system"}, frozenset())
    assert rule is None


def test_a_request_that_is_echoed_teaches_nothing() -> None:
    echo = {"model": "zeta", "temperature": 1, "max_tokens": 9, "stream_options": {}, "messages": [{"role": "system"}]}
    for body in (
        {"error": {"message": "model zeta is not supported"}, "request": echo},
        {"error": {"message": f"model zeta is not supported: {json.dumps(echo)}"}},
        {"detail": [{"loc": ["body", "model"], "msg": "Unknown argument", "input": echo}]},
    ):
        assert lesson_of(StatusError(400, {}, json.dumps(body), None), ALL, frozenset()) is None


@pytest.mark.parametrize(
    ("error", "quirk"),
    [
        (
            {
                "message": "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' "
                "instead.",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            },
            "swap:max_tokens",
        ),
        (
            {
                "message": "Unsupported value: 'temperature' does not support 0.5 here. Only the default (1) value "
                "is supported.",
                "param": "temperature",
                "code": "unsupported_value",
            },
            "no:temperature",
        ),
        ({"message": "Unknown parameter: 'stream_options'."}, "no:stream_options"),
        (
            {
                "message": "Unsupported value: 'stream' does not support true with this model.",
                "param": "stream",
                "code": "unsupported_value",
            },
            "no:stream",
        ),
        (
            {
                "message": "Your organization must be verified to stream this model.",
                "param": "stream",
                "code": "unsupported_value",
            },
            "no:stream",
        ),
        ({"message": "Unrecognized request argument supplied: reasoning_effort"}, "no:effort"),
        (
            {"message": "Unsupported value: 'messages[0].role' does not support 'system' with this model."},
            "swap:system",
        ),
    ],
)
def test_a_field_that_is_refused_as_such_is_left_out(error: dict[str, Any], quirk: str) -> None:
    rule = lesson_of(StatusError(400, {}, json.dumps({"error": error}), None), ALL, frozenset())
    assert rule is not None and rule.quirk == quirk


async def asked(make: Make, request: ChatRequest, *answers: Any, memory: InMemoryQuirks, name: str = "openai") -> Any:
    async with playback(*answers) as server:
        url = server.url if name == "openai" else server.url.removesuffix("/v1")
        return server, await hear(make(name, base_url=url, memory=memory), request)


async def test_a_limit_that_is_too_high_is_shown_and_nothing_is_learned(make: Make) -> None:
    memory = InMemoryQuirks()
    answer = no("Invalid 'max_tokens': integer above maximum value. Expected a value <= 4096, but got 9000 instead.")
    server, heard = await asked(make, ask("m", max_tokens=9000), answer, memory=memory)
    assert len(server.bodies) == 1
    assert heard.error is not None and "--max-tokens" in str(heard.error)
    assert memory.quirks(server.url, "m") == frozenset()


async def test_what_was_left_out_is_said_with_every_reply_until_it_is_forgotten(make: Make) -> None:
    memory = InMemoryQuirks()
    request = ask("m", temperature=0.5)
    async with playback(no("Unsupported parameter: 'temperature' is not supported with this model."), OK) as server:
        provider = make(base_url=server.url, memory=memory)
        for _ in range(3):
            heard = await hear(provider, request)
            assert "takes no temperature" in heard.said
        assert (await hear(provider, ask("m"))).said == ""
        assert ["temperature" in body for body in server.bodies] == [True, False, False, False, False]
        memory.forget(server.url)
        await hear(provider, request)
        assert "temperature" in server.bodies[-1]


async def test_a_model_that_does_not_stream_answers_in_one_piece(make: Make) -> None:
    memory = InMemoryQuirks()
    whole = {"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}
    unverified = no("You must be verified to stream this model.", param="stream", code="unsupported_value")
    async with playback(unverified, refusal(200, whole)) as server:
        provider = make(base_url=server.url, memory=memory)
        heard = await hear(provider, "m")
        assert (heard.text, heard.error) == ("Hello", None)
        assert "does not stream" in heard.said
        assert [body["stream"] for body in server.bodies] == [True, False]
        assert "stream_options" not in server.bodies[1]
        again = await hear(provider, "m")
        assert (again.text, len(server.bodies)) == ("Hello", 3)


async def test_a_limit_of_ours_gives_way_to_the_one_that_the_server_names(make: Make) -> None:
    memory = InMemoryQuirks()
    too_much = no("max_tokens: 128000 > 4096, which is the maximum allowed number of output tokens for claude-x")
    async with playback(too_much, CLAUDE_OK) as server:
        provider = make("anthropic", base_url=server.url.removesuffix("/v1"), memory=memory)
        heard = await hear(provider, "claude-x")
        assert (heard.text, heard.error, heard.notices) == ("Hello", None, [])
        await hear(provider, "claude-x")
        assert [body["max_tokens"] for body in server.bodies] == [128_000, 4096, 4096]


async def test_a_limit_of_the_users_is_not_changed_behind_their_back(make: Make) -> None:
    too_much = no("max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens for claude-x")
    memory = InMemoryQuirks()
    server, heard = await asked(
        make, ask("claude-x", max_tokens=9000), too_much, CLAUDE_OK, memory=memory, name="anthropic"
    )
    assert heard.error is not None and "9000 > 4096" in str(heard.error)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (
            "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for claude-4-20250514",
            64_000,
        ),
        ("max_tokens too large. This model's maximum context length is 32768 tokens", 32_768),
        ("max_tokens is not acceptable", 64_000),
        ("messages: at least one message is required", None),
    ],
)
def test_which_limit_a_refusal_names(message: str, limit: int | None) -> None:
    body = json.dumps({"error": {"message": message}})
    assert limit_in(StatusError(400, {}, body, None), 128_000) == limit


@pytest.mark.parametrize(
    ("name", "answer", "fields"),
    [
        ("openai", OK, {"reasoning_effort": "high", "chat_template_kwargs": TEMPLATE}),
        ("anthropic", CLAUDE_OK, {"thinking": {"type": "enabled", "budget_tokens": 24_576}}),
    ],
)
async def test_effort_is_sent_as_the_endpoint_takes_it(
    make: Make, name: str, answer: list[bytes], fields: dict[str, Any]
) -> None:
    server, heard = await asked(make, ask("m", effort="high"), answer, memory=InMemoryQuirks(), name=name)
    assert heard.error is None
    assert {field: server.bodies[0][field] for field in fields} == fields


@pytest.mark.parametrize(
    ("effort", "reasoning"),
    [("low", {"effort": "low"}), ("xhigh", {"effort": "xhigh"}), ("none", {"enabled": False})],
)
async def test_openrouter_takes_effort_in_a_form_of_its_own(
    make: Make, monkeypatch: pytest.MonkeyPatch, effort: str, reasoning: dict[str, Any]
) -> None:
    async with playback(OK) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        heard = await hear(make(base_url="http://openrouter.ai/api/v1"), ask("m", effort=effort))
    assert heard.error is None
    assert proxy.bodies[0]["reasoning"] == reasoning
    assert "reasoning_effort" not in proxy.bodies[0] and "chat_template_kwargs" not in proxy.bodies[0]


async def test_a_model_that_takes_no_budget_is_asked_by_effort_and_then_without(make: Make) -> None:
    memory = InMemoryQuirks()
    budget = no("thinking.type: enabled is not supported by this model")
    effort = no("output_config.effort: Extra inputs are not permitted")
    server, heard = await asked(make, ask("m", effort="high"), budget, CLAUDE_OK, memory=memory, name="anthropic")
    assert heard.text == "Hello"
    assert "thinking" in server.bodies[0]
    assert server.bodies[1]["output_config"] == {"effort": "high"}
    assert server.bodies[1]["thinking"] == {"type": "adaptive"}

    server, heard = await asked(
        make, ask("m", effort="high"), budget, effort, CLAUDE_OK, memory=InMemoryQuirks(), name="anthropic"
    )
    assert heard.text == "Hello" and "takes no effort" in heard.said
    assert server.bodies[2].keys().isdisjoint({"thinking", "output_config"})


@pytest.mark.parametrize("limit", [1_500, 4_096])
async def test_a_budget_stays_below_the_limit_of_tokens(make: Make, limit: int) -> None:
    request = ask("m", effort="max", max_tokens=limit)
    server, _ = await asked(make, request, CLAUDE_OK, memory=InMemoryQuirks(), name="anthropic")
    assert server.bodies[0]["thinking"]["budget_tokens"] < limit


async def test_an_effort_that_is_refused_is_left_out_and_said(make: Make) -> None:
    refused = no("Unrecognized request argument supplied: reasoning_effort")
    server, heard = await asked(make, ask("m", effort="low"), refused, OK, memory=InMemoryQuirks())
    assert heard.text == "Hello"
    assert "takes no effort" in heard.said
    assert "reasoning_effort" not in server.bodies[1]


async def test_fields_of_the_users_own_go_last(make: Make) -> None:
    request = ask("m", temperature=0.5, extra={"top_p": 0.9, "seed": 7, "temperature": 0.1})
    server, _ = await asked(make, request, OK, memory=InMemoryQuirks())
    body = server.bodies[0]
    assert (body["top_p"], body["seed"], body["temperature"]) == (0.9, 7, 0.1)
