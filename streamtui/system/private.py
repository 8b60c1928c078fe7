"""Folders and files that only their owner can read."""

import os
from pathlib import Path
from typing import Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077


def private_folder(folder: Path) -> None:
    """Make `folder`, and the folders above it that are missing, for the owner alone; close an existing one to others.

    Raises `OSError`, also where an existing folder belongs to somebody else and is open.
    """
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    _close_to_others(folder, FOLDER_MODE)


def private_file(path: Path) -> int:
    """Create the file `path`, readable for its owner alone, and return a descriptor to write to it.

    Raises `FileExistsError`, `OSError`.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), FILE_MODE)


def make_private(path: Path) -> None:
    """Take an existing file's permissions from everybody but its owner. Raises `OSError`."""
    _close_to_others(path, FILE_MODE)


def is_private(path: Path) -> bool:
    """Return whether nobody but the owner may read or write `path`; always so where the system has no such modes."""
    return os.name != "posix" or not path.stat().st_mode & _OTHERS


def _close_to_others(path: Path, mode: int) -> None:
    if not is_private(path):
        path.chmod(mode)
