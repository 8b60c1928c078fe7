"""What was recorded and is not known to be in the database: the operations, in order, and who waits for them.

Numbers count a run's operations from 1. The database stores the number of the last one it has in the same transaction,
so a reader can tell exactly which of them are on disk, and a spill file is folded in once.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.store.operations import Begin, Change, Operation, Purge, SoftDelete, Undelete
from streamtui.store.queue.compaction import compact

_LONG: Final = 2000
_CLOSED: Final = "The store is closed; this was not saved."


class PendingOperations:
    """May be used from any thread. Deletions wait here for the end of their grace period."""

    def __init__(self, grace_s: float, monotonic: Callable[[], float]) -> None:
        self.operations: list[Operation] = []
        """Appending a piece of text to it needs no lock: it is never rebound, and taken from at its beginning only."""
        self._done = 0
        self._grace_s = grace_s
        self._monotonic = monotonic
        self._lock = threading.RLock()  # a signal handler may spill while its own thread is in here
        self._waiting: list[tuple[int, Future[None]]] = []
        self._hidden: dict[str, float] = {}
        self._ended = False

    def add(self, change: Change) -> int:
        """Add a change and return its number."""
        with self._lock:
            self.operations.append(change)
            if isinstance(change, SoftDelete):
                self._hidden[change.conversation] = self._monotonic() + self._grace_s
            elif isinstance(change, Undelete):
                self._hidden.pop(change.conversation, None)
            elif isinstance(change, Begin):
                self._hidden.pop(change.record.id, None)
            return self._done + len(self.operations)

    def undelete(self, conversation: str) -> int | None:
        """Add the end of a conversation's hiding and return its number, `None` where it is too late for that."""
        with self._lock:
            return self.add(Undelete(conversation)) if conversation in self._hidden else None

    def snapshot(self) -> tuple[int, list[Operation]]:
        """Return the number of the operation before the first, and the operations."""
        with self._lock:
            return self._done, self.operations[:]

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

    def advance(self, count: int) -> None:
        """Drop the first `count` operations, which are in the database."""
        with self._lock:
            del self.operations[:count]
            self._done += count
            ready = [future for number, future in self._waiting if number <= self._done]
            self._waiting = [(number, future) for number, future in self._waiting if number > self._done]
        for future in ready:
            with suppress(InvalidStateError):
                future.set_result(None)

    def shorten(self) -> bool:
        """Make fewer operations of many; return whether that was done. The last one keeps its number."""
        with self._lock:
            count = len(self.operations)
            if count < _LONG:
                return False
            short = compact(self.operations[:count])
            self.operations[:count] = short
            self._done += count - len(short)
            return True

    def fail_waiting(self, why: str) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            with suppress(InvalidStateError):
                future.set_exception(StoreError(why))

    def end(self) -> None:
        """Let nobody wait any more."""
        with self._lock:
            self._ended = True
        self.fail_waiting(_CLOSED)

    @property
    def next_purge(self) -> float | None:
        """When the next grace period ends, by the clock given; `None` where none runs."""
        with self._lock:
            return min(self._hidden.values(), default=None)

    def purge(self, *, at_once: bool = False) -> None:
        """Add the second half of the deletions whose grace period is over, or of all of them `at_once`."""
        now = self._monotonic()
        with self._lock:
            for conversation in [name for name, due in self._hidden.items() if at_once or due <= now]:
                del self._hidden[conversation]
                self.operations.append(Purge(conversation))

    @property
    def has_deletions(self) -> bool:
        """Whether a conversation is hidden, or about to be purged."""
        with self._lock:
            return bool(self._hidden) or any(isinstance(operation, Purge) for operation in self.operations)
