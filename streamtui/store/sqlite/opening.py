"""Opening the database file: never overwrite what is not understood, never delete what can't be read."""

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from streamtui.store.sqlite.errors import RefusedError, UnusableError, code, damage, is_damage
from streamtui.store.sqlite.schema import APPLICATION_ID, TABLES
from streamtui.system.atomic import AtomicFile
from streamtui.system.private import make_private, private_file, private_folder

BUSY_MS: Final = 250
"""How long SQLite itself waits for other programs; ours are kept apart by our lock."""
_RESCUED: Final = "rescued conversations"
_TOTAL: Final = "conversations before the rescue"
_WITH_GAPS: Final = "conversations rescued with gaps"


class RescueTally(Protocol):
    """How many conversations were rescued, of how many, and how many of those have gaps."""

    @property
    def rescued(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def with_gaps(self) -> int: ...


Rescue = Callable[[Path, sqlite3.Connection], RescueTally]
_DECODE: Final = partial(str, encoding="utf-8", errors="replace")
"""What isn't UTF-8 is shown with U+FFFD in its place: one bad byte must not make a whole list unreadable."""
_SIDES: Final = ("", "-wal", "-shm", "-journal")
SMALL_CACHE: Final = "PRAGMA cache_size = -512"
"""KiB; the system's own cache is as quick, and shared. It reads the file, so only after that was found good."""
_OURS: Final = "streamtui"
"""The data folder's name, unless the user gave another one."""
_IMPLAUSIBLE: Final = 100
"""A version so far above this one was never written: it is damage."""
_NEWEST_FORMAT: Final = 2
"""Of the numbers in the header that say how to write and read the file: 2 stands for a write-ahead log."""
_CHECK_LIMIT: Final = 16 << 20
"""Bytes up to which the whole file is checked at each start, in about 20 ms. Larger ones when they are suspected."""


def connect(path: Path, mode: str, vfs: str | None = None) -> sqlite3.Connection:
    """Return a connection for use by one thread at a time; `mode` is SQLite's: `rw` or `ro`."""
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}" + (f"&vfs={vfs}" if vfs else "")
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    connection.text_factory = _DECODE
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def make_folder(folder: Path) -> None:
    """Create the data folder for its owner alone. An existing one is closed to others where its name says that it is
    ours; any other keeps its mode. Raises `OSError`."""
    if not folder.is_dir():
        private_folder(folder)
    elif folder.name == _OURS:
        with suppress(OSError):  # it belongs to another user
            private_folder(folder)


def open_database(
    path: Path, scripts: Sequence[str], vfs: str | None, notices: list[str], rescue: Rescue, *, is_damaged: bool
) -> sqlite3.Connection:
    """Return the one connection that writes, its tables as the last of `scripts` leaves them.

    To be called while the store's lock is held. A file that `is_damaged`, or turns out to be, is replaced by what
    `rescue` can copy from it to a new database. What the user should know is added to `notices`.
    Raises `RefusedError`, `UnusableError`, `sqlite3.Error`, `OSError`.
    """
    rescued = path.with_name(f"{path.name}.rescued")
    if rescued.exists():
        _put_in_place(rescued, path)
    _create(path)
    try:
        if not is_damaged:
            return _prepared(path, scripts, vfs, notices)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not is_damage(error):
            raise
    _rescue(path, rescued, scripts, vfs, rescue)
    _put_in_place(rescued, path)
    return _prepared(path, scripts, vfs, notices)


def _rescue(path: Path, rescued: Path, scripts: Sequence[str], vfs: str | None, rescue: Rescue) -> None:
    """Write what can be read of the damaged file to the file `rescued`, which is there when it is complete."""
    draft = path.with_name(f"{path.name}.rescuing")
    for side in _SIDES:
        draft.with_name(draft.name + side).unlink(missing_ok=True)
    _create(draft)
    with closing(_prepared(draft, scripts, vfs, [])) as connection:
        tally = rescue(path, connection)
        connection.execute("INSERT INTO progress VALUES (?, ?)", (_RESCUED, tally.rescued))
        connection.execute("INSERT INTO progress VALUES (?, ?)", (_TOTAL, tally.total))
        connection.execute("INSERT INTO progress VALUES (?, ?)", (_WITH_GAPS, tally.with_gaps))
    draft.rename(rescued)


