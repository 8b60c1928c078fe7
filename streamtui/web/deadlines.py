"""How long the parts of a request and of its response may take: a client that is too slow is answered, or cut off."""

import asyncio
import logging
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from streamtui.web.http_errors import HTTPError
from streamtui.web.settings import ServeLimits

log = logging.getLogger(__name__)

ABORT: Final = "streamtui.abort"
"""The ASGI extension with which our server lets a response cut its connection."""
_PIECE: Final = 32 * 1024
"""Bytes that even a slow client takes in the time after which one that takes none is dropped."""


class RequestBody:
    """A request's body as it is read: no larger than allowed, and no slower as a whole."""

    def __init__(self, receive: Receive, limits: ServeLimits, most: int) -> None:
        """`most` is how many bytes it may have."""
        self._receive = receive
        self._most = most
        self._limits = limits
        self._size = 0
        self._began = asyncio.get_running_loop().time()
        self._complete = False

    async def receive(self) -> Message:
        """Return the next message of the connection. Raises `HTTPError`."""
        if self._complete:
            return await self._receive()  # waits for the client to leave
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPError(408, "timeout", "The request took too long to arrive.") from None
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._most:
            raise too_large(self._most)
        return message

    @property
    def _deadline(self) -> float:
        return self._began + self._limits.body_s + self._size / self._limits.body_bytes_per_s


def too_large(most: int) -> HTTPError:
    """Return the refusal of a body that is too large."""
    return HTTPError(413, "too_large", f"A request may have {most:,} bytes.")


class ResponseWriter:
    """A response as it is sent, in pieces; a client that takes none of them for `stall_s` is cut off."""

    def __init__(self, scope: Scope, send: Send, stall_s: float) -> None:
        self._scope = scope
        self._send = send
        self._stall_s = stall_s
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        """When the piece that is being sent was begun."""
        self._alarm: asyncio.TimerHandle | None = None
        """One for all pieces, which looks at the clock when it rings: a timer for each would cost more than sending."""
        self._is_cut = False

    async def send(self, message: Message) -> None:
        """Pass a message on. Raises `ConnectionAbortedError` for a client that reads nothing."""
        body = message.get("body", b"")
        if len(body) <= _PIECE:
            await self._pass_on(message)
            return
        for start in range(0, len(body), _PIECE):
            more = start + _PIECE < len(body) or message.get("more_body", False)
            await self._pass_on({**message, "body": body[start : start + _PIECE], "more_body": more})

    def close(self) -> None:
        """Let go of the timer."""
        if self._alarm is not None:
            self._alarm.cancel()

    async def _pass_on(self, message: Message) -> None:
        self._since = self._loop.time()
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._stall_s, self._look)
        await self._send(message)
        self._since = None
        if self._is_cut:
            raise ConnectionAbortedError

    def _look(self) -> None:
        since, now = self._since, self._loop.time()
        if since is not None and now >= since + self._stall_s:
            log.info("a client read nothing for %g s and was dropped", self._stall_s)
            self._is_cut = True
            abort(self._scope)
            return
        self._alarm = self._loop.call_at((now if since is None else since) + self._stall_s, self._look)


def abort(scope: Scope) -> None:
    """Cut a request's connection."""
    cut = scope.get("extensions", {}).get(ABORT)
    if cut is not None:
        cut()
