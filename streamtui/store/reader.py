"""Reads, on a connection and a thread of their own: they never wait for a write, however slow the disk is.

The connection can't write: the last one that can folds the log into the file when it closes, which takes the store's
lock (see `Database`), and reading waits for no lock.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from streamtui.chat.errors import StoreError
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.errors import DamagedError, is_damage
from streamtui.store.sqlite.reading import Source, open_source, state_of

T = TypeVar("T")
Query = Callable[[sqlite3.Connection | None], T]
"""What is asked of the database; of `None` where nothing was ever saved."""


class Reader:
    """Owns the reading thread and its connection, which is opened when it is first needed."""

    def __init__(self, path: Path, scripts: Sequence[str], vfs: str | None = None) -> None:
        self._path = path
        self._scripts = scripts
        self._vfs = vfs
        self._questions: SimpleQueue[tuple[Query[Any], Future[Any]] | None] = SimpleQueue()
        self._source: Source | None = None
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
        if not isinstance(error, sqlite3.Error | OSError | UnicodeDecodeError):
            return error
        self._drop()
        if is_damage(error):
            opening.suspect(self._path)
            message = f"{self._path} is damaged, and what it holds could not be rescued yet."
            return DamagedError(message, self._identity)
        return StoreError(f"The saved conversations can't be read ({error}). Check {self._path.parent}.")

    def _opened(self) -> sqlite3.Connection | None:
        identity = opening.identity(self._path)
        stale = self._source is not None and self._source.state not in (None, state_of(self._path))
        if stale or identity is None or identity != self._identity:
            self._drop()
        if self._source is None:
            self._source = open_source(self._path, self._scripts, self._vfs)
            self._identity = identity
        return None if self._source is None else self._source.connection

    def _drop(self) -> None:
        if self._source is not None:
            with suppress(sqlite3.Error):
                self._source.connection.close()
        self._source = None
