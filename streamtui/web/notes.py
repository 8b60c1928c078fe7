"""How one worker asks another to stop a reply: an empty file named after the message, which its owner looks for."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamtui.web.access import private_folder

PERIOD_S: Final = 0.1
_ID = re.compile(r"[0-9a-z]{1,64}")


@dataclass(frozen=True, slots=True)
class StopNotes:
    """The notes in a folder that all workers share."""

    folder: Path
    period_s: float = PERIOD_S
    """How often to look."""

    def leave(self, message: str) -> None:
        if _ID.fullmatch(message):
            private_folder(self.folder)
            (self.folder / message).touch(mode=0o600)

    def take(self, message: str) -> bool:
        """Return whether there was a note for this message; it is gone then."""
        try:
            (self.folder / message).unlink()
        except OSError:
            return False
        return True

    def withdraw(self, message: str) -> None:
        if _ID.fullmatch(message):
            (self.folder / message).unlink(missing_ok=True)
