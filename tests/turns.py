"""How long the event loop's turns are."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def work(seconds: float) -> None:
    """Keep this thread busy, as a reader who does something with every event."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@asynccontextmanager
async def turns() -> AsyncIterator[list[float]]:
    """Measure every turn of the event loop: seconds of this thread's own work, however busy the machine is.

    The list is filled until the block is left, and sorted then.
    """
    taken: list[float] = []

    async def tick() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            taken.append(now - before)
            before = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield taken
    finally:
        ticking.cancel()
        taken.sort()
