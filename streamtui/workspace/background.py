"""Work whose outcome nobody waits for."""

import asyncio
from collections.abc import Coroutine


class BackgroundTasks:
    """Keeps tasks alive until they end: the event loop alone would let them be collected."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` on this event loop. It must handle its own errors."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        for task in self._running:
            task.cancel()
