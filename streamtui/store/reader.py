"""Reads, on a connection and a thread of their own: they never wait for a write, however slow the disk is.

The connection can't write: the last one that can folds the log into the file when it closes, which takes the store's
lock (see `Database`), and reading waits for no lock.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from streamtui.chat.errors import StoreError
from streamtui.chat.sanitize import sanitize_line
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.errors import is_damage
from streamtui.store.sqlite.schema import APPLICATION_ID

T = TypeVar("T")
Query = Callable[[sqlite3.Connection | None], T]
"""What is asked of the database; of `None` where there is none to read."""


class Reader:
    """Owns the reading thread and its connection, which is opened when it is first needed."""

    def __init__(self, path: Path, version: int, vfs: str | None = None) -> None:
        self._path = path
        self._version = version
        self._vfs = vfs
        self._questions: SimpleQueue[tuple[Query[Any], Future[Any]] | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="streamtui-read", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, query: Query[T]) -> "Future[T]":
        """Run `query` in one transaction on the reading thread. The future fails with `StoreError`."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(StoreError("The saved conversations are closed."))
        else:
            self._questions.put((query, future))
        return future

    def close(self, timeout: float) -> None:
        """Answer what was asked so far and close the connection. Blocks."""
        self._closed = True
        self._questions.put(None)
        self._thread.join(timeout)

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            query, future = question
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._answer(query))
            except Exception as error:
                future.set_exception(self._explained(error))
        self._drop()

    def _answer(self, query: Query[T]) -> T:
        connection = self._opened()
        if connection is None:
            return query(None)
        try:
            connection.execute("BEGIN")
            return query(connection)
        finally:
            with suppress(sqlite3.Error):
                connection.execute("COMMIT")

    def _explained(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error | OSError):
            return error
        self._drop()
        if is_damage(error):
            opening.suspect(self._path)
            return StoreError(
                f"{self._path} is damaged. Restart streamtui: it sets the file aside and rescues what it can."
            )
        return StoreError(sanitize_line(f"The saved conversations can't be read ({error}). Check {self._path.parent}."))

    def _opened(self) -> sqlite3.Connection | None:
        identity = opening.identity(self._path)
        if identity is None or identity != self._identity:
            self._drop()
        if self._connection is None and identity is not None and self._path.is_file():
            self._connection = self._connected("ro")
            self._identity = identity
        if self._connection is None and self._is_at_rest():
            self._connection = self._connected("ro&immutable=1")
            self._identity = None  # for one question: somebody may write to the file before the next
        return self._connection

    def _connected(self, mode: str) -> sqlite3.Connection | None:
        """Return a connection that can read, `None` where the file is not, or not yet, what we know."""
        with suppress(sqlite3.Error):
            connection = opening.connect(self._path, mode, self._vfs)
            try:
                if _is_ours(connection, self._version):
                    connection.execute(opening.SMALL_CACHE)
                    return connection
            except sqlite3.Error:
                connection.close()
                raise
            connection.close()
        return None

    def _is_at_rest(self) -> bool:
        """Return whether the file is all there is. Reading needs a shared-memory file beside it, which nobody can make
        in a read-only folder; where nothing waits in a log or journal, SQLite can do without."""
        path = self._path.resolve()
        if os.access(path.parent, os.W_OK) or not path.is_file():
            return False
        sides = (path.with_name(f"{path.name}-{side}") for side in ("wal", "journal"))
        return not any(side.exists() and side.stat().st_size for side in sides)

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _is_ours(connection: sqlite3.Connection, version: int) -> bool:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(found == version and owner == APPLICATION_ID)
