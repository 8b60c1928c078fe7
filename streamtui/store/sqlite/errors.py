"""What can be wrong with the data folder, as one line that says what happened and what to do."""

import errno
import sqlite3
from pathlib import Path
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.chat.sanitize import sanitize_line
from streamtui.system.locks import LockBusyError

_KEPT: Final = "until then what is new is in memory alone"
_BESIDE: Final = "until then what is new is kept in a file beside it"
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
_WORDS_FOR_DAMAGE: Final = ("unsupported file format", "no such table: main.", "malformed")
"""Of messages that come with the code for any error."""
_PRIMARY: Final = 0xFF
"""The low byte of an extended result code is its class (sqlite.org/rescode.html)."""


class RefusedError(StoreError):
    """The file belongs to a newer version or to another program; it was not touched."""


class DamagedError(StoreError):
    """A read found the file damaged that has this identity: see `opening.identity`."""

    def __init__(self, message: str, identity: tuple[int, int] | None) -> None:
        super().__init__(message)
        self.identity = identity


class UnusableError(StoreError):
    """There is something in the file's place that is not a file of ours."""


def explain(error: Exception, path: Path) -> str:
    """Return one line about why nothing can be saved to `path` now."""
    match error:
        case StoreError():
            return str(error)
        case LockBusyError():
            return f"Not saved yet: another program holds {path.name}; {_BESIDE}."
        case sqlite3.Error():
            return _sqlite(error, path)
        case OSError():
            return _system(error, path)
        case _:
            return sanitize_line(f"Not saved: {type(error).__name__}: {error}; {_KEPT}.")


def is_damage(error: Exception) -> bool:
    """Return whether `error` says that the file's content makes no sense."""
    if isinstance(error, UnicodeDecodeError):  # of SQLite's own message, which quotes a table's definition
        return True
    if is_index_damage(error):
        return False
    return code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or any(
        words in str(error) for words in _WORDS_FOR_DAMAGE if isinstance(error, sqlite3.Error)
    )


def is_index_damage(error: Exception) -> bool:
    """Return whether `error` says that the search index makes no sense, which is built anew, and nothing else."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT_VTAB


def damage(what: str) -> sqlite3.DatabaseError:
    """Return an error as SQLite raises it for damage."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def code(error: Exception) -> int | None:
    """Return SQLite's primary result code."""
    extended = getattr(error, "sqlite_errorcode", None)
    return extended & _PRIMARY if isinstance(extended, int) else None


def _sqlite(error: sqlite3.Error, path: Path) -> str:
    match code(error):
        case sqlite3.SQLITE_FULL:
            return _no_space(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"Not saved yet: another program holds {path.name}; {_BESIDE}."
        case sqlite3.SQLITE_READONLY:
            return _no_permission(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"Not saved: {path} is damaged and has to be set aside; {_KEPT}."
        case sqlite3.SQLITE_CANTOPEN:
            return f"Not saved: {path} can't be opened. Check its folder, or choose another --data-dir; {_KEPT}."
        case sqlite3.SQLITE_IOERR:
            return sanitize_line(f"Not saved: the disk failed ({error}). Check {path.parent}; {_KEPT}.")
        case _:
            return sanitize_line(f"Not saved: {error}. Check {path}; {_KEPT}.")


def _system(error: OSError, path: Path) -> str:
    if error.errno in _FULL:
        return _no_space(path)
    if error.errno in _READ_ONLY:
        return _no_permission(path)
    where = error.filename or path
    why = error.strerror or type(error).__name__
    return sanitize_line(f"Not saved: {where}: {why}. Check the folder, or choose another --data-dir; {_KEPT}.")


def _no_space(path: Path) -> str:
    return sanitize_line(f"Not saved: no space left for {path}. Free some; {_KEPT}.")


def _no_permission(path: Path) -> str:
    return sanitize_line(f"Not saved: {path.parent} can't be written to. Choose another --data-dir; {_KEPT}.")
