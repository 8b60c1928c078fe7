"""What Textual reads from the process's environment at import, decided in one place before it is imported."""

import importlib
import os
from typing import Final

from streamtui.tui.terminal import spacing_marks

ESCAPE_DELAY_MS: Final = "25"
"""How long a lone Escape waits for the rest of a sequence (ncurses' ESCDELAY). Textual's own 100 ms would make every
stop late; 25 ms costs that over a link which splits a sequence by more than that (a very slow ssh), an arrow key may
arrive as Escape and letters. Whoever has such a link sets ESCDELAY. It takes `driver` to keep to it."""
FRAMES_PER_SECOND: Final = "240"
"""How often Textual looks for something to paint. The log decides by its own, slower clock what there is to paint;
this one bounds how long a typed key waits to be seen."""


def prepare() -> None:
    """Import Textual with these settings; the environment is afterwards what it was, also for child processes. Where
    the terminal gives spacing marks a cell, count them so."""
    ours = {"ESCDELAY": ESCAPE_DELAY_MS, "TEXTUAL_FPS": FRAMES_PER_SECOND}
    added = [name for name in ours if name not in os.environ]
    for name in added:
        os.environ[name] = ours[name]
    try:
        importlib.import_module("textual.constants")
    finally:
        for name in added:
            del os.environ[name]
    if spacing_marks.have_cells(os.environ):
        spacing_marks.count()
