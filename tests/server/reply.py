"""What a scenario writes with, and the table that scenarios enter themselves into."""

import asyncio
import gzip
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.server.dialects import Dialect
from tests.server.wire import Connection, Request

Framing = Literal["chunked", "close", "none"]
Cues = asyncio.Queue[int]
_LAST_CHUNK: Final = b"0\r\n\r\n"
_REASONS = {200: "OK", 307: "Temporary Redirect", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


def words(count: int, first: int = 0) -> list[str]:
    """Return the tokens that scenarios stream where the text doesn't matter: `w0 `, `w1 `, …"""
    return [f"w{number} " for number in range(first, first + count)]


HELLO = ("Hello", ", ", "world", "!")
"""The tokens of `ok` and of everything that ends well after a surprise."""


class Reply:
    """One answer being written. `text` and its like speak the dialect of the path that was asked."""

    def __init__(self, connection: Connection, request: Request, dialect: Dialect, asked: int, cues: Cues) -> None:
        self._connection = connection
        self._cues = cues
        self.request = request
        self.dialect = dialect
        self.asked = asked
        """How often this model was asked, this time included."""
        self._framing: Framing = "none"

    async def head(
        self,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        framing: Framing = "chunked",
        content_type: str = "text/event-stream",
    ) -> None:
        """Send status line and headers."""
        self._framing = framing
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", f"Content-Type: {content_type}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if framing == "close":
            lines.append("Connection: close")
        await self.wire("\r\n".join([*lines, "", ""]).encode())

    async def body(self, data: bytes) -> None:
        """Send a piece of the body, framed as the head announced."""
        await self.wire(self._framed(data))

    async def wire(self, data: bytes) -> None:
        """Send raw bytes."""
        await self._connection.write(data)

    async def end(self) -> None:
        """End the body in good order."""
        if self._framing == "chunked":
            await self.wire(_LAST_CHUNK)
        else:
            self._connection.close()

    async def reset_once_read(self) -> None:
        """Cut the connection with RST, which would overtake bytes that the client hasn't read."""
        await self._connection.read_by_client()
        self.reset()

    def reset(self) -> None:
        """Cut the connection with RST."""
        self._connection.reset()

    def hang_up(self) -> None:
        """Close the connection with FIN, whatever was promised."""
        self._connection.close()

    async def whole(
        self, status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a complete response with a length."""
        length = {"Content-Length": str(len(body)), **(headers or {})}
        await self.head(status, length, framing="none", content_type=content_type)
        await self.wire(body)

    async def json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        await self.whole(status, json.dumps(value).encode(), "application/json", headers)

    async def refuse(self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Answer with an error status and body as the API does."""
        await self.json(status, self.dialect.error_body(message, code or "invalid_request_error"), headers)

    async def start(self, headers: Mapping[str, str] | None = None) -> None:
        """Send the head and the dialect's opening event."""
        await self.head(headers=headers)
        await self.body(self.dialect.start())

    async def text(self, *tokens: str) -> None:
        """Send each token as an event, and a write, of its own."""
        for token in tokens:
            await self.body(self.dialect.text(token))

    async def reasoning(self, *tokens: str) -> None:
        for token in tokens:
            await self.body(self.dialect.reasoning(token))

    async def finish(self, reason: str = "stop", tokens: int | None = 5) -> None:
        """Send finish reason, usage (unless `tokens` is None), the end mark, and end the body."""
        last = self._framed(self.dialect.finish(reason, tokens) + self.dialect.done())
        if self._framing == "chunked":
            await self.wire(last + _LAST_CHUNK)  # in one write, so that no client gives up in between
            return
        await self.wire(last)
        await self.end()

    async def hello(self, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole short reply."""
        await self.start(headers)
        await self.text(*HELLO)
        await self.finish()

    async def cue(self) -> int:
        """Wait until the test says how many tokens are next; 0 is the end."""
        return await self._cues.get()

    async def until_told(self, milliseconds: int) -> None:
        """Send a token every so often until the test sets `may_end`."""
        while not self.request.may_end:
            await self.text(*words(1, self.request.tokens))
            self.request.tokens += 1
            await asyncio.sleep(milliseconds / 1000)

    async def pace(self, tokens: Iterable[str], seconds: float) -> None:
        """Send the tokens at an even rate that doesn't drift."""
        due = time.monotonic()
        for token in tokens:
            await self.text(token)
            due += seconds
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _framed(self, data: bytes) -> bytes:
        """Return a piece of the body as it is sent."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._framing == "chunked" and data else data

    def packed(self, *parts: bytes) -> bytes:
        return gzip.compress(b"".join(parts))


Run = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`name` is the model to ask for; N and M in it stand for numbers that `run` gets."""

    name: str
    tells: str
    run: Run

    def match(self, model: str) -> list[int] | None:
        """Return the numbers in `model` if it asks for this scenario; `@anything` after it tells requests apart."""
        pattern = re.sub("[NM]", r"(\\d+)", self.name)
        found = re.fullmatch(pattern, model.partition("@")[0])
        return None if found is None else [int(number) for number in found.groups()]


SCENARIOS: list[Scenario] = []


def scenario(name: str, tells: str) -> Callable[[Run], Run]:
    """Enter a function into the table."""

    def enter(run: Run) -> Run:
        SCENARIOS.append(Scenario(name, tells, run))
        return run

    return enter
