"""Which processes are alive: each holds a lock on a file of its own for as long as it runs.

A process id says less: ids are used again, and mean nothing in another container that shares the folder.
"""

import os
import time
import uuid
from contextlib import suppress
from pathlib import Path

from streamtui.system.locks import FileLock, LockBusyError
from streamtui.system.private import private_folder


class WriterProcess:
    """One opening of the store by one process."""

    def __init__(self, folder: Path) -> None:
        self.id = f"{time.time_ns() // 1_000_000:x}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._folder = folder
        self._lock: FileLock | None = None

    def hold(self) -> None:
        """Show that this run is alive, from now until `release` or the end of the process. Raises `OSError`."""
        if self._lock is not None:
            return
        private_folder(self._folder)
        lock = FileLock(_path(self._folder, self.id))
        if not lock.acquire(0):
            raise LockBusyError
        self._lock = lock

    def release(self) -> None:
        if self._lock is None:
            return
        with suppress(OSError):  # a folder that is out of reach keeps the file, which the next start sweeps away
            self._lock.path.unlink(missing_ok=True)
        self._lock.close()
        self._lock = None

    def is_alive(self, other: str) -> bool:
        """Return whether the run with the id `other` is still there."""
        if other == self.id:
            return True
        path = _path(self._folder, other)
        if not path.exists():
            return False
        lock = FileLock(path)
        try:
            return not lock.acquire(0)
        except OSError:
            return False
        finally:
            lock.close()

    def sweep(self) -> None:
        """Remove the files of runs that ended without doing so. Only while the store's lock is held."""
        for path in self._folder.glob("*.lock"):
            if not self.is_alive(path.stem):
                path.unlink(missing_ok=True)


def _path(folder: Path, run: str) -> Path:
    return folder / f"{run}.lock"
