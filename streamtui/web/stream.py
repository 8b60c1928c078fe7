"""The response that streams server-sent events, and knows when nobody listens any more.

Why not a library: `fastapi.sse` is late, and logs tracebacks, when a client leaves while it is blocked on it;
sse-starlette patches uvicorn at import. Here the deadline of a client that reads nothing is that of every response.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streamtui.chat.errors import StoreError
from streamtui.web.deadlines import abort
from streamtui.web.http_errors import HTTPError

log = logging.getLogger(__name__)


class EventStream(StreamingResponse):
    """Streams frames until they end, the client leaves, or the connection is cut because it reads nothing.

    `left` is called once the stream is over for whatever reason: normally, by a disconnect, by a shutdown.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        left: Callable[[], None] = lambda: None,
        headers: dict[str, str] | None = None,
    ) -> None:
        fixed = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, headers=fixed | (headers or {}), media_type="text/event-stream")
        self._frames = frames
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
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._frames) as frames:
                async for frame in frames:
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except StoreError as error:
            log.warning("a stream broke off: %s", error)
            abort(scope)
        except OSError:
            pass  # the client has gone, or was cut off


async def _wait_for_leaving(receive: Receive) -> None:
    with suppress(OSError, HTTPError):
        while (await receive())["type"] != "http.disconnect":
            pass
