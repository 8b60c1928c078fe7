"""What one worker does about replies that another one runs: two servers on one data folder, each with its address."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streamtui.web.notes import Attendance
from tests.server import ScriptedServer, words
from tests.web.conftest import Start
from tests.web.front import Sent, events, read, text, until


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


async def leave_after(client: httpx2.AsyncClient, count: int, **request: Any) -> list[Sent]:
    """Read `count` events of `GET /api/chat`, then drop the connection."""
    async with client.stream("GET", "/api/chat", **request) as response:
        stream = events(response.aiter_lines())
        return [await anext(stream) for _ in range(count)]


async def test_coming_back_to_another_worker_keeps_the_reply_and_loses_nothing(
    owner: httpx2.AsyncClient, other: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    asked = {"q": "Hi", "model": "slow-20x120"}
    seen = await leave_after(owner, 20, params=asked)
    seen += await leave_after(other, 2, params=asked, headers={"Last-Event-ID": seen[-1].id})
    seen += await read(other, "GET", "/api/chat", params=asked, headers={"Last-Event-ID": seen[-1].id})

    assert text(seen) == "".join(words(120))
    assert seen[-1].data["status"] == "complete"
    assert len(server.of("slow-20x120")) == 1


async def test_leaving_the_other_worker_for_good_ends_the_reply(
    owner: httpx2.AsyncClient, other: httpx2.AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    asked = {"q": "Hi", "model": "slow-20"}
    seen = await leave_after(owner, 5, params=asked)
    await leave_after(other, 5, params=asked, headers={"Last-Event-ID": seen[-1].id})
    left = time.monotonic()

    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")
    assert request.closed is not None
    assert left < request.closed < left + 3
    await until(lambda: not list((tmp_path / "data" / "web" / "attended").iterdir()), "the end of the notes")


async def test_a_worker_that_died_has_no_clients(tmp_path: Path) -> None:
    died, lives = Attendance(tmp_path / "attended"), Attendance(tmp_path / "attended")
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
