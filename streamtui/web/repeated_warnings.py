"""Keeps a log readable under attack: what is warned of again and again stands in it once a minute, with a count."""

import logging
import time
from collections.abc import Callable
from typing import Final

_PERIOD_S: Final = 60.0
_MOST: Final = 1000
"""Different warnings that are remembered."""


class OncePerMinute(logging.Filter):
    """A filter for handlers. Lets the first of equal warnings through, then one a minute that counts the others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}
        """By logger and text: when it was let through, and how many came since."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key, now = (record.name, record.msg if isinstance(record.msg, str) else repr(record.msg)), self._clock()
        since, count = self._seen.get(key, (float("-inf"), 0))
        if now - since < _PERIOD_S:
            self._seen[key] = since, count + 1
            return False
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[key] = now, 0
        if count:
            record.msg = f"{record.getMessage()} ({count:,} more like this since the last one)"
            record.args = ()
        return True


def limit_repeated_warnings() -> None:
    """Filter what all present handlers of the root logger write."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, OncePerMinute) for known in handler.filters):
            handler.addFilter(OncePerMinute())
