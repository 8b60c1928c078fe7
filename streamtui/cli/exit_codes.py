"""The exit codes of every command; one that a signal ended exits with 128 + its number."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
"""The reply failed, or what was asked for could not be read."""
USAGE: Final = 2
"""Usage or configuration: nothing was sent. Also an id that names nothing."""
CRASHED: Final = 70
"""EX_SOFTWARE of sysexits.h."""
