"""Ways to read the database that write nothing to it, tried in turn.

Usually a read-only connection does. It needs a shared-memory file beside the database, though, which can't be made in a
read-only folder or on a full disk. Where nothing waits in a log, SQLite can do without; else a copy elsewhere is read,
as is a database that waits to be brought to this version.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamtui.chat.errors import StoreError
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.errors import is_damage
from streamtui.store.sqlite.schema import APPLICATION_ID

State = tuple[tuple[int, int, int, int], ...]
"""What the file and its log looked like: device, inode, size and time of change of each."""


@dataclass(frozen=True, slots=True)
class Source:
    """A connection to read from, and for how long it shows what is saved."""

    connection: sqlite3.Connection
    state: State | None
    """What the files must look like for it to be up to date; `None` where it always is."""


def open_source(path: Path, scripts: Sequence[str], vfs: str | None = None) -> Source | None:
    """Return a way to read the database at `path`, `None` where nothing was ever saved there.

    Raises `StoreError`, `sqlite3.Error` or `OSError` where there is something that can't be read.
    """
    if not path.exists() or not path.is_file() or not path.stat().st_size:
        return None
    try:
        connection = _checked(opening.connect(path, "ro", vfs), len(scripts))
        return None if connection is None else Source(connection, None)
    except _OldVersionError:
        return _copied(path, scripts)
    except sqlite3.OperationalError as error:
        if is_damage(error):
            raise
        return _without_shared_memory(path, scripts, vfs, error)


def state_of(path: Path) -> State:
    """Return what the database's files look like now."""
    states = []
    for side in ("", "-wal", "-journal"):
        with suppress(OSError):
            status = path.with_name(path.name + side).stat()
            states.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(states)


class _OldVersionError(Exception):
    """The database waits to be brought to this version."""


def _checked(connection: sqlite3.Connection, version: int) -> sqlite3.Connection | None:
    """Return the connection if its database is one of ours, `None` for one without any table.

    Raises `_OldVersionError`, `StoreError` for what belongs to others, `sqlite3.Error`; then it is closed.
    """
    try:
        (written,) = connection.execute("PRAGMA user_version").fetchone()
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not written and not tables:
            connection.close()
            return None
        if owner != APPLICATION_ID or written > version:
            raise StoreError("The saved conversations belong to a newer version or to another program.")
        if written < version:
            raise _OldVersionError
        connection.execute(opening.SMALL_CACHE)
    except BaseException:
        connection.close()
        raise
    return connection


def _without_shared_memory(
    path: Path, scripts: Sequence[str], vfs: str | None, error: sqlite3.OperationalError
) -> Source | None:
    """Return a way to read where the usual one failed with `error`, which is raised if there is none."""
    state = state_of(path)
    try:
        if not _is_at_rest(path):
            return _copied(path, scripts)
        connection = _checked(opening.connect(path, "ro&immutable=1", vfs), len(scripts))
        return None if connection is None else Source(connection, state)
    except _OldVersionError:
        return _copied(path, scripts)
    except (sqlite3.OperationalError, OSError):
        raise error from None


def _is_at_rest(path: Path) -> bool:
    """Return whether the file is all there is: nothing waits in a log or journal."""
    path = path.resolve()
    sides = (path.with_name(f"{path.name}-{side}") for side in ("wal", "journal"))
    return not any(side.exists() and side.stat().st_size for side in sides)


def _copied(path: Path, scripts: Sequence[str]) -> Source:
    """Return a connection to a copy in the folder for temporary files, brought to this version.

    The copy has no name by the time this returns: nothing of it is left when the process ends, however it does.
    """
    state = state_of(path)
    import shutil  # both for the one who needs a copy
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="streamtui-"))
    try:
        copy = folder / "copy.db"
        for side in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + side), copy.with_name(copy.name + side))
        connection = opening.connect(copy, "rw")
        connection.execute("PRAGMA journal_mode = MEMORY")
        opening.run_scripts(connection, scripts)
        connection.execute(opening.SMALL_CACHE)
        return Source(connection, state)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
