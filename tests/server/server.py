"""An endpoint on 127.0.0.1, compatible with OpenAI and Anthropic, where the model's name says what goes wrong."""

import asyncio
import socket
import ssl
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.server import faults, scenarios, shapes
from tests.server.dialects import AnthropicDialect, Dialect, OpenAIDialect, ResponsesDialect
from tests.server.reply import SCENARIOS, Cues, Reply
from tests.server.wire import Connection, Request

TABLES = (scenarios, shapes, faults)
"""Importing these fills `SCENARIOS`."""


class ScriptedServer:
    """Runs in a thread of its own, so a blocked or dead client never stops it; a context manager.

    `requests` holds every request in order of arrival (but those to `/log`); other processes get the same from
    `GET /log` (`?model=NAME` narrows it) and empty it with `DELETE /log`. All times are `time.monotonic()`, which is
    one clock for all processes on Linux.
    """

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self._counts: Counter[str] = Counter()
        self._cues: defaultdict[str, Cues] = defaultdict(asyncio.Queue)
        self._tls = tls
        self._connections: set[Connection] = set()
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=asyncio.run, args=[self._serve()], name="scripted server", daemon=True)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL for OpenAI-compatible clients."""
        return f"{'https' if self._tls else 'http'}://{self.host}/v1"

    @property
    def anthropic_url(self) -> str:
        return self.url.removesuffix("/v1")

    def of(self, model: str) -> list[Request]:
        """Return the requests for a reply of `model`, oldest first; questions about the model are none."""
        return [request for request in list(self.requests) if request.model == model and _asks_for_reply(request)]

    @property
    def is_quiet(self) -> bool:
        """Whether every request is over: answered, or left by its client."""
        return all(request.ended or request.closed for request in list(self.requests))

    def end(self, model: str) -> None:
        """Let the replies of `model` end that wait to be told so."""
        for request in self.of(model):
            request.may_end = True

    def clear(self) -> None:
        self.requests.clear()
        self._counts.clear()
        self._cues.clear()

    def cue(self, model: str, tokens: int = 1) -> None:
        """Have the reply of `model`, a `cued` one, say its next words, now or once it is asked for."""
        self._loop.call_soon_threadsafe(lambda: self._cues[model].put_nowait(tokens))

    def finish(self, model: str) -> None:
        """Have the reply of `model`, a `cued` one, end well."""
        self.cue(model, 0)

    def start(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Close all connections and end the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _connect(self) -> Connection:
        return Connection(self._answer, self._connections)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self._loop.create_server(self._connect, sock=self._socket, ssl=self._tls)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        await asyncio.gather(*(connection.abort() for connection in list(self._connections)))

    async def _answer(self, connection: Connection, request: Request) -> None:
        path, _, query = request.path.partition("?")
        if path == "/log":
            await self._log(connection, request, query)
            return
        self.requests.append(request)
        self._counts[request.model] += _asks_for_reply(request)
        reply = Reply(
            connection, request, _dialect(path, request), self._counts[request.model], self._cues[request.model]
        )
        match request.method, path:
            case "POST", "/v1/chat/completions" | "/v1/messages" | "/v1/responses":
                await _play(reply)
            case "GET", "/v1/models":
                names = [{"id": name, "object": "model"} for name in model_names()]
                await reply.json(200, {"object": "list", "data": names})
            case _:
                await reply.json(404, {"detail": "Not Found"})

    async def _log(self, connection: Connection, request: Request, query: str) -> None:
        if request.method == "DELETE":
            self.clear()
        model = query.removeprefix("model=") if query else None
        found = [seen.as_json() for seen in self.requests if model in (None, seen.model)]
        reply = Reply(connection, request, OpenAIDialect(""), 0, asyncio.Queue())
        await reply.json(200, {"now": time.monotonic(), "requests": found})


def model_names() -> list[str]:
    """Return the scenarios' names, with an example number where one is needed."""
    return [entry.name.replace("M", "429").replace("N", "20") for entry in SCENARIOS]


def _asks_for_reply(request: Request) -> bool:
    return request.path.partition("?")[0].endswith(("/chat/completions", "/messages", "/responses"))


def _dialect(path: str, request: Request) -> Dialect:
    if path.endswith("/responses"):
        return ResponsesDialect(request.model)
    if path.endswith("/messages") or "x-api-key" in request.headers:
        return AnthropicDialect(request.model)
    return OpenAIDialect(request.model)


async def _play(reply: Reply) -> None:
    """Run the scenario that the model's name asks for; an unknown one answers as an unknown model."""
    play = _find(reply.request.model)
    if play is None:
        await reply.refuse(404, f"The model `{reply.request.model}` does not exist.", "not_found_error")
        return
    try:
        await play(reply)
    except (AssertionError, LookupError, TypeError, ValueError):
        traceback.print_exc()
        reply.reset()


def _find(model: str) -> Callable[[Reply], Any] | None:
    for entry in SCENARIOS:
        if (numbers := entry.match(model)) is not None:
            return lambda reply: entry.run(reply, *numbers)
    return None


def as_table() -> str:
    """Return the scenarios as a Markdown table."""
    rows = [f"| `{entry.name}` | {entry.tells} |" for entry in SCENARIOS]
    return "\n".join(["| model | what happens |", "|---|---|", *rows])
