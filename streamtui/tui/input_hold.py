"""Keys typed ahead are kept back until what they are meant for is on the screen."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_PATIENCE_S: Final = 2.0


class InputHold:
    """Closed while something is read that the user, typing ahead, takes to be on the screen already."""

    def __init__(self) -> None:
        self._closed = 0
        self._opened = asyncio.Event()
        self._opened.set()

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    @contextmanager
    def closed(self) -> Iterator[None]:
        self._closed += 1
        self._opened.clear()
        try:
            yield
        finally:
            self._closed -= 1
            if not self._closed:
                self._opened.set()

    async def passed(self) -> None:
        """Wait until it is open; not for ever, or a disk that hangs would take the keys with it."""
        if self._opened.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), _PATIENCE_S)
        self._opened.set()
