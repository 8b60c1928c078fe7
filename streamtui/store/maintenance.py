"""Looking after the database file on the user's word: a check of all of it, and a copy. Everything here blocks."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import HealthReport
from streamtui.chat.sanitize import sanitize_line
from streamtui.store.sqlite import opening, read

_MOST_PROBLEMS = 20


def back_up(path: Path, target: Path) -> None:
    """Copy the database at `path`, as of one moment and without what is being deleted. Raises `StoreError`."""
    try:
        with _reading(path) as connection:
            opening.copy_database(connection, target, prepare=_drop_deleted)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The copy {target} can't be made: {error}.") from None


def _drop_deleted(copy: sqlite3.Connection) -> None:
    """Take out of a copy what the user deleted a moment ago and may still take back in the original."""
    copy.execute("PRAGMA secure_delete = ON")
    copy.execute("PRAGMA foreign_keys = ON")
    copy.execute("DELETE FROM conversations WHERE deleted IS NOT NULL")


def examine(path: Path) -> HealthReport:
    """Look through the whole file. Raises `StoreError` where it can't be read."""
    try:
        with _reading(path) as connection:
            rows = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
            problems = tuple(sanitize_line(str(line)) for (line,) in rows if line != "ok")
            (messages,) = connection.execute("SELECT count(*) FROM messages").fetchone()
            (unerased,) = connection.execute("SELECT count(*) FROM purged WHERE NOT scrubbed").fetchone()
            return HealthReport(problems, (), read.count(connection), messages, path.stat().st_size, unerased)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} can't be read: {sanitize_line(str(error))}.") from None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(opening.connect(path, "ro")) as connection:
        connection.execute("BEGIN")
        yield connection
