"""One connection: how long a request's head may take, and how a response cuts it off.

Private to uvicorn and h11, and used here alone: `H11Protocol.conn`, `their_state`, `trailing_data`.
"""

import asyncio
import socket
import struct
from typing import Final

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamtui.web.deadlines import ABORT

HEAD_S: Final = 30.0
"""For how long a connection may be open without a request on it, and how long the head of each further one may take."""


class Protocol(H11Protocol):
    """HTTP/1.1 with a deadline wherever the client has to send; uvicorn's own is over with the first byte."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()
        inner = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = self._abort
            await inner(scope, receive, send)

        self.app = with_abort

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if not self._is_owed_a_head:
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self.transport.abort)

    @property
    def _is_owed_a_head(self) -> bool:
        """Whether the client has to send a request's head, or the rest of a body that nobody reads any more.

        A connection that rests between two requests is uvicorn's business.
        """
        if self.conn.their_state is h11.IDLE:
            is_first = getattr(self, "cycle", None) is None  # typed as if it were always there
            return is_first or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort(self) -> None:
        """Close at once: closing in good order would wait for a client that doesn't read."""
        lingering = struct.pack("ii", 1, 0)  # what the client didn't read is thrown away, and it gets a reset
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        self.transport.abort()
