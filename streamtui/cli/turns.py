"""One `ask --wait` after the other in a conversation: each answers what the ones before it have left."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from streamtui.system.locks import FileLock

_POLL_S: Final = 0.1


@asynccontextmanager
async def turn(folder: Path, conversation: str, on_wait: Callable[[], object]) -> AsyncGenerator[None, None]:
    """Have the conversation to itself among those that wait, for the body. `on_wait` is called where others come
    first. Raises `OSError`."""
    lock = FileLock(folder / f"wait-{conversation}.lock")
    if not lock.acquire(0):
        on_wait()
        while not lock.acquire(0):  # noqa: ASYNC110 - no event tells of another process
            await asyncio.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.path.unlink(missing_ok=True)
        lock.close()
