"""Signals that end the process: what is unsaved is saved first, whatever the terminal does."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from streamtui.chat.ports import Storage
from streamtui.tui.terminal.terminal import Terminal

GUARD_S: Final = 2.5
"""After a signal the process is gone by then."""


class Signals:
    """Leaves the app on the signals that ask for it."""

    def __init__(self, storage: Storage, leave: Callable[[int], None], terminal: Callable[[], Terminal | None]) -> None:
        """`leave` ends the app with an exit code; `terminal` returns the terminal it runs in."""
        self._storage = storage
        self._leave = leave
        self._terminal = terminal
        self._ignored: set[int] = set()

    def catch(self) -> None:
        """Begin to listen. Must be called on the event loop."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, not under tests' threads
            for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"):
                number = getattr(signal, name)
                loop.add_signal_handler(number, self._on_signal, number)

    @contextmanager
    def without_interrupts(self) -> Iterator[None]:
        """Leave Ctrl+C and Ctrl+\\ to the program that has the terminal: they reach this one too."""
        self._ignored = {signal.SIGINT, signal.SIGQUIT}
        try:
            yield
        finally:
            self._ignored = set()

    def _on_signal(self, number: int) -> None:
        """Store first, leave second; a terminal that is gone or stopped reading can hold up only the leaving."""
        if number in self._ignored:
            return
        code = 128 + number
        self._guard(code)
        self._leave(code)
        threading.Thread(target=self._storage.flush_or_spill, args=(1.5,), daemon=True).start()

    def _guard(self, code: int) -> None:
        def end() -> None:
            self._storage.flush_or_spill(0.2)
            terminal = self._terminal()
            if terminal is not None:
                terminal.abandon()
            os._exit(code)

        guard = threading.Timer(GUARD_S, end)
        guard.daemon = True
        guard.start()
