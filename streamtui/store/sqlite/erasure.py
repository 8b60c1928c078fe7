"""Erasing: after this, no file holds any text of what was deleted.

`secure_delete` has SQLite overwrite rows as they go. Two things stay behind. What waits in the log is overwritten only
when the log is emptied into the file; and where rows once moved to another page, their old copy remains in the unused
part of the page they left, which SQLite never reads again, nor cleans. So all pages are looked through, and those parts
overwritten in place. Everything is done in short steps, and how far they got is written down: text to be saved goes
first, and a process that ends leaves the rest to the next.
"""

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from streamtui.store.sqlite import opening, search
from streamtui.store.sqlite.errors import damage
from streamtui.store.sqlite.pages import PAGE_SIZE, unused

PAGES: Final = "erase pages"
"""The task of looking through the pages of the database itself; those of a copy have the copy's name behind it."""
_CHUNK: Final = 256
_LOCK_PAGE: Final = (1 << 30) // PAGE_SIZE + 1
"""Never used: SQLite's locks are bytes of this page."""


def is_pending(connection: sqlite3.Connection) -> bool:
    """Return whether there is deleted text that files may still hold."""
    return connection.execute("SELECT 1 FROM purged WHERE NOT scrubbed LIMIT 1").fetchone() is not None


def start_over(connection: sqlite3.Connection) -> None:
    """Have all pages looked through from the first on. Runs in a transaction of the caller."""
    connection.execute("DELETE FROM progress WHERE task >= ? AND task < ?", (PAGES, f"{PAGES}~"))


def purged(connection: sqlite3.Connection) -> list[str]:
    """Return the ids of the conversations that are given up for good and still have rows."""
    query = (
        "SELECT c.id FROM purged p JOIN conversations c ON c.id = p.id WHERE NOT p.scrubbed AND c.deleted IS NOT NULL"
    )
    return [conversation for (conversation,) in connection.execute(query)]


def delete_rows(connection: sqlite3.Connection, until: float) -> bool:
    """Delete rows of purged conversations until the monotonic clock shows `until`; return whether any are left.

    Runs in a transaction of the caller. The newest go first: whoever goes on in a conversation at this moment misses
    the message that the new ones follow, and writes again what is gone.
    """
    for conversation in purged(connection):
        query = "SELECT seq FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1"
        while (row := connection.execute(query, (conversation,)).fetchone()) is not None:
            _delete_message(connection, row[0])
            if time.monotonic() >= until:
                return True
        connection.execute("DELETE FROM drafts WHERE conversation = ?", (conversation,))
        connection.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
    return False


def _delete_message(connection: sqlite3.Connection, seq: int) -> None:
    search.forget(connection, [seq])
    attached = connection.execute("SELECT sha256 FROM message_attachments WHERE message = ?", (seq,)).fetchall()
    connection.execute("DELETE FROM messages WHERE seq = ?", (seq,))
    connection.executemany(
        "DELETE FROM attachments WHERE sha256 = :sha256"
        " AND NOT EXISTS (SELECT 1 FROM message_attachments WHERE sha256 = :sha256)",
        [{"sha256": sha256} for (sha256,) in attached],
    )


def delete_from_copy(copy: Path, conversations: Iterable[str]) -> None:
    """Delete conversations from a copy that a migration made. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        for conversation in conversations:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
            connection.execute("DELETE FROM drafts WHERE conversation = ?", (conversation,))
        connection.execute("COMMIT")


class PageFile:
    """A database file as bytes, to overwrite what SQLite does not use of it."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`."""
        self._descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        self.identity = opening.identity(path)

    @property
    def count(self) -> int:
        """The number of pages."""
        return os.fstat(self._descriptor).st_size // PAGE_SIZE

    def overwrite_unused(self, first: int, until: float) -> int | None:
        """Overwrite the unused parts of pages from page `first` on, until the monotonic clock shows `until`, but
        of some pages in any case.

        Return the page to go on from, `None` after the last one; what was overwritten is on disk then.
        Only while nobody else writes to the file, and with no log that has newer versions of its pages. Readers may
        read meanwhile: no byte changes that they look at. Raises `OSError`, `sqlite3.DatabaseError` for a damaged page.
        """
        number: int | None = max(first, 1)
        is_changed = False
        while number is not None:
            os.lseek(self._descriptor, (number - 1) * PAGE_SIZE, os.SEEK_SET)
            chunk = os.read(self._descriptor, _CHUNK * PAGE_SIZE)
            for n, kind in enumerate(chunk[::PAGE_SIZE]):
                if (kind or number + n == 1) and number + n != _LOCK_PAGE:
                    page = chunk[n * PAGE_SIZE : (n + 1) * PAGE_SIZE]
                    is_changed = self._overwrite(page, number + n) or is_changed
            number = number + _CHUNK if len(chunk) == _CHUNK * PAGE_SIZE else None
            if time.monotonic() >= until:
                break
        if is_changed:
            os.fsync(self._descriptor)
        return number

    def _overwrite(self, page: bytes, number: int) -> bool:
        try:
            place = unused(page, number) if len(page) == PAGE_SIZE else None
        except ValueError as error:
            raise damage(str(error)) from None
        if place is None:
            return False
        first, end = place
        if page.count(0, first, end) == end - first:
            return False
        os.lseek(self._descriptor, (number - 1) * PAGE_SIZE + first, os.SEEK_SET)
        os.write(self._descriptor, bytes(end - first))
        return True

    def close(self) -> None:
        """Only for a file that no connection of this process has open: POSIX drops all of a process's locks on a file,
        SQLite's among them, when any descriptor of it is closed."""
        os.close(self._descriptor)
