"""What every provider does alike: the same scenarios over real HTTP, and offline for the demo.

A new provider is added to `PROVIDERS`; one with a server of its own also to `SERVED`.
"""

import asyncio

import pytest

from streamtui import providers
from streamtui.chat.events import Connected, Finished, TextDelta
from streamtui.chat.messages import ChatRequest, Turn, Usage
from streamtui.chat.ports import Provider
from streamtui.chat.sanitize import sanitize
from tests.providers.conftest import Make, ask, hear
from tests.server import ESCAPES, HELLO, MARKDOWN, ScriptedServer, words
from tests.server.fixtures import CERTIFICATE

PROVIDERS = list(providers.PROVIDERS)
SERVED = ["openai", "responses", "anthropic"]
WHOLE = "".join(HELLO)


@pytest.fixture(params=PROVIDERS)
def any_provider(request: pytest.FixtureRequest, make: Make) -> Provider:
    return make(request.param)


@pytest.fixture(params=SERVED)
def provider(request: pytest.FixtureRequest, make: Make) -> Provider:
    return make(request.param)


async def test_a_reply_is_connected_text_usage_and_finished(any_provider: Provider) -> None:
    heard = await hear(any_provider, "fast" if any_provider.name == "demo" else "ok")
    assert heard.error is None
    assert isinstance(heard.events[0], Connected)
    assert any(isinstance(event, TextDelta) for event in heard.events)
    assert isinstance(heard.usage, Usage)
    assert heard.usage.output_tokens
    assert isinstance(heard.events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in heard.events) == 1
    assert heard.finish_reason


async def test_names_and_models(any_provider: Provider) -> None:
    assert any_provider.name in PROVIDERS
    assert any_provider.host
    names = await any_provider.models()
    assert names
    assert all(name == sanitize(name) for name in names)


async def test_a_provider_serves_several_replies_at_once(any_provider: Provider) -> None:
    model = "fast" if any_provider.name == "demo" else "flood-300"
    heard = await asyncio.gather(*(hear(any_provider, model) for _ in range(10)))
    assert {reply.text for reply in heard} == {heard[0].text}
    assert all(reply.finish_reason for reply in heard)


async def test_closing_twice_is_harmless(any_provider: Provider) -> None:
    await any_provider.aclose()
    await any_provider.aclose()


@pytest.mark.parametrize(
    ("model", "text", "reasoning"),
    [
        ("ok", WHOLE, ""),
        ("flood-500", "".join(words(500)), ""),
        ("markdown", MARKDOWN, ""),
        ("escape", ESCAPES * 2, ESCAPES),
        ("reasoning", WHOLE, "Let me see."),
        ("reasoning-only", "", "Let me see."),
        ("no-text", "", ""),
        ("no-done", WHOLE, ""),
        ("no-usage", WHOLE, ""),
        ("crlf", WHOLE, ""),
        ("cr", WHOLE, ""),
        ("bom", WHOLE, ""),
        ("bytewise", WHOLE, ""),
        ("sse-oddities", WHOLE, ""),
        ("no-final-blank", WHOLE, ""),
        ("http-1.0", WHOLE, ""),
        ("after-done", WHOLE, ""),
        ("gzip", WHOLE, ""),
        ("huge-usage", WHOLE, ""),
        ("bad-utf8", "caf\ufffd", ""),
        ("odd-fields", WHOLE, ""),
        ("big-event-3000", "a" * 3000 * 1024, ""),
        ("json", WHOLE, ""),
        ("stall-done", WHOLE, ""),
        ("silent-200", WHOLE, ""),
    ],
)
async def test_replies_arrive_whole(provider: Provider, model: str, text: str, reasoning: str) -> None:
    heard = await hear(provider, model)
    assert heard.error is None
    assert heard.text == text
    assert heard.reasoning == reasoning
    assert heard.finish_reason in ("stop", "end_turn")


