"""What workers tell each other about a reply that one of them runs: empty files, in folders that all of them share."""

import asyncio
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamtui.system.private import private_folder

PERIOD_S: Final = 0.1
_STALE_S: Final = 5.0
"""A worker that has not said so for this long no longer has clients: it died, for a busy one would have come to it."""
_ID = re.compile(r"[0-9a-z]{1,64}")


@dataclass(frozen=True, slots=True)
class StopRequests:
    """How one worker asks another to stop a reply: a file named after the message, which its owner looks for."""

    folder: Path
    period_s: float = PERIOD_S
    """How often to look."""

    def leave(self, message: str) -> None:
        if _ID.fullmatch(message):
            private_folder(self.folder)
            (self.folder / message).touch(mode=0o600)

    def left(self) -> list[str]:
        """Return the messages for which there is a note."""
        try:
            return [note.name for note in self.folder.iterdir()]
        except OSError:
            return []

    def take(self, message: str) -> bool:
        """Return whether there was a note for this message; it is gone then."""
        try:
            (self.folder / message).unlink()
        except OSError:
            return False
        return True

    def was_taken(self, message: str) -> bool:
        """Return whether the note that was left for this message has found its reader."""
        return not (self.folder / message).exists()

    def withdraw(self, message: str) -> None:
        if _ID.fullmatch(message):
            (self.folder / message).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Subscribers:
    """How a worker says that it has clients who asked for a reply that runs elsewhere: without any, the reply ends.

    Each worker has a file of its own per message and touches it again and again, so that one that dies is missed.
    """

    folder: Path
    period_s: float = PERIOD_S
    worker: str = field(default_factory=lambda: secrets.token_hex(6))

    async def keep(self, message: str) -> None:
        """Say so until cancelled."""
        if not _ID.fullmatch(message):
            return
        note = self.folder / f"{message}-{self.worker}"
        try:
            while True:
                with suppress(OSError):  # a full disk must not end the stream
                    private_folder(self.folder)
                    note.touch(mode=0o600)
                await asyncio.sleep(self.period_s)
        finally:
            with suppress(OSError):
                note.unlink(missing_ok=True)

    def of(self, message: str) -> bool:
        """Return whether another worker has clients who asked for this message."""
        freshest = time.time() - _STALE_S
        return any(_touched(note) > freshest for note in self.folder.glob(f"{message}-*"))

    def forget(self, message: str) -> None:
        """Remove what dead workers left of a reply that has ended."""
        for note in self.folder.glob(f"{message}-*"):
            with suppress(OSError):
                note.unlink(missing_ok=True)


def _touched(note: Path) -> float:
    try:
        return note.stat().st_mtime
    except OSError:
        return 0.0
