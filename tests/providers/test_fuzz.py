"""Whatever bytes arrive: no exception but ours, and no text but what a reply holds."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import ReasoningDelta, TextDelta
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.sse import EventDecoder
from streamtui.providers.models import model_names
from streamtui.providers.wire.completions import CompletionsParser
from streamtui.providers.wire.messages import MessagesParser
from streamtui.providers.wire.parser import Parser
from streamtui.providers.wire.responses import ResponsesParser
from tests.providers.conftest import ask

PEER = EndpointInfo("host", "KEY")
KEYS = st.sampled_from(
    ["choices", "delta", "message", "content", "index", "finish_reason", "usage", "error", "tool_calls", "function",
     "name", "refusal", "reasoning", "reasoning_content", "reasoning_details", "text", "thinking", "type", "code",
     "stop_reason", "content_block", "prompt_tokens", "completion_tokens", "completion_tokens_details", "input_tokens",
     "output_tokens", "status", "detail", "data", "id"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["content_block_delta", "content_block_start", "message_start", "message_delta", "message_stop", "message", "error",
     "tool_use", "<think>", "</think>", "stop", "529", "overloaded_error", "\ud800", ""]
)  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 600), st.floats(), WORDS, st.text(max_size=5))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)
DELTAS = st.dictionaries(KEYS, VALUES, max_size=4)
CHUNKS = st.one_of(
    VALUES,
    st.builds(lambda delta, more: {"choices": [{"index": 0, "delta": delta, **more}]}, DELTAS, DELTAS),
    st.builds(lambda kind, delta, more: {**more, "type": kind, "delta": delta}, WORDS, DELTAS, DELTAS),
)


def parsers() -> list[Parser]:
    return [parser(PEER, ask("m")) for parser in (CompletionsParser, MessagesParser, ResponsesParser)]


def run(parser: Parser, events: list[tuple[str, str]]) -> None:
    try:
        heard = [heard for kind, data in events for heard in parser.feed(kind, data)]
    except ProviderError as error:
        assert "\n" not in str(error)
        heard = []
    for event in [*heard, *parser.close()]:
        if isinstance(event, TextDelta | ReasoningDelta):
            assert isinstance(event.text, str)
            assert event.text


@given(st.lists(CHUNKS, max_size=6), st.sampled_from(["", "error", "message"]))
def test_any_json(chunks: list[Any], kind: str) -> None:
    for parser in parsers():
        run(parser, [(kind, json.dumps(chunk)) for chunk in chunks])


@given(st.lists(st.one_of(st.text(max_size=40), st.just("[DONE]")), max_size=5))
def test_any_text(lines: list[str]) -> None:
    for parser in parsers():
        run(parser, [("", line) for line in lines])


@given(st.binary(max_size=200))
def test_any_bytes(stream: bytes) -> None:
    decoder = EventDecoder(100)
    events = decoder.feed(stream) + decoder.close()
    for parser in parsers():
        run(parser, events)


@given(st.one_of(st.binary(max_size=60), VALUES.map(lambda value: json.dumps(value).encode())))
def test_any_list_of_models(body: bytes) -> None:
    names = model_names(body)
    assert names is None or all(isinstance(name, str) and name for name in names)
