"""`serve` as the command line runs it, in a thread of the test's own or in a process, and clients to talk to it."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from streamtui import web
from streamtui.settings.config import Config
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.paths import Paths
from streamtui.store import Store
from streamtui.workspace.transcript import summary_json, transcript
from tests.patience import PATIENCE_S
from tests.server import words
from tests.turns import turns

KEY = "sk-secret-of-the-tests"


@contextmanager
def engine(data: Path, base_url: str, model: str = "ok") -> Iterator[web.Engine]:
    environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY, "CHAT_MODEL": model}
    config = Config.read(Paths(data, data / "config"), environment, folder=data)
    with Store.open(data) as store:
        yield web.Engine(SettingsCatalog(config, store.memory), store, summary_json, transcript)


class Front:
    """A running server; a context manager. Everything but the data folder has a default that suits tests."""

    def __init__(
        self,
        data: Path,
        base_url: str,
        limits: web.ServeLimits | None = None,
        place: web.BindAddress | None = None,
        model: str = "ok",
    ) -> None:
        self.data = data
        self.said: list[str] = []
        self._place = place or web.BindAddress(data, port=0)
        self._limits = limits or web.ServeLimits()
        self._compose = partial(engine, data, base_url, model)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="front")
        self._failure: Exception | None = None

    @property
    def address(self) -> str:
        """The address as it was printed last, with its one-time code."""
        return self.said[-1].rpartition(" ")[2]

    @property
    def code(self) -> str:
        return self.address.partition("#code=")[2]

    @property
    def url(self) -> str:
        return self.address.partition("/#")[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def token(self) -> str:
        return self.said[0].removeprefix("token: ")

    def client(self) -> httpx2.AsyncClient:
        client = self.stranger()
        client.headers["Authorization"] = f"Bearer {self.token}"
        return client

    def stranger(self) -> httpx2.AsyncClient:
        """A client without the token."""
        limits = httpx2.Limits(max_connections=None)
        return httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=PATIENCE_S, limits=limits)

    @asynccontextmanager
    async def turns(self) -> AsyncIterator[list[float]]:
        """Measure the turns of this server's event loop as `tests.turns` does."""
        over = asyncio.Event()
        found: list[float] = []

        async def measure() -> None:
            async with turns() as taken:
                await over.wait()
            found.extend(taken)

        measuring = asyncio.run_coroutine_threadsafe(measure(), self._loop)
        try:
            yield found
        finally:
            self._loop.call_soon_threadsafe(over.set)
            await asyncio.wrap_future(measuring)

    def __enter__(self) -> Self:
        """Return once the server answers.

        It has said its address long before that, and two of them must not make their application at the same time:
        pydantic is in each other's way then, which several processes never are.
        """
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), "the server never started"
        self._raise()
        try:
            httpx2.get(self.url, trust_env=False, timeout=PATIENCE_S)
        except httpx2.TransportError:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; raises what it has failed with."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive(), "the server never ended"
        self._raise()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(web.serve(self._compose, self._place, self._limits, self._say))
        await self._task

    def _say(self, line: str) -> None:
        self.said.append(line)
        if line.startswith("open "):
            self._ready.set()


@dataclass(frozen=True, slots=True)
class Sent:
    """One server-sent event."""

    event: str
    id: str
    data: dict[str, Any]


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Sent]:
    """Read an event stream."""
    name = identity = ""
    async for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            identity = value
        elif field == "data":
            yield Sent(name, identity, json.loads(value))


async def read(client: httpx2.AsyncClient, method: str, path: str, **options: Any) -> list[Sent]:
    """Read a whole event stream."""
    async with client.stream(method, path, **options) as response:
        assert response.status_code == 200, await response.aread()
        return [event async for event in events(response.aiter_lines())]


async def stop(client: httpx2.AsyncClient, conversation: str) -> int:
    """Stop what streams in a conversation; return how many replies that were."""
    stopped: int = (await client.post(f"/api/conversations/{conversation}/stop", json={})).json()["stopped"]
    return stopped


async def ask(client: httpx2.AsyncClient, model: str, prompt: str = "Hi", **more: Any) -> list[Sent]:
    return await read(client, "POST", "/api/chat", json={"prompt": prompt, "model": model, **more})


def text(sent: Iterable[Sent]) -> str:
    return "".join(event.data["text"] for event in sent if event.event == "text")


def is_counted(said: str) -> bool:
    """Return whether a reply without end has, as far as it got, each of its words once and in order."""
    return bool(said) and said == "".join(words(said.count(" ")))


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds, where there is no event loop."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        time.sleep(0.01)


async def until(condition: Callable[[], object], what: str = "it") -> float:
    """Wait until `condition` holds; return how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + PATIENCE_S, f"{what} never happened"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def eventually(condition: Callable[[], Awaitable[object]], what: str = "it") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        await asyncio.sleep(0.02)
