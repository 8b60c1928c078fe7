"""Listening: one worker's server from the engine to the socket, and the way it ends."""

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamtui.chat.errors import ConfigError
from streamtui.chat.reply_tasks import ReplyTasks
from streamtui.web.access import Access, load_token
from streamtui.web.app import create_app
from streamtui.web.limits import ConcurrencyLimit
from streamtui.web.origin import Hosts, is_loopback
from streamtui.web.reply_service import ReplyService
from streamtui.web.settings import BindAddress, Engine, ServeLimits
from streamtui.web.stream import ABORT
from streamtui.web.worker_signals import StopRequests, Subscribers
from streamtui.web.workers import no_log, supervise

Compose = Callable[[], AbstractContextManager[Engine]]
"""Builds an engine; entered once in every worker. With several workers it must be picklable."""

_CLOSE_S: Final = 0.5
"""For how long upstream connections may take to close, and then clients' to take their last events."""
_FIRST_REQUEST_S: Final = 30.0
"""For how long a connection may be open without a request on it."""
_SEND_BUFFER: Final = 64 * 1024
"""Bytes the kernel holds for a client, so that one that doesn't read is noticed before much is paid for."""


async def serve(
    compose: Compose,
    place: BindAddress,
    limits: ServeLimits | None = None,
    say: Callable[[str], None] | None = None,
    start_log: Callable[[], None] = no_log,
) -> None:
    """Serve until cancelled; then end open streams, each with its `done`, and settle what was being written.

    `say` gets the lines for the reader: addresses with one-time codes, and the token (by default they go to stderr).
    `start_log` is called in every further process, where there are several workers; it must be picklable.
    Raises `ConfigError` for a place where it is not safe, or not possible, to listen.
    """
    limits, say = limits or ServeLimits(), say or _say
    if not is_loopback(place.host) and place.token is None:
        raise ConfigError(
            f"Others could reach {place.host}: to listen there, put a token of your own in a --token-file."
        )
    token = load_token(place.folder / "web", place.token)
    listener = _listen(place, limits)
    place = replace(place, token=token, port=listener.getsockname()[1])
    access = Access(token, place.folder / "web", place.port)
    access.forget_codes()
    say(f"token: {token}")
    say(f"open {_address(place, access.new_code())}")
    with listener:
        if place.workers > 1:
            await supervise(place.workers, start_log, work, (compose, place, limits, listener))
        else:
            await work(compose, place, limits, listener, say)


async def work(
    compose: Compose,
    place: BindAddress,
    limits: ServeLimits,
    listener: socket.socket,
    say: Callable[[str], None] | None = None,
) -> None:
    """Serve from one process on a socket that listens already."""
    tell, shared = say or _say, place.folder / "web"
    access = Access(place.token or "", shared, place.port)
    with compose() as engine:
        slots, notes = ConcurrencyLimit(shared / "streams", limits.streams), StopRequests(shared / "stops")
        desk = ReplyService(engine, ReplyTasks(), slots, notes, Subscribers(shared / "attended"), limits)
        server: _Server | None = None
        app = create_app(
            engine,
            desk,
            access,
            hosts=Hosts.of(place.host, place.allowed_hosts),
            limits=limits,
            closing=lambda: server is not None and server.should_exit,
            announce=lambda code: tell(f"for another browser {_address(place, code)}"),
        )
        server = _Server(_config(app))
        try:
            await _run(server, listener, desk)
        finally:
            await engine.catalog.aclose()


async def _run(server: "_Server", listener: socket.socket, desk: ReplyService) -> None:
    """Run the server; a cancellation ends it in good order and is passed on."""
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await desk.aclose(_CLOSE_S)
        with suppress(asyncio.CancelledError):
            await asyncio.shield(serving)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # the address of a GET holds the prompt
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        limit_concurrency=2000,
    )


class _Server(uvicorn.Server):
    """A server whose signals are the command line's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """Lets a response cut its connection: closing in good order would wait for a client that doesn't read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_FIRST_REQUEST_S, self._drop_if_idle)
        inner = self.app

        def abort() -> None:
            lingering = struct.pack("ii", 1, 0)  # what the client didn't read is thrown away, and it gets a reset
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
            transport.abort()

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = abort
            await inner(scope, receive, send)

        self.app = with_abort

    def _drop_if_idle(self) -> None:
        if getattr(self, "cycle", None) is None:  # typed as if it were always there
            self.transport.abort()


def _listen(place: BindAddress, limits: ServeLimits) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            _set_options(listener, limits)
            listener.bind(where)
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        another = " Choose another --port; 0 takes any free one." if error.errno == errno.EADDRINUSE else ""
        raise ConfigError(f"Can't listen at {place.host}:{place.port}: {error.strerror}.{another}") from None
    return listener


def _set_options(listener: socket.socket, limits: ServeLimits) -> None:
    """Set what accepted connections inherit."""
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished without a word
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.stall_s * 2000))


def _address(place: BindAddress, code: str) -> str:
    host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(place.host, place.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{place.port}/#code={code}"


def _say(line: str) -> None:
    sys.stderr.write(f"streamtui: {line}\n")
    sys.stderr.flush()
