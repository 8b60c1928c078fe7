"""The Messages API: what only this wire form has."""

import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from streamtui import providers
from streamtui.chat.errors import ProviderError
from streamtui.chat.messages import ChatRequest, Turn, Usage
from streamtui.chat.ports import InMemoryQuirks
from tests.providers.conftest import KEY, Make, ask, hear
from tests.server import ScriptedServer


async def test_the_system_message_and_the_limit_have_fields_of_their_own(make: Make, server: ScriptedServer) -> None:
    await hear(make("anthropic"), ChatRequest("ok", (Turn("system", "Be brief."), Turn("user", "hi"))))
    request = server.of("ok")[0]
    assert request.path == "/v1/messages"
    assert request.json == {
        "model": "ok",
        "stream": True,
        "max_tokens": 128_000,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert request.headers["x-api-key"] == KEY
    assert request.headers["anthropic-version"]
    assert "authorization" not in request.headers


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/messages"])
async def test_base_urls_with_and_without_the_version(make: Make, server: ScriptedServer, suffix: str) -> None:
    heard = await hear(make("anthropic", base_url=server.anthropic_url + suffix), "ok")
    assert heard.finish_reason == "end_turn"


async def test_usage_is_put_together_from_two_events(make: Make) -> None:
    assert (await hear(make("anthropic"), "ok")).usage == Usage(7, 5)
    assert (await hear(make("anthropic"), "eof-after-3")).usage == Usage(7, None)


async def test_prefill_goes_on_from_text_without_the_white_space_at_its_end(make: Make, server: ScriptedServer) -> None:
    provider = make("anthropic")
    assert provider.can_prefill("prefill")
    turns = (Turn("user", "hi"), Turn("assistant", "Hello, \n"))
    heard = await hear(provider, ChatRequest("prefill", turns, prefill=True))
    assert server.of("prefill")[0].json["messages"][-1] == {"role": "assistant", "content": "Hello,"}
    assert heard.text == "and goes on."


async def test_a_refused_prefill_is_remembered_and_left_to_reply(make: Make, server: ScriptedServer) -> None:
    memory = InMemoryQuirks()
    provider = make("anthropic", memory=memory)
    turns = (Turn("user", "hi"), Turn("assistant", "Hel"))
    heard = await hear(provider, ChatRequest("no-prefill", turns, prefill=True))
    assert heard.error is not None
    assert heard.error.kind == "bad_request"
    assert not provider.can_prefill("no-prefill")
    assert len(server.of("no-prefill")) == 1


async def test_a_refused_temperature_is_dropped_and_remembered(make: Make, server: ScriptedServer) -> None:
    memory = InMemoryQuirks()
    provider = make("anthropic", memory=memory)
    heard = await hear(provider, ask("no-temperature", temperature=0.5))
    assert heard.notices == ["field_dropped"]
    assert heard.finish_reason == "end_turn"
    assert memory.quirks(server.anthropic_url, "no-temperature") == {"no:temperature"}


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "anthropic" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(ProviderError) as caught:
        providers.create("anthropic", api_key=KEY)
    assert caught.value.kind == "missing_extra"
    assert "streamtui[anthropic]" in str(caught.value)
