"""Looking after the database file on the user's word: a check of all of it, and a copy. Everything here blocks."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import HealthReport
from streamtui.chat.sanitize import sanitize_line
from streamtui.store.sqlite import opening, read
from streamtui.store.sqlite.apply import RECOVERED
from streamtui.store.sqlite.errors import is_damage
from streamtui.store.sqlite.schema import SCRIPTS

SQLITE_VERSION: Final = sqlite3.sqlite_version
_MOST_PROBLEMS: Final = 20
_LOST: Final = "SELECT DISTINCT conversation FROM messages WHERE conversation NOT IN (SELECT id FROM conversations)"
_LOST_INDEX: Final = ("missing from index", "wrong # of entries in index", "row not in PRIMARY KEY order")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look through the whole file showed."""

    report: HealthReport
    lost: int
    """Conversations whose messages are there, but not their own row."""
    is_index_wrong: bool
    """Whether an index lacks rows of its table, or has others."""
    is_damaged: bool
    """Whether more than indexes is wrong, so that the file has to be replaced."""


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


def is_current(path: Path) -> bool:
    """Return whether the file has this version's format; an older one is brought to it when the store is opened.

    One that is damaged counts as current: `examine` says how. Raises `StoreError` for one of a newer version or of
    another program.
    """
    try:
        with _reading(path) as connection:
            return opening.read_version(connection, path, len(SCRIPTS)) == len(SCRIPTS)
    except (sqlite3.Error, OSError):
        return True


def examine(path: Path) -> Findings:
    """Look through the whole file. Raises `StoreError` where it can't be read."""
    try:
        with _reading(path) as connection:
            return _findings(connection, path)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        if not is_damage(error):
            raise StoreError(f"{path} can't be read: {sanitize_line(str(error))}.") from None
        problem = f"{path.name}: {sanitize_line(str(error))}"
        return Findings(HealthReport((problem,), (), 0, 0, path.stat().st_size, 0), 0, False, True)


def _findings(connection: sqlite3.Connection, path: Path) -> Findings:
    rows = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
    problems = [sanitize_line(read.text_of(line)) for (line,) in rows if line != "ok"]
    wrong_index = [line for line in problems if any(words in line for words in _LOST_INDEX)]
    is_damaged = len(wrong_index) < len(problems)
    lost = len(connection.execute(_LOST).fetchall())
    if lost:
        problems.append(f"{lost} conversations have messages, but no row of their own")
    (messages,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    (unerased,) = connection.execute("SELECT count(*) FROM purged WHERE NOT scrubbed").fetchone()
    size = path.stat().st_size
    report = HealthReport(tuple(problems), (), read.count(connection), messages, size, unerased)
    return Findings(report, lost, bool(wrong_index), is_damaged)


def mend(connection: sqlite3.Connection) -> None:
    """Make the indexes anew, and rows for conversations that lost theirs. Runs in a transaction of the caller."""
    connection.execute("REINDEX")
    for (conversation,) in connection.execute(_LOST).fetchall():
        leaf, model, updated = connection.execute(
            "SELECT id, model, created FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1", (conversation,)
        ).fetchone()
        (touched,) = connection.execute("SELECT coalesce(max(touched), 0) + 1 FROM conversations").fetchone()
        connection.execute(
            "INSERT INTO conversations (id, title, model, leaf, created, updated, touched)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (conversation, RECOVERED, model or "", leaf, updated, updated, touched),
        )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(opening.connect(path, "ro")) as connection:
        connection.execute("BEGIN")
        yield connection
