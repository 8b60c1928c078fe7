"""What a stream is made of, and its wire form (`ask --json` lines and SSE data)."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, assert_never

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import Citation, Status, Usage
from streamtui.chat.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Connected:
    """The response's headers arrived. From a provider to its `Reply` only; it goes no further."""


@dataclass(slots=True)
class TextDelta:
    """A piece of the answer, cleaned. Not frozen: one is made per token, and freezing doubles what that costs."""

    text: str


@dataclass(slots=True)
class ReasoningDelta:
    """A piece of the model's thinking, cleaned."""

    text: str


NoticeKind = Literal[
    "retry",  # waiting before a request is sent again
    "reconnected",  # a reply that broke off is being continued: the endpoint has answered
    "field_dropped",  # the endpoint refuses a field; the request goes out again without it
    "refusal",  # the model refused
    "tool_call",  # the model asked for a tool, which a chat does not have
    "finish",  # why the reply ended early: length, content filter
    "left_out",  # something in the reply is of a kind that can't be shown
    "revised",  # what arrived before reads differently: see `Revised`
    "citation",  # a source: see `Citation`
    "not_saved",  # the store can't take the text now
]
LASTING: Final = frozenset({"field_dropped", "refusal", "tool_call", "finish", "left_out"})
"""Kinds of notices that stay with the reply, as `Segment.notices`; the others are about the moment."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the user should know meanwhile: one line."""

    kind: NoticeKind
    text: str
    wait_s: float | None = None
    """For how long nothing will happen, so that a front end can count down. Not on the wire."""


@dataclass(frozen=True, slots=True)
class Revised:
    """What has arrived so far changed otherwise than by growing: it turned out to be reasoning, or a repetition.

    Followers show `text` and `reasoning` (of the whole message, earlier segments included) instead of all they have;
    those who have printed it already say `reason`.
    """

    text: str
    reasoning: str
    reason: str
    """One line."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a reply that was not an error. Providers leave all but `finish_reason` to `Reply`."""

    finish_reason: str | None = None
    status: Status = Status.COMPLETE
    metrics: Metrics | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a reply that broke."""

    error: ErrorInfo
    metrics: Metrics | None = None


Event = TextDelta | ReasoningDelta | Revised | Citation | Usage | Notice | Finished | Failed
ProviderEvent = Connected | TextDelta | ReasoningDelta | Citation | Usage | Notice | Finished


def wire(event: Event, conversation: str | None = None, label: str | None = None) -> dict[str, Any]:
    """Return `event` as the JSON object of the contract (DESIGN.md, section 2)."""
    body = _wire(event, conversation)
    return body if label is None else {**body, "label": label}


def citation_line(citation: Citation) -> str:
    """Return a source as one line: `[1] Title https://…`."""
    return " ".join(filter(None, (f"[{citation.number}]", citation.title, citation.url)))


def _wire(event: Event, conversation: str | None) -> dict[str, Any]:
    match event:
        case TextDelta(text):
            return {"type": "text", "text": text}
        case ReasoningDelta(text):
            return {"type": "reasoning", "text": text}
        case Usage():
            return {"type": "usage", **asdict(event)}
        case Notice(kind=kind, text=text):
            return {"type": "notice", "kind": kind, "text": text}
        case Revised(reason=reason):
            return {"type": "notice", "kind": "revised", "text": reason}
        case Citation():
            return {"type": "notice", "kind": "citation", "text": citation_line(event)}
        case Finished(finish_reason=reason, status=status, metrics=metrics):
            return _done(status, reason, None, conversation, metrics)
        case Failed(error=error, metrics=metrics):
            return _done(Status.FAILED, None, error, conversation, metrics)
        case _:
            assert_never(event)


def _done(
    status: Status, reason: str | None, error: ErrorInfo | None, conversation: str | None, metrics: Metrics | None
) -> dict[str, Any]:
    return {
        "type": "done",
        "status": status.value,
        "finish_reason": reason,
        "error": None if error is None else error.wire(),
        "conversation": conversation,
        "metrics": (metrics or Metrics()).wire(),
    }
