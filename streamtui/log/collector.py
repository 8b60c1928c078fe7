"""Keeps full garbage collections from pausing a stream: what is there for long is taken out of their sight."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

from textual.timer import Timer

_FREEZE_AFTER_S: Final = 2.0


class CollectorFreeze:
    """Freezes what lives by now a moment after it came, but never while something streams."""

    def __init__(
        self, set_timer: Callable[[float, Callable[[], None]], Timer], is_streaming: Callable[[], bool]
    ) -> None:
        self._set_timer = set_timer
        self._is_streaming = is_streaming
        self._timer: Timer | None = None

    def thaw(self) -> None:
        """Let go of what was there before; what is there a moment later is frozen."""
        gc.unfreeze()
        self.soon()

    def soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._set_timer(_FREEZE_AFTER_S, self._freeze)

    def _freeze(self) -> None:
        """Collect what came since the last time, then freeze: a full collection of all of it is a pause one sees."""
        self._timer = None
        if self._is_streaming():
            self.soon()
            return
        gc.collect()
        gc.freeze()
