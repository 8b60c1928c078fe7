"""Files that are replaced as a whole: who reads one finds the old content or the new, never half of it."""

import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from streamtui.system.private import FILE_MODE

_ABANDONED_S: Final = 24 * 3600
"""The age at which an unfinished file can't be somebody's work in progress any more."""


class AtomicFile:
    """Content written beside `path`, in `part`, which takes its place with `commit` and vanishes with `discard`.

    As a context manager it discards what the body did not commit. `mode` is what the umask makes of it. The name of
    `part` is never used twice, so what a killed process left behind is in nobody's way; a later write removes it.
    """

    def __init__(self, path: Path, *, mode: int = FILE_MODE) -> None:
        """Create the unfinished file. Raises `OSError`."""
        self.path = path
        self.part = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
        _sweep(path)
        descriptor = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), mode)
        self._file = os.fdopen(descriptor, "wb")

    @property
    def size(self) -> int:
        """Bytes written through `write` so far."""
        return self._file.tell()

    def write(self, content: bytes) -> None:
        """Add to the unfinished file. Raises `OSError`."""
        self._file.write(content)
        self._file.flush()

    def commit(self) -> None:
        """Put the content in the place of `path`; it is on disk then, whatever happens to the machine.

        Raises `OSError`; then `path` is as it was.
        """
        os.fsync(self._file.fileno())
        self._file.close()
        self.part.replace(self.path)
        _sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove the unfinished file, if there still is one."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.part.unlink(missing_ok=True)

    def __enter__(self) -> "AtomicFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def write_atomically(path: Path, content: bytes, *, mode: int = FILE_MODE) -> None:
    """Replace what `path` holds. Raises `OSError`; then it is as it was."""
    with AtomicFile(path, mode=mode) as file:
        file.write(content)
        file.commit()


def _sweep(path: Path) -> None:
    """Remove unfinished files that killed processes left beside `path`."""
    from glob import escape

    oldest = time.time() - _ABANDONED_S
    for part in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):
            if part.stat().st_mtime < oldest:
                part.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring the new name to disk, where the system lets folders be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
