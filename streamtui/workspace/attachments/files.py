"""Files of the user's: looked at without reading them, and read with care when they are sent.

Both functions block, as long as the file system takes: call them in a thread.
"""

import os
import re
import stat
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import FileReference
from streamtui.chat.sanitize import sanitize_line
from streamtui.chat.sizes import size_words

LARGEST: Final = 32_000_000
"""Bytes of a file that can be attached."""
_SYSTEM_FOLDERS: Final = ("/proc", "/sys", "/dev")
"""What is in there is no file, whatever it looks like: reading it may never end, or give away what memory holds."""
_ADDRESS: Final = re.compile("/https?:/")
_KINDS: Final = {
    stat.S_IFDIR: "is a folder: attach the files in it",
    stat.S_IFIFO: "is a pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}


def look(path: str, word: str = "") -> FileReference:
    """Return what is known of a file without opening it. `word` is as `FileReference` has it.

    Raises `ConfigError` for what can't be attached.
    """
    place = path
    try:
        place = os.path.abspath(path)  # noqa: PTH100 - `resolve` would change the name that the user knows
        known = os.stat(place)  # noqa: PTH116 - of any name, also one that no `Path` takes
    except (OSError, ValueError) as error:
        raise _unreadable(place, error) from None
    _refuse_unfit(place, known)
    return FileReference(place, known.st_size, word)


def read(file: FileReference) -> bytes:
    """Return what a file holds now. Raises `ConfigError` for what can't be attached, or changes meanwhile."""
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    look(file.path)
    try:
        descriptor = os.open(file.path, flags)
        with os.fdopen(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            _refuse_unfit(file.path, before)  # what was looked at may have made way for something else
            content = stream.read(before.st_size + 1)
            after = os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise _unreadable(file.path, error) from None
    if len(content) != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        raise ConfigError(f"{_named(file.path)} changed while it was read: nothing was sent, try again.")
    return content


def refuse_too_large(name: str, size: int) -> None:
    """Raise `ConfigError` for a file of more bytes than can be attached, or of none."""
    if not size:
        raise ConfigError(f"{name} is empty: there is nothing in it to send.")
    if size > LARGEST:
        raise ConfigError(
            f"{name} is too large: {size_words(size)}, and at most {size_words(LARGEST)} can be attached."
        )


def _refuse_unfit(path: str, known: os.stat_result) -> None:
    name = _named(path)
    if not stat.S_ISREG(known.st_mode):
        what = _KINDS.get(stat.S_IFMT(known.st_mode), "is not a file")
        raise ConfigError(f"{name} {what}. Nothing of it was read.")
    if (folder := _system_folder(path, known)) is not None:
        raise ConfigError(f"{name} is under {folder}, where nothing is attached from. Nothing of it was read.")
    refuse_too_large(name, known.st_size)


def _system_folder(path: str, known: os.stat_result) -> str | None:
    """Return which of the system's own folders a file is in, by its name, by where that leads, or by its device."""
    for folder in _SYSTEM_FOLDERS:
        for place in (path, os.path.realpath(path)):
            if place.startswith(f"{folder}/"):
                return folder
        if folder != "/dev" and known.st_dev == _own_device(folder):
            return folder
    return None


def _own_device(folder: str) -> int | None:
    """Return the device of a file system that is mounted at a folder; `None` where none is."""
    try:
        device = Path(folder).stat().st_dev
    except OSError:
        return None
    return None if device == Path("/").stat().st_dev else device


def _unreadable(path: str, error: OSError | ValueError) -> ConfigError:
    name = _named(path)
    if _ADDRESS.search(path):
        return ConfigError("Only files are attached, no addresses on the web: save what is there first.")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ConfigError(f"There is no file {name}.")
    why = error.strerror if isinstance(error, OSError) else "no file has such a name"  # Python's words change
    return ConfigError(f"{name} can't be read: {why}.")


def _named(path: str) -> str:
    """Return how a line names a file: from the present folder where it is in there."""
    try:
        here = os.path.relpath(path)
    except (OSError, ValueError):
        here = path
    return sanitize_line(path if here.startswith("..") else here, 200)
