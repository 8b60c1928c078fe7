"""The wire form of the Responses API: requests out, events in. Knows no SDK and no network.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamtui.chat.events import ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Usage
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.wire.completions import citations_in
from streamtui.providers.wire.media import responses_content
from streamtui.providers.wire.parser import EventParser, as_dict, as_list, as_text, token_count

_BEGINNINGS: Final = ("response.created", "response.queued", "response.in_progress")
_REASONS: Final = {"completed": "stop", "": "stop", "max_output_tokens": "length"}
"""Finish reasons by their names in Chat Completions."""
_REASONING: Final = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")


def request_input(request: ChatRequest, quirks: frozenset[str]) -> list[dict[str, Any]]:
    """Return the turns as input items."""
    role = "developer" if "swap:system" in quirks else "system"
    return [
        {"role": role if turn.role == "system" else turn.role, "content": responses_content(turn, quirks)}
        for turn in request.turns
    ]


class ResponsesParser(EventParser):
    """Turns the events of one streamed response into ours."""

    def __init__(self, peer: EndpointInfo, request: ChatRequest) -> None:
        super().__init__(peer, request)
        self._summary = -1
        """Number of the summary that the latest reasoning belongs to: each is a paragraph."""
        self._has_reasoning = False
        self._has_called = False
        """Whether the model has asked for a tool."""

    def _take(self, kind: str, event: dict[str, Any]) -> Iterable[ProviderEvent]:
        match event.get("type") or kind:
            case "response.output_text.delta":
                return self._text(event.get("delta"))
            case "response.refusal.delta":
                return [*self._text(event.get("delta")), *self._refused()]
            case str() as name if name in _REASONING:
                return self._reasoning(event)
            case "response.output_text.annotation.added":
                return citations_in(event.get("annotation"))
            case "response.output_item.added":
                return self._item(as_dict(event.get("item")))
            case "response.completed" | "response.incomplete":
                return self._end(as_dict(event.get("response")))
            case "response.failed":
                self.is_recognised = True
                raise self._error(as_dict(event.get("response")).get("error") or event)
            case "error":
                raise self._error(event.get("error") or event)
            case str() as name if name in _BEGINNINGS:
                self.is_recognised = True
            case _ if event.get("object") == "response":
                return self._end(event)
            case _ if event.get("error"):
                raise self._error(event["error"])
        return ()

    def _text(self, text: object) -> list[ProviderEvent]:
        if not isinstance(text, str) or not text:
            return []
        self.is_recognised = True
        self._content()
        return [TextDelta(text)]

    def _refused(self) -> list[ProviderEvent]:
        return [*self._once("refusal", f"{self._request.model} refused to answer.")]

    def _reasoning(self, event: dict[str, Any]) -> list[ProviderEvent]:
        text = as_text(event.get("delta"))
        if not text:
            return []
        self.is_recognised = self._has_reasoning = True
        number = token_count(event.get("summary_index")) or 0
        parted = 0 <= self._summary < number
        self._summary = number
        return [ReasoningDelta("\n\n" + text if parted else text)]

    def _item(self, item: dict[str, Any]) -> list[ProviderEvent]:
        """Return what there is to say about an output item that begins."""
        self.is_recognised = True
        kind = as_text(item.get("type"))
        if kind in ("function_call", "custom_tool_call"):
            self._has_called = True
            return [*self._tool_call(item.get("name"))]
        if kind == "image_generation_call":
            return [*self._left_out("an image")]
        return []

    def _end(self, response: dict[str, Any]) -> Iterator[ProviderEvent]:
        """Take the closing event, which has the whole response; what of it has not come by deltas counts."""
        self.is_recognised = True
        had_text, had_reasoning = self.has_text, self._has_reasoning
        for item in as_list(response.get("output")):
            item = as_dict(item)
            if item.get("type") == "reasoning" and not had_reasoning:
                summaries = [as_text(as_dict(part).get("text")) for part in as_list(item.get("summary"))]
                if text := "\n\n".join(filter(None, summaries)):
                    yield ReasoningDelta(text)
            for part in as_list(item.get("content")):
                yield from self._part(as_dict(part), had_text=had_text)
        self._count(as_dict(response.get("usage")))
        if error := response.get("error"):
            raise self._error(error)
        details = as_dict(response.get("incomplete_details"))
        reason = as_text(details.get("reason")) or as_text(response.get("status"))
        if reason == "completed" and self._has_called:
            reason = "tool_calls"
        self._finish(_REASONS.get(reason, reason))
        self.is_done = True

    def _part(self, part: dict[str, Any], *, had_text: bool) -> Iterator[ProviderEvent]:
        if not had_text:
            yield from self._text(part.get("text") or part.get("refusal"))
        if part.get("refusal"):
            yield from self._refused()
        for annotation in as_list(part.get("annotations")):
            yield from citations_in(annotation)

    def _count(self, usage: dict[str, Any]) -> None:
        details = as_dict(usage.get("output_tokens_details"))
        self._take_usage(
            Usage(
                token_count(usage.get("input_tokens")),
                token_count(usage.get("output_tokens")),
                token_count(details.get("reasoning_tokens")),
            )
        )
