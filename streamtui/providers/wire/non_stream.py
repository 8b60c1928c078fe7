"""Bodies of status 200 that are no event stream: web pages, whole replies, errors, other APIs."""

import json
import re
from typing import Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Notice, ProviderEvent
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.body import EventReader
from streamtui.providers.wire.parser import Parser

_OTHER_APIS: Final = {
    '"choices"': "Chat Completions",
    "chat.completion": "Chat Completions",
    '"message_start"': "Anthropic's Messages",
    "content_block_": "Anthropic's Messages",
    "response.output_text": "Responses",
    "response.created": "Responses",
}
"""By words that a stream of theirs begins with."""
_BETWEEN_LINES: Final = re.compile(rb"\}\r?\n\{")


def is_foreign(head: bytes) -> bool:
    """Return whether a body that begins with `head` can't be an event stream; the content type is often wrong."""
    return head in (b"<", b"{", b"[", b'"')


async def read_foreign(
    reader: EventReader, head: bytes, parser: Parser, peer: EndpointInfo, *, is_streamed: bool
) -> list[ProviderEvent]:
    """Return the events of a reply that came in one piece, but for what `parser.close` says.

    Raises `ProviderError` for anything else. `is_streamed` says that a stream was asked for.
    """
    if head == b"<":
        raise ProviderError("protocol", f"{peer.host} answered with a web page. {peer.check_url}")
    body = await reader.whole(stop=_BETWEEN_LINES)
    if _BETWEEN_LINES.search(body):
        raise ProviderError("protocol", f"{peer.host} streams JSON lines, which is another API. {peer.check_url}")
    text = body.decode("utf-8-sig", "replace")
    if not _is_json(text):
        raise ProviderError(
            "protocol",
            f"{peer.host} answered with something that is no event stream and no JSON: «{peer.name(text, 80)}».",
        )
    events = [*parser.feed("", text)]
    if not parser.is_recognised:
        raise ProviderError(
            "protocol",
            f"{peer.host} answered with JSON that is no chat reply: «{peer.name(text, 80)}». {peer.check_url}",
        )
    if not is_streamed:
        return events
    return [Notice("field_dropped", f"{peer.host} ignored `stream` and sent the reply in one piece."), *events]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def nothing_error(peer: EndpointInfo, start: bytes) -> ProviderError:
    """Return the error for a stream that began with `start` and ended without anything of the shape of a reply."""
    text = start.decode("utf-8", "replace").strip()
    if not text:
        return ProviderError("protocol", f"{peer.host} sent an empty answer. Try again.", retryable=True)
    if "\ufffd" in text:
        return ProviderError(
            "protocol",
            f"{peer.host} sent bytes that are no text: compressed in a way nobody asked for? {peer.check_url}",
        )
    if (other := next((api for words, api in _OTHER_APIS.items() if words in text), None)) is not None:
        return ProviderError(
            "protocol",
            f"{peer.host} answers in the form of another API, {other}: leave the provider's name out of the model's,"
            " or set `api` in an [endpoints.NAME] table.",
        )
    return ProviderError("protocol", f"{peer.host} sent no chat reply: «{peer.name(text, 120)}». {peer.check_url}")
