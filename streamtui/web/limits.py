"""How much is let through: a rate of requests, and a number of replies in flight."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamtui.system.locks import FileLock
from streamtui.system.private import private_folder
from streamtui.web.http_errors import HTTPError


class TokenBucket:
    """A token bucket: `burst` at once, then `per_s` a second."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._left = float(burst)
        self._at = clock()

    def take(self) -> float:
        """Take one; return 0, or the seconds after which the next one will be there."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= 1
        return 0.0

    def spend(self) -> None:
        """Take one. Raises `HTTPError` where there is none."""
        if wait := self.take():
            raise HTTPError(429, "rate_limit", "Too many requests: slow down.", retry_after_s=wait)


@dataclass(slots=True)
class Slot:
    """The right to one reply in flight, until `release`."""

    number: int
    _lock: FileLock | None
    _held: set[int]

    def release(self) -> None:
        """Give the right back; once is enough, more does no harm."""
        self._held.discard(self.number)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


class ConcurrencyLimit:
    """A fixed number of slots, shared by all processes that use the folder: each is a lock on a file, which the system
    frees however its holder ends."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._held: set[int] = set()

    def take(self) -> Slot | None:
        """Return a free slot, `None` if all are taken. Never blocks."""
        for number in range(self._count):
            if number not in self._held and (slot := self._try(number)) is not None:
                self._held.add(number)
                return slot
        return None

    def _try(self, number: int) -> Slot | None:
        lock = FileLock(self._folder / str(number))
        try:
            private_folder(self._folder)
            if lock.acquire(0):
                return Slot(number, lock, self._held)
        except OSError:
            return Slot(number, None, self._held)  # a full disk must not end the chat
        lock.close()
        return None
