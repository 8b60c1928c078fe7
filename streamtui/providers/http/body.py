"""Reads the body of one response against the clock, batch by batch."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.ports import Deadlines
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.errors.network import broken_stream_error, timeout_error
from streamtui.providers.http.sse import EventDecoder, ServerEvent, SSELimits
from streamtui.providers.http.timeout import SuspendAwareTimeout

_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_PIECE: Final = 64 * 1024
"""Bytes that are decoded in one turn of the event loop: what was compressed may come in pieces of any size."""
_START: Final = 400
"""Bytes at the beginning that are kept to be quoted."""
_DRAIN_S: Final = 0.1
_GATHER_S: Final = 0.02
"""Between two reads that had to wait for the network: what comes meanwhile is read at once, for a fraction of the
cost, and no eye sees the difference."""
_AT_ONCE_S: Final = 0.0005
"""A read that took less found what it returned lying there."""


class EventReader:
    """One response's body as batches of server-sent events.

    Any byte ends the wait for the first one; after that only `content_arrived` does, so no flood of other things keeps
    a reply alive. The clock starts with the first read, and anew with `content_arrived`, which the reader of the
    batches calls when it comes back from its consumer: so a slow consumer never times out.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        peer: EndpointInfo,
        deadlines: Deadlines,
        limits: SSELimits,
        *,
        waited: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`chunks` yields the decompressed body; `waited` is how long ago the request was sent."""
        self._chunks = chunks
        self._peer = peer
        self._deadlines = deadlines
        self._limits = limits
        self._clock = clock
        self._allowed = deadlines.first_byte
        self._waited = waited
        self._since: float | None = None
        """When the present wait began."""
        self._ahead = bytearray()
        self._decoder = EventDecoder(limits.event_bytes)
        self._first = True
        self._ending: float | None = None
        """Since when the reply counts as finished but for its end."""
        self._is_draining = False
        self._has_content = False
        self._gathers = False
        """Whether the network is given a moment before the next read: content comes no faster than it is read."""
        self.start = b""
        """How the body begins."""
        self.at_end = False
        """The batch in hand is what the body ended in, which may be half an event."""

    @property
    def bare_line(self) -> str:
        """The latest line that was no field of an event: the server's last words, where the reply breaks off there."""
        return self._decoder.bare_line

    async def next_batch(self) -> list[ServerEvent] | None:
        """Return the events that the next piece completes, perhaps none; `None` at the end of the body.

        Raises `ProviderError` for timeouts, faults and events over the limit.
        """
        if self._decoder.overflowed:
            raise self._too_large()
        if self.at_end:
            return None
        if piece := await self._piece():
            return self._decoder.feed(piece)
        self.at_end = True
        return self._decoder.close()

    def content_arrived(self) -> None:
        """Start the content deadline anew."""
        self._since = self._clock()
        self._has_content = True

    def expect_end(self, silence_s: float) -> None:
        """Take a body that stays open without a byte for `silence_s` seconds for ended. Faults stay faults.

        A byte is a sign of life that starts the wait anew, until the content deadline has passed.
        """
        if self._ending is None:
            self._ending = self._since = self._clock()
        self._allowed = silence_s

    def expect_content(self) -> None:
        """Take back `expect_end`: more of the reply has come."""
        if self._ending is not None:
            self._ending, self._allowed = None, self._deadlines.content

    async def drain(self) -> None:
        """Read the body's end, if it comes at once, so that the connection can be used again."""
        self._is_draining = True
        self._ending = self._since = self._clock()
        self._allowed = _DRAIN_S
        while await self._read():
            pass

    async def peek(self) -> bytes:
        """Return the first byte that is not blank, without consuming it; empty for an empty body."""
        while not (head := self._ahead.lstrip(_BLANK)) and len(self._ahead) <= self._limits.event_bytes:
            chunk = await self._read()
            if not chunk:
                return b""
            self._ahead += chunk
            if self._ahead.startswith(_BOM):
                del self._ahead[: len(_BOM)]
            del self._ahead[: len(self._ahead) - len(self._ahead.lstrip(b"\r\n"))]
        return bytes(head[:1])

    async def whole(self, stop: re.Pattern[bytes] | None = None) -> bytes:
        """Return the body, or what comes up to and including the read that brought `stop`."""
        body = self._ahead
        while stop is None or not stop.search(body):
            chunk = await self._read()
            if not chunk:
                break
            body += chunk
            if len(body) > self._limits.event_bytes:
                raise self._too_large()
        return bytes(body)

    async def _piece(self) -> bytes:
        """Return what is decoded next, which is empty at the end of the body."""
        if not self._ahead:
            chunk = await self._read()
            if len(chunk) <= _PIECE:
                return chunk
            self._ahead += chunk
        elif self._left() <= 0:
            return self._out_of_time()
        else:
            await asyncio.sleep(0)
        piece = bytes(self._ahead[:_PIECE])
        del self._ahead[:_PIECE]
        return piece

    def _left(self) -> float:
        """Return the seconds until the present wait is over."""
        if self._since is None:
            self._since = self._clock() - self._waited
        return self._since + self._allowed - self._clock()

    def _out_of_time(self) -> bytes:
        """Return the end of a body that is finished but for its end. Raises `ProviderError` for any other."""
        if self._ending is not None:
            return b""
        raise self._timed_out() from None

    async def _read(self) -> bytes:
        """Return what the network brings next, which is empty at the end of the body."""
        left = self._left()
        if left <= 0:  # what is there already would be read without ever looking at the clock
            return self._out_of_time()
        if self._gathers:
            await asyncio.sleep(_GATHER_S)
        wait = SuspendAwareTimeout(left)
        try:
            async with wait:
                asked = self._clock()
                chunk = await anext(self._chunks, b"")
                self._gathers = self._has_content and not self._is_draining and self._clock() - asked > _AT_ONCE_S
        except TimeoutError:
            return self._out_of_time()
        except Exception as error:  # the library lets some faults of the layers below it through as they are
            if self._is_draining:
                return b""
            raise broken_stream_error(self._peer, error) from error
        if self._first:
            self._first = False
            self._allowed, self._since = self._deadlines.content, self._clock()
        elif self._since is not None:
            self._since += wait.stood_still
        if len(self.start) < _START:
            self.start += chunk[: _START - len(self.start)]
        if self._ending is not None and not self._is_draining:
            self._since = min(self._clock(), self._ending + self._deadlines.content - self._allowed)
        return chunk

    def _timed_out(self) -> ProviderError:
        waiting_for = "took the request but sends no reply" if self._first else "went silent in mid-reply"
        return timeout_error(self._peer, self._allowed, waiting_for)

    def _too_large(self) -> ProviderError:
        size = self._limits.event_bytes / (1024 * 1024)
        message = f"{self._peer.host} sent a single event of more than {size:.0f} MiB, which no reply has. Try again."
        return ProviderError("too_large", message)
