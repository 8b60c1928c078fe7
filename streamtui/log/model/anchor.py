"""Where in a block a row stands, in terms that another width leaves alone. Knows no bubble and no scroll position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from streamtui.markdown import Block, StyledLine, Styles
from streamtui.markdown.itemized import ItemizedBlock


@dataclass(frozen=True, slots=True)
class InText:
    """So many cells of text into a block that flows."""

    character: int


@dataclass(frozen=True, slots=True)
class InCode:
    """So many cells into a line of code; -1 is the head."""

    item: int
    character: int


@dataclass(frozen=True, slots=True)
class InTable:
    """A painted row of a table's row; -1 is the head. Cells say nothing: they are padded to the columns' widths."""

    item: int
    row: int


Anchor: TypeAlias = InText | InCode | InTable


def anchor(block: Block, row: int, width: int, styles: Styles) -> Anchor:
    """Return what stands in painted row `row` of `block`."""
    lines = block.lines(width, styles)
    if not isinstance(block, ItemizedBlock):
        return InText(cells_of(lines[:row]))
    spans = _spans(block, width, styles)
    item = max((at for at, span in enumerate(spans) if span.start <= row and span), default=0)
    start = spans[item].start
    from streamtui.markdown.table import TableChunk  # it needs the parser, as what has blocks does

    if isinstance(block, TableChunk):
        return InTable(item - 1, row - start)
    return InCode(item - 1, cells_of(lines[start:row]))


def row_of(block: Block, place: Anchor, width: int, styles: Styles) -> int:
    """Return the painted row of `block` that `place` is in now; the nearest one where it is gone."""
    lines = block.lines(width, styles)
    if isinstance(place, InText) or not isinstance(block, ItemizedBlock):
        return _row_at(lines, place.character if isinstance(place, InText) else 0)
    spans = _spans(block, width, styles)
    span = spans[min(place.item + 1, len(spans) - 1)]
    if not span:
        return span.start
    match place:
        case InCode(_, character):
            return span.start + _row_at(lines[span.start : span.stop], character)
        case InTable(_, row):
            return min(span.start + row, span.stop - 1)


def _spans(block: ItemizedBlock, width: int, styles: Styles) -> list[range]:
    """Return the painted rows of the head, then of each item."""
    items = block.item_rows(width, styles)
    return [range(items[0].start if items else len(block.lines(width, styles))), *items]


def row_of_share(share: float, lines: Sequence[StyledLine]) -> int:
    """Return the row in which that share of a block's text, from 0 to 1, is reached; one that has text."""
    texts = [at for at, line in enumerate(lines) if line.text_end > line.gutter]
    first = texts[0] if texts else 0
    return first + _row_at(lines[first:], int(share * cells_of(lines[first:])))


def cells_of(lines: Sequence[StyledLine]) -> int:
    """Return how many cells of text `lines` have."""
    return sum([_length(line) for line in lines])


def _length(line: StyledLine) -> int:
    return max(0, line.text_end - line.gutter) + len(line.joint)


def _row_at(lines: Sequence[StyledLine], character: int) -> int:
    """Return the row that holds `character`."""
    seen = 0
    for at, line in enumerate(lines):
        seen += _length(line)
        if seen > character:
            return at
    return max(0, len(lines) - 1)
