"""Payloads of status 200 as they really are: events that are no JSON, web pages, whole replies, other APIs."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Notice, ProviderEvent
from streamtui.providers.errors.http import EndpointInfo, broken_event_error
from streamtui.providers.http.body import EventReader

_BETWEEN_LINES: Final = re.compile(rb"\}\r?\n\{")
_MOST_TOKENS: Final = 2**53
"""A larger count is nonsense, and more than databases and other readers of JSON can hold."""


class Parser(Protocol):
    """Turns wire events into ours."""

    @property
    def recognised(self) -> bool:
        """Whether something of the shape of a reply has arrived."""
        ...

    @property
    def finished(self) -> bool:
        """Whether a finish reason has arrived; usage may still follow."""
        ...

    @property
    def done(self) -> bool:
        """Whether the end mark has arrived; what follows it doesn't count."""
        ...

    def feed(self, kind: str, data: str, *, at_end: bool = False) -> Sequence[ProviderEvent]:
        """Return what one server-sent event holds; `at_end` says that it may be cut off.

        Raises `ProviderError` for errors and for what is not JSON.
        """
        ...

    def close(self) -> list[ProviderEvent]:
        """Return what was held back for the end: text, usage, and `Finished` if there was a finish reason."""
        ...


def load_event(peer: EndpointInfo, data: str, *, at_end: bool = False) -> dict[str, Any] | None:
    """Return the JSON object in `data`, `None` for other JSON and for one that was cut off by the end of the stream."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        if at_end:
            return None
        raise broken_event_error(peer) from error
    return event if isinstance(event, dict) else None


def reason_in(data: str) -> object:
    """Return what an `event: error` says: its error object, or its text as it is."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return event.get("error") or event if isinstance(event, dict) else event


def token_count(value: object) -> int | None:
    """Return `value` if it can be a number of tokens."""
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def is_foreign(head: bytes) -> bool:
    """Return whether a body that begins with `head` can't be an event stream; the content type is often wrong."""
    return head in (b"<", b"{", b"[", b'"')


async def read_foreign(reader: EventReader, head: bytes, parser: Parser, peer: EndpointInfo) -> list[ProviderEvent]:
    """Return the events of a reply that came in one piece. Raises `ProviderError` for anything else."""
    if head == b"<":
        raise ProviderError("protocol", f"{peer.host} answered with a web page. {peer.check_url}")
    body = await reader.whole(stop=_BETWEEN_LINES)
    if _BETWEEN_LINES.search(body):
        raise ProviderError("protocol", f"{peer.host} streams JSON lines, which is another API. {peer.check_url}")
    text = body.decode("utf-8-sig", "replace")
    if not _is_json(text):
        raise ProviderError("protocol", f"{peer.host} answered with something that is no event stream and no JSON.")
    events = [*parser.feed("", text), *parser.close()]
    if not parser.recognised:
        raise ProviderError("protocol", f"{peer.host} answered with JSON that is no chat reply. {peer.check_url}")
    return [Notice("field_dropped", f"{peer.host} ignored `stream` and sent the reply in one piece."), *events]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def nothing_error(peer: EndpointInfo, *, empty: bool) -> ProviderError:
    """Return the error for a stream that ended without anything of the shape of a reply."""
    if empty:
        return ProviderError("protocol", f"{peer.host} sent an empty answer. Try again.", retryable=True)
    return ProviderError("protocol", f"{peer.host} sent events that are no chat reply. {peer.check_url}")
