"""Reads the body of one response against the clock, batch by batch."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.ports import Deadlines
from streamtui.providers.failures import Peer, broken_stream_error, timeout_error
from streamtui.providers.sse import EventDecoder, Limits, ServerEvent

_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_WIND_DOWN_S: Final = 2.0
_DRAIN_S: Final = 0.1


class EventReader:
    """One response's body as batches of server-sent events, one batch for each read from the network.

    Only time spent waiting for the network counts against the deadlines, so a slow consumer never times out.
    Any byte ends the wait for the first one; after that only `content_arrived` does.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        peer: Peer,
        deadlines: Deadlines,
        limits: Limits,
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
        self._silent = waited
        self._ahead = bytearray()
        self._decoder = EventDecoder(limits.event_bytes)
        self._first = True
        self._winding_down = False
        self.at_end = False
        """The batch in hand is what the body ended in, which may be half an event."""

    async def next_batch(self) -> list[ServerEvent] | None:
        """Return the events that the next read completes, perhaps none; `None` at the end of the body.

        Raises `ProviderError` for timeouts, faults and events over the limit.
        """
        if self._decoder.overflowed:
            raise self._too_large()
        if self.at_end:
            return None
        chunk = bytes(self._ahead) or await self._read()
        self._ahead.clear()
        if chunk:
            return self._decoder.feed(chunk)
        self.at_end = True
        return self._decoder.close()

    def content_arrived(self) -> None:
        """Start the content deadline anew."""
        self._silent = 0.0

    def wind_down(self) -> None:
        """Take the reply for finished: wait for trailing events only briefly, and take any fault for the end."""
        if not self._winding_down:
            self._winding_down = True
            self._allowed, self._silent = _WIND_DOWN_S, 0.0

    async def drain(self) -> None:
        """Read the body's end, if it comes at once, so that the connection can be used again."""
        self._winding_down = True
        self._allowed, self._silent = _DRAIN_S, 0.0
        while await self._read():
            pass

    async def peek(self) -> bytes:
        """Return the first byte that is not blank, without consuming it; empty for an empty body."""
        while not (head := self._ahead.lstrip(_BLANK)) and len(self._ahead) <= self._limits.event_bytes:
            chunk = await self._read()
            if not chunk:
                return b""
            self._ahead += chunk
        return bytes(head[:1])

    async def whole(self, stop: bytes | None = None) -> bytes:
        """Return the body, or what comes up to and including the read that brought `stop`."""
        body = self._ahead
        while stop is None or stop not in body:
            chunk = await self._read()
            if not chunk:
                break
            body += chunk
            if len(body) > self._limits.event_bytes:
                raise self._too_large()
        return bytes(body)

    async def _read(self) -> bytes:
        """Return the next piece of the body, which is empty at its end."""
        started = self._clock()
        try:
            async with asyncio.timeout(self._allowed - self._silent):
                chunk = await anext(self._chunks, b"")
        except TimeoutError:
            if self._winding_down:
                return b""
            raise self._timed_out() from None
        except Exception as error:  # the library lets some faults of the layers below it through as they are
            if self._winding_down:
                return b""
            raise broken_stream_error(self._peer, error) from error
        finally:
            self._silent += self._clock() - started
        if self._first:
            self._first = False
            self._allowed, self._silent = self._deadlines.content, 0.0
        return chunk

    def _timed_out(self) -> ProviderError:
        waiting_for = "took the request but sends no reply" if self._first else "went silent in mid-reply"
        return timeout_error(self._peer, self._allowed, waiting_for)

    def _too_large(self) -> ProviderError:
        size = self._limits.event_bytes / (1024 * 1024)
        return ProviderError("too_large", f"{self._peer.host} sent a single event of more than {size:.0f} MiB.")