def _put_in_place(rescued: Path, path: Path) -> None:
    """Set the damaged file aside and put the rescued one in its place. What is cut off is done at the next start."""
    if path.exists():
        set_aside(path)
    _suspicion(path).unlink(missing_ok=True)
    rescued.rename(path)


def _report_rescue(connection: sqlite3.Connection, path: Path, notices: list[str]) -> None:
    """Say how a rescue went that made this database, once."""
    query = "SELECT task, position FROM progress WHERE task IN (?, ?, ?)"
    counts = dict(connection.execute(query, (_RESCUED, _TOTAL, _WITH_GAPS)).fetchall())
    if not counts:
        return
    connection.execute("DELETE FROM progress WHERE task IN (?, ?, ?)", (_RESCUED, _TOTAL, _WITH_GAPS))
    gaps = f", {counts[_WITH_GAPS]} of them with gaps" if counts[_WITH_GAPS] else ""
    aside = max(path.parent.glob(f"{path.name}.corrupt-*[0-9]"), key=lambda file: file.stat().st_ctime, default=None)
    kept = "" if aside is None else f" The old file is kept as {aside.name}."
    notices.append(
        f"{path} was damaged. {counts[_RESCUED]} of {counts[_TOTAL]} conversations were rescued from it{gaps}.{kept}"
    )


def _create(path: Path) -> None:
    """Make sure that there is a regular file, readable by its owner alone: SQLite gives -wal and -shm its mode."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise UnusableError(
                f"{path} is a link to nothing, so nothing is saved. Remove it, or choose another --data-dir."
            ) from None
        os.close(private_file(path))
        return
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise UnusableError(f"{path} is {what}, so nothing is saved. Move it away, or choose another --data-dir.")
    for side in _SIDES:
        part = path.with_name(path.name + side)
        if part.exists():
            make_private(part)


def _prepared(path: Path, scripts: Sequence[str], vfs: str | None, notices: list[str]) -> sqlite3.Connection:
    connection = connect(path, "rw", vfs)
    try:
        version = read_version(connection, path, len(scripts))
        _check_header(connection)
        if version:
            _check_tables(connection)
        suspicion = _suspicion(path)
        if version and suspicion.exists():
            _check(connection, "integrity_check")
        elif version and path.stat().st_size <= _CHECK_LIMIT:
            _check(connection, "quick_check")
        suspicion.unlink(missing_ok=True)
        _choose_journal(connection, path, notices)
        connection.execute("PRAGMA secure_delete = ON")
        migrate(connection, path, scripts, notices)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(SMALL_CACHE)
        _report_rescue(connection, path, notices)
    except BaseException:
        connection.close()
        raise
    return connection


def read_version(connection: sqlite3.Connection, path: Path, known: int) -> int:
    """Return the schema's version, 0 for an empty file. Raises `RefusedError` for what is not ours to write to."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if _is_almost_ours(owner) or (owner == APPLICATION_ID and not 0 < version < known + _IMPLAUSIBLE):
        raise damage(f"application {owner:#x}, version {version}")
    if version > known and owner == APPLICATION_ID:
        raise RefusedError(
            f"{path} was written by a newer streamtui (format {version}, this one knows {known}). "
            "It was not touched: update streamtui, or choose another --data-dir."
        )
    if (tables or version) and owner != APPLICATION_ID:
        raise RefusedError(f"{path} belongs to another program. It was not touched: choose another --data-dir.")
    return int(version)


