"""A server that streams Markdown of one shape: model `mixed-5000` as fast as it is read, `mixed-5000x1000` at 1,000
tokens a second. `python -m tests.benchmarks.replay` prints its port, the moment of every reply's last byte, and when a
reader went away before."""

from __future__ import annotations

import asyncio
import sys
import time

from tests.markdown.corpus import shape, tokens
from tests.server.reply import Reply, scenario
from tests.server.server import ScriptedServer

SHAPES = ("mixed", "python", "table", "paragraph", "list")
END = "ENDMARK"


def text(name: str, count: int) -> str:
    """Return about `count` tokens of Markdown that end in a word of their own."""
    return f"{shape(name, count)}\n\n```\n```\n\n{END}"


def _enter(name: str) -> None:
    @scenario(f"{name}-N", f"N tokens of {name} as fast as the client reads")
    async def flood(reply: Reply, count: int) -> None:
        pieces = tokens(text(name, count))
        await reply.start()
        for first in range(0, len(pieces), 100):
            await reply.body(b"".join(reply.dialect.text(piece) for piece in pieces[first : first + 100]))
        await _finish(reply, count)

    @scenario(f"{name}-NxM", f"N tokens of {name}, M a second")
    async def paced(reply: Reply, count: int, rate: int) -> None:
        await reply.start()
        try:
            await reply.pace(iter(tokens(text(name, count))), 1 / rate)
        except asyncio.CancelledError:
            print(f"closed {time.monotonic()}", flush=True)
            raise
        await _finish(reply, count)


async def _finish(reply: Reply, count: int) -> None:
    print(f"done {time.monotonic()}", flush=True)
    await reply.finish(tokens=count)


def main() -> None:
    for name in SHAPES:
        _enter(name)
    with ScriptedServer() as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
