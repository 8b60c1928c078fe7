"""A thread that spills what waits for as long as the database thread is busy with one thing."""

import threading
from collections.abc import Callable
from typing import Final

_SPILL_S: Final = 0.2
"""How long the database thread may be busy before what waits for it goes to the spill file, and how often then."""


class SpillWatch:
    """For the database thread, which says when it begins and ends something."""

    def __init__(self, spill: Callable[[], object], is_alive: Callable[[], bool]) -> None:
        """`is_alive` returns whether the database thread is there."""
        self._spill = spill
        self._is_alive = is_alive
        self._busy, self._idle = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="streamtui-spill", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin(self) -> None:
        """Take note that the database thread is busy from now on."""
        self._idle.clear()
        self._busy.set()

    def pause(self) -> None:
        """Take note that it rests."""
        self._busy.clear()
        self._idle.set()

    def end(self) -> None:
        """Take note that it is busy no more, and never will be again."""
        self._idle.set()

    def _watch(self) -> None:
        while self._is_alive():
            self._busy.wait()
            while not self._idle.wait(_SPILL_S) and self._is_alive():
                self._spill()
