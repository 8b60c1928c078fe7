"""Answers with status 200 that are no event stream: web pages, whole JSON replies, other APIs."""

import json
from collections.abc import Sequence
from typing import Final, Protocol

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Notice, ProviderEvent
from streamtui.providers.failures import Peer
from streamtui.providers.reading import EventReader

_BETWEEN_LINES: Final = b"}\n{"


class Parser(Protocol):
    """Turns wire events into ours."""

    @property
    def recognised(self) -> bool: ...

    def feed(self, kind: str, data: str) -> Sequence[ProviderEvent]: ...

    def close(self) -> list[ProviderEvent]: ...


def is_foreign(head: bytes) -> bool:
    """Return whether a body that begins with `head` can't be an event stream; the content type is often wrong."""
    return head in (b"<", b"{", b"[", b'"')


async def read_foreign(reader: EventReader, head: bytes, parser: Parser, peer: Peer) -> list[ProviderEvent]:
    """Return the events of a reply that came in one piece. Raises `ProviderError` for anything else."""
    if head == b"<":
        raise ProviderError("protocol", f"{peer.host} answered with a web page. Check the base URL: most end in /v1.")
    body = await reader.whole(stop=_BETWEEN_LINES)
    if _BETWEEN_LINES in body:
        raise ProviderError(
            "protocol", f"{peer.host} streams JSON lines, which is another API. Check the base URL: most end in /v1."
        )
    text = body.decode("utf-8-sig", "replace")
    if not _is_json(text):
        raise ProviderError("protocol", f"{peer.host} answered with something that is no event stream and no JSON.")
    events = [*parser.feed("", text), *parser.close()]
    if not parser.recognised:
        raise ProviderError("protocol", f"{peer.host} answered with JSON that is no chat reply. Check the base URL.")
    return [Notice("field_dropped", f"{peer.host} ignored `stream` and sent the reply in one piece."), *events]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def nothing_error(peer: Peer, *, empty: bool) -> ProviderError:
    """Return the error for a stream that ended without anything of the shape of a reply."""
    if empty:
        return ProviderError("protocol", f"{peer.host} sent an empty answer. Try again.", retryable=True)
    return ProviderError("protocol", f"{peer.host} sent events that are no chat reply. Check the base URL.")
