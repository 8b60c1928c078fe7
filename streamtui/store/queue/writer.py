"""The database thread: it writes what is pending, in order, a few times a second; and keeps house when there is time.

A second thread watches it: whatever the first one does for long (a new format, a rescue, a slow disk, another process's
lock), what was recorded meanwhile goes to the spill file in time.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.store.operations import Change, Operation, Purge
from streamtui.store.queue.housekeeping import PAUSE_S, Housekeeping
from streamtui.store.queue.pending import PendingOperations
from streamtui.store.queue.recovery import Recovery, count_applied, recover
from streamtui.store.queue.requests import Request, Requests
from streamtui.store.queue.spill import SpillFile
from streamtui.store.queue.spill_watch import SpillWatch
from streamtui.store.sqlite.apply import apply_all
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import RefusedError, explain
from streamtui.store.writer_process import WriterProcess
from streamtui.system.locks import LockBusyError

FLUSH_S: Final = 0.25
"""How long text waits for more before it is written."""
ERASE_S: Final = 2.0
"""For how long closing goes on erasing what was deleted."""
_RETRY_S: Final = 1.0
_PATIENCE_S: Final = 0.5
"""How long one attempt waits for another process's transaction."""
_CLOSE_PATIENCE_S: Final = 0.1
_CROWD: Final = 2048
"""Pieces that wait at the most, as in a flood, before they are written without waiting for more."""
_EXPECTED: Final = (LockBusyError, StoreError, sqlite3.Error, OSError, UnicodeDecodeError)

