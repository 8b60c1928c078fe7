"""What the mouse selected: where a cell of the window is in the text, how it is marked, what a copy of it gives.

Positions travel through Textual as `Offset`, which it compares and passes back but does not interpret: y is a
bubble's ordinal, x packs part, row and character. So a selection stays on its text while the log scrolls and grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from streamtui.markdown import Line
from streamtui.tui.log.bubble import FIRST_BLOCK, HEAD, Bubble
from streamtui.tui.log.chrome import LEFT
from streamtui.tui.log.view import Row, View

_BITS: Final = 20
_MASK: Final = (1 << _BITS) - 1
_WORD: Final = re.compile(r"[\w./:@~%+-]+")


class Spot(NamedTuple):
    """A place between two characters of a bubble's text."""

    part: int
    line: int
    character: int

    @property
    def packed(self) -> int:
        return (self.part << _BITS | self.line) << _BITS | self.character

    @classmethod
    def unpack(cls, x: int) -> Spot:
        return cls(x >> 2 * _BITS, x >> _BITS & _MASK, x & _MASK)


class Extent(NamedTuple):
    """A selection in one bubble."""

    start: Spot
    end: Spot

    def columns(self, part: int, line: int, length: int) -> tuple[int, int] | None:
        """Return the selected characters of a row that has `length` of them."""
        here = Spot(part, line, 0)
        if here[:2] < self.start[:2] or here[:2] > self.end[:2]:
            return None
        first = self.start.character if here[:2] == self.start[:2] else 0
        last = self.end.character if here[:2] == self.end[:2] else length
        return (first, min(last, length)) if first < min(last, length) else None


_ALL: Final = Extent(Spot(0, 0, 0), Spot(_MASK, 0, 0))


def extent(selection: Selection, bubble: Bubble) -> Extent | None:
    """Return what of `selection` lies in `bubble`."""
    start, end = _ALL
    if selection.start is not None:
        if bubble.ordinal < selection.start.y:
            return None
        if bubble.ordinal == selection.start.y:
            start = Spot.unpack(selection.start.x)
    if selection.end is not None:
        if bubble.ordinal > selection.end.y:
            return None
        if bubble.ordinal == selection.end.y:
            end = Spot.unpack(selection.end.x)
    return Extent(start, end)


# -- cells


def text_of(line: Line) -> str:
    """Return the text of a row, gutter and padding left out."""
    return line.strip.crop(line.gutter, line.text_end).text


def targets(view: View, y: int) -> Strip:
    """Return, for row `y` of the window, a strip whose cells say where they are in the text, each on its own.

    One cell a segment: Textual counts characters in a segment by a rule of its own, which errs on wide ones.
    """
    if y >= len(view.shown):
        return Strip.blank(view.width)
    row = view.shown[y]
    line = view.lines_of(row)
    if line is None:
        spots = [Spot(row.part, row.line, 0)] * view.width
    else:
        spots = [Spot(row.part, row.line, character) for character in _characters(line, view.width)]
    ordinal = row.bubble.ordinal
    return Strip(
        [Segment(" ", Style.from_meta({"offset": Offset(spot.packed, ordinal)})) for spot in spots], view.width
    )


def _characters(line: Line, width: int) -> Iterator[int]:
    """Yield for each cell of a row the index of the character on it."""
    yield from [0] * (LEFT + line.gutter)
    text = text_of(line)
    cells = LEFT + line.gutter
    for at, character in enumerate(text):
        size = cell_len(character)
        yield from [at] * size
        cells += size
    yield from [len(text)] * (width - cells)


def mark(view: View, strips: list[Strip], selection: Selection) -> list[Strip]:
    """Return the window's strips with the selected text marked."""
    return [_marked(view, row, strip, selection) for row, strip in zip(view.shown, strips, strict=False)] + strips[
        len(view.shown) :
    ]


def _marked(view: View, row: Row, strip: Strip, selection: Selection) -> Strip:
    span = extent(selection, row.bubble)
    if span is None or row.part < FIRST_BLOCK:
        return strip
    line = view.lines_of(row)
    if line is None:
        return strip
    text = text_of(line)
    columns = span.columns(row.part, row.line, len(text))
    if columns is None:
        return strip
    start = LEFT + line.gutter + cell_len(text[: columns[0]])
    end = start + cell_len(text[columns[0] : columns[1]])
    middle = Strip(Segment.apply_style(strip.crop(start, end), post_style=view.look.selection), end - start)
    return Strip.join([strip.crop(0, start), middle, strip.crop(end)])


# -- text


def copied(view: View, selection: Selection) -> str:
    """Return the source text under `selection`: whole messages and blocks as they were written, of others the rows."""
    pieces: list[str] = []
    for bubble in view.bubbles:
        span = extent(selection, bubble)
        if span is None:
            continue
        text = bubble.message.text if span == _ALL and bubble.live is None else _part_of(view, bubble, span)
        if text:
            pieces.append(text)
    return "\n\n".join(pieces)


def _part_of(view: View, bubble: Bubble, span: Extent) -> str:
    if not bubble.is_open:
        bubble.open(view.inner)
        view.sync(bubble)
    out: list[str] = []
    document: object = None
    reached = 0  # where in the document's source the last block ended
    for part in range(max(span.start.part, FIRST_BLOCK), min(span.end.part, bubble.foot - 1) + 1):
        found = bubble.block(part)
        if found is None:
            continue
        source, _, block = found
        text, whole, joint = _block_text(view, bubble, part, span)
        if not text:
            continue
        if out:
            between = source.source[reached : block.start] if source is document else "\n\n"
            out.append(between if whole and not between.strip() and between else joint)
        out.append(source.source[block.start : block.end].rstrip("\n") if whole else text)
        document, reached = source, block.start + len(source.source[block.start : block.end].rstrip("\n"))
    return "".join(out)


def _block_text(view: View, bubble: Bubble, part: int, span: Extent) -> tuple[str, bool, str]:
    """Return the selected text of a block, whether that is all of it, and what stands before it."""
    out: list[str] = []
    whole = True
    lines = bubble.lines(part, view.frame(bubble))
    joint = ""
    blank = 0
    for at, line in enumerate(lines):
        text = text_of(line)
        columns = span.columns(part, at, len(text))
        if columns is None:
            whole = whole and not text
            blank += not text and not out
            continue
        whole = whole and columns == (0, len(text))
        if out:
            out.append(joint)
        out.append(text[columns[0] : columns[1]])
        joint = line.joint
    return "".join(out), whole, "\n\n" if blank else "\n"


def word_at(view: View, y: int, x: int) -> Selection | None:
    """Return the selection of the word under cell `x` of row `y` of the window."""
    if y >= len(view.shown):
        return None
    row = view.shown[y]
    line = view.lines_of(row)
    if line is None:
        return None
    at = list(_characters(line, view.width))[x]
    for found in _WORD.finditer(text_of(line)):
        if found.start() <= at < found.end():
            return _selection(row, Spot(row.part, row.line, found.start()), Spot(row.part, row.line, found.end()))
    return None


def message_at(view: View, y: int) -> Selection | None:
    """Return the selection of the whole message in row `y` of the window."""
    if y >= len(view.shown):
        return None
    return _selection(view.shown[y], Spot(HEAD, 0, 0), Spot(view.shown[y].bubble.foot, 0, 0))


def _selection(row: Row, start: Spot, end: Spot) -> Selection:
    ordinal = row.bubble.ordinal
    return Selection(Offset(start.packed, ordinal), Offset(end.packed, ordinal))
