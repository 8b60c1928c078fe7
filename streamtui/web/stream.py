"""The response that streams server-sent events, and knows when nobody listens any more.

Why not `fastapi.sse` or sse-starlette: the first is late, and logs tracebacks, when a client leaves while it is
blocked on it; the second patches uvicorn at import; and neither gives up a client that never reads.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from streamtui.chat.errors import StoreError
from streamtui.web.http_errors import HTTPError

log = logging.getLogger(__name__)

ABORT: Final = "streamtui.abort"
"""The ASGI extension with which our server lets a response cut its connection."""

_PIECE: Final = 32 * 1024
"""Bytes that even a slow client takes in the time after which one that takes none is dropped."""


class EventStream(StreamingResponse):
    """Streams frames until they end, the client leaves, or it reads nothing for `stall_s`.

    `left` is called once the stream is over for whatever reason: normally, by a disconnect, by a shutdown.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        stall_s: float,
        left: Callable[[], None] = lambda: None,
        headers: dict[str, str] | None = None,
    ) -> None:
        fixed = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, headers=fixed | (headers or {}), media_type="text/event-stream")
        self._frames = frames
        self._stall_s = stall_s
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(scope, send))
        leaving = asyncio.create_task(_wait_for_leaving(receive))
        try:
            await asyncio.wait([writing, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._left()
            leaving.cancel()
            writing.cancel()
            await asyncio.wait([writing, leaving])
        if not writing.cancelled():
            writing.result()

    async def _write(self, scope: Scope, send: Send) -> None:
        try:
            await self._send(
                send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async with aclosing(self._frames) as frames:
                async for frame in frames:
                    for start in range(0, len(frame), _PIECE):
                        piece = frame[start : start + _PIECE]
                        await self._send(send, {"type": "http.response.body", "body": piece, "more_body": True})
            await self._send(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a client read nothing for %g s and was dropped", self._stall_s)
            _abort(scope)
        except StoreError as error:
            log.warning("a stream broke off: %s", error)
            _abort(scope)
        except OSError:
            pass  # the client has gone

    async def _send(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._stall_s):
            await send(message)


async def _wait_for_leaving(receive: Receive) -> None:
    with suppress(OSError, HTTPError):
        while (await receive())["type"] != "http.disconnect":
            pass


def _abort(scope: Scope) -> None:
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is not None:
        abort()
