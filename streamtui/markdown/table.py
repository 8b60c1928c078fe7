"""Tables: chunks of rows that share their columns' widths."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.containers import BlockContext, gap_line, gutter
from streamtui.markdown.inline import cell_runs, cell_text, cut_runs
from streamtui.markdown.itemized import ItemizedBlock
from streamtui.markdown.line import StyledLine, paint
from streamtui.markdown.references import References
from streamtui.markdown.styles import Styles
from streamtui.markdown.wrap import Span, chop, wrap

CHUNK_ROWS = 32
LONGEST_ROW = 1 << 15
"""Characters of a row; a longer one is no row."""
_DELIMITER = re.compile(r":?-+:?")
_MARKUP = re.compile(r"[^\w .,;()+=%#'\"/|-]|/|www\.|_")
_CODE = re.compile(r"(?<!`)`([^`\s](?:[^`]*[^`\s])?)`(?!`)")
_NARROWEST = 5
_WIDEST = 240
_STEADY = 12
_STEP = 8
"""Cells by which the last column grows with a cell that is still coming."""
_LONGEST_WORD = 24
_WORD = re.compile(r"[^\s\u2e80-\U0003ffff]+")
"""A word that must not be broken; wide characters may be."""
_SPLIT = re.compile(r"\\.|\|", re.S)
_SPLIT_OUTSIDE_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\\.|\|", re.S)


def split_row(line: str, columns: int) -> list[str]:
    """Return the cells of a row; an escaped pipe is text.

    In a row that would have more than `columns` cells a pipe within code is text too, and what is left over goes to
    the last cell.
    """
    cells = split_head(line, columns)
    if len(cells) > columns > 0:
        cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])]
    return cells


def split_head(line: str, columns: int) -> list[str]:
    """Return the cells of a head row, which may turn out to be another number than `columns`."""
    text = line.strip()
    cells = _cells(text, _SPLIT)
    if len(cells) <= columns or not any(match[0] == "|" for match in _SPLIT_OUTSIDE_CODE.finditer(text)):
        return cells
    return _cells(text, _SPLIT_OUTSIDE_CODE)


def is_row(line: str) -> bool:
    """Whether a line below a table is one more row: GFM takes any text for the first cell, but what has no pipe is
    the next thing that is said."""
    return "|" in line and any(match[0] == "|" for match in _SPLIT.finditer(line))


def _cells(text: str, split: re.Pattern[str]) -> list[str]:
    cells: list[str] = []
    start = 0
    for match in split.finditer(text):
        if match[0] == "|":
            cells.append(text[start : match.start()])
            start = match.end()
    cells.append(text[start:])
    cells = [cell.replace("\\|", "|") for cell in cells]
    if cells and not cells[0]:
        cells.pop(0)
    if cells and not cells[-1]:
        cells.pop()
    return [cell.strip() for cell in cells]


def parse_delimiter(line: str) -> list[str] | None:
    """Return the alignment of each column, "" where none is given, if `line` is a delimiter row."""
    if not line or line[0] not in "|-:" or line.strip("|-: \t") or "-" not in line:
        return None
    if len(line) < 2 or (line[0] == "-" and line[1] in " \t"):
        return None
    columns = line.strip().split("|")
    aligns: list[str] = []
    for index, column in enumerate(part.strip() for part in columns):
        if not column:
            if 0 < index < len(columns) - 1:
                return None
            continue
        if not _DELIMITER.fullmatch(column):
            return None
        left, right = column[0] == ":", column[-1] == ":"
        aligns.append("center" if left and right else "right" if right else "left" if left else "")
    return aligns


class TableColumns:
    """The state all chunks of one table share: head, alignment, and widths that only grow."""

    def __init__(self, head: list[str], aligns: list[str], references: References) -> None:
        self.head = head
        self.aligns = aligns
        self.references = references
        self.natural = [1] * len(head)
        """Cells each column would like."""
        self.words = [1] * len(head)
        """Cells of each column's longest word, or as many of them as count."""
        self._has_breaks = False
        self._fitted: dict[int, tuple[int, ...] | None] = {}
        self.first_block = -1
        """Index of the first chunk's block, once frozen."""
        self._ahead: TableColumns | None = None
        self.grow(head)

    def grow(self, row: list[str]) -> bool:
        """Make room for a complete row; True if a column got wider."""
        grown = False
        for index, cell in enumerate(row[: len(self.natural)]):
            text = _shown(cell, self.references)
            self._has_breaks = self._has_breaks or "\n" in text
            cells = min(_WIDEST, _widest_line(text))
            word = min(_LONGEST_WORD, max(map(cell_len, _WORD.findall(text)), default=1))
            grown = grown or cells > self.natural[index] or word > self.words[index]
            self.natural[index] = max(self.natural[index], cells)
            self.words[index] = max(self.words[index], word)
        if grown:
            self._fitted.clear()
        return grown

    def ahead(self, cells: list[str], *, is_open: bool) -> TableColumns:
        """Return the columns as a row makes them of which only `cells` have come: the same object as long as that
        makes no difference.

        A cell that is open counts in the last column alone, in steps: there nothing else moves when it grows.
        """
        if is_open:
            *cells, last = cells
            if len(cells) == len(self.natural) - 1:
                cells = [*cells, " " * (-(-cell_len(last) // _STEP) * _STEP)]
        wider = TableColumns(self.head, self.aligns, self.references)
        wider.natural, wider.words, wider._has_breaks = [*self.natural], [*self.words], self._has_breaks
        if not wider.grow(cells):
            return self
        known = self._ahead
        if known is None or (known.natural, known.words) != (wider.natural, wider.words):
            self._ahead = known = wider
        return known

    def may_wrap(self, fitted: tuple[int, ...]) -> bool:
        """Whether a complete row takes several lines in columns of the widths `fitted`."""
        return self._has_breaks or fitted != tuple(self.natural) or max(fitted, default=0) >= _WIDEST

    def fit(self, width: int) -> tuple[int, ...] | None:
        """Return the widths for a table of `width` cells; None if its columns can't stand side by side."""
        if width not in self._fitted:
            self._fitted[width] = self._fit(width)
        return self._fitted[width]

    def _fit(self, width: int) -> tuple[int, ...] | None:
        room = width - 3 * (len(self.natural) - 1)
        if sum(self.natural) <= room:
            return tuple(self.natural)
        least = [min(_NARROWEST, cells) for cells in self.natural]
        if sum(least) > room:
            return None
        return tuple(_share(room, self.natural, _share(room, self.words, least)))


def _share(room: int, wanted: Sequence[int], floors: Sequence[int]) -> list[int]:
    """Return the widths that `room` gives: what is wanted, but the widest get less, and none less than its floor."""

    def shares(cap: int) -> list[int]:
        return [max(floor, min(cells, cap)) for floor, cells in zip(floors, wanted, strict=True)]

    cap = bisect_right(range(room + 1), room, key=lambda cap: sum(shares(cap))) - 1
    fitted = shares(cap)
    spare = room - sum(fitted)
    for index, cells in enumerate(wanted):
        if spare and cells > fitted[index]:
            fitted[index] += 1
            spare -= 1
    return fitted


def _widest_line(text: str) -> int:
    """Return the cells of the longest line of a cell's text, which `<br>` may have broken."""
    return max(map(cell_len, text.split("\n"))) if "\n" in text else cell_len(text)


def _shown(cell: str, references: References) -> str:
    """Return a cell's text as painted; most need no parser, plain words with or without code between them."""
    if not _MARKUP.search(cell):
        return cell
    if cell.isprintable() and not _MARKUP.search(_CODE.sub("", cell)):
        return _CODE.sub(r"\1", cell)
    return cell_text(cell, references)


class TableChunk(ItemizedBlock):
    """Some rows of a table; the first chunk has the head."""

    __slots__ = ("before", "columns", "is_head", "partial", "place", "rows", "wanted")

    def __init__(
        self,
        start: int,
        end: int,
        place: BlockContext,
        columns: TableColumns,
        rows: list[list[str]],
        is_head: bool,
        partial: bool,
        before: list[str] | None = None,
    ) -> None:
        super().__init__(start, end)
        self.place = place
        self.columns = columns
        self.rows = rows
        self.is_head = is_head
        self.partial = partial
        """Whether the last row may still grow."""
        self.before = before
        """The row before the first one; None if that is the head."""
        self.wanted = (*columns.natural, *columns.words)

    def same(self, other: Block) -> bool:
        return (
            isinstance(other, TableChunk)
            and self._grew_from(other)
            and (self.end, self.wanted, self.partial) == (other.end, other.wanted, other.partial)
            and self.rows == other.rows
        )

    def renewed(self) -> TableChunk:
        """Return the same rows as a block not rendered yet, for when a link definition has come."""
        return TableChunk(
            self.start, self.end, self.place, self.columns, self.rows, self.is_head, self.partial, self.before
        )

    def widened(self) -> TableChunk:
        """Return the same rows as a block to be laid out again if a column's width has changed."""
        other = self.renewed()
        other._painted = self._painted
        return other

    @property
    def may_refer(self) -> bool:
        """Whether a cell may refer to a link definition."""
        return any("[" in cell for row in (self.columns.head, *self.rows) for cell in row)

    def estimate(self, width: int) -> int:
        if (known := self._known(width)) is not None:
            return known
        head = (self.place.gap >= 0) + 2 if self.is_head else 0
        fitted = self.columns.fit(width)
        if fitted is None:
            return head + sum(len(row) + 1 for row in self.rows)
        tall = max(-(-sum(self.columns.natural) // max(1, sum(fitted))), 1)
        return head + len(self.rows) * (tall + (tall > 1))

    def has_rule(self, index: int, width: int) -> bool:
        """Whether a rule stands above the row: rows that take several lines are told apart by it."""
        fitted = self.columns.fit(width)
        if fitted is None:
            return index > 0 or not self.is_head
        if not self.columns.may_wrap(fitted):
            return False
        row, before = self.rows[index], self.rows[index - 1] if index else self.before
        return before is not None and (self._wraps(before, fitted) or self._wraps(row, fitted))

    def _wraps(self, row: list[str], fitted: tuple[int, ...]) -> bool:
        for cell, room in zip(row, fitted, strict=False):
            text = _shown(cell, self.columns.references)
            if "\n" in text or cell_len(text) > room:
                return True
        return False

    def _grew_from(self, other: ItemizedBlock) -> bool:
        return (
            isinstance(other, TableChunk)
            and other.columns is self.columns
            and other.start == self.start
            and other.place == self.place
        )

    def _settled(self) -> int:
        return len(self.rows) - self.partial

    def _count(self) -> int:
        return len(self.rows)

    def _layout(self, width: int, styles: Styles) -> Hashable:
        left = gutter(self.place, width, styles)
        return (width, styles, self.columns.fit(width - left.cells))

    def _paint_head(self, width: int, styles: Styles) -> list[StyledLine]:
        if not self.is_head:
            return []
        lines = [gap_line(self.place, width, styles)] if self.place.gap >= 0 else []
        left = gutter(self.place, width, styles)
        fitted = self.columns.fit(width - left.cells)
        border = styles.text + styles.table_border
        if fitted is None:
            if not self.rows:
                return lines + self._stack(self.columns.head, left.first, width, left.cells, styles)
            return lines
        head = self._row(self.columns.head, left.first, fitted, width, styles, styles.text + styles.table_head)
        rule = "┼".join("─" * (cells + 2) for cells in fitted)[1:-1]
        return [*lines, *head, paint(left.rest, [Segment(rule, border)], width, styles.text)]

    def _paint_item(self, index: int, width: int, styles: Styles) -> list[StyledLine]:
        left = gutter(self.place, width, styles)
        fitted = self.columns.fit(width - left.cells)
        border = styles.text + styles.table_border
        if fitted is None:
            prefix = left.first if self.is_head and index == 0 else left.rest
            lines = self._stack(self.rows[index], prefix, width, left.cells, styles)
            rule = "─" * min(3, width - left.cells)
        else:
            lines = self._row(self.rows[index], left.rest, fitted, width, styles, styles.text)
            rule = "┼".join("┈" * (cells + 2) for cells in fitted)[1:-1]
        if not (index and fitted is not None and len(lines) > 1) and not self.has_rule(index, width - left.cells):
            return lines
        return [paint(left.rest, [Segment(rule, border)], width, styles.text), *lines]

    def _row(
        self, cells: list[str], prefix: list[Segment], fitted: tuple[int, ...], width: int, styles: Styles, base: Style
    ) -> list[StyledLine]:
        steady = self.partial and bool(self.rows) and cells is self.rows[-1]
        columns = [self._cell(cell, room, styles, base, steady) for cell, room in zip(cells, fitted, strict=False)]
        columns += [[[]]] * (len(fitted) - len(columns))
        bar = Segment(" │ ", styles.text + styles.table_border)
        lines: list[StyledLine] = []
        for row in range(max(len(column) for column in columns)):
            content: list[Segment] = []
            for index, (column, room) in enumerate(zip(columns, fitted, strict=True)):
                if index:
                    content.append(bar)
                part = column[row] if row < len(column) else []
                content += self._align(part, room, index, styles)
            if content and not content[-1].text.strip(" "):
                content.pop()
            lines.append(paint(prefix, content, width, styles.text))
        return lines

    def _align(self, part: list[Segment], room: int, index: int, styles: Styles) -> list[Segment]:
        spare = room - sum([cell_len(segment.text) for segment in part])
        if spare <= 0:
            return part
        align = self.columns.aligns[index]
        before = spare if align == "right" else spare // 2 if align == "center" else 0
        padded = [Segment(" " * before, styles.text), *part] if before else list(part)
        if spare > before:
            padded.append(Segment(" " * (spare - before), styles.text))
        return padded

    def _cell(self, cell: str, room: int, styles: Styles, base: Style, steady: bool) -> list[list[Segment]]:
        """Paint a cell. `steady`: its row still grows, so a column that will get wider by it shows only a part yet."""
        runs = cell_runs(cell, self.columns.references, styles, base)
        rows = cut_runs(runs, wrap("".join([text for text, _ in runs]), room))
        if not steady or len(rows) == 1 or room >= _STEADY:
            return rows
        text = "".join([text for text, _ in runs]).replace("\n", " ")
        shown = chop(text, room - 1)[0] if room > 1 else Span(0, 0, "")
        return [[*cut_runs(runs, [shown])[0], Segment("…", base)]]

    def _stack(
        self, cells: list[str], prefix: list[Segment], width: int, taken: int, styles: Styles
    ) -> list[StyledLine]:
        """Paint a row as "head: value" lines, for when the columns can't stand side by side."""
        lines: list[StyledLine] = []
        room = max(2, width - taken)
        for head, cell in zip(self.columns.head, cells, strict=False):
            runs = cell_runs(head, self.columns.references, styles, styles.text + styles.table_head)
            if cells is not self.columns.head:
                runs += [(": " if cell else ":", styles.text + styles.table_head)]
                runs += cell_runs(cell, self.columns.references, styles, styles.text)
            spans = wrap("".join([text for text, _ in runs]), room)
            for row, span in zip(cut_runs(runs, spans), spans, strict=True):
                lines.append(paint(prefix, row, width, styles.text, span.joint or "\n"))
        return lines