def is_marked_read_only(path: Path) -> bool:
    """Return whether it is the file's own header that forbids to write, as no version of SQLite makes one."""
    with path.open("rb") as file:
        return any(version > _NEWEST_FORMAT for version in file.read(20)[18:])


def _is_almost_ours(owner: int) -> bool:
    """Return whether the file's mark is ours but for one byte."""
    pairs = zip(owner.to_bytes(4, "big", signed=True), APPLICATION_ID.to_bytes(4, "big"), strict=True)
    return sum(byte == ours for byte, ours in pairs) == 3


def _check_tables(connection: sqlite3.Connection) -> None:
    """Make sure that the tables are there. Raises `sqlite3.DatabaseError`."""
    for table in TABLES:
        try:
            connection.execute(f"SELECT 1 FROM {table} LIMIT 0")
        except sqlite3.OperationalError as error:
            raise damage(str(error)) if code(error) == sqlite3.SQLITE_ERROR else error from None


def _check_header(connection: sqlite3.Connection) -> None:
    """Look at what all files of ours have in common, and SQLite takes as it is. Raises `sqlite3.DatabaseError`."""
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    (auto_vacuum,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    if encoding != "UTF-8" or auto_vacuum:
        raise damage(f"encoding {encoding}, auto_vacuum {auto_vacuum}")


def suspect(path: Path) -> None:
    """Have the whole file checked when it is opened the next time, whatever its size."""
    with suppress(OSError):
        _suspicion(path).touch(mode=0o600)


def _suspicion(path: Path) -> Path:
    return path.with_suffix(".suspect")


def _check(connection: sqlite3.Connection, pragma: str) -> None:
    (verdict,) = connection.execute(f"PRAGMA {pragma}(1)").fetchone()
    if verdict != "ok":
        raise damage(verdict)


def _choose_journal(connection: sqlite3.Connection, path: Path, notices: list[str]) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")
        return
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    notices.append(f"The file system of {path.parent} has no shared memory for SQLite: saving is safe, but slower.")


def migrate(connection: sqlite3.Connection, path: Path, scripts: Sequence[str], notices: list[str]) -> None:
    """Bring the database to this version, after a copy of the file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if 0 < version < len(scripts):
        copy = _back_up(connection, path, version)
        notices.append(f"The saved conversations were brought to a new format. The old file is kept as {copy.name}.")
    run_scripts(connection, scripts)


def run_scripts(connection: sqlite3.Connection, scripts: Sequence[str]) -> None:
    """Run the scripts that the database has not seen, each in a transaction of its own. Raises `sqlite3.Error`."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, len(scripts)):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1};"
                f"{scripts[number]}; COMMIT;"
            )
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the database. The copy gets its name when it is whole, so a killed attempt leaves none that looks good."""
    copy = path.with_name(f"{path.name}.bak-v{version}")
    copy_database(connection, copy)
    return copy


def copy_database(
    connection: sqlite3.Connection, target: Path, prepare: Callable[[sqlite3.Connection], object] = lambda copy: None
) -> None:
    """Copy all that `connection` sees to the file `target`, whole or not at all, after `prepare` was done to the copy.

    Raises `sqlite3.Error`, `OSError`.
    """
    with AtomicFile(target) as file:
        with closing(sqlite3.connect(file.part, isolation_level=None)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            prepare(copy)
        file.commit()


def backups(path: Path) -> list[Path]:
    """Return the copies made by migrations, unfinished ones included."""
    return sorted({*path.parent.glob(f"{path.name}.bak-v*"), *path.parent.glob(f".{path.name}.bak-v*.part")})


def set_aside(path: Path) -> Path:
    """Rename the database with all its side files; return its new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside, n = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while aside.exists():
        n += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{n}")
    for side in reversed(_SIDES):  # the file itself last: without its log it must not look like all there is
        part = path.with_name(path.name + side)
        if part.exists():
            part.rename(aside.with_name(aside.name + side))
    return aside


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells one file from another of the same name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
