"""Counting the vowel signs of Indic scripts as the terminal does.

rich counts a spacing mark (Unicode category Mc) as nothing, kitty and its like too; xterm, tmux, GNU screen and VTE
give it a cell of its own, as wcwidth(3) does. There the signs would be written over by what follows them.

Private names used here, checked on rich 15.0: `rich.cells.load_cell_table`, `CellTable`.
"""

import importlib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any


def have_cells(environ: Mapping[str, str]) -> bool:
    """Whether the terminal gives spacing marks a cell, by what it says of itself."""
    if environ.get("TERM", "").partition("-")[0] in ("tmux", "screen"):
        return True
    return bool(environ.get("XTERM_VERSION") or environ.get("VTE_VERSION"))


def count() -> None:
    """Count a cell for every spacing mark from here on, in the whole process. Has to come before anything is laid
    out."""
    cells: Any = importlib.import_module("rich.cells")
    table = cells.load_cell_table()
    counted = table._replace(widths=[part for span in table.widths for part in _without_marks(*span)])
    cells.load_cell_table = lambda unicode_version="auto": counted
    for measure in (cells.get_character_cell_size, cells.cached_cell_len):
        measure.cache_clear()


def _without_marks(first: int, last: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Split a span of characters of one width around the spacing marks in it: what no span has is one cell wide."""
    if width:
        yield first, last, width
        return
    start = first
    for code in range(first, last + 1):
        if unicodedata.category(chr(code)) == "Mc":
            if start < code:
                yield start, code - 1, width
            start = code + 1
    if start <= last:
        yield start, last, width
