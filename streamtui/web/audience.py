"""Who follows a reply, and what becomes of it when nobody does."""

import asyncio
from collections.abc import Callable


class Audience:
    """Counts those for whom a reply goes on. Once nobody has been there for `linger_s`, `abandoned` is called, once.

    The time also runs before the first one comes. Owned by the event loop.
    """

    def __init__(self, linger_s: float, abandoned: Callable[[], None]) -> None:
        self.linger_s = linger_s
        self._abandoned = abandoned
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def join(self) -> Callable[[], None]:
        """Count one more; return what to call once, when it leaves."""
        self._count += 1
        self.close()

        def leave() -> None:
            self._count -= 1
            if self._count == 0:
                self._wait()

        return leave

    def close(self) -> None:
        """Call nothing any more, unless somebody joins and leaves again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.linger_s, self._abandoned)
