"""A row of the screen as cells: what stands in each, and how it looks.

Private name used here, checked on rich 15.0 and Textual 8.2.8: `Style._ansi`, where `Strip.render_ansi` keeps its
result.
"""

from functools import lru_cache
from typing import Final

from rich.cells import cell_len, split_graphemes
from rich.color import ColorSystem
from textual.strip import Strip

Cell = tuple[str, str]
"""A character, or a cluster of several, and its looks as SGR parameters. The right half of a wide one has no text."""
Row = list[Cell | None]
"""`None` where it is not known what the terminal shows."""

_FIRST_DOUBTFUL: Final = "\u0300"
_FIRST_WIDE: Final = "\u1100"
_WIDE_FOR_ALL: Final = (
    ("\u1100", "\u115f"),
    ("\u2e80", "\u303e"),
    ("\u3041", "\u3247"),
    ("\u3250", "\u4dbf"),
    ("\u4e00", "\ua4cf"),
    ("\ua960", "\ua97c"),
    ("\uac00", "\ud7a3"),
    ("\uf900", "\ufaff"),
    ("\ufe30", "\ufe6f"),
    ("\uff01", "\uff60"),
    ("\uffe0", "\uffe6"),
    ("\U00020000", "\U0003fffd"),
)
"""Of CJK every terminal makes two cells."""
_CONTROLS: Final = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "\ufffd")


def cells_of(strip: Strip, colors: ColorSystem) -> list[Cell]:
    """Return the cells of a piece of a row, as many as it is wide."""
    cells: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        looks = ""
        if style is not None and (known := style._ansi) is not None:
            looks = known
        elif style is not None:
            looks = Strip.render_ansi(style, colors)
        cells += _cells(text, looks)
    return cells


@lru_cache(4096)
def _cells(text: str, looks: str) -> tuple[Cell, ...]:
    if text.isascii() and text.isprintable():
        return tuple((character, looks) for character in text)
    if not text.isprintable():
        text = text.translate(_CONTROLS)
    cells: list[Cell] = []
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells.append((text[start:end], looks))
            cells += [("", looks)] * (width - 1)
        elif cells and cells[-1][0]:
            cells[-1] = (cells[-1][0] + text[start:end], looks)
    return tuple(cells)


@lru_cache(4096)
def overhang(text: str) -> int | None:
    """Return by how many cells a terminal may draw `text` wider than it is counted here; `None` if all terminals agree
    on its width.

    They don't on clusters: with a variation selector, joiners, skin tones, pairs of regional indicators, combining
    marks of Indic scripts; nor on characters that are newer than their tables.
    """
    if text < _FIRST_DOUBTFUL and len(text) == 1:
        return None
    width = cell_len(text)
    if len(text) == 1:
        if width == 1 and text < "\U00010000":
            return None
        if any(first <= text <= last for first, last in _WIDE_FOR_ALL):
            return None
    return max(2, sum(2 if character >= _FIRST_WIDE else 1 for character in text)) - width
