"""HTTP/1.1 over raw sockets, so that scenarios can break it: requests in, arbitrary bytes out, closes timed."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_TLS_HELLO: Final = b"\x16\x03"
_HEAD_END: Final = b"\r\n\r\n"
_SOCKETS: Final = Path("/proc/net/tcp")
"""Where Linux says how much of what was sent nobody has read yet."""
_UNREAD_S: Final = 0.5
"""What a client gets to read elsewhere, where nobody can say whether it did."""


@dataclass(slots=True)
class Request:
    """One request as it came in, and what became of its connection. Times are `time.monotonic()`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    time: float = field(default_factory=time.monotonic)
    connection: int = 0
    ended: float | None = None
    """When the server had written all it wanted."""
    closed: float | None = None
    """When the client closed the connection, if it did so before `ended`."""
    is_held_up: bool = False
    """Whether the client doesn't read, and every buffer on the way to it is full."""
    may_end: bool = False
    """Set by a test that has seen enough of a reply that lasts until then."""
    tokens: int = 0
    """How many it has had so far."""

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def model(self) -> str:
        return str(self.json.get("model", "")) if self.body.startswith(b"{") else ""

    @property
    def key(self) -> str:
        """The API key that came along."""
        return self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key", "")

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method, "path": self.path, "model": self.model, "headers": self.headers, "body": self.json,
            "time": self.time, "ended": self.ended, "closed": self.closed, "connection": self.connection,
        }  # fmt: skip


class Gone(Exception):
    """The client closed the connection, or the scenario did."""


class Connection(asyncio.Protocol):
    """One client. `answer` is awaited for every request and cancelled the moment the client goes away."""

    def __init__(
        self, answer: "Callable[[Connection, Request], Awaitable[None]]", connections: "set[Connection]"
    ) -> None:
        """`connections` holds this one while it is open."""
        self._answer = answer
        self._connections = connections
        self._received = bytearray()
        self._more = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._request: Request | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # asyncio does this only for sockets that it made itself.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if data.startswith(_TLS_HELLO) and not self._received:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThis port speaks plain HTTP.")
            self._transport.close()
        self._received += data
        self._more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._request is not None and self._request.ended is None:
            self._request.closed = time.monotonic()
        self._connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()
        if self._request is not None:
            self._request.is_held_up = True

    def resume_writing(self) -> None:
        self._writable.set()
        if self._request is not None:
            self._request.is_held_up = False

    async def write(self, data: bytes) -> None:
        """Send `data`; waits while the client doesn't read."""
        if self._transport.is_closing():
            raise Gone
        self._transport.write(data)
        await self._writable.wait()

    async def read_by_client(self) -> None:
        """Wait until the client has read all that was sent."""
        if not _SOCKETS.exists():
            await asyncio.sleep(_UNREAD_S)
            return
        while self._transport.get_write_buffer_size() or self._unread():  # noqa: ASYNC110 - the system tells nobody
            await asyncio.sleep(0.005)

    def close(self) -> None:
        """Send what is buffered and close in good order."""
        self._transport.close()

    def reset(self) -> None:
        """Close with RST, as a crashed server or a cut line would."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def abort(self) -> None:
        """Close at once and wait until nothing runs any more."""
        self._transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _serve(self) -> None:
        try:
            while not self._transport.is_closing():
                self._request = await self._read_request()
                await self._answer(self, self._request)
                self._request.ended = time.monotonic()
        except (Gone, asyncio.CancelledError):
            pass
        finally:
            self._transport.close()

    async def _read_request(self) -> Request:
        await self._until(lambda: _HEAD_END in self._received)
        head = self._take(self._received.index(_HEAD_END) + len(_HEAD_END))
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, path, *_ = [*first.split(" "), "", ""]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        await self._until(lambda: len(self._received) >= size)
        return Request(method, path, headers, self._take(size), connection=id(self))

    async def _until(self, satisfied: Callable[[], bool]) -> None:
        while not satisfied():
            self._more.clear()
            await self._more.wait()

    def _unread(self) -> bool:
        """Whether bytes wait in our socket or, on the same machine, in the client's."""
        ports = {name: f"{self._transport.get_extra_info(name)[1]:04X}" for name in ("sockname", "peername")}
        for line in _SOCKETS.read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            ends = {local.rpartition(":")[2], remote.rpartition(":")[2]}
            if ends == set(ports.values()) and queues != "00000000:00000000":
                return True
        return False

    def _take(self, size: int) -> bytes:
        data = bytes(self._received[:size])
        del self._received[:size]
        return data
