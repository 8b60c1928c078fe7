"""The server as a process: signals, and several workers that share one data folder."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.patience import PATIENCE_S
from tests.server import ScriptedServer, words
from tests.web.front import ask, events, eventually, is_counted, read, stop, text, until

pytestmark = pytest.mark.timeout(300)  # each starts several interpreters, which takes a busy machine a while

Serve = Callable[[int], "Process"]


class Process:
    """A running `serve`."""

    def __init__(self, popen: "subprocess.Popen[str]") -> None:
        self.popen = popen
        assert popen.stderr is not None
        self.token = popen.stderr.readline().split()[-1]
        self.url = popen.stderr.readline().split()[-1].partition("/#")[0]

    def client(self) -> httpx2.AsyncClient:
        """A client that opens a connection for every request, so that it meets all workers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        limits = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.AsyncClient(
            base_url=self.url, headers=headers, trust_env=False, timeout=PATIENCE_S, limits=limits
        )

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end, which endless streams must not keep off."""
        self.popen.send_signal(number)
        self.popen.wait(PATIENCE_S)


@pytest.fixture
def serve(server: ScriptedServer, tmp_path: Path) -> Iterator[Serve]:
    started: list[Process] = []

    def begin(workers: int) -> Process:
        command = [sys.executable, "-m", "tests.web.process", str(tmp_path / "data"), server.url, str(workers)]
        started.append(Process(subprocess.Popen(command, stderr=subprocess.PIPE, text=True)))
        return started[-1]

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.end()
        assert process.popen.stderr is not None
        rest = process.popen.stderr.read()
        process.popen.stderr.close()
        assert not rest, rest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_open_streams_in_good_order(serve: Serve, server: ScriptedServer, number: int) -> None:
    process = serve(1)
    body = {"prompt": "Hi", "model": "slow-20"}
    async with process.client() as client, client.stream("POST", "/api/chat", json=body) as response:
        stream = events(response.aiter_lines())
        sent = [await anext(stream)]
        await asyncio.to_thread(process.end, number)
        sent += [event async for event in stream]
    assert is_counted(text(sent))
    assert sent[-1].data["status"] == "stopped"
    assert process.popen.returncode == 143
    again = serve(1)
    async with again.client() as client:
        saved = (await client.get(f"/api/conversations/{sent[-1].data['conversation']}")).json()
    assert saved["messages"][-1]["text"] == text(sent)


async def test_workers_share_conversations_streams_stops_and_the_cap(serve: Serve, server: ScriptedServer) -> None:
    process = serve(2)
    async with process.client() as client:
        asked = [asyncio.create_task(ask(client, f"slow-20@{n}")) for n in range(3)]
        await until(lambda: len(server.requests) == 3, "all three requests")
        # Each of these meets either worker: ten of them meet both.
        refused = [(await client.post("/api/chat", json={"prompt": "Hi"})).status_code for _ in range(10)]
        assert refused == [429] * 10
        conversations = [each["id"] for each in (await client.get("/api/conversations")).json()]
        for conversation in conversations:
            path = f"/api/conversations/{conversation}/events"
            following = [asyncio.create_task(read(client, "GET", path)) for _ in range(4)]
            assert await stop(client, conversation) == 1
            followed = [text(await each) for each in following]
            assert len(set(followed)) == 1
        replies = [await each for each in asked]
        assert [reply[-1].data["status"] for reply in replies] == ["stopped"] * 3
        await eventually(lambda: is_free(client), "a free slot")
    process.end()


async def is_free(client: httpx2.AsyncClient) -> bool:
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "slow-5x20"}) as response:
        if response.status_code == 429:
            return False
        sent = [event async for event in events(response.aiter_lines())]
    assert text(sent) == "".join(words(20))
    return True


async def test_a_worker_that_dies_is_replaced(serve: Serve) -> None:
    process = serve(2)
    async with process.client() as client:
        for _ in range(6):
            assert (await client.get("/api/session")).status_code == 200
        parent = psutil.Process(process.popen.pid)
        victim = next(child for child in workers_of(parent))
        os.kill(victim.pid, signal.SIGKILL)
        await until(lambda: len(workers_of(parent)) == 2 and victim.pid not in [w.pid for w in workers_of(parent)])
        for _ in range(6):
            assert text(await ask(client, "ok")) == "Hello, world!"


def workers_of(parent: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in parent.children():
        try:
            if "spawn_main" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
