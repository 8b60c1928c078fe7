"""One reply in every shape a server may stream it in: the same text and reasoning, once, and its own end."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.events import Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.sse import EventDecoder
from streamtui.providers.wire.completions import CompletionsParser
from streamtui.providers.wire.messages import MessagesParser
from streamtui.providers.wire.parser import EventParser
from streamtui.providers.wire.responses import ResponsesParser
from tests.providers.conftest import ask

THOROUGH = settings(deadline=None, database=None, max_examples=120)
PEER = EndpointInfo("host", "KEY")
GOOD_ENDS = ("stop", "eos", "end_turn", "STOP", "stop_sequence", "tool_calls", "eos_token", "COMPLETE")
WORDS = st.sampled_from(
    ["Hello", " world", ".\n\n", "ß", "日本", "🙂", "</think", " data: x", "[DONE]", ": ", "\r\n", "a"]
)
PIECES = st.lists(WORDS, min_size=1, max_size=8)
ODD = (
    b": OPENROUTER PROCESSING\n\n",
    b":\n\n",
    b"\n\n\n",
    b"event: ping\ndata: {}\n\n",
    b'event: ping\ndata: {"type": "ping"}\n\n',
    b"data: : PROCESSING\n\n",
    b"data: ping\n\n",
    b"data: null\n\n",
    b'data: ""\n\n',
    b"data: []\n\n",
    b'data: {"choices": []}\n\n',
    b"id: 7\nretry: 100\n\n",
    b"a line of no known field\n\n",
    b": keep-alive\ndata:\n\n",
)
"""What says nothing, between two events."""
Draw = st.DrawFn


@dataclass(frozen=True)
class Streamed:
    """A reply, and the bytes in which it comes."""

    text: str
    reasoning: str
    reason: str | None
    body: bytes
    cuts: Sequence[int]

    def heard_by(self, parser: EventParser) -> list[ProviderEvent]:
        decoder, events, start = EventDecoder(), list[ProviderEvent](), 0
        for cut in (*sorted(self.cuts), len(self.body)):
            for kind, data in decoder.feed(self.body[start:cut]):
                events += parser.feed(kind, data)
            start = cut
        for kind, data in decoder.close():
            events += parser.feed(kind, data, at_end=True)
        return events + parser.close()


def sent(draw: Draw, value: Any) -> bytes:
    """Return an event in one of the forms that servers write, comments and pings before it."""
    data = json.dumps(value, ensure_ascii=draw(st.booleans()))
    prefix = draw(st.sampled_from(["data: ", "data:", "data: data: ", "id: 1\ndata: ", ": hi\ndata: "]))
    odd = b"".join(draw(st.lists(st.sampled_from(ODD), max_size=2)))
    return odd + f"{prefix}{data}\n\n".encode()


def finished(draw: Draw, text: Sequence[str], reasoning: Sequence[str], reason: str | None, body: bytes) -> Streamed:
    newline = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    body = body.replace(b"\n", newline)
    cuts = draw(st.lists(st.integers(0, len(body)), max_size=20))
    return Streamed("".join(text), "".join(reasoning), reason, body, cuts)


CONTENT: Sequence[Callable[[str], Any]] = (
    lambda text: text,
    lambda text: [text],
    lambda text: {"type": "text", "text": text},
    lambda text: [{"type": "text", "text": text}],
    lambda text: [{"type": "text", "text": {"value": text}}],
    lambda text: [{"type": "output_text", "text": text, "index": 0}],
)
REASONING: Sequence[Callable[[str], dict[str, Any]]] = (
    lambda text: {"reasoning_content": text},
    lambda text: {"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text}]},
    lambda text: {"thinking": text},
    lambda text: {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]},
    lambda text: {"content": [{"type": "thinking", "thinking": text}]},
    lambda text: {"content": [{"type": "reasoning", "summary": [{"text": text}]}]},
)


def choice_of(draw: Draw, text: str) -> dict[str, Any]:
    """Return a choice that adds a piece of text."""
    content = draw(st.sampled_from(CONTENT))(text)
    forms: list[dict[str, Any]] = [
        {"delta": {"content": content}},
        {"delta": {"role": "assistant", "content": content, "refusal": None, "tool_calls": None}},
        {"delta": text},
        {"text": text},
        {"delta": {"content": content}, "logprobs": None, "content_filter_results": {}},
    ]
    return draw(st.sampled_from(forms))


@st.composite
def completions(draw: Draw) -> Streamed:
    text, thoughts = draw(PIECES), draw(st.lists(WORDS, max_size=3))
    reason = draw(st.sampled_from([*GOOD_ENDS, None]))
    where = draw(st.sampled_from(["first", "each", "with the last", "alone", "snapshot"])) if reason else "nowhere"
    index = draw(st.sampled_from([0, 0, 1]))
    steps: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": ""}}]
    steps += [{"delta": draw(st.sampled_from(REASONING))(thought)} for thought in thoughts]
    steps += [choice_of(draw, piece) for piece in text]
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        has_reason = where == "each" or (where == "first" and number == 0) or (where == "with the last" and is_last)
        step |= {"index": index, "finish_reason": reason if has_reason else draw(st.sampled_from([None, ""]))}
    if where == "alone":
        steps.append({"index": index, "delta": {}, "finish_reason": reason})
    if where == "snapshot":
        whole = {"role": "assistant", "content": draw(st.sampled_from(CONTENT))("".join(text))}
        steps.append({"index": index, "delta": {}, "message": whole, "finish_reason": reason})
    body = b""
    while steps:
        size = draw(st.integers(1, 2))
        choices, steps = steps[:size], steps[size:]
        if draw(st.booleans()) and index == 0:
            choices.append({"index": index + 1, "delta": {"content": "another reply"}})
        body += sent(draw, {"choices": choices, "usage": None})
    if draw(st.booleans()):
        body += sent(draw, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    if reason is None or draw(st.booleans()):
        body += draw(
            st.sampled_from([b"data: [DONE]\n\n", b"data: data: [DONE]\n\n", b"data:[DONE]\n\n", b"data: [DONE]"])
        )
        body += draw(st.sampled_from([b"", b'data: {"choices": [{"delta": {"content": "late"}}]}\n\n']))
    return finished(draw, text, thoughts, reason, body)


@st.composite
def messages(draw: Draw) -> Streamed:
    text, thoughts = draw(PIECES), draw(st.lists(WORDS, max_size=3))
    reason = draw(st.sampled_from(["end_turn", "stop_sequence", "tool_use"]))
    stop = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {"usage": {"input_tokens": 4}}}]
    if thoughts:
        events.append(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}
        )
        for thought in thoughts:
            events.append({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": thought}})
        events.append({"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}})
    early = draw(st.integers(0, len(text)))
    events.append({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}})
    for number, piece in enumerate(text):
        if number == early:
            events.append(stop)
        events.append({"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}})
    events += [{"type": "content_block_stop"}, *([stop] if early == len(text) else [])]
    body = b"".join(named(draw, event) for event in events)
    if draw(st.booleans()):
        body += named(draw, {"type": "message_stop"}) + sent(
            draw, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "late"}}
        )
    return finished(draw, text, thoughts, reason, body)


@st.composite
def responses(draw: Draw) -> Streamed:
    text, thoughts = draw(PIECES), draw(st.lists(WORDS, max_size=3))
    kind = draw(st.sampled_from(["response.reasoning_summary_text.delta", "response.reasoning_text.delta"]))
    part = {"type": "output_text", "text": "".join(text), "annotations": []}
    summary = [{"type": "summary_text", "text": "".join(thoughts)}] if thoughts else []
    output = [{"type": "reasoning", "summary": summary}, {"type": "message", "content": [part]}]
    whole = {"object": "response", "status": "completed", "output": output, "usage": {"input_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {"status": "in_progress"}}]
    if draw(st.booleans()):
        events += [{"type": kind, "delta": thought, "summary_index": 0} for thought in thoughts]
        events.append({"type": "response.output_item.added", "item": {"type": "message"}})
        events += [{"type": "response.output_text.delta", "delta": piece} for piece in text]
        events.append({"type": "response.output_text.done", "text": "".join(text)})
        events.append({"type": "response.content_part.done", "part": part})
        events.append({"type": "response.output_item.done", "item": output[1]})
    if draw(st.booleans()):
        del whole["object"]
    events.append({"type": "response.completed", "response": whole})
    body = b"".join(named(draw, event) for event in events)
    return finished(draw, text, thoughts, "stop", body)


def named(draw: Draw, event: dict[str, Any]) -> bytes:
    """Return an event whose type stands in it, before it, or both."""
    where = draw(st.sampled_from(["in", "before", "both"]))
    kind = f"event: {event['type']}\n".encode() if where != "in" else b""
    data = event if where != "before" else {name: value for name, value in event.items() if name != "type"}
    return kind + f"data: {json.dumps(data)}\n\n".encode()


def check(streamed: Streamed, parser: EventParser) -> None:
    events = streamed.heard_by(parser)

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == streamed.text
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == streamed.reasoning
    assert parser.failure() is None
    assert events[-1] == Finished(streamed.reason)
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == ([] if streamed.reason else ["host ended the reply without saying why."])


@THOROUGH
@given(completions())
def test_chat_completions(streamed: Streamed) -> None:
    check(streamed, CompletionsParser(PEER, ask("m")))


@THOROUGH
@given(messages())
def test_messages(streamed: Streamed) -> None:
    check(streamed, MessagesParser(PEER, ask("m")))


@THOROUGH
@given(responses())
def test_responses(streamed: Streamed) -> None:
    check(streamed, ResponsesParser(PEER, ask("m")))
