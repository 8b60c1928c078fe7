"""The database file and the one connection that writes to it. For the database thread alone."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from streamtui.store.sqlite import opening
from streamtui.store.sqlite.errors import code, is_damage
from streamtui.store.sqlite.rescue import rescue
from streamtui.store.sqlite.schema import SCRIPTS
from streamtui.store.writer_process import WriterProcess
from streamtui.system.locks import FileLock

_STAYS_OPEN = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CONSTRAINT)


class Database:
    """Opens the file when it is first needed, and again after a failure.

    Every transaction, checkpoint, opening and closing of a connection that can write happens while a lock file is held:
    SQLite before 3.51.3 can corrupt a database when two connections write and checkpoint at once
    (sqlite.org/wal.html, WAL-reset bug). `Reader` has none that can.
    """

    def __init__(
        self, path: Path, run: WriterProcess, *, scripts: Sequence[str] = SCRIPTS, vfs: str | None = None
    ) -> None:
        self.path = path
        self.notices: list[str] = []
        """What happened at opening that the reader should know."""
        self._run = run
        self._scripts = scripts
        self._vfs = vfs
        self._lock = FileLock(path.with_suffix(".lock"))
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_damaged = False

    def write(self, work: Callable[[sqlite3.Connection], None], patience: float) -> None:
        """Do `work` in one transaction. It is on disk afterwards, or nothing of it is and an exception says why.

        Raises `LockBusyError` where another process held the lock for `patience` seconds, `StoreError`,
        `sqlite3.Error`, `OSError`.
        """
        opening.make_folder(self.path.parent)
        with self._lock.held(patience):
            try:
                self._write(work)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if not (is_damage(error) or self._is_marked_read_only(error)):
                    raise
                self._is_damaged = True  # opened again, the file is set aside and what it holds rescued
                self._write(work)

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        connection = self._opened()
        try:
            connection.execute("BEGIN IMMEDIATE")
            work(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(error)
            raise

    def _is_marked_read_only(self, error: Exception) -> bool:
        return code(error) == sqlite3.SQLITE_READONLY and opening.is_marked_read_only(self.path)

    def replace_damaged(self, patience: float) -> None:
        """Open the file again, after it was replaced where a read found it damaged. Raises as `write` does."""
        with self._lock.held(patience):
            self._drop()
            self._opened()

    def scrub(self, conversations: Sequence[str], patience: float) -> bool:
        """Leave no trace of deleted conversations in the files; return whether that was possible now.

        `secure_delete` alone is not enough: what SQLite once moved from page to page stays in the gaps between rows.
        Costs about 4 ms per megabyte of the database.
        """
        for copy in opening.backups(self.path):
            try:
                _forget(copy, conversations)
            except sqlite3.Error:
                copy.unlink(missing_ok=True)  # better no copy than one that keeps what was deleted
        with self._lock.held(patience):
            connection = self._opened()
            connection.execute("VACUUM")
            if not _empty_log(connection):
                return False
            for conversation in conversations:
                connection.execute("UPDATE purged SET scrubbed = 1 WHERE id = ?", (conversation,))
            return True

    def close(self, patience: float) -> None:
        """Close the file; the last connection of all also folds the log into it, hence the lock.

        Where another process holds it for longer than `patience`, closing goes on: folding at the close excludes every
        other connection by SQLite's own lock, so none can write meanwhile.
        """
        with suppress(OSError):
            self._lock.acquire(patience)
        self._drop()
        self._run.release()
        self._lock.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and opening.identity(self.path) != self._identity:
            self._drop()  # somebody moved or deleted the file under us
        if self._connection is None:
            self._run.hold()
            self._connection = opening.open_database(
                self.path, self._scripts, self._vfs, self.notices, rescue, is_damaged=self._is_damaged
            )
            self._is_damaged = False
            self._identity = opening.identity(self.path)
        return self._connection

    def _roll_back(self, error: BaseException) -> None:
        if self._connection is None:
            return
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error | UnicodeDecodeError) and code(error) not in _STAYS_OPEN:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _empty_log(connection: sqlite3.Connection) -> bool:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _forget(copy: Path, conversations: Sequence[str]) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        for conversation in conversations:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
            connection.execute("DELETE FROM drafts WHERE conversation = ?", (conversation,))
        connection.execute("COMMIT")
        connection.execute("VACUUM")