async def test_a_finished_reply_does_not_wait_for_a_server_that_forgets_to_hang_up(provider: Provider) -> None:
    heard = await hear(provider, "stall-finish")
    assert heard.text == WHOLE
    assert heard.finish_reason in ("stop", "end_turn")


async def test_surrogates_come_through_for_reply_to_join(provider: Provider) -> None:
    heard = await hear(provider, "surrogates")
    assert sanitize(heard.text) == "😀 \ufffd."


async def test_a_count_that_no_reply_can_have_is_none(provider: Provider) -> None:
    assert (await hear(provider, "huge-usage")).usage == Usage(7, None)


@pytest.mark.parametrize(
    ("model", "notices", "reasons"),
    [
        ("length", ["finish"], ("length", "max_tokens")),
        ("content-filter", ["finish", "refusal"], ("content_filter", "refusal")),
        ("tool-call", ["tool_call"], ("tool_calls", "tool_use")),
        ("json", ["field_dropped"], ("stop", "end_turn")),
    ],
)
async def test_early_ends_are_said_once(
    provider: Provider, model: str, notices: list[str], reasons: tuple[str, str]
) -> None:
    heard = await hear(provider, model)
    assert heard.error is None
    assert len(heard.notices) == 1
    assert heard.notices[0] in notices
    assert heard.finish_reason in reasons


@pytest.mark.parametrize("model", ["eof-after-3", "half-event"])
async def test_an_end_without_finish_reason_is_not_finished(provider: Provider, model: str) -> None:
    heard = await hear(provider, model)
    assert heard.error is None
    assert heard.text == "".join(words(3))
    assert heard.finish_reason is None


async def test_the_connection_is_used_again(provider: Provider, server: ScriptedServer) -> None:
    for _ in range(3):
        assert (await hear(provider, "ok")).finish_reason
    assert len({request.connection for request in server.of("ok")}) == 1


async def test_requests_carry_the_turns_and_the_settings(provider: Provider, server: ScriptedServer) -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "hé\n"), Turn("assistant", "yes"), Turn("user", "go on"))
    await hear(provider, ChatRequest("ok", turns, temperature=0.5, max_tokens=99))
    body = server.of("ok")[0].json
    assert body["stream"] is True
    assert body["temperature"] == 0.5
    assert body.get("max_tokens", body.get("max_output_tokens")) == 99
    messages = body.get("messages") or body["input"]
    assert [message["content"] for message in messages if message["role"] != "system"] == [
        "hé\n",
        "yes",
        "go on",
    ]


async def test_nothing_but_our_headers_leaves(
    provider: Provider, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI", "ANTHROPIC"):
        monkeypatch.setenv(f"{name}_CUSTOM_HEADERS", "Authorization: Bearer stolen\nX-Api-Key: stolen\nX-More: stolen")
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "stolen")
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.setenv(name, "http://stolen.invalid")
    await hear(provider, "ok")
    headers = server.of("ok")[0].headers
    assert "stolen" not in str(headers)
    known = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
    known |= {"authorization", "x-api-key", "anthropic-version", "x-stainless-raw-response"}
    assert set(headers) <= known
    assert headers["user-agent"].startswith("streamtui/")


async def test_loopback_needs_no_proxy(provider: Provider, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert (await hear(provider, "ok")).text == WHOLE


async def test_a_certificate_of_ones_own_can_be_trusted(
    make: Make, tls_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    heard = await hear(make(base_url=tls_server.url), "ok")
    assert heard.text == WHOLE


async def test_max_tokens_and_prefill_of_the_demo(make: Make) -> None:
    demo = make("demo")
    whole = await hear(demo, ask("fast", "keys"))
    short = await hear(demo, ask("fast", "keys", max_tokens=20))
    assert short.finish_reason == "length"
    assert whole.text.startswith(short.text)
    turns = (Turn("user", "keys"), Turn("assistant", short.text))
    rest = await hear(demo, ChatRequest("fast", turns, prefill=True))
    assert short.text + rest.text == whole.text
