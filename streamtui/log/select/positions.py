"""What the mouse selects: where a cell of the window is in the text, and how the selection is marked.

Positions travel through Textual as `Offset`, which it compares and passes back but does not interpret: y is a
bubble's ordinal, x packs part, row and character. So a selection stays on its text while the log scrolls and grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.cells import split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from streamtui.log.model.bubble import Bubble
from streamtui.log.model.parts import FIRST_BLOCK, HEAD
from streamtui.log.model.viewport import Row, Viewport
from streamtui.log.paint.frame import column
from streamtui.markdown import StyledLine

_BITS: Final = 20
_MASK: Final = (1 << _BITS) - 1
_WORD: Final = re.compile(r"[\w./:@~%+-]+")


class TextPosition(NamedTuple):
    """A place between two characters of a bubble's text."""

    part: int
    line: int
    character: int

    @property
    def packed(self) -> int:
        return (self.part << _BITS | self.line) << _BITS | self.character

    @classmethod
    def unpack(cls, x: int) -> TextPosition:
        return cls(x >> 2 * _BITS, x >> _BITS & _MASK, x & _MASK)


class Glyph(NamedTuple):
    """What the terminal shows as one character: its place in the text of its row, and its cells."""

    start: int
    end: int
    cells: int


class Extent(NamedTuple):
    """A selection in one bubble."""

    start: TextPosition
    end: TextPosition

    def has(self, part: int, line: int) -> bool:
        """Whether any of a row can be selected."""
        return self.start[:2] <= (part, line) <= self.end[:2]

    def columns(self, part: int, number: int, line: StyledLine) -> tuple[int, int] | None:
        """Return the selected characters of row `number`, which is `line`; none is taken apart."""
        if not self.has(part, number):
            return None
        first, last = 0, len(text_of(line))
        if (part, number) == self.start[:2]:
            first = _around(line, self.start.character)[0]
        if (part, number) == self.end[:2]:
            last = min(last, _around(line, self.end.character)[1])
        return (first, last) if first < last else None


ALL: Final = Extent(TextPosition(0, 0, 0), TextPosition(_MASK, 0, 0))


def extent(selection: Selection, bubble: Bubble) -> Extent | None:
    """Return what of `selection` lies in `bubble`."""
    start, end = ALL
    if selection.start is not None:
        if bubble.ordinal < selection.start.y:
            return None
        if bubble.ordinal == selection.start.y:
            start = TextPosition.unpack(selection.start.x)
    if selection.end is not None:
        if bubble.ordinal > selection.end.y:
            return None
        if bubble.ordinal == selection.end.y:
            end = TextPosition.unpack(selection.end.x)
    return Extent(start, end)


# -- cells


def text_of(line: StyledLine) -> str:
    """Return the text of a row, gutter and padding left out."""
    return line.strip.crop(line.gutter, line.text_end).text


def with_sources(line: StyledLine, first: int, last: int) -> Iterator[tuple[str, str | None]]:
    """Yield the text of a row from character `first` to `last` in pieces, each with what it was written as where that
    is something else: a formula."""
    at = 0
    for segment in line.strip.crop(line.gutter, line.text_end):
        text = segment.text[max(0, first - at) : max(0, last - at)]
        at += len(segment.text)
        if text:
            source = segment.style.meta.get("source") if segment.style is not None else None
            yield text, source if isinstance(source, str) else None


def glyphs(line: StyledLine) -> Sequence[Glyph]:
    """Return the characters of a row's text as they are painted: each segment is measured on its own."""
    measured: list[Glyph] = []
    at = 0
    for segment in line.strip.crop(line.gutter, line.text_end):
        for start, end, cells in split_graphemes(segment.text)[0]:
            if cells == 0 and measured:
                measured[-1] = Glyph(measured[-1].start, at + end, measured[-1].cells)
            else:
                measured.append(Glyph(at + start, at + end, cells))
        at += len(segment.text)
    return measured


def _around(line: StyledLine, character: int) -> tuple[int, int]:
    """Return the ends of the glyph that has place `character` inside it, and the place itself where none has."""
    for glyph in glyphs(line):
        if glyph.start < character < glyph.end:
            return glyph.start, glyph.end
    return character, character


def targets(view: Viewport, y: int) -> Strip:
    """Return, for row `y` of the window, a strip whose cells say where they are in the text, each on its own.

    One cell a segment: Textual counts characters in a segment by a rule of its own, which errs on wide ones.
    """
    if y >= len(view.shown):
        return Strip.blank(view.width)
    row = view.shown[y]
    line = view.lines_of(row)
    characters = [0] * view.width if line is None else list(_characters(line, view.width))
    ordinal = row.bubble.ordinal
    offsets = [Offset(TextPosition(row.part, row.line, character).packed, ordinal) for character in characters]
    return Strip([Segment(" ", Style.from_meta({"offset": offset})) for offset in offsets], view.width)


def _characters(line: StyledLine, window: int) -> Iterator[int]:
    """Yield for each cell of a row the index of the character on it."""
    cells = column(window).text + line.gutter
    yield from [0] * cells
    end = 0
    for glyph in glyphs(line):
        yield from [glyph.start] * glyph.cells
        cells += glyph.cells
        end = glyph.end
    yield from [end] * (window - cells)


def mark(view: Viewport, strips: list[Strip], selection: Selection) -> list[Strip]:
    """Return the window's strips with the selected text marked."""
    return [_marked(view, row, strip, selection) for row, strip in zip(view.shown, strips, strict=False)] + strips[
        len(view.shown) :
    ]


def _marked(view: Viewport, row: Row, strip: Strip, selection: Selection) -> Strip:
    span = extent(selection, row.bubble)
    if span is None or row.part < FIRST_BLOCK:
        return strip
    line = view.lines_of(row)
    if line is None:
        return strip
    columns = span.columns(row.part, row.line, line)
    return strip if columns is None else restyled(strip, line, columns, view.width, view.look.selection)


def restyled(strip: Strip, line: StyledLine, characters: tuple[int, int], window: int, style: Style) -> Strip:
    """Return the painted row of `line` with `style` laid over some of its characters."""
    first, last = characters
    start = column(window).text + line.gutter + sum(glyph.cells for glyph in glyphs(line) if glyph.end <= first)
    end = start + sum(glyph.cells for glyph in glyphs(line) if first <= glyph.start < last)
    middle = Strip(Segment.apply_style(strip.crop(start, end), post_style=style), end - start)
    return Strip.join([strip.crop(0, start), middle, strip.crop(end)])


def word_at(view: Viewport, y: int, x: int) -> Selection | None:
    """Return the selection of the word under cell `x` of row `y` of the window; there is none beside the text."""
    if y >= len(view.shown):
        return None
    row = view.shown[y]
    line = view.lines_of(row)
    left = column(view.width).text
    if line is None or not left + line.gutter <= x < left + line.text_end:
        return None
    at = list(_characters(line, view.width))[x]
    for word in _WORD.finditer(text_of(line)):
        if word.start() <= at < word.end():
            start, end = (TextPosition(row.part, row.line, character) for character in word.span())
            return _selection(row, start, end)
    return None


def message_at(view: Viewport, y: int) -> Selection | None:
    """Return the selection of the whole message in row `y` of the window."""
    if y >= len(view.shown):
        return None
    return _selection(view.shown[y], TextPosition(HEAD, 0, 0), TextPosition(view.shown[y].bubble.parts.foot, 0, 0))


def _selection(row: Row, start: TextPosition, end: TextPosition) -> Selection:
    ordinal = row.bubble.ordinal
    return Selection(Offset(start.packed, ordinal), Offset(end.packed, ordinal))
