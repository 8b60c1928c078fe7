"""What one worker does about replies that another one runs: two servers on one data folder, each with its address."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from streamtui.web.worker_signals import Subscribers
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Sent, events, is_counted, stop, text, until

LINGER_S = 0.05
"""A reply is given up at once, so the tests have somebody there before anybody leaves."""


@pytest.fixture
async def owner(start: Start) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the worker that runs the replies."""
    async with start().client() as client:
        yield client


@pytest.fixture
async def other(owner: httpx2.AsyncClient, start: Start) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the other worker."""
    async with start().client() as client:
        yield client


@asynccontextmanager
async def asking(client: httpx2.AsyncClient, seen: list[Sent], count: int) -> AsyncIterator[AsyncIterator[Sent]]:
    """Ask for an endless reply, or for the rest of the one that was `seen`, and see `count` events of it."""
    headers = {"Last-Event-ID": seen[-1].id} if seen else {}
    params: dict[str, str | float] = {"q": "Hi", "model": "slow-20", "linger": LINGER_S}
    async with client.stream("GET", "/api/chat", params=params, headers=headers) as response:
        stream = events(response.aiter_lines())
        for _ in range(count):
            seen.append(await anext(stream))
        yield stream


async def test_going_over_to_another_worker_keeps_the_reply_and_loses_nothing(
    owner: httpx2.AsyncClient, other: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    seen: list[Sent] = []
    async with AsyncExitStack() as leaving_owner, AsyncExitStack() as leaving_other:
        await leaving_owner.enter_async_context(asking(owner, seen, 20))
        await leaving_other.enter_async_context(asking(other, seen, 2))
        await leaving_owner.aclose()
        async with asking(other, seen, 2) as stream:
            await leaving_other.aclose()
            until_then = time.monotonic() + 20 * LINGER_S
            while time.monotonic() < until_then:
                seen.append(await anext(stream))
            assert await stop(other, seen[-1].id.partition("-")[0]) == 1
            seen += [event async for event in stream]

    assert is_counted(text(seen))
    assert seen[-1].data["status"] == "stopped"
    assert len(server.of("slow-20")) == 1


async def test_leaving_the_other_worker_for_good_ends_the_reply(
    owner: httpx2.AsyncClient, other: httpx2.AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    seen: list[Sent] = []
    async with AsyncExitStack() as leaving_owner:
        await leaving_owner.enter_async_context(asking(owner, seen, 5))
        async with asking(other, seen, 1) as stream:
            await leaving_owner.aclose()
            seen += [await anext(stream) for _ in range(5)]
    left = time.monotonic()

    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")
    assert request.closed is not None
    assert left < request.closed < left + 3
    await until(lambda: not list((tmp_path / "data" / "web" / "attended").iterdir()), "the end of the notes")


async def test_a_worker_that_died_has_no_clients(tmp_path: Path) -> None:
    died, lives = Subscribers(tmp_path / "attended"), Subscribers(tmp_path / "attended")
    keeping = asyncio.create_task(died.keep("m1"))
    await until(lambda: lives.of("m1"))
    (note,) = (tmp_path / "attended").iterdir()
    keeping.cancel()
    await asyncio.wait([keeping])
    assert not lives.of("m1")

    note.touch()
    os.utime(note, (time.time() - 60, time.time() - 60))
    assert not lives.of("m1")
    lives.forget("m1")
    assert not note.exists()


async def test_deleting_ends_what_another_worker_streams(
    owner: httpx2.AsyncClient, other: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    async with owner.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "slow-20"}) as response:
        stream = events(response.aiter_lines())
        await anext(stream)
        path = f"/api/conversations/{response.headers['X-Conversation']}"
        assert (await other.delete(path)).status_code == 204
        rest = [event async for event in stream]

    assert rest[-1].data["status"] == "stopped"
    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")
    assert (await owner.get(path)).status_code == 404
