"""A program in a pseudo-terminal that never makes it wait, with its CPU time and memory. Emulates nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil


class Terminal:
    """A context manager around one process. All times are `time.monotonic()`."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int] = (120, 40),
        folder: Path | None = None,
    ) -> None:
        self.started = time.monotonic()
        pid, self._fd = pty.fork()
        if pid == 0:
            if folder is not None:
                os.chdir(folder)
            os.execvpe(words[0], list(words), dict(environment))
        self.resize(*size)
        self.process = psutil.Process(pid)
        self._changed = threading.Condition()
        self._output = bytearray()
        self._times: list[tuple[int, float]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._fd)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> float:
        """Type `keys`; return when."""
        now = time.monotonic()
        os.write(self._fd, keys.encode())
        return now

    @property
    def position(self) -> int:
        """How much was written so far."""
        return len(self._output)

    def wait_for(self, text: str, start: int = 0, timeout_s: float = 120.0) -> float:
        """Wait until `text` is written after position `start`; return when that was. Raises TimeoutError."""
        wanted = text.encode()
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while (found := self._output.find(wanted, start)) < 0:
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"{text!r} never came; the last output was {bytes(self._output[-500:])!r}")
            return next(moment for end, moment in self._times if end >= found + len(wanted))

    def wait_for_exit(self) -> None:
        self.process.wait()

    def cpu(self) -> float:
        """Seconds of user and system time so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss_mib(self) -> float:
        return float(self.process.memory_info().rss / 2**20)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError:
                return
            if not data:
                return
            with self._changed:
                self._output += data
                self._times.append((len(self._output), time.monotonic()))
                self._changed.notify_all()
