"""The wire form of the Messages API: its events in, ours out. Knows no SDK and no network.

https://docs.anthropic.com/en/api/messages-streaming
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from streamtui.chat.events import ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Usage
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.wire.completions import citations_in
from streamtui.providers.wire.parser import EventParser, as_dict, as_list, as_text, token_count

_INPUT_COUNTS: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_SILENT_BLOCKS: Final = ("text", "thinking", "redacted_thinking", "")
_SILENT_DELTAS: Final = ("text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta", "")


class MessagesParser(EventParser):
    """Turns the events of one streamed message into ours."""

    def __init__(self, peer: EndpointInfo, request: ChatRequest, stripped_suffix: str = "") -> None:
        """`stripped_suffix` is white space that the reply may repeat at its beginning, since it was cut off the
        request."""
        super().__init__(peer, request)
        self._stripped_suffix = stripped_suffix

    def _take(self, kind: str, event: dict[str, Any]) -> Iterable[ProviderEvent]:
        match event.get("type") or kind:
            case "content_block_delta":
                self.is_recognised = True
                return self._block(event.get("delta"), _SILENT_DELTAS)
            case "content_block_start":
                return self._block(event.get("content_block"), _SILENT_BLOCKS)
            case "message_start":
                self.is_recognised = True
                # Its count of output is only a beginning.
                self._count({**as_dict(as_dict(event.get("message")).get("usage")), "output_tokens": None})
            case "message_delta":
                self._finish(as_dict(event.get("delta")).get("stop_reason"))
                self._count(event.get("usage"))
            case "message_stop":
                self.is_done = True
            case "message":
                return self._whole(event)
            case "error":
                raise self._error(event.get("error") or event)
            case _ if event.get("error"):
                raise self._error(event["error"])
        return ()

    def _block(self, block: object, silent: Sequence[str]) -> Sequence[ProviderEvent]:
        """Return what a content block, or a piece of one, holds: text, thinking, a source or the wish for a tool."""
        if not isinstance(block, dict):
            return ()
        if isinstance(text := block.get("text"), str):
            return [*self._text(text), *self._sources(block)]
        if isinstance(thinking := block.get("thinking"), str):
            return (ReasoningDelta(thinking),) if thinking else ()
        kind = as_text(block.get("type"))
        if kind in ("tool_use", "server_tool_use"):
            return self._tool_call(block.get("name"))
        if kind in silent or kind.endswith("_tool_result"):
            return self._sources(block)
        return self._left_out(f"content of the kind «{self._peer.name(kind, 40)}»")

    def _text(self, text: str) -> Sequence[ProviderEvent]:
        if self._stripped_suffix and text:
            text, self._stripped_suffix = text.removeprefix(self._stripped_suffix), ""
        if not text:
            return ()
        self._content()
        return (TextDelta(text),)

    def _sources(self, block: dict[str, Any]) -> list[ProviderEvent]:
        sources = [block.get("citation"), *as_list(block.get("citations"))]
        return [citation for source in sources for citation in citations_in(source)]

    def _count(self, usage: object) -> None:
        usage = as_dict(usage)
        known = self._usage or Usage()
        counts = [token_count(usage.get(name)) for name in _INPUT_COUNTS]
        written = token_count(usage.get("output_tokens"))
        taken = Usage(
            known.input_tokens if counts[0] is None else sum(count or 0 for count in counts),
            known.output_tokens if written is None else written,
        )
        self._take_usage(taken)

    def _whole(self, message: dict[str, Any]) -> Sequence[ProviderEvent]:
        content = message.get("content")
        if not isinstance(content, list):
            return ()
        self.is_recognised = True
        events = [event for block in content for event in self._block(block, _SILENT_BLOCKS)]
        self._finish(message.get("stop_reason"))
        self._count(message.get("usage"))
        return events
