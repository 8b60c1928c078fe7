"""The wire form of Chat Completions: requests out, chunks in. Knows no SDK and no network.

https://platform.openai.com/docs/api-reference/chat-streaming, and what other servers make of it.
"""

from collections.abc import Sequence
from typing import Any, Final

from streamtui.chat.events import Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Usage
from streamtui.chat.think import ThinkTags
from streamtui.providers.errors.http import EndpointInfo, stream_error
from streamtui.providers.wire.non_stream import load_event, reason_in, token_count

_EARLY_ENDS: Final = {
    "length": "The reply stopped at the limit of tokens.",
    "max_tokens": "The reply stopped at the limit of tokens.",
    "content_filter": "The endpoint's content filter cut the reply off.",
}


def request_fields(request: ChatRequest, quirks: frozenset[str], *, at_openai: bool) -> dict[str, Any]:
    """Return the body of a request, but for model and messages, as this endpoint and model are known to want it."""
    fields: dict[str, Any] = {}
    if "no:stream_options" not in quirks:
        fields["stream_options"] = {"include_usage": True}
    if request.temperature is not None and "no:temperature" not in quirks:
        fields["temperature"] = request.temperature
    if request.max_tokens is not None and "no:max_tokens" not in quirks:
        swapped = "swap:max_tokens" in quirks
        fields["max_tokens" if at_openai is swapped else "max_completion_tokens"] = request.max_tokens
    return fields


def request_messages(request: ChatRequest, quirks: frozenset[str]) -> list[dict[str, str]]:
    """Return the turns as messages; a system turn takes the form that this endpoint is known to want."""
    messages = [{"role": turn.role, "content": turn.text} for turn in request.turns]
    if not messages or messages[0]["role"] != "system":
        return messages
    if "no:system" in quirks and len(messages) > 1:
        text = f"{messages[0]['content']}\n\n{messages[1]['content']}"
        return [{**messages[1], "content": text}, *messages[2:]]
    if "swap:system" in quirks:
        messages[0]["role"] = "developer"
    return messages


class CompletionsParser:
    """Turns the events of one streamed reply into ours. Every field may be missing, null or of the wrong type."""

    __slots__ = ("_finish_reason", "_model", "_peer", "_seen", "_tags", "_usage", "done", "recognised")

    def __init__(self, peer: EndpointInfo, model: str) -> None:
        self._peer = peer
        self._model = model
        self._tags = ThinkTags()
        self._seen: set[str] = set()
        self._usage: Usage | None = None
        self._finish_reason: str | None = None
        self.recognised = False
        self.done = False

    @property
    def finished(self) -> bool:
        return self._finish_reason is not None

    def feed(self, kind: str, data: str, *, at_end: bool = False) -> Sequence[ProviderEvent]:
        if data.startswith("[DONE]"):
            self.done = True
        if self.done:
            return ()
        if kind == "error":
            raise stream_error(self._peer, self._model, reason_in(data))
        chunk = load_event(self._peer, data, at_end=at_end)
        if chunk is None:
            return ()
        if error := chunk.get("error"):
            raise stream_error(self._peer, self._model, error)
        if (usage := chunk.get("usage")) is not None:
            self._take_usage(usage)
        return self._choice(_first(chunk.get("choices")))

    def close(self) -> list[ProviderEvent]:
        events: list[ProviderEvent] = [*self._tags.close()]
        if self._usage:
            events.append(self._usage)
        if self._finish_reason is not None:
            if self._finish_reason in _EARLY_ENDS:
                events.append(Notice("finish", _EARLY_ENDS[self._finish_reason]))
            events.append(Finished(self._finish_reason))
        return events

    def _choice(self, choice: dict[str, Any] | None) -> Sequence[ProviderEvent]:
        if choice is None:
            return ()
        self.recognised = True
        if error := choice.get("error"):
            raise stream_error(self._peer, self._model, error)
        if reason := choice.get("finish_reason"):
            self._finish(reason)
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return ()
        if len(delta) == 1 and self._tags.settled:
            content = delta.get("content")
            if type(content) is str and content:
                return (TextDelta(content),)
        return self._delta(delta)

    def _delta(self, delta: dict[str, Any]) -> Sequence[ProviderEvent]:
        events: list[ProviderEvent] = []
        if reasoning := _reasoning(delta):
            events.append(ReasoningDelta(reasoning))
        if content := delta.get("content"):
            _add_content(content, self._tags, events)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            events.append(TextDelta(refusal))
            events.extend(self._once("refusal", f"{self._model} refused to answer."))
        if calls := delta.get("tool_calls") or delta.get("function_call"):
            name = f" ({self._peer.name(name, 40)})" if (name := _tool_name(calls)) else ""
            events.extend(self._once("tool_call", f"{self._model} asked for a tool{name}, which a chat does not have."))
        return events

    def _once(self, kind: Any, text: str) -> list[Notice]:
        if kind in self._seen:
            return []
        self._seen.add(kind)
        return [Notice(kind, text)]

    def _finish(self, reason: object) -> None:
        if not isinstance(reason, str):
            return
        if reason == "error":
            raise stream_error(self._peer, self._model, "the model ended with an error")
        self._finish_reason = self._peer.name(reason, 40)

    def _take_usage(self, usage: object) -> None:
        if not isinstance(usage, dict):
            return
        self.recognised = True
        details = usage.get("completion_tokens_details")
        taken = Usage(
            token_count(usage.get("prompt_tokens")),
            token_count(usage.get("completion_tokens")),
            token_count(details.get("reasoning_tokens")) if isinstance(details, dict) else None,
        )
        if taken != Usage():
            self._usage = taken


def _first(choices: object) -> dict[str, Any] | None:
    """Return the choice with index 0, which need not be the first in the list; a missing index counts as 0."""
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, dict) and choice.get("index") in (0, None):
            return choice
    return None


def _reasoning(delta: dict[str, Any]) -> str:
    """Return the reasoning in a delta; some servers send the same text under several names."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := delta.get(name), str) and text:
            return text
    details = delta.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    texts = [detail.get("text") or detail.get("summary") for detail in details if isinstance(detail, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _add_content(content: object, tags: ThinkTags, events: list[ProviderEvent]) -> None:
    """Add content, which is text or (at some servers) a list of parts, of which some may be thinking."""
    if isinstance(content, str):
        events.extend(tags.feed(content))
        return
    if not isinstance(content, list):
        return
    for part in content:
        if not isinstance(part, dict):
            continue
        if isinstance(text := part.get("text"), str):
            events.extend(tags.feed(text))
        elif isinstance(thinking := part.get("thinking"), list):
            texts = [piece.get("text") for piece in thinking if isinstance(piece, dict)]
            events.extend(ReasoningDelta(text) for text in texts if isinstance(text, str) and text)


def _tool_name(calls: object) -> str:
    call = calls[0] if isinstance(calls, list) and calls else calls
    if isinstance(call, dict):
        function = call.get("function") or call
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            return name
    return ""
