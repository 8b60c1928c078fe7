"""Listening: one worker's server from the engine to the socket, and the way it ends."""

import asyncio
import errno
import gc
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

import uvicorn

from streamtui.chat.catalog import Catalog
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.web.access import load_token
from streamtui.web.app import create_app
from streamtui.web.connections import accept, connection_limit
from streamtui.web.credentials import Credentials
from streamtui.web.limits import ConcurrencyLimit
from streamtui.web.origin import Hosts, is_loopback
from streamtui.web.protocol import Protocol
from streamtui.web.repeated_warnings import limit_repeated_warnings
from streamtui.web.reply_service import ReplyService
from streamtui.web.sessions import Sessions
from streamtui.web.settings import BindAddress, Engine, ServeLimits
from streamtui.web.worker_signals import StopRequests, Subscribers
from streamtui.web.workers import no_log, supervise
from streamtui.workspace import Defaults, Workspace

log = logging.getLogger(__name__)

Compose = Callable[[], AbstractContextManager[Engine]]
"""Builds an engine; entered once in every worker. With several workers it must be picklable."""

_CLOSE_S: Final = 0.5
"""For how long upstream connections may take to close, and then clients' to take their last events."""
_GARBAGE: Final = 10_000
"""New objects after which the interpreter looks for garbage; a reply's token makes a few that are gone at once."""
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

    `say` gets the lines for the user: addresses with one-time codes, and the token (by default they go to stderr).
    `start_log` is called in every further process, where there are several workers; it must be picklable.
    Raises `ConfigError` for an address at which it is not safe, or not possible, to listen.
    """
    limits, say = limits or ServeLimits(), say or _say
    if not is_loopback(place.host) and place.token is None:
        raise ConfigError(
            f"Others could reach {place.host}: to listen there, put a token of your own in a --token-file."
        )
    token = load_token(place.folder / "web", place.token)
    listener = _listen(place, limits)
    place = replace(place, token=token, port=listener.getsockname()[1])
    sessions = _sessions(place)
    sessions.clean_up()
    code = sessions.new_code()
    say(f"token: {token}")
    for name in place.allowed_hosts:
        say(f"under {name}: put #code={code} after its address")
    say(f"open {_address(place, code)}")
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
    limit_repeated_warnings()
    say, shared = say or _say, place.folder / "web"
    with compose() as engine:
        slots, stops = ConcurrencyLimit(shared / "streams", limits.streams), StopRequests(shared / "stops")
        workspace = _workspace(engine)
        replies = ReplyService(workspace, slots, stops, Subscribers(shared / "attended"), limits)
        server: _Server | None = None
        app = create_app(
            engine,
            workspace,
            replies,
            Credentials(place.token or "", _sessions(place)),
            hosts=Hosts.of(place.host, place.allowed_hosts),
            limits=limits,
            closing=lambda: server is not None and server.should_exit,
            announce=lambda code: say(f"for another browser {_address(place, code)}"),
        )
        server = _Server(_config(app), listener, connection_limit(limits.streams))
        preloading = asyncio.create_task(_preload(engine.catalog))
        try:
            await _run(server, replies)
        finally:
            await asyncio.wait([preloading])
            await engine.catalog.aclose()


async def _preload(catalog: Catalog) -> None:
    """Import what the first reply needs before the first client asks. What goes wrong goes wrong again on asking."""
    try:
        await asyncio.to_thread(catalog.preload)
    except StreamtuiError as error:
        log.info("nothing was imported ahead: %s", error)
    # A search for garbage among all that was imported would hold up every stream for a tenth of a second.
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 20)


async def _run(server: "_Server", replies: ReplyService) -> None:
    """Run the server; a cancellation ends it in good order and is passed on."""
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await replies.aclose(_CLOSE_S)
        with suppress(asyncio.CancelledError):
            await asyncio.shield(serving)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # the address of a GET holds the prompt
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """A server on a socket that listens already. Signals are the command line's business."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, most: int) -> None:
        super().__init__(config)
        self._listener = listener
        self._most = most

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        state, open_now = self.server_state, self.server_state.connections
        connect = partial(Protocol, config=self.config, server_state=state, app_state=self.lifespan.state)
        self.servers = []  # asyncio's own, of which there is none
        self._accepting = asyncio.create_task(accept(self._listener, connect, open_now, self._most))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._accepting.cancel()
        await asyncio.wait([self._accepting])
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # of clients that don't even take the last events
            connection.transport.abort()
        await asyncio.sleep(0)


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
            listener.setblocking(False)
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


def _workspace(engine: Engine) -> Workspace:
    defaults = Defaults(system=engine.system, options=engine.options)
    return Workspace(engine.catalog, engine.storage.recorder, engine.storage.library, defaults)


def _sessions(place: BindAddress) -> Sessions:
    return Sessions(place.token or "", place.folder / "web", place.port)


def _address(place: BindAddress, code: str) -> str:
    host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(place.host, place.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{place.port}/#code={code}"


def _say(line: str) -> None:
    sys.stderr.write(f"streamtui: {line}\n")
    sys.stderr.flush()
