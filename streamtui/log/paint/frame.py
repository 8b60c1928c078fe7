"""The column of text in a window, and the rows around a bubble's text: bar, ground, margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from streamtui.log.paint.theme import Look, RoleStyles

COLUMN_WIDTH: Final = 110
"""Cells of the column that holds bars and text, however wide the window is: longer lines are hard to read."""
BAR_CELLS: Final = 2
"""Cells of bar and space before a bubble's text."""
PADDING: Final = 1
"""Cells after it."""
BAR: Final = "▌"
SEAM: Final = "┊"
"""Stands in the place of the bar where a continued reply goes on."""


class Column(NamedTuple):
    """Where the column of text stands in a window."""

    left: int
    """Cells before the bar."""
    width: int

    @property
    def text(self) -> int:
        """The cell in which the text of a bubble begins."""
        return self.left + BAR_CELLS


@lru_cache(64)
def column(window: int) -> Column:
    """Return the column in a window of `window` cells: centred, with a cell free on either side.

    The scrollbar stands in the last of the window's cells, which is why none is missing when it appears.
    """
    width = max(1, min(COLUMN_WIDTH, window - 2))
    return Column(max(0, window - width) // 2, width)


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a bubble's rows: the window's cells, the styles, and whether the cursor is on the bubble."""

    window: int
    look: Look
    tone: RoleStyles
    current: bool

    @property
    def column(self) -> Column:
        return column(self.window)

    @property
    def inner(self) -> int:
        """Cells for text."""
        return max(4, self.column.width - BAR_CELLS - PADDING)

    def row(self, segments: Sequence[Segment], cells: int, ground: Style | None = None, *, seam: bool = False) -> Strip:
        """Return the full row of the window around `segments`, which take `cells` cells.

        `ground` is what the row stands on, the bubble's own ground unless given; a `seam` interrupts the bar.
        """
        width = self.column.width
        ground = self.tone.text if ground is None else ground
        bar = Segment(BAR, self.tone.bar_current if self.current else self.tone.bar)
        body = [Segment(SEAM, self.tone.quiet) if seam else bar, Segment(" ", ground), *segments]
        taken = BAR_CELLS + cells
        if taken < width:
            body.append(Segment(" " * (width - taken), ground))
        elif taken > width:
            body = list(Strip(body, taken).crop(0, width))
        before, after = _margins(self.window, self.look.background)
        return Strip([*before, *body, *after], self.window)

    def line(self, left: Sequence[Segment], right: Sequence[Segment] = (), ground: Style | None = None) -> Strip:
        """Return a row with `left` and `right` at its ends; where they don't fit, `left` is cut."""
        ground = self.tone.text if ground is None else ground
        tail = cells_of(right)
        room = max(0, self.inner - tail - 1) if right else self.inner
        kept, head = cut(left, room) if cells_of(left) > room else (list(left), cells_of(left))
        if not right:
            return self.row(kept, head, ground)
        gap = Segment(" " * max(0, self.inner - head - tail), ground)
        return self.row([*kept, gap, *right], max(self.inner, head + tail), ground)

    def blank(self) -> Strip:
        """Return a row of the bubble without text."""
        return self.row((), 0)

    def gap(self) -> Strip:
        """Return the row between two bubbles."""
        return Strip.blank(self.window, self.look.background)


@lru_cache(64)
def _margins(window: int, style: Style) -> tuple[Sequence[Segment], Sequence[Segment]]:
    """Return what stands on either side of the column."""
    left, width = column(window)
    right = window - left - width
    before, after = ([Segment(" " * cells, style)] if cells > 0 else [] for cells in (left, right))
    return before, after


def cells_of(segments: Sequence[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def cut(segments: Sequence[Segment], room: int) -> tuple[list[Segment], int]:
    """Return what of `segments` fits, an ellipsis where something was cut, and its cells."""
    kept: list[Segment] = []
    used = 0
    for text, style, _ in segments:
        cells = cell_len(text)
        if used + cells > room:
            kept.append(Segment(set_cell_size(text, max(0, room - used - 1)) + "…"[: room - used], style))
            return kept, room
        kept.append(Segment(text, style))
        used += cells
    return kept, used
