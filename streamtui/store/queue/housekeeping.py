"""What can wait until nothing is to be written, done in short steps: erasing deleted text, then indexing new text."""

import logging
import sqlite3
import time
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.store.sqlite import search
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import is_damage
from streamtui.system.locks import LockBusyError

STEP_S: Final = 0.15
"""How long a step takes, for which text waits."""
PAUSE_S: Final = 0.03
"""Between two steps: other processes look for the lock every 20 ms."""
QUIET_S: Final = 1.0
"""How long nothing is to be written before the search index is worked on."""
_INDEX_STEP_S: Final = 0.05
_RETRY_S: Final = 1.0

_log = logging.getLogger(__name__)


class Housekeeping:
    """For the database thread alone, but for `erased` and `is_indexed`, which anyone may look at."""

    def __init__(self, database: Database) -> None:
        self.erased: float | None = 0.0
        """Which part of the deleted text is erased, from 0 to 1; `None` where no file holds any."""
        self.is_indexed = False
        self._database = database
        self._due = 0.0

    @property
    def wait_s(self) -> float | None:
        """Seconds until the next step is due, `None` where there is nothing to do."""
        if self.erased is None and self.is_indexed:
            return None
        return max(0.0, self._due - time.monotonic())

    def deleted(self) -> None:
        """Take note that there is text to erase."""
        self.erased = 0.0
        self._due = 0.0

    def nothing_deleted(self) -> None:
        """Take note that no file holds deleted text. A short command ends before there is time for more."""
        self.erased = None
        self.written()

    def written(self) -> None:
        """Take note that there is new text, and may be more in a moment."""
        self.is_indexed = False
        if self.erased is None:
            self._due = time.monotonic() + QUIET_S

    def step(self, patience: float, *, is_closing: bool) -> bool:
        """Do the next step if it is due; return `False` where it found the file damaged. Never raises for the disk.

        While the store `is_closing`, text is erased, but not indexed.
        """
        if time.monotonic() < self._due:
            return True
        try:
            if self.erased is not None:
                self.erased = self._database.erase(STEP_S, patience)
            elif not self.is_indexed and not is_closing:
                self._database.write(self._index, patience)
            self._due = time.monotonic() + PAUSE_S
        except (LockBusyError, StoreError, sqlite3.Error, OSError, UnicodeDecodeError) as error:
            _log.info("housekeeping: %s", error)  # tried again in a second, or at the next start
            self._due = time.monotonic() + _RETRY_S
            return not is_damage(error)
        return True

    def _index(self, connection: sqlite3.Connection) -> None:
        self.is_indexed = not search.extend(connection, time.monotonic() + _INDEX_STEP_S)