_log = logging.getLogger(__name__)


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
        self._monotonic = monotonic
        self.pending = PendingOperations(grace_s, monotonic)
        """What is not known to be in the database."""
        self.housekeeping = Housekeeping(database)
        self._operations = self.pending.operations
        self._spill_file = SpillFile(database.path.parent, run.id)
        self._bell: SimpleQueue[None] = SimpleQueue()  # the one queue that may be put to from a signal handler
        self._asleep = False
        self._hurried = False
        self._recover_next = True
        self._requests = Requests()
        self._closing_by: float | None = None
        self._erasing_by = 0.0
        self._thread = threading.Thread(target=self._work, name="streamtui-store", daemon=True)
        self._watch = SpillWatch(self._spill, self._thread.is_alive)

    def start(self) -> None:
        self._thread.start()
        self._watch.start()

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        # The hot path: list.append is atomic, and the bell is rung once per flush, not once per token.
        self._operations.append((message, segment, text, reasoning))
        if not len(self._operations) % _CROWD:
            self._hurry()
        elif self._asleep:
            self._ring()

    def add(self, change: Change, *, hurry: bool = True) -> int:
        """Enqueue a change and return its number; it is written at once if there is `hurry`."""
        number = self.pending.add(change)
        self._hurried = self._hurried or hurry
        self._ring()
        return number

    def undelete(self, conversation: str) -> int | None:
        """Enqueue the end of a conversation's hiding and return its number, `None` where it is too late for that."""
        number = self.pending.undelete(conversation)
        self._hurry()
        return number

    @property
    def run_id(self) -> str:
        return self._run.id

    def check_alive(self, runs: Iterable[str]) -> None:
        """Where one of `runs` has died meanwhile, do again for it what is done at the start."""
        if not self._recover_next and not all(self._run.is_alive(other) for other in runs):
            self._recover_next = True
            self._hurry()

    def request(self, work: Request) -> "Future[None]":
        """Have the database thread do `work` next; the future fails with `StoreError` where that can't be done now."""
        future = self._requests.add(work)
        self._hurry()
        if not self._thread.is_alive():
            self._requests.refuse()
        return future

    def erase(self, timeout: float, on_progress: Callable[[float], None]) -> bool:
        """Purge what is hidden and wait at most `timeout` seconds until no file holds any of it; return whether so.

        Blocks.
        """
        deadline = time.monotonic() + timeout
        self.pending.purge(at_once=True)
        self._hurry()
        while self.pending.has_deletions or self.housekeeping.erased is not None:
            if time.monotonic() >= deadline:
                return False
            on_progress(self.housekeeping.erased or 0.0)
            time.sleep(PAUSE_S)
        on_progress(1.0)
        return True

    def close(self, timeout: float) -> bool:
        """Write what is queued, purge what is hidden, end the thread; spill what is left after `timeout` seconds.

        Where deleted text is still to be erased, that goes on for `ERASE_S` at the most. Blocks. Return whether
        everything that was recorded is in the database or in the spill file.
        """
        self.pending.purge(at_once=True)
        now = time.monotonic()
        self._erasing_by = now + ERASE_S
        self._closing_by = now + timeout
        self._hurry()
        self._thread.join(max(timeout, ERASE_S) + _PATIENCE_S)
        return self._spill()

    def flush_or_spill(self, timeout: float) -> bool:
        """Get everything on disk within about `timeout` seconds, into the spill file if need be; return whether it is.

        Blocks. May be called from a signal handler, at any point of any thread. The writer goes on afterwards.
        """
        deadline = time.monotonic() + timeout
        self._hurry()
        while self._operations and time.monotonic() < deadline:
            time.sleep(0.005)
        return self._spill()

    def _spill(self) -> bool:
        done, operations = self.pending.snapshot()
        try:
            self._spill_file.add(done + 1, operations)
        except OSError as error:
            _log.info("spill: %s", error)
            return False
        return True

    def _ring(self) -> None:
        self._bell.put(None)

    def _hurry(self) -> None:
        self._hurried = True
        self._ring()

    def _work(self) -> None:
        while True:
            self._watch.begin()
            try:
                self._attempt()
            except Exception as error:  # whatever it is, saving must not end without a word
                _log.exception("store")
                self._failed(error)
            if self._may_end():
                break
            self._watch.pause()
            self._rest()
        self.pending.end()
        self._requests.refuse()
        self._database.close(_CLOSE_PATIENCE_S)
        self._watch.end()

    def _may_end(self) -> bool:
        if self._closing_by is None:
            return False
        now = time.monotonic()
        if self._operations:
            return now >= self._closing_by
        return self.housekeeping.erased is None or self.trouble is not None or now >= self._erasing_by

    def _rest(self) -> None:
        """Sleep while there is nothing to do; once there is, linger for more of it unless there is a hurry."""
        self._asleep = True
        if not self._operations and not self._hurried:
            with suppress(Empty):
                self._bell.get(timeout=self._idle_s())
        self._asleep = False
        until = min(time.monotonic() + FLUSH_S, self._closing_by or float("inf"))
        while self._operations and not self._hurried and (left := until - time.monotonic()) > 0:
            with suppress(Empty):
                self._bell.get(timeout=left)
        self._hurried = False

    def _idle_s(self) -> float | None:
        """Return the time until something is to be done without being asked, `None` for never."""
        waits: list[float] = []
        due = self.pending.next_purge
        if due is not None:
            waits.append(max(0.0, due - self._monotonic()))
        if self.trouble is not None or self._recover_next:
            waits.append(_RETRY_S)
        elif (wait := self.housekeeping.wait_s) is not None:
            waits.append(wait)
        return min(waits, default=None)

    def _attempt(self) -> None:
        if self.trouble is not None and self.pending.shorten():
            self._spill_file.restart()
        self.pending.purge()
        try:
            self._requests.answer(self._database, self._patience())
            self._recover()
            self._write_queue()
        except _EXPECTED as error:
            self._failed(error)
            self._spill()
            return
        if not self.opened.done():
            self.opened.set_result(None)
        self._set_trouble(None)
        is_closing = self._closing_by is not None
        if not self._operations and not self.housekeeping.step(self._patience(), is_closing=is_closing):
            self.request(partial(Database.replace_damaged, identity=self._database.identity))

    def _patience(self) -> float:
        if self._closing_by is None:
            return _PATIENCE_S
        return min(_PATIENCE_S, max(0.0, self._closing_by - time.monotonic()))

    def _failed(self, error: Exception) -> None:
        trouble = explain(error, self._database.path)
        self._set_trouble(trouble)
        self.pending.fail_waiting(trouble)
        if not self.opened.done():
            self.opened.set_exception(error if isinstance(error, RefusedError) else StoreError(trouble))

    def _recover(self) -> None:
        if not self._recover_next:
            return
        done: list[Recovery] = []
        self._database.write(
            lambda connection: done.append(recover(connection, self._database.path.parent, self._run)),
            self._patience(),
        )
        self._recover_next = False
        self._database.notices += done[-1].finish()
        if done[-1].is_unerased:
            self.housekeeping.deleted()
        else:
            self.housekeeping.nothing_deleted()

    def _write_queue(self) -> None:
        done, operations = self.pending.snapshot()
        if operations:
            self._database.write(lambda connection: self._apply(connection, done, operations), self._patience())
            self.housekeeping.written()
            if any(isinstance(change, Purge) for change in operations):
                self.housekeeping.deleted()
            self.pending.advance(len(operations))
        self._spill_file.drop(done + len(operations))

    def _apply(self, connection: sqlite3.Connection, done: int, operations: list[Operation]) -> None:
        apply_all(connection, operations, done + 1, self._run.id)
        count_applied(connection, self._run.id, done + len(operations))

    def _set_trouble(self, trouble: str | None) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        try:
            self.on_trouble(trouble)
        except Exception:
            _log.exception("on_trouble")
