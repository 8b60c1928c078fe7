"""Work for the database thread that somebody waits for: it goes before what is to be written."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeAlias

from streamtui.chat.errors import StoreError
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import explain

Request: TypeAlias = Callable[[Database, float], None]
"""Work on the database, and how long it may wait for other processes, in seconds."""


class Requests:
    """A queue of requests. Any thread may add to it; the database thread answers."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Request, Future[None]]] = SimpleQueue()

    def add(self, work: Request) -> "Future[None]":
        """Return the future of `work`; it fails with `StoreError`."""
        future: Future[None] = Future()
        self._queue.put((work, future))
        return future

    def answer(self, database: Database, patience: float) -> None:
        """Do all that is asked for. Raises what the first one that fails does; its own future fails with it."""
        with suppress(Empty):
            while True:
                work, future = self._queue.get_nowait()
                try:
                    work(database, patience)
                    future.set_result(None)
                except Exception as error:
                    future.set_exception(StoreError(explain(error, database.path)))
                    raise

    def refuse(self) -> None:
        """Fail all that is asked for: nobody will do it any more."""
        with suppress(Empty):
            while True:
                self._queue.get_nowait()[1].set_exception(StoreError("The store is closed."))
