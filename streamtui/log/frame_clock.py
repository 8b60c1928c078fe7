"""When the log draws: at once after a pause, then at a steady rate that gives way under load. Knows no widget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

FRAME_S: Final = 1 / 15
"""The pause between two frames of a fast stream."""
_SLOWEST_S: Final = 0.3
_SHARE: Final = 0.2
"""At most this share of the time goes into drawing, the slowest rate permitting."""


class FrameClock:
    """Calls `draw` soon after `request`, and no more often than drawing is worth.

    `post` runs a callback in its owner's context, where an error of `draw` is seen. Silence before a request means
    that its frame is drawn at once, so the first word of a reply never waits.
    """

    def __init__(
        self,
        draw: Callable[[], None],
        post: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._draw = draw
        self._post = post
        self._clock = clock
        self._cpu = cpu
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._soon = False
        self._posted = False
        self._last = 0.0
        self._cost = 0.0

    @property
    def interval(self) -> float:
        """The present pause between frames, in seconds."""
        return min(_SLOWEST_S, max(FRAME_S, self._cost / _SHARE))

    def request(self, after: float = 0.0) -> None:
        """Ask for a frame no sooner than `after` seconds from now."""
        if self._posted or self._soon:
            return
        now = self._clock()
        due = max(now + after, self._last + self.interval)
        if self._handle is not None:
            if self._due <= due:
                return
            self._handle.cancel()
            self._handle = None
        if due <= now:
            self._tick()
            return
        self._due = due
        self._soon = after == 0.0
        self._handle = asyncio.get_running_loop().call_later(due - now, self._tick)

    def now(self) -> None:
        """Ask for a frame at once, whatever the rate."""
        if self._handle is not None:
            self._handle.cancel()
        if not self._posted:
            self._tick()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._soon = False

    def _tick(self) -> None:
        self._handle = None
        self._soon = False
        self._posted = True
        self._post(self._frame)

    def _frame(self) -> None:
        self._posted = False
        self._last = self._clock()
        started = self._cpu()
        self._draw()
        cost = self._cpu() - started
        self._cost = max(cost, self._cost * 0.8)
