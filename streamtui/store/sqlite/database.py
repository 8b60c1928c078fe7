"""The database file and the one connection that writes to it. For the database thread alone."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from streamtui.store.sqlite import erasure, opening, progress, search, set_aside
from streamtui.store.sqlite.errors import code, is_damage
from streamtui.store.sqlite.schema import SCRIPTS
from streamtui.store.writer_process import WriterProcess
from streamtui.system.locks import FileLock

_DONE: Final = -1
"""The position of a task that needs no more steps."""
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
        """What happened at opening that the user should know."""
        self._run = run
        self._scripts = scripts
        self._vfs = vfs
        self._lock = FileLock(path.with_suffix(".lock"))
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_damaged = False
        self._pages: erasure.PageFile | None = None

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
        with self._transaction():
            work(connection)

    def _is_marked_read_only(self, error: Exception) -> bool:
        return code(error) == sqlite3.SQLITE_READONLY and opening.is_marked_read_only(self.path)

    @property
    def identity(self) -> tuple[int, int] | None:
        """What tells the file that is open from others of its name."""
        return self._identity

    def replace_damaged(self, patience: float, identity: tuple[int, int] | None) -> None:
        """Replace the file, unless it is no longer the one with this identity. Raises as `write` does."""
        with self._lock.held(patience):
            if opening.identity(self.path) == identity:
                self._drop()
                self._is_damaged = True
            self._opened()

    def erase(self, step_s: float, patience: float) -> float | None:
        """Do one step of about `step_s` seconds towards erasing what was deleted.

        Return the part of the work that is done, `None` when no file holds deleted text any more.
        Raises as `write` does.
        """
        with self._lock.held(patience):
            connection = self._opened()
            until = time.monotonic() + step_s
            if not erasure.is_pending(connection):
                return None
            if not self._erase_set_aside(connection, until):
                return 0.0
            with self._transaction():
                if erasure.delete_rows(connection, until):
                    return 0.0
            if search.holds_deleted(connection):
                with self._transaction():  # of its own: the index knows of deletions once they are committed
                    search.drop_deleted(connection, until)
                return 0.0
            for copy in opening.backups(self.path):
                if not self._erase_copy(connection, copy, until):
                    return 0.0
            return self._erase_pages(connection, until)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do the body in one transaction of the open connection."""
        assert self._connection is not None
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(error)
            raise

    def _erase_set_aside(self, connection: sqlite3.Connection, until: float) -> bool:
        """Do a step on the damaged files that were set aside, while the text is still known that is to go; return
        whether nothing is left to do there."""
        files = set_aside.files(self.path.parent)
        for conversation in erasure.purged(connection) if files else ():
            task = f"{erasure.PAGES} set aside {conversation}"
            position = progress.get(connection, task) or 0
            if position == _DONE:
                continue
            following = set_aside.erase(connection, conversation, files, position, until)
            with self._transaction():
                progress.put(connection, task, _DONE if following is None else following)
            return False
        return True

    def _erase_copy(self, connection: sqlite3.Connection, copy: Path, until: float) -> bool:
        """Do a step on a migration's copy of the file; return whether nothing is left to do there."""
        task = f"{erasure.PAGES} {copy.name}"
        position = progress.get(connection, task)
        if position == _DONE:
            return True
        try:
            if position is None:
                purged = connection.execute("SELECT id FROM purged WHERE NOT scrubbed").fetchall()
                erasure.delete_from_copy(copy, [conversation for (conversation,) in purged])
            with closing(erasure.PageFile(copy)) as pages:
                following = pages.overwrite_unused(position or 1, until)
        except sqlite3.Error:
            copy.unlink(missing_ok=True)  # better no copy than one that keeps what was deleted
            following = None
        with self._transaction():
            progress.put(connection, task, _DONE if following is None else following)
        return following is None

    def _erase_pages(self, connection: sqlite3.Connection, until: float) -> float | None:
        """Do a step on the pages of the file itself."""
        if not _empty_log(connection):
            return 0.0
        position = progress.get(connection, erasure.PAGES) or 1
        pages = self._page_file()
        # Another connection writes down how far it came: the one that writes otherwise sees by that that the file has
        # changed, and forgets the pages that it holds in memory, unused parts included.
        with closing(opening.connect(self.path, "rw", self._vfs)) as other:
            other.execute("BEGIN IMMEDIATE")
            following = pages.overwrite_unused(position, until)
            if following is None:
                other.execute("UPDATE purged SET scrubbed = 1")
                erasure.start_over(other)
            else:
                progress.put(other, erasure.PAGES, following)
            other.execute("COMMIT")
        return None if following is None else following / max(following, pages.count)

    def _page_file(self) -> erasure.PageFile:
        """Return the file as bytes. It stays open for good: see `PageFile.close`."""
        if self._pages is None or self._pages.identity != self._identity:
            self._pages = erasure.PageFile(self.path)
        return self._pages

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
                self.path, self._scripts, self._vfs, self.notices, _rescue, is_damaged=self._is_damaged
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


def _rescue(path: Path, connection: sqlite3.Connection) -> opening.RescueTally:
    from streamtui.store.sqlite.rescue import rescue  # which hardly any start needs

    return rescue(path, connection)


def _empty_log(connection: sqlite3.Connection) -> bool:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
