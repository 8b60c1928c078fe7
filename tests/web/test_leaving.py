"""Clients that leave, clients that never read, and a server that is told to end."""

import asyncio
import json
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2

from streamtui import web
from streamtui.store import Store
from tests.server import ScriptedServer, words
from tests.store.samples import saved
from tests.web.conftest import Start
from tests.web.front import Front, ask, events, text, until

ALLOWED_S = 1.0
"""Ten times the promised 100 ms from a reply's end to that of its connection."""


async def last_reply(client: httpx2.AsyncClient, conversation: str) -> dict[str, str]:
    found: dict[str, str] = (await client.get(f"/api/conversations/{conversation}")).json()["messages"][-1]
    return found


async def leave_after(client: httpx2.AsyncClient, count: int, method: str, model: str) -> tuple[str, str, float]:
    """Ask, read `count` pieces, leave; return the conversation, the text that was read and when that was."""
    body: dict[str, Any] = (
        {"json": {"prompt": "Hi", "model": model}} if method == "POST" else {"params": {"q": "Hi", "model": model}}
    )
    async with client.stream(method, "/api/chat", **body) as response:
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(count)]
    return response.headers["X-Conversation"], text(seen), time.monotonic()


async def test_leaving_cancels_upstream_and_keeps_what_arrived(
    client: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    for method in ("POST", "GET"):
        model = f"slow-20@{method}"
        conversation, seen, left = await leave_after(client, 5, method, model)
        (request,) = server.of(model)
        await until(lambda request=request: request.closed, "the close upstream")  # type: ignore[misc]
        assert request.closed is not None
        assert request.closed - left < ALLOWED_S
        reply = await last_reply(client, conversation)
        assert (reply["status"], reply["finish_reason"]) == ("stopped", "client_left")
        assert reply["text"].startswith(seen)


async def test_leaving_before_the_first_token_cancels_too(front: Front, server: ScriptedServer) -> None:
    request = raw_request(front, "mute")
    with closing(socket.create_connection(("127.0.0.1", front.port))) as connection:
        connection.sendall(request)
        await until(lambda: server.of("mute"), "the request upstream")
        left = time.monotonic()
    (asked,) = server.of("mute")
    await until(lambda: asked.closed, "the close upstream")
    assert asked.closed is not None
    assert asked.closed - left < ALLOWED_S


async def test_a_follower_that_leaves_stops_nothing(
    client: httpx2.AsyncClient, front: Front, server: ScriptedServer
) -> None:
    server.cue("cued", 5)
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "cued"}) as response:
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(5)]
        await follow_and_leave(front, response.headers["X-Conversation"])
        server.cue("cued", 5)
        server.finish("cued")
        seen += [event async for event in stream]
    assert text(seen) == "".join(words(10))
    assert seen[-1].data["status"] == "complete"


async def follow_and_leave(front: Front, conversation: str) -> None:
    """Follow a reply up to its first text, leave, and wait until the server has noticed."""
    loop = asyncio.get_running_loop()
    got = b""
    with closing(socket.create_connection(("127.0.0.1", front.port))) as connection:
        connection.setblocking(False)
        await loop.sock_sendall(connection, follow_request(front, conversation))
        while b"event: text" not in got:
            got += await received(connection)
        connection.shutdown(socket.SHUT_WR)
        while await loop.sock_recv(connection, 65536):
            pass


async def test_a_client_that_never_reads_is_dropped_and_upstream_ends(start: Start, server: ScriptedServer) -> None:
    front = start(web.ServeLimits(stall_s=0.5))
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", front.port))
        connection.sendall(raw_request(front, "infinite"))
        await until(lambda: server.of("infinite"), "the request upstream")
        (asked,) = server.of("infinite")
        waited = await until(lambda: asked.closed, "the close upstream")
        assert waited < 5
        connection.setblocking(False)
        assert await was_cut(connection)
    async with front.client() as client:
        (kept,) = (await client.get("/api/conversations")).json()
        assert kept["status"] == "stopped"


