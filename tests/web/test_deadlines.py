"""Clients that are slow, or too many: every phase of every request ends, and the others are served meanwhile."""

import asyncio
import logging
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from streamtui import web
from streamtui.web import protocol
from streamtui.web.connections import connection_limit
from streamtui.web.repeated_warnings import OncePerMinute
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Front, ask, text, until

HEAD_S = 0.3


@pytest.fixture
def limited(server: ScriptedServer, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A server with few file descriptors."""
    command = SERVE.format(python=sys.executable, data=tmp_path / "data", url=server.url, log=tmp_path / "log.txt")
    with subprocess.Popen(["bash", "-c", command], stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


@pytest.fixture
def front(start: Start, monkeypatch: pytest.MonkeyPatch) -> Front:
    monkeypatch.setattr(protocol, "HEAD_S", HEAD_S)
    return start(web.ServeLimits(body_s=HEAD_S, body_bytes_per_s=1000))


@contextmanager
def connected(front: Front) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", front.port))) as connection:
        connection.setblocking(False)
        yield connection


async def drip(connection: socket.socket, text: bytes) -> bool:
    """Send a byte now and then, in a circle, without reading; return whether the server ended that."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    try:
        while loop.time() < deadline:
            for byte in text:
                await loop.sock_sendall(connection, bytes([byte]))
                await asyncio.sleep(HEAD_S / 10)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


async def answered(connection: socket.socket, request: bytes) -> bytes:
    """Send a request; return its whole answer, which says its length."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, request)
    answer = b""
    while (length := re.search(rb"content-length: (\d+)", answer)) is None or (
        len(answer.partition(b"\r\n\r\n")[2]) < int(length[1])
    ):
        answer += await loop.sock_recv(connection, 65536)
    return answer


PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_a_first_head_that_drips_is_cut_off(front: Front) -> None:
    with connected(front) as connection:
        assert await drip(connection, b"GET / HTTP/1.1\r\nX: y")


async def test_a_later_head_that_drips_is_cut_off(front: Front) -> None:
    with connected(front) as connection:
        for _ in range(3):
            assert (await answered(connection, PAGE)).startswith(b"HTTP/1.1 200")
        assert await drip(connection, b"GET / HTTP/1.1\r\nX: y")


async def test_a_connection_without_a_head_is_cut_off(front: Front) -> None:
    with connected(front) as connection:
        assert await asyncio.get_running_loop().sock_recv(connection, 1) == b""


async def test_a_head_that_takes_its_time_is_answered(start: Start) -> None:
    with connected(start()) as connection:
        for _ in range(2):
            for start_at in range(0, len(PAGE) - 4, 8):
                await asyncio.get_running_loop().sock_sendall(connection, PAGE[start_at : start_at + 8])
                await asyncio.sleep(0.01)
            rest = PAGE[len(range(0, len(PAGE) - 4, 8)) * 8 :]
            assert (await answered(connection, rest)).startswith(b"HTTP/1.1 200")


def body_head(front: Front, size: int) -> bytes:
    return (
        f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {front.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


async def test_a_body_that_drips_is_answered_and_then_cut_off(front: Front, server: ScriptedServer) -> None:
    with connected(front) as connection:
        await asyncio.get_running_loop().sock_sendall(connection, body_head(front, 500_000))
        assert await drip(connection, b'{"prompt": "x')
    assert not server.requests


async def test_a_body_nobody_reads_that_drips_is_cut_off(front: Front) -> None:
    """It was refused by its head, but goes on coming."""
    with connected(front) as connection:
        head = body_head(front, 500_000).replace(b"Bearer", b"Basic")
        assert (await answered(connection, head)).startswith(b"HTTP/1.1 401")
        assert await drip(connection, b"x")


async def test_a_long_body_gets_time_for_its_length(front: Front, server: ScriptedServer) -> None:
    """Twice as long as a short one may take, at ten times the least rate."""
    body = b'{"prompt": "' + b"x" * 10_000 + b'", "model": "ok"}'
    loop = asyncio.get_running_loop()
    began = loop.time()
    with connected(front) as connection:
        await loop.sock_sendall(connection, body_head(front, len(body)))
        for start_at in range(0, len(body), 1000):
            await loop.sock_sendall(connection, body[start_at : start_at + 1000])
            await asyncio.sleep(HEAD_S / 5)
        assert (await loop.sock_recv(connection, 65536)).startswith(b"HTTP/1.1 200")
    assert loop.time() - began > 2 * HEAD_S


async def test_a_client_that_reads_no_answer_is_cut_off(start: Start) -> None:
    """Not only a stream: a list of conversations, asked for again and again."""
    front = start(web.ServeLimits(stall_s=0.3, burst=100_000))
    request = f"GET /static/style.css HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {front.token}\r\n\r\n"
    loop = asyncio.get_running_loop()
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", front.port))
        connection.setblocking(False)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await loop.sock_sendall(connection, request.encode())
                    await asyncio.sleep(0.001)


SERVE = "ulimit -n 128; exec {python} -m tests.web.process {data} {url} 1 {log}"


async def test_more_clients_than_descriptors_wait_and_the_log_stays_short(
    limited: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    assert limited.stderr is not None
    token = limited.stderr.readline().split()[-1]
    url = limited.stderr.readline().split()[-1].partition("/#")[0]
    with ExitStack() as leaving:
        for _ in range(200):
            address = ("127.0.0.1", int(url.rpartition(":")[2]))
            leaving.enter_context(closing(socket.create_connection(address)))
        await until(lambda: "as many connections as possible" in log.read_text(), "the warning")
        spent = psutil.Process(limited.pid).cpu_times().user
        await asyncio.sleep(1)  # in which a server that accepts first and asks later works all the time
        assert psutil.Process(limited.pid).cpu_times().user - spent < 0.5
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE_S) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        assert text(await ask(client, "ok")) == "Hello, world!"
    lines = [line for line in log.read_text().splitlines() if "WARNING" in line or "ERROR" in line]
    assert len(lines) < 5, lines
    assert "Traceback" not in log.read_text()


def test_the_cap_leaves_descriptors_for_everything_else() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert connection_limit(4) <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 48
        assert connection_limit(10_000) >= 4
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_equal_warnings_are_logged_once_a_minute_with_a_count() -> None:
    now, lines = 0.0, []
    handler = logging.StreamHandler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(OncePerMinute(lambda: now))
    logger = logging.Logger("flood")
    logger.addHandler(handler)
    for _ in range(1000):
        logger.warning("no room for %d", 5)
        logger.info("an event")
    logger.warning("another thing")
    now = 61.0
    logger.warning("no room for %d", 6)
    assert lines.count("an event") == 1000
    assert [line for line in lines if line != "an event"] == [
        "no room for 5",
        "another thing",
        "no room for 6 (999 more like this since the last one)",
    ]
