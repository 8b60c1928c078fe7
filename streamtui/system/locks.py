"""Advisory locks between processes, on files of their own."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _free(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    _NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
    """The file system (some network ones) has no such locks: SQLite's own have to do, or nothing could be saved."""

    def _try(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        return True

    def _free(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_FLAGS |= getattr(os, "O_NONBLOCK", 0)  # a FIFO in the file's place must not block us


class LockBusyError(Exception):
    """Another process held the lock for as long as the caller was ready to wait."""


class FileLock:
    """An exclusive lock on the file at `path`, which is created as needed and belongs to nobody else.

    Held by the open file, so the system frees it however the process ends. Not for use by several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the lock within `timeout` seconds; return whether that succeeded. Raises `OSError`."""
        deadline = time.monotonic() + timeout
        pause = 0.001
        while True:
            if self._fd is None:
                self._fd = os.open(self.path, _FLAGS, 0o600)
            if _try(self._fd):
                if self._is_current():
                    return True
                self.close()  # it was deleted and perhaps made anew: what we hold is nobody's lock
                continue
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)

    def release(self) -> None:
        if self._fd is not None:
            _free(self._fd)

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Hold the lock for the body. Raises `LockBusyError` after `timeout` seconds."""
        if not self.acquire(timeout):
            raise LockBusyError
        try:
            yield
        finally:
            self.release()

    def close(self) -> None:
        """Let go of the lock and of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _is_current(self) -> bool:
        assert self._fd is not None
        try:
            return os.path.samestat(os.fstat(self._fd), self.path.stat())
        except FileNotFoundError:
            return False
