"""Waiting for a server, which is not to blame for what holds up this process."""

import asyncio
from types import TracebackType
from typing import Final, Self

_LATE_S: Final = 0.5
"""A timer that is later than this says that the process stood still: suspended, or without a turn for too long."""
_MOMENT_S: Final = 1.0
"""What it gets then, to read what came in meanwhile."""


class SuspendAwareTimeout:
    """An asynchronous context manager as `asyncio.timeout` is one, but time in which this process stood still doesn't
    count.

    After Ctrl+Z and `fg`, time is up and what the server sent meanwhile waits to be read, and the event loop would
    come to the clock first.
    """

    def __init__(self, seconds: float) -> None:
        self.stood_still = 0.0
        """Seconds that did not count."""
        self._seconds = seconds
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._limit.__aenter__()
        self._wait(self._seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _wait(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._timer = self._loop.call_at(self._due, self._over)

    def _over(self) -> None:
        late = self._loop.time() - self._due
        if late < _LATE_S:
            self._limit.reschedule(self._loop.time())
            return
        self.stood_still += late
        self._wait(_MOMENT_S)
