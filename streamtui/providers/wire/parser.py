"""The frame of every parser: one streamed reply, event by event, whatever an endpoint puts into an event."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, Protocol

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Finished, Notice, NoticeKind, ProviderEvent
from streamtui.chat.finish import FinishKind, finish_kind
from streamtui.chat.messages import ChatRequest, Usage
from streamtui.providers.errors.http import EndpointInfo, broken_event_error, stream_error

DONE: Final = "[DONE]"
_MOST_TOKENS: Final = 2**53
"""A larger count is nonsense, and more than databases and other readers of JSON can hold."""
_PING: Final = re.compile(
    r"[\W_]*([\w-]+ )?(ping|pong|keep[-_ ]?alive|heart[-_ ]?beat|processing|waiting|noop|null|undefined)[\W_]*",
    re.IGNORECASE,
)
_ENDS: Final[dict[FinishKind, tuple[NoticeKind, str]]] = {
    FinishKind.LIMIT: ("finish", "The reply stopped at the limit of tokens."),
    FinishKind.CONTEXT_FULL: ("finish", "The reply stopped: the model's context is full."),
    FinishKind.FILTERED: ("finish", "The endpoint's content filter cut the reply off."),
    FinishKind.REFUSED: ("refusal", "The model refused to go on."),
    FinishKind.PAUSED: ("finish", "The model paused before its reply was finished: let it continue."),
}


class Parser(Protocol):
    """Turns wire events into ours."""

    @property
    def is_recognised(self) -> bool:
        """Whether something of the shape of a reply has arrived."""
        ...

    @property
    def is_finished(self) -> bool:
        """Whether a finish reason has arrived and no content after it: a hint that the end is near."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the end mark has arrived; what follows it doesn't count."""
        ...

    @property
    def has_text(self) -> bool:
        """Whether any text of the answer has arrived."""
        ...

    def feed(self, kind: str, data: str, *, at_end: bool = False) -> Iterable[ProviderEvent]:
        """Return what one server-sent event holds, to be iterated at once; `at_end` says that it may be cut off.

        Iterating raises `ProviderError` for errors and for what can't be read.
        """
        ...

    def close(self) -> list[ProviderEvent]:
        """Return what is said once the stream has come to its end: usage, why it ended, and `Finished` if there was a
        finish reason or an end mark."""
        ...

    def failure(self) -> ProviderError | None:
        """Return the error of a reply whose finish reason says that it broke."""
        ...


class EventParser(ABC):
    """What the parsers of all formats have in common. Every field may be missing, null or of the wrong type."""

    def __init__(self, peer: EndpointInfo, request: ChatRequest) -> None:
        self._peer = peer
        self._request = request
        self._usage: Usage | None = None
        self._finish_reason: str | None = None
        self._noticed: set[tuple[str, str]] = set()
        self.is_recognised = False
        self.is_finished = False
        self.is_done = False
        self.has_text = False

    @abstractmethod
    def _take(self, kind: str, event: dict[str, Any]) -> Iterable[ProviderEvent]:
        """Return what one JSON object holds; `kind` is the type that the stream gives it, if any."""

    def feed(self, kind: str, data: str, *, at_end: bool = False) -> Iterable[ProviderEvent]:
        if self.is_done:
            return ()
        if kind == "error":
            raise self._error(reason_in(data))
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return chain.from_iterable(self._take(kind, event) for event in self._odd(data, at_end=at_end))
        if type(event) is dict:
            return self._take(kind, event)
        if isinstance(event, list):
            return chain.from_iterable(self._take(kind, entry) for entry in event if isinstance(entry, dict))
        return ()

    def close(self) -> list[ProviderEvent]:
        events: list[ProviderEvent] = [] if self._usage is None else [self._usage]
        reason = self._finish_reason
        if reason is None and self.is_done:
            text = f"{self._peer.host} ended the reply without saying why."
            return [*events, Notice("finish", text), Finished(None)]
        if reason is None or self.failure() is not None:
            return events
        match finish_kind(reason):
            case FinishKind.GOOD:
                return [*events, Finished(reason)]
            case FinishKind.UNKNOWN:
                return [*events, Notice("finish", f"The reply ended with «{reason}»."), Finished(reason)]
            case ending:
                return [*events, Notice(*_ENDS[ending]), Finished(reason)]

    def failure(self) -> ProviderError | None:
        reason = self._finish_reason
        if reason is None or finish_kind(reason) is not FinishKind.BROKEN:
            return None
        return self._error(f"the model ended with «{reason}»")

    def _finish(self, reason: object) -> None:
        if not isinstance(reason, str) or not reason:
            return
        self._finish_reason = self._peer.name(reason, 40)
        self.is_finished = True
        if finish_kind(reason) is FinishKind.BROKEN:
            self.is_done = True

    def _content(self) -> None:
        """Note that text has arrived, also after a finish reason, which then was none."""
        self.has_text = True
        self.is_finished = False

    def _once(self, kind: NoticeKind, text: str) -> list[Notice]:
        if (kind, text) in self._noticed:
            return []
        self._noticed.add((kind, text))
        return [Notice(kind, text)]

    def _left_out(self, what: str) -> list[Notice]:
        """Say that there was something which a chat can't show."""
        return self._once("left_out", f"{self._request.model} sent {what}, which can't be shown here; it was left out.")

    def _tool_call(self, name: object) -> list[Notice]:
        if any(kind == "tool_call" for kind, _ in self._noticed):
            return []
        called = f" ({self._peer.name(name, 40)})" if isinstance(name, str) and name else ""
        return self._once("tool_call", f"{self._request.model} asked for a tool{called}, which a chat does not have.")

    def _take_usage(self, usage: Usage) -> None:
        """Keep what was counted; a later count of nothing at all, as some servers send at the end, is none."""
        if usage.input_tokens or usage.output_tokens or (self._usage is None and usage != Usage()):
            self._usage = usage

    def _error(self, payload: object) -> ProviderError:
        return stream_error(self._peer, self._request, payload, is_begun=self.is_recognised)

    def _odd(self, data: str, *, at_end: bool) -> Iterator[dict[str, Any]]:
        """Yield the JSON objects in an event that is not one: behind a second `data:`, or several, one to a line."""
        lines = [line for line in map(_without_prefix, data.split("\n")) if line and not _is_ping(line)]
        if (whole := _object("\n".join(lines))) is not None:
            yield whole
            return
        for line in lines:
            if line.startswith(DONE):
                self.is_done = True
                return
            if line.lower().startswith("error:"):
                raise self._error(reason_in(line[len("error:") :].strip()))
            if (event := _object(line)) is not None:
                yield event
            elif not at_end:
                raise broken_event_error(self._peer, line)


def _without_prefix(line: str) -> str:
    line = line.strip()
    while line.startswith("data:"):
        line = line[len("data:") :].strip()
    return line


def _is_ping(line: str) -> bool:
    return (line.startswith(":") and "{" not in line) or _PING.fullmatch(line) is not None


def _object(text: str) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else {}


def reason_in(data: str) -> object:
    """Return what an `event: error` says: its error object, or its text as it is."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return event.get("error") or event if isinstance(event, dict) else event


def token_count(value: object) -> int | None:
    """Return `value` if it can be a number of tokens."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def first_count(usage: dict[str, Any], *names: str) -> int | None:
    """Return the first of the counts that `usage` has under one of these names."""
    return next((count for name in names if (count := token_count(usage.get(name))) is not None), None)


def as_list(value: object) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""
