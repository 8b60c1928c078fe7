"""The modes that the app asks a terminal for, and how each is given back."""

import os
import termios
from contextlib import suppress
from typing import Any, Final

MOUSE_ON: Final = "\x1b[?1000h\x1b[?1002h\x1b[?1006h"
"""Buttons, wheel and movement with a button held. Not every movement (1003): nothing here follows the pointer, and
over a stuttering link a report cut in two reads as Escape."""
MOUSE_OFF: Final = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
_KITTY_FLAGS: Final = 1 | 8 | 16
"""Disambiguate, report all keys as escape codes, report the text they make."""
ENTER: Final = (
    "\x1b[22;0t"  # the window's title on the stack
    "\x1b[?1049h\x1b[?25l\x1b[?7l"
    "\x1b[?1004h\x1b[?2004h"
    f"\x1b[>{_KITTY_FLAGS}u\x1b[>4;1m"  # kitty's keys; where there are none, xterm's modifyOtherKeys
)
QUERIES: Final = "\x1b[?2026$p\x1b[?u"
"""Whether frames can be shown whole, and which of kitty's keys are on."""
BACKGROUND_QUERY: Final = "\x1b]11;?\x1b\\"
LEAVE: Final = (
    "\x1b[?2026l\x1b[r\x1b[m"
    f"{MOUSE_OFF}"
    "\x1b[?1004l\x1b[?2004l\x1b[?7h"
    "\x1b[>4m\x1b[<u"  # before the screen changes: kitty keeps a stack for each
    "\x1b[999;1H\r\n"  # where there is no other screen, the shell goes on below the last frame
    "\x1b[?1049l\x1b[?25h"
    "\x1b[23;0t"
)
ABANDON: Final = "\x18\x1b\\" + LEAVE
"""Ends whatever sequence was cut in the middle, first."""


def title(text: str) -> str:
    """Return what sets the window's title to `text`, which has no control characters."""
    return f"\x1b]2;{text}\x1b\\"


def abandon(descriptor: int, line_settings: list[Any] | None) -> None:
    """Give the terminal back at once, dropping what it has not read; never waits. The last resort of a process that
    is about to end."""
    with suppress(termios.error, OSError):
        termios.tcflush(descriptor, termios.TCOFLUSH)
    if line_settings is not None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(descriptor, termios.TCSANOW, line_settings)
    with suppress(OSError):
        os.set_blocking(descriptor, False)
        os.write(descriptor, ABANDON.encode())
