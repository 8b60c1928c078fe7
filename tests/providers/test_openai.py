"""Chat Completions: what only this wire form has."""

import asyncio

import pytest

from streamtui.chat import Conversation, Model
from streamtui.chat.messages import ChatRequest, Turn, Usage
from streamtui.chat.ports import InMemoryQuirks
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.base_url import parse_base_url
from streamtui.providers.openai import limit_name
from streamtui.providers.wire.completions import CompletionsParser
from tests.providers.conftest import Make, ask, hear
from tests.server import HELLO, ScriptedServer

WHOLE = "".join(HELLO)
SYSTEM = (Turn("system", "Be brief."), Turn("user", "hi"))
PICKY = ChatRequest("picky", SYSTEM, temperature=0.5, max_tokens=9)


@pytest.mark.parametrize("model", ["think", "think-split"])
async def test_think_tags_are_reasoning(make: Make, model: str) -> None:
    async with Conversation(Model(make(), model)).ask("hi") as reply:
        async for _ in reply:
            pass
    assert reply.reasoning.strip() == "Let me see."
    assert reply.text == WHOLE


@pytest.mark.parametrize("model", ["two-choices", "no-nulls"])
async def test_the_choice_with_index_zero_counts(make: Make, model: str) -> None:
    heard = await hear(make(), model)
    assert heard.text == WHOLE
    assert heard.finish_reason == "stop"


async def test_a_refusal_is_text_and_said_once(make: Make) -> None:
    heard = await hear(make(), "refusal")
    assert heard.text == "I can't do that."
    assert heard.notices == ["refusal"]


async def test_usage_is_asked_for_and_read(make: Make, server: ScriptedServer) -> None:
    heard = await hear(make(), "ok")
    assert server.of("ok")[0].json["stream_options"] == {"include_usage": True}
    assert heard.usage == Usage(7, 5)


@pytest.mark.parametrize(
    ("model", "quirks"),
    [
        ("no-stream-options", {"no:stream_options"}),
        ("needs-max-completion-tokens", {"swap:max_tokens"}),
        ("no-temperature", {"no:temperature"}),
        ("needs-developer", {"swap:system"}),
        ("no-system", {"no:system"}),
        ("picky", {"no:stream_options", "swap:max_tokens", "no:temperature"}),
    ],
)
async def test_a_refused_field_is_dropped_and_remembered(
    make: Make, server: ScriptedServer, model: str, quirks: set[str]
) -> None:
    memory = InMemoryQuirks()
    request = ChatRequest(model, SYSTEM, temperature=0.5, max_tokens=9)
    heard = await hear(make(memory=memory), request)
    assert heard.error is None
    assert heard.finish_reason == "stop"
    assert heard.notices == ["field_dropped"] * len(quirks)
    assert memory.quirks(server.url, model) == quirks
    assert len(server.of(model)) == 1 + len(quirks)

    again = await hear(make(memory=memory), request)
    assert again.notices == ["field_dropped"] * ("no:temperature" in quirks), "what is not sent is said each time"
    assert again.finish_reason == "stop"
    assert len(server.of(model)) == 2 + len(quirks)


async def test_a_system_message_that_is_not_taken_goes_into_the_first_prompt(
    make: Make, server: ScriptedServer
) -> None:
    await hear(make(), ChatRequest("no-system", SYSTEM))
    assert server.of("no-system")[-1].json["messages"] == [{"role": "user", "content": "Be brief.\n\nhi"}]


async def test_a_value_that_is_refused_teaches_nothing(make: Make, server: ScriptedServer) -> None:
    memory = InMemoryQuirks()
    heard = await hear(make(memory=memory), ask("bad-temperature", temperature=9.0))
    assert heard.error is not None
    assert memory.quirks(server.url, "bad-temperature") == frozenset()
    assert len(server.of("bad-temperature")) == 1


async def test_a_lesson_that_does_not_help_is_not_remembered(make: Make, server: ScriptedServer) -> None:
    memory = InMemoryQuirks()
    provider = make(memory=memory)
    heard = await hear(provider, ask("no-prefill", prefill=True))
    assert heard.error is None, "the last turn is the user's"
    turns = (Turn("user", "hi"), Turn("assistant", "Hel"))
    heard = await hear(provider, ChatRequest("no-prefill", turns, prefill=True))
    assert heard.error is not None
    assert heard.error.kind == "bad_request"
    assert not provider.can_prefill("no-prefill")


def test_prefill_has_to_be_known(make: Make, server: ScriptedServer) -> None:
    memory = InMemoryQuirks()
    assert not make(memory=memory).can_prefill("m")
    memory.learn(server.url, "m", "prefill")
    assert make(memory=memory).can_prefill("m")
    assert not make(memory=memory).can_prefill("other")


@pytest.mark.parametrize(
    ("url", "quirks", "name"),
    [
        ("https://api.openai.com/v1", set(), "max_completion_tokens"),
        ("https://example.org/v1", set(), "max_tokens"),
        ("https://api.openai.com/v1", {"swap:max_tokens"}, "max_tokens"),
        ("https://example.org/v1", {"swap:max_tokens"}, "max_completion_tokens"),
    ],
)
def test_openai_itself_wants_the_newer_name_of_the_limit(url: str, quirks: set[str], name: str) -> None:
    assert limit_name(parse_base_url(url), quirks) == name


@pytest.mark.parametrize(
    ("delta", "reasoning", "text"),
    [
        ('{"reasoning_content": "a"}', "a", ""),
        ('{"reasoning": "a", "reasoning_content": null, "content": "b"}', "a", "b"),
        ('{"reasoning": "a", "reasoning_details": [{"text": "a"}]}', "a", ""),
        ('{"reasoning_details": [{"text": "a"}, {"summary": "b"}, null, 3]}', "ab", ""),
        ('{"content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": [{"text": "b"}]}]}', "b", "a"),
        ('{"content": [null, 3, {"text": 3}, {"thinking": [3]}]}', "", ""),
    ],
)
def test_where_servers_put_reasoning(delta: str, reasoning: str, text: str) -> None:
    parser = CompletionsParser(EndpointInfo("host", "KEY"), ask("m"))
    events = list(parser.feed("", f'{{"choices": [{{"delta": {delta}}}]}}'))
    told = {type(event).__name__: getattr(event, "text", "") for event in events}
    assert told.get("ReasoningDelta", "") == reasoning
    assert told.get("TextDelta", "") == text


async def test_several_first_requests_at_once_share_one_client(make: Make, server: ScriptedServer) -> None:
    provider = make()
    await asyncio.gather(*(hear(provider, "ok") for _ in range(5)))
    assert len(server.of("ok")) == 5


async def test_models(make: Make) -> None:
    names = await make().models()
    assert names[0] == "ok"
    assert len(names) > 50
