"""The database thread: a queue of operations, written in order, a few times a second.

Numbers count a run's operations from 1. The database stores the number of the last one it has in the same
transaction, so a reader can tell exactly which of the queue are on disk, and a spill file is folded in once.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.store.operations import Begin, Change, Operation, Purge, SoftDelete, Undelete
from streamtui.store.queue.compaction import compact
from streamtui.store.queue.recovery import Recovery, count_applied, recover
from streamtui.store.queue.spill import spill_path, write_spill
from streamtui.store.sqlite.apply import apply_all
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import RefusedError, explain
from streamtui.store.writer_process import WriterProcess
from streamtui.system.locks import LockBusyError

FLUSH_S: Final = 0.25
"""How long text waits for more before it is written."""
_RETRY_S: Final = 1.0
_LONG_QUEUE: Final = 2000
_CLOSED: Final = "The store is closed; this was not saved."
_PATIENCE_S: Final = 0.5
"""How long one attempt waits for another process's transaction."""
_CLOSE_PATIENCE_S: Final = 0.1

_log = logging.getLogger(__name__)


_CROWD: Final = 2048
"""Pieces that wait at the most, as in a flood, before they are written without waiting for more."""


class QueueWriter:
    """Owns the database thread. May be called from any thread; waits for the disk only where it says so."""

    def __init__(self, database: Database, run: WriterProcess, grace_s: float, monotonic: Callable[[], float]) -> None:
        self.trouble: str | None = None
        """Why nothing can be saved at present, and what to do about it."""
        self.on_trouble: Callable[[str | None], None] = lambda trouble: None
        """Called in the database thread whenever `trouble` changes."""
        self.opened: Future[None] = Future()
        """Resolved by the first attempt at the database, with its error if it failed."""
        self._database = database
        self._run = run
        self._folder = database.path.parent
        self._grace_s = grace_s
        self._monotonic = monotonic
        self._queue: list[Operation] = []
        self._done = 0
        self._lock = threading.RLock()  # a signal handler may spill while its own thread is in here
        self._bell: SimpleQueue[None] = SimpleQueue()  # the one queue that may be put to from a signal handler
        self._asleep = False
        self._hurried = False
        self._waiting: list[tuple[int, Future[None]]] = []
        self._hidden: dict[str, float] = {}
        self._recover_next = True
        self._mending: Future[None] | None = None
        self._to_scrub: set[str] = set()
        self._spilled = False
        self._closing_by: float | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="streamtui-store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        # The hot path: list.append is atomic, and the bell is rung once per flush, not once per token.
        self._queue.append((message, segment, text, reasoning))
        if not len(self._queue) % _CROWD:
            self._hurried = True
            self._ring()
        elif self._asleep:
            self._ring()

    def add(self, change: Change, *, hurry: bool = True) -> int:
        """Enqueue a change and return its number; it is written at once if there is `hurry`."""
        with self._lock:
            self._queue.append(change)
            number = self._done + len(self._queue)
            if isinstance(change, SoftDelete):
                self._hidden[change.conversation] = self._monotonic() + self._grace_s
            elif isinstance(change, Undelete | Begin):
                self._hidden.pop(change.conversation if isinstance(change, Undelete) else change.record.id, None)
        self._hurried = self._hurried or hurry
        self._ring()
        return number

    def unhide(self, conversation: str) -> int | None:
        """Enqueue the end of a conversation's hiding and return its number, `None` where it is too late for that."""
        with self._lock:
            return self.add(Undelete(conversation)) if conversation in self._hidden else None

    def written(self, number: int) -> "Future[None]":
        """Return a future of the moment when operation `number` is on disk; it fails where that can't be done now."""
        future: Future[None] = Future()
        with self._lock:
            if number <= self._done:
                future.set_result(None)
            elif self._ended:
                future.set_exception(StoreError(_CLOSED))
            else:
                self._waiting.append((number, future))
        return future

    def pending(self) -> tuple[int, list[Operation]]:
        """Return the operations that are not known to be on disk, and the number of the one before the first."""
        with self._lock:
            return self._done, self._queue[:]

    @property
    def run_id(self) -> str:
        return self._run.id

    def check_alive(self, runs: Iterable[str]) -> None:
        """Where one of `runs` has died meanwhile, do again for it what is done at the start."""
        if self._recover_next or all(self._run.is_alive(other) for other in runs):
            return
        self._recover_next = True
        self._hurried = True
        self._ring()

    def mend(self) -> "Future[None]":
        """Have the file replaced that a read found damaged; the future fails where that can't be done now."""
        with self._lock:
            future = self._mending or Future()
            self._mending = future
        self._hurried = True
        self._ring()
        return future

    def close(self, timeout: float) -> bool:
        """Write what is queued, purge what is hidden, end the thread; spill what is left after `timeout` seconds.

        Blocks. Return whether everything is in the database or in the spill file.
        """
        with self._lock:
            for conversation in list(self._hidden):
                self._queue.append(Purge(conversation))
                self._hidden.pop(conversation)
        self._closing_by = time.monotonic() + timeout
        self._hurried = True
        self._ring()
        self._thread.join(timeout + _PATIENCE_S + _CLOSE_PATIENCE_S)
        return self._spill()

    def flush_or_spill(self, timeout: float) -> bool:
        """Get everything on disk within about `timeout` seconds, into the spill file if need be; return whether it is.

        Blocks. May be called from a signal handler, at any point of any thread. The writer goes on afterwards.
        """
        deadline = time.monotonic() + timeout
        self._hurried = True
        self._ring()
        while self._queue and time.monotonic() < deadline:
            time.sleep(0.005)
        return self._spill()

    def erase(self, timeout: float, on_progress: Callable[[float], None]) -> bool:
        """Purge what is hidden and wait at most `timeout` seconds until no file holds any of it; return whether so.

        Blocks.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            for conversation in self._hidden:
                self._hidden[conversation] = self._monotonic()
        self._hurried = True
        self._ring()
        while self._hidden or self._queue or self._to_scrub:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        on_progress(1.0)
        return True

    def _spill(self) -> bool:
        done, operations = self.pending()
        if not operations:
            return True
        try:
            write_spill(self._folder, self._run.id, done + 1, operations)
        except OSError as error:
            _log.warning("spill: %s", error)
            return False
        self._spilled = True
        return True

    def _ring(self) -> None:
        self._bell.put(None)

    def _work(self) -> None:
        while True:
            try:
                self._attempt()
            except Exception as error:  # whatever it is, saving must not end without a word
                _log.exception("store")
                self._failed(error)
            if self._closing_by is not None and (not self._queue or time.monotonic() >= self._closing_by):
                break
            self._rest()
        with self._lock:
            self._ended = True
        self._fail_waiting(_CLOSED)
        self._database.close(_CLOSE_PATIENCE_S)

    def _rest(self) -> None:
        """Sleep while there is nothing to do; once there is, linger for more of it unless there is a hurry."""
        self._asleep = True
        if not self._queue and not self._hurried:
            with suppress(Empty):
                self._bell.get(timeout=self._idle_s())
        self._asleep = False
        until = min(time.monotonic() + FLUSH_S, self._closing_by or float("inf"))
        while not self._hurried and (left := until - time.monotonic()) > 0:
            with suppress(Empty):
                self._bell.get(timeout=left)
        self._hurried = False

    def _idle_s(self) -> float | None:
        """Return the time until something is to be done without being asked, `None` for never."""
        with self._lock:
            due = min(self._hidden.values(), default=None)
        waits = [] if due is None else [max(0.0, due - self._monotonic())]
        if self.trouble is not None or self._to_scrub or self._recover_next:
            waits.append(_RETRY_S)
        return min(waits, default=None)

    def _attempt(self) -> None:
        if self.trouble is not None:
            self._shorten()
        self._purge_due()
        try:
            self._mend()
            self._recover()
            self._write_queue()
        except (LockBusyError, StoreError, sqlite3.Error, OSError) as error:
            self._failed(error)
            return
        if not self.opened.done():
            self.opened.set_result(None)
        self._scrub()
        self._set_trouble(None)

    def _patience(self) -> float:
        if self._closing_by is None:
            return _PATIENCE_S
        return min(_PATIENCE_S, max(0.0, self._closing_by - time.monotonic()))

    def _failed(self, error: Exception) -> None:
        trouble = explain(error, self._database.path)
        self._set_trouble(trouble)
        self._fail_waiting(trouble)
        if not self.opened.done():
            self.opened.set_exception(error if isinstance(error, RefusedError) else StoreError(trouble))

    def _purge_due(self) -> None:
        now = self._monotonic()
        with self._lock:
            for conversation in [name for name, due in self._hidden.items() if due <= now]:
                del self._hidden[conversation]
                self._queue.append(Purge(conversation))

    def _mend(self) -> None:
        with self._lock:
            future, self._mending = self._mending, None
        if future is None:
            return
        try:
            self._database.replace_damaged(self._patience())
        except BaseException as error:
            future.set_exception(
                StoreError(explain(error, self._database.path)) if isinstance(error, Exception) else error
            )
            raise
        future.set_result(None)

    def _recover(self) -> None:
        if not self._recover_next:
            return
        found: list[Recovery] = []
        self._database.write(
            lambda connection: found.append(recover(connection, self._folder, self._run)), self._patience()
        )
        self._recover_next = False
        self._database.notices += found[-1].finish()
        self._to_scrub.update(found[-1].purged)

    def _write_queue(self) -> None:
        done, operations = self.pending()
        if operations:
            self._database.write(lambda connection: self._apply(connection, done, operations), self._patience())
            self._advance(len(operations))
            self._to_scrub.update(change.conversation for change in operations if isinstance(change, Purge))
        if self._spilled and not self._queue:
            spill_path(self._folder, self._run.id).unlink(missing_ok=True)
            self._spilled = False

    def _apply(self, connection: sqlite3.Connection, done: int, operations: list[Operation]) -> None:
        apply_all(connection, operations, done + 1, self._run.id)
        count_applied(connection, self._run.id, done + len(operations))

    def _advance(self, count: int) -> None:
        with self._lock:
            del self._queue[:count]
            self._done += count
            ready = [future for number, future in self._waiting if number <= self._done]
            self._waiting = [(number, future) for number, future in self._waiting if number > self._done]
        for future in ready:
            with suppress(InvalidStateError):
                future.set_result(None)

    def _shorten(self) -> None:
        """Make fewer operations of many. Numbers only grow: the last operation keeps its own."""
        with self._lock:
            count = len(self._queue)
            if count < _LONG_QUEUE:
                return
            short = compact(self._queue[:count])
            self._queue[:count] = short
            self._done += count - len(short)

    def _scrub(self) -> None:
        """Make deleted text unreadable: no copy of it stays in the log or in the backups."""
        gone = set(self._to_scrub)
        if not gone or self._queue:
            return
        try:
            if self._database.scrub(sorted(gone), self._patience()):
                self._to_scrub -= gone
        except (LockBusyError, StoreError, sqlite3.Error, OSError) as error:
            _log.info("scrub: %s", error)  # tried again in a second, or at the next start

    def _fail_waiting(self, why: str) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            with suppress(InvalidStateError):
                future.set_exception(StoreError(why))

    def _set_trouble(self, trouble: str | None) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        try:
            self.on_trouble(trouble)
        except Exception:
            _log.exception("on_trouble")
