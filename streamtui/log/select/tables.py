"""What a selection takes of a table: rows of its source, or words of one row's cells, never its drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from streamtui.log.select.positions import Extent, glyphs, text_of, with_sources
from streamtui.markdown import StyledLine, Styles
from streamtui.markdown.inline import cell_text
from streamtui.markdown.table import TableChunk
from streamtui.markdown.wrap import wrap

_HEAD: Final = -1
_HEAD_LINES: Final = 2
"""Lines of source before the first row: the head and the delimiters."""
_BAR: Final = 3
"""Cells between two columns."""
_MARKS: Final = re.compile(r"(?:[ \t>]|[-+*][ \t]|\d+[.)][ \t])*")
"""What begins a row's line where the table stands in a quote or a list."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A row of the window, and what of it is selected."""

    line: StyledLine
    columns: tuple[int, int]

    @property
    def is_complete(self) -> bool:
        return self.columns == (0, len(text_of(self.line)))

    def between(self, left: int, right: int) -> str:
        """Return the selected text from cell `left` to cell `right`, padding left out."""
        at = 0
        within: list[int] = []
        for start, end, cells in glyphs(self.line):
            if left <= at < right and self.columns[0] <= start < self.columns[1]:
                within += start, end
            at += cells
        if not within:
            return ""
        return "".join(source or text for text, source in with_sources(self.line, within[0], within[-1])).strip()


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table, by its number in the chunk."""

    chunk: TableChunk
    number: int
    drawn: Sequence[_Drawn]

    @property
    def cells(self) -> Sequence[str]:
        return self.chunk.columns.head if self.number == _HEAD else self.chunk.rows[self.number]

    def shown(self, cell: str) -> str:
        """Return the text that a cell's Markdown shows as."""
        return cell_text(cell, self.chunk.columns.references)


def table_text(
    chunks: Sequence[TableChunk], first_part: int, span: Extent, source: str, width: int, styles: Styles
) -> str | None:
    """Return what `span` takes of the table that `chunks` are, the first of them part `first_part` of its bubble.

    Of one row the selected words, cell by cell; a complete row, and every row where there are several, as written.
    """
    touched: dict[int, _Row] = {}
    before = 0
    for part, chunk in enumerate(chunks, first_part):
        lines = chunk.lines(width, styles)
        for number, rows in _rows(chunk, width, styles):
            drawn = [_Drawn(lines[at], span.columns(part, at, lines[at]) or (0, 0)) for at in rows]
            if any(painted.columns != (0, 0) for painted in drawn):
                touched[number if number == _HEAD else before + number] = _Row(chunk, number, drawn)
        before += len(chunk.rows)
    if not touched:
        return None
    first = _HEAD if span.start.part < first_part else min(touched)
    last = max(touched)
    row = touched[last]
    if first == last and not all(painted.is_complete for painted in row.drawn):
        return " | ".join(filter(None, _words(row, width))) or None
    written = [_MARKS.sub("", line, count=1) for line in source.split("\n")]
    start = 0 if first == _HEAD else first + _HEAD_LINES
    return "\n".join(written[start : 1 if last == _HEAD else last + _HEAD_LINES + 1])


def _rows(chunk: TableChunk, width: int, styles: Styles) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the head and every row, each with the painted rows that show its text; rules show none."""
    items = chunk.item_rows(width, styles)
    lines = chunk.lines(width, styles)
    above = range(items[0].start if items else len(lines))
    stacked = _fitted(chunk, lines, width) is None
    head = [at for at in above if text_of(lines[at])]
    if head:
        yield _HEAD, head if stacked else head[:-1]
    for row, item in enumerate(items):
        yield row, item[1:] if chunk.has_rule(row, width - lines[-1].gutter) else item


def _fitted(chunk: TableChunk, lines: Sequence[StyledLine], width: int) -> tuple[int, ...] | None:
    return chunk.columns.fit(width - lines[-1].gutter)


def _words(row: _Row, width: int) -> list[str]:
    """Return the selected words of each cell, wrapped ones joined."""
    fitted = _fitted(row.chunk, [painted.line for painted in row.drawn], width)
    return _stacked_words(row, width) if fitted is None else _words_in_columns(row, fitted)


def _words_in_columns(row: _Row, fitted: Sequence[int]) -> list[str]:
    cells: list[str] = []
    left = 0
    for cell, room in zip(row.cells, fitted, strict=False):
        words = ""
        for drawn, span in zip(row.drawn, wrap(row.shown(cell), room), strict=False):
            piece = drawn.between(left, left + room)
            words += piece + (span.joint if piece else "")
        cells.append(words.strip())
        left += room + _BAR
    return cells


def _stacked_words(row: _Row, width: int) -> list[str]:
    room = max(2, width - row.drawn[0].line.gutter)
    left = iter(row.drawn)
    cells: list[str] = []
    for head, cell in zip(row.chunk.columns.head, row.cells, strict=False):
        label = "" if row.number == _HEAD else row.shown(head) + (": " if cell else ":")
        text = label + row.shown(cell)
        words = ""
        for start, _, joint in wrap(text, room):
            first, last = next(left).columns
            words += text[max(start + first, len(label)) : start + last] + (joint if last else "")
        cells.append(words.strip())
    return cells