async def was_cut(connection: socket.socket) -> bool:
    """Return whether the connection was reset, rather than ended in good order."""
    loop = asyncio.get_running_loop()
    try:
        while await loop.sock_recv(connection, 65536):
            pass
    except ConnectionResetError:
        return True
    return False


async def test_a_slow_reader_gets_everything(start: Start) -> None:
    front = start()
    got = bytearray()
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", front.port))
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, raw_request(front, "flood-30000"))
        while b"event: done" not in got[-4096:]:
            got += await received(connection)
            await asyncio.sleep(0)
    for number in (0, 1, 999, 15_000, 29_999):
        assert f"w{number} ".encode() in got


async def test_a_slow_reader_of_a_long_text_is_not_taken_for_one_that_never_reads(start: Start, tmp_path: Path) -> None:
    """Each piece is taken long before it takes too long, all of them together are not."""
    said = "word " * 800_000
    stall_s, pause_s = 2.0, 0.03
    with Store.open(tmp_path / "data") as store:
        record, _ = await saved(store, "Hi", said)
    front = start(web.ServeLimits(stall_s=stall_s))
    size, loop = 0, asyncio.get_running_loop()
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect(("127.0.0.1", front.port))
        connection.setblocking(False)
        await loop.sock_sendall(connection, follow_request(front, record.id))
        began = time.monotonic()
        while data := await loop.sock_recv(connection, 65536):
            size += len(data)
            last = data
            await asyncio.sleep(pause_s)  # which makes it slow
        assert time.monotonic() > began + stall_s
    assert size > len(said)
    assert b'"status":"complete"' in last or last.endswith(b"0\r\n\r\n")


async def test_the_servers_end_is_a_done_for_everybody(start: Start, server: ScriptedServer) -> None:
    front = start()
    async with front.client() as client, front.client() as other:
        asking = asyncio.create_task(ask(client, "slow-20"))
        await until(lambda: server.of("slow-20"), "the request upstream")
        (conversation,) = (await other.get("/api/conversations")).json()
        async with other.stream("GET", f"/api/conversations/{conversation['id']}/events") as looking_on:
            stream = events(looking_on.aiter_lines())
            followed = [await anext(stream)]
            await asyncio.to_thread(front.stop)
            followed += [event async for event in stream]
        asked = await asking
    assert asked[-1].data["status"] == followed[-1].data["status"] == "stopped"
    assert text(asked) == text(followed)
    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")


async def test_a_client_that_never_reads_does_not_delay_the_end(start: Start, server: ScriptedServer) -> None:
    front = start(web.ServeLimits(stall_s=3600))
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", front.port))
        connection.sendall(raw_request(front, "infinite"))
        await until(lambda: server.of("infinite"), "the request upstream")
        async with front.client() as client:
            (kept,) = (await client.get("/api/conversations")).json()
            assert kept["status"] == "streaming"
        await asyncio.to_thread(front.stop)  # nobody waits the hour for it


async def test_nothing_of_a_reply_is_lost_over_a_restart(start: Start, tmp_path: Path) -> None:
    front = start()
    async with front.client() as client:
        conversation, seen, _ = await leave_after(client, 5, "POST", "slow-20")
    front.stop()
    async with start().client() as client:
        reply = await last_reply(client, conversation)
    assert reply["text"].startswith(seen)
    assert reply["status"] == "stopped"


async def received(connection: socket.socket) -> bytes:
    """Return what comes next on a connection that has not ended."""
    data = await asyncio.get_running_loop().sock_recv(connection, 65536)
    assert data, "the connection ended"
    return data


def follow_request(front: Front, conversation: str) -> bytes:
    head = f"GET /api/conversations/{conversation}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return f"{head}Authorization: Bearer {front.token}\r\n\r\n".encode()


def raw_request(front: Front, model: str) -> bytes:
    body = json.dumps({"prompt": "Hi", "model": model}).encode()
    head = (
        f"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1:{front.port}\r\nAuthorization: Bearer {front.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
