"""A server that plays back bytes: what the cases of real servers are written down as."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

DONE: Final = b"data: [DONE]\n\n"
FIN: Final = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


def delta(text: str, finish: str | None = None) -> bytes:
    """Return a chunk with a piece of text."""
    return choice({"delta": {"content": text}, "finish_reason": finish})


def choice(value: dict[str, Any], **more: Any) -> bytes:
    """Return a chunk with one choice."""
    return f"data: {json.dumps({'choices': [{'index': 0, **value}], **more})}\n\n".encode()


def event(value: Any, kind: str = "") -> bytes:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds in which nothing is sent and the connection stays open."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is cut with RST, once all before it has had time to arrive."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. An event stream by default, whose body ends with the connection."""

    parts: Sequence[bytes | Pause | Reset]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Sequence[str] = ()

    @property
    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Status", f"Content-Type: {self.content_type}", "Connection: close"]
        return "\r\n".join([*lines, *self.headers, "", ""]).encode()


def refusal(status: int, body: Any, content_type: str = "application/json", headers: Sequence[str] = ()) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer([text.encode()], status, content_type, headers)


@dataclass
class Playback:
    """The server, and what it was asked."""

    answers: Sequence[Answer]
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    clients: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self.serve(reader, writer))
        self.clients.add(task)
        task.add_done_callback(self.clients.discard)

    async def aclose(self) -> None:
        """End what is still being played."""
        for task in self.clients:
            task.cancel()
        await asyncio.gather(*self.clients, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), ":0")
        body = await reader.readexactly(int(length.partition(":")[2]))
        self.heads.append(head)
        self.bodies.append(json.loads(body or b"{}"))
        answer = self.answers[min(len(self.bodies), len(self.answers)) - 1]
        writer.write(answer.head)
        try:
            for part in answer.parts:
                await self._play(part, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _play(self, part: bytes | Pause | Reset, writer: asyncio.StreamWriter) -> None:
        match part:
            case bytes():
                writer.write(part)
                await writer.drain()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Reset():
                await asyncio.sleep(0.1)
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()


@asynccontextmanager
async def playback(*answers: Answer | Sequence[bytes | Pause | Reset]) -> AsyncIterator[Playback]:
    """Serve one answer for each request, the last one again and again."""
    played = Playback([answer if isinstance(answer, Answer) else Answer(answer) for answer in answers])
    async with await asyncio.start_server(played.accept, "127.0.0.1") as server:
        played.port = server.sockets[0].getsockname()[1]
        try:
            yield played
        finally:
            await played.aclose()
