"""Server-sent events: bytes in, in any fragmentation; events out.

The event-stream format is https://html.spec.whatwg.org/multipage/server-sent-events.html, with five departures:
events without data are not reported, the last event counts even where the blank line after it is missing, a field
`error` is an event of that type, lines of no known field are kept, since servers that break say why in one, and an
event has a size limit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ServerEvent = tuple[str, str]
"""Event type (empty where the stream names none) and data. A bare tuple, since one is made for every token."""

_BOM: Final = b"\xef\xbb\xbf"
_BLANK_LINES: Final = re.compile(rb"\n{3,}")
_EVENT_BYTES: Final = 4 * 1024 * 1024
_SILENT_FIELDS: Final = ("", "id", "retry", "error")
_BARE_LINE: Final = 1000


@dataclass(frozen=True, slots=True)
class SSELimits:
    """What a provider accepts from an endpoint."""

    event_bytes: int = _EVENT_BYTES
    """Of one event, after decompression."""


class EventDecoder:
    """Decode one stream. The events are the same for every fragmentation of the same bytes.

    Never raises. When an event exceeds `limit` bytes, `overflowed` becomes true, the events before it are still
    reported, and everything after is ignored; so memory stays bounded on a line that never ends.
    """

    __slots__ = ("_after_cr", "_buffer", "_limit", "_started", "bare_line", "overflowed")

    def __init__(self, limit: int = _EVENT_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        """What came since the last blank line, with line ends as LF."""
        self._after_cr = False
        self._started = False
        self.bare_line = ""
        """The latest line that was no field of an event, as its beginning."""
        self.overflowed = False

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Return the events that `chunk` completes."""
        if self.overflowed:
            return []
        if not self._started:
            chunk = self._start(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._newlines(chunk)
        if b"\n\n\n" in chunk:
            chunk = _BLANK_LINES.sub(b"\n\n", chunk)
        return self._events(self._complete(chunk))

    def close(self) -> list[ServerEvent]:
        """Return the event that the stream ended in, if any."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [] if self.overflowed else self._events(rest)

    def _start(self, chunk: bytes) -> bytes:
        """Drop a byte order mark, which may arrive in pieces."""
        chunk = bytes(self._buffer) + chunk
        self._buffer.clear()
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._buffer += chunk
            return b""
        self._started = True
        return chunk.removeprefix(_BOM)

    def _newlines(self, chunk: bytes) -> bytes:
        """Turn CRLF and CR into LF; a CR at the end of a chunk ends its line at once."""
        if not chunk:
            return chunk
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _complete(self, chunk: bytes) -> bytes:
        """Return what is complete up to the last blank line; keep the rest."""
        buffer = self._buffer
        if not self._started:
            return b""
        if not buffer:
            end = chunk.rfind(b"\n\n")
            buffer += chunk[end + 2 :].lstrip(b"\n") if end >= 0 else chunk.lstrip(b"\n")
            complete = chunk[:end] if end >= 0 else b""
        else:
            searched = len(buffer) - 1
            buffer += chunk
            end = buffer.rfind(b"\n\n", searched)
            complete = bytes(buffer[:end]) if end >= 0 else b""
            if end >= 0:
                buffer[:] = buffer[end + 2 :].lstrip(b"\n")
        if len(buffer) > self._limit + 1:
            self.overflowed = True
            buffer.clear()
        return complete

    def _events(self, complete: bytes) -> list[ServerEvent]:
        if not complete:
            return []
        if len(complete) > self._limit:
            complete = self._within_limit(complete)
        events: list[ServerEvent] = []
        for block in complete.decode("utf-8", "replace").split("\n\n"):
            if block.startswith("data: ") and "\n" not in block:
                if len(block) > 6:
                    events.append(("", block[6:]))
            elif not block.startswith(":") or "\n" in block:
                events.extend(self._parse(block))
        return events

    def _parse(self, block: str) -> Iterator[ServerEvent]:
        """Yield the events of some whole lines: at most one, unless there are errors or blank lines at the edges."""
        kind, data = "", list[str]()
        for line in (*block.split("\n"), ""):
            if not line:
                if text := "\n".join(data):
                    yield kind, text
                kind, data = "", []
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                kind = value
            elif field == "error" and value:
                yield "error", value
            elif field not in _SILENT_FIELDS:
                self.bare_line = line[:_BARE_LINE]

    def _within_limit(self, complete: bytes) -> bytes:
        """Return `complete` up to the first event that is too large."""
        blocks = complete.split(b"\n\n")
        for number, block in enumerate(blocks):
            if len(block.strip(b"\n")) > self._limit:
                self.overflowed = True
                self._buffer.clear()
                return b"\n\n".join(blocks[:number])
        return complete
