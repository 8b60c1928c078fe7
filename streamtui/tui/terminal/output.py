"""Writing to the terminal, in order, without anybody waiting for one that has stopped reading."""

import os
import select
import termios
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

_POLL_MS: Final = 100
"""How often a terminal that takes nothing is looked at for having been given up."""
_BACKLOG: Final = 8
"""Pieces, a frame being one, that may wait; a terminal that reads leaves none."""


class TerminalOutput(threading.Thread):
    """Owns the terminal's output until it is closed. Has a file description of its own, so that not blocking is a
    matter of this process alone and not of the shell behind it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._descriptor = _reopen(descriptor)
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._is_writing = False
        self._is_closed = False
        self._is_dropped = False
        self._can_block = os.get_blocking(self._descriptor)

    @property
    def is_behind(self) -> bool:
        """Whether the terminal doesn't read what is written."""
        return len(self._pieces) > _BACKLOG

    def write(self, text: str) -> None:
        """Let `text` be written after what came before. Takes no time: what the terminal doesn't take at once is
        left to the thread, and everything where only the thread may wait."""
        with self._changed:
            if self._is_closed:
                return
            data = text.encode("utf-8", "replace")
            if not (self._can_block or self._pieces or self._is_writing):
                with suppress(OSError):  # no room at all, or the terminal is gone: the thread sees which
                    data = data[os.write(self._descriptor, data) :]
            if data:
                self._pieces.append(data)
                self._changed.notify_all()

    def drain(self, within_s: float) -> bool:
        """Wait until everything is written; return whether it is."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while self._pieces or self._is_writing:
                left = deadline - time.monotonic()
                if left <= 0 or not self.is_alive():
                    return False
                self._changed.wait(left)
        return True

    def drop(self, last_words: str) -> None:
        """Forget what the terminal has not read, even what the kernel keeps for it, and write `last_words` if there is
        room then."""
        self._is_dropped = True
        with self._changed:
            self._pieces.clear()
            self._is_closed = True
            self._changed.notify_all()
        with suppress(termios.error, OSError):
            termios.tcflush(self._descriptor, termios.TCOFLUSH)
        with suppress(OSError):
            os.write(self._descriptor, last_words.encode())

    def close(self) -> None:
        """Write what is waiting, unless it was dropped, and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self.ident is not None:
            self.join()
        os.close(self._descriptor)

    def run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                while not self._pieces and not self._is_closed:
                    self._changed.wait()
                if not self._pieces:
                    return
                data = b"".join(self._pieces)
                self._pieces.clear()
                self._is_writing = True
            try:
                self._write(data)
            except OSError:  # the terminal is gone: what follows is the hangup's business
                self._is_dropped = True

    def _write(self, data: bytes) -> None:
        writable = select.poll()
        writable.register(self._descriptor, select.POLLOUT)
        rest = memoryview(data)
        while rest and not self._is_dropped:
            if writable.poll(_POLL_MS):
                with suppress(BlockingIOError):
                    rest = rest[os.write(self._descriptor, rest) :]


def _reopen(descriptor: int) -> int:
    """Open the same terminal again, not blocking; where that can't be, share the description."""
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return os.dup(descriptor)
