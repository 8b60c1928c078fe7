"""The wire form of the Messages API: its events in, ours out. Knows no SDK and no network.

https://docs.anthropic.com/en/api/messages-streaming
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from streamtui.chat.events import Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import Usage
from streamtui.providers.errors.http import EndpointInfo, stream_error
from streamtui.providers.wire.non_stream import load_event, reason_in, token_count

_EARLY_ENDS: Final = {
    "max_tokens": Notice("finish", "The reply stopped at the limit of tokens."),
    "model_context_window_exceeded": Notice("finish", "The reply stopped: the model's context is full."),
    "refusal": Notice("refusal", "The model refused to go on."),
}


class MessagesParser:
    """Turns the events of one streamed message into ours. Every field may be missing, null or of the wrong type."""

    __slots__ = ("_finish_reason", "_model", "_peer", "_seam", "_tools", "_usage", "done", "recognised")

    def __init__(self, peer: EndpointInfo, model: str, seam: str = "") -> None:
        """`seam` is white space that the reply may repeat at its beginning, since it was cut off the request."""
        self._peer = peer
        self._model = model
        self._seam = seam
        self._tools = False
        self._usage = Usage()
        self._finish_reason: str | None = None
        self.recognised = False
        self.done = False

    @property
    def finished(self) -> bool:
        return self._finish_reason is not None

    def feed(self, kind: str, data: str, *, at_end: bool = False) -> Sequence[ProviderEvent]:
        if self.done:
            return ()
        if kind == "error":
            raise stream_error(self._peer, self._model, reason_in(data))
        event = load_event(self._peer, data, at_end=at_end)
        if event is None:
            return ()
        match event.get("type") or kind:
            case "content_block_delta":
                self.recognised = True
                return self._content(event.get("delta"))
            case "content_block_start":
                return self._content(event.get("content_block"))
            case "message_start":
                self.recognised = True
                self._start(event.get("message"))
            case "message_delta":
                self._take_reason(event.get("delta"))
                self._take_usage(event.get("usage"))
            case "message_stop":
                self.done = True
            case "message":
                return self._whole(event)
            case "error":
                raise stream_error(self._peer, self._model, event.get("error") or event)
            case _ if event.get("error"):
                raise stream_error(self._peer, self._model, event["error"])
        return ()

    def close(self) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        if self._usage != Usage():
            events.append(self._usage)
        if self._finish_reason is not None:
            if self._finish_reason in _EARLY_ENDS:
                events.append(_EARLY_ENDS[self._finish_reason])
            events.append(Finished(self._finish_reason))
        return events

    def _content(self, block: object) -> Sequence[ProviderEvent]:
        """Return what a content block, or a piece of one, holds: text, thinking or the wish for a tool."""
        if not isinstance(block, dict):
            return ()
        if isinstance(text := block.get("text"), str):
            return self._text(text)
        if isinstance(thinking := block.get("thinking"), str):
            return (ReasoningDelta(thinking),) if thinking else ()
        if block.get("type") in ("tool_use", "server_tool_use") and not self._tools:
            self._tools = True
            name = f" ({self._peer.name(name, 40)})" if isinstance(name := block.get("name"), str) and name else ""
            return (Notice("tool_call", f"{self._model} asked for a tool{name}, which a chat does not have."),)
        return ()

    def _text(self, text: str) -> Sequence[ProviderEvent]:
        if self._seam and text:
            text, self._seam = text.removeprefix(self._seam), ""
        return (TextDelta(text),) if text else ()

    def _start(self, message: object) -> None:
        """Take the input's size from the opening event; its count of output is only a beginning."""
        if isinstance(message, dict) and isinstance(usage := message.get("usage"), dict):
            self._take_usage({**usage, "output_tokens": None})

    def _take_reason(self, delta: object) -> None:
        if isinstance(delta, dict) and isinstance(reason := delta.get("stop_reason"), str) and reason:
            self._finish_reason = self._peer.name(reason, 40)

    def _take_usage(self, usage: object) -> None:
        if not isinstance(usage, dict):
            return
        read = [token_count(usage.get(name)) for name in _INPUT_COUNTS]
        if read[0] is not None:
            self._usage = replace(self._usage, input_tokens=sum(count or 0 for count in read))
        if (written := token_count(usage.get("output_tokens"))) is not None:
            self._usage = replace(self._usage, output_tokens=written)

    def _whole(self, message: dict[str, Any]) -> Sequence[ProviderEvent]:
        content = message.get("content")
        if not isinstance(content, list):
            return ()
        self.recognised = True
        self._take_reason(message)
        self._take_usage(message.get("usage"))
        return [event for block in content for event in self._content(block)]


_INPUT_COUNTS: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
