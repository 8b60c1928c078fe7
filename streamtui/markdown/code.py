"""Code blocks on screen: a head, and chunks of lines."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.code_source import CodeSource
from streamtui.markdown.containers import BlockContext, gap_line, gutter
from streamtui.markdown.itemized import ItemizedBlock
from streamtui.markdown.lexing import Runs, token_of
from streamtui.markdown.line import StyledLine, paint
from streamtui.markdown.styles import Styles
from streamtui.markdown.wrap import chop

_TAB_STOP = 4
_INDENT = 2
_COPY = " copy"


class CodeChunk(ItemizedBlock):
    """Some lines of a code block; the first chunk has the head."""

    __slots__ = ("_look", "first", "last", "listing", "place", "tail")

    def __init__(
        self,
        start: int,
        end: int,
        place: BlockContext,
        listing: CodeSource,
        first: int,
        last: int,
        tail: tuple[str, ...],
    ) -> None:
        super().__init__(start, end)
        self.place = place
        self.listing = listing
        self.first = first
        """Index of the first line in the listing; `last` is the one after its last."""
        self.last = last
        self.tail = tail
        """Lines that may still change."""
        self._look = listing.look

    def same(self, other: Block) -> bool:
        return (
            isinstance(other, CodeChunk)
            and self._grew_from(other)
            and (self.start, self.end, self.last, self.tail) == (other.start, other.end, other.last, other.tail)
            and self._look == other._look
        )

    def renewed(self) -> CodeChunk:
        """Return the same lines as a block not rendered yet, for when their colours have changed."""
        return CodeChunk(self.start, self.end, self.place, self.listing, self.first, self.last, self.tail)

    def estimate(self, width: int) -> int:
        if (known := self._known(width)) is not None:
            return known
        room = max(1, width - _INDENT)
        lines = [*self.listing.lines[self.first : self.last], *self.tail]
        wrapped = sum((len(line) - 2) // room for line in lines if len(line) > room)
        head = (self.place.gap >= 0) + 1 if self.first == 0 else 0
        return head + len(lines) + wrapped

    def _grew_from(self, other: ItemizedBlock) -> bool:
        return (
            isinstance(other, CodeChunk)
            and other.listing is self.listing
            and other.first == self.first
            and other.place == self.place
            and other.last <= self.last
            and other._look == self._look
        )

    def _settled(self) -> int:
        return self.last - self.first

    def _count(self) -> int:
        return self.last - self.first + len(self.tail)

    def _layout(self, width: int, styles: Styles) -> Hashable:
        return (width, styles)

    def _paint_head(self, width: int, styles: Styles) -> list[StyledLine]:
        if self.first:
            return []
        lines = [gap_line(self.place, width, styles)] if self.place.gap >= 0 else []
        left = gutter(self.place, width, styles)
        return [*lines, _head(left.first, left.cells, self.listing, width, styles)]

    def _paint_item(self, index: int, width: int, styles: Styles) -> list[StyledLine]:
        left = gutter(self.place, width, styles)
        line = self.first + index
        if line < self.last:
            text, runs = self.listing.lines[line], self.listing.runs(line)
        else:
            text = self.tail[line - self.last]
            runs = self.listing.tail_runs(text)
        fresh = line == 0 or self._line(line - 1).endswith("\n")
        whole = text.endswith("\n") or line + 1 == self.first + self._count()
        pieces = list(_pieces(text.removesuffix("\n"), runs, styles))
        return _wrap_code(pieces, left.rest, width - left.cells, width, styles, whole, fresh)

    def _line(self, index: int) -> str:
        return self.listing.lines[index] if index < self.last else self.tail[index - self.last]


def _head(prefix: list[Segment], cells: int, listing: CodeSource, width: int, styles: Styles) -> StyledLine:
    meta = Style(meta={"code": listing.number})
    head = styles.text + styles.fence_head + meta
    room = width - cells
    label = f"{listing.number:>3} "
    if len(label) > room:
        label = str(listing.number)
    language = " ".join(listing.info.split())
    space = room - len(label) - len(_COPY) - 1
    while language and cell_len(language) > max(0, space):
        language = language[:-1]
    label += f"{language} " if language else ""
    copy = _COPY if room - cell_len(label) >= len(_COPY) else ""
    rule = "─" * max(0, room - cell_len(label) - len(copy))
    content = [
        Segment(label, head),
        Segment(rule, styles.text + styles.fence_rule + meta),
        Segment(copy, styles.text + styles.fence_copy + meta),
    ]
    return paint([*prefix, *(part for part in content if part.text)], [], width, styles.text)


def _pieces(text: str, runs: Runs, styles: Styles) -> Iterator[Segment]:
    """Yield the segments of one line, tabs expanded."""
    at = column = 0
    tabs = "\t" in text
    for index in range(0, len(runs), 2):
        piece = text[at : at + runs[index + 1]]
        at += runs[index + 1]
        if not piece:
            continue
        if tabs:
            piece, column = _expand(piece, column)
        yield Segment(piece, styles.token(token_of(runs[index])))


def _expand(text: str, column: int) -> tuple[str, int]:
    parts: list[str] = []
    for index, part in enumerate(text.split("\t")):
        if index:
            step = _TAB_STOP - column % _TAB_STOP
            parts.append(" " * step)
            column += step
        parts.append(part)
        column += cell_len(part)
    return "".join(parts), column


def _wrap_code(
    pieces: list[Segment], prefix: list[Segment], room: int, width: int, styles: Styles, whole: bool, fresh: bool
) -> list[StyledLine]:
    """Paint one line of code; what doesn't fit goes on in rows with a mark in the gutter."""
    room = max(1, room - _INDENT)
    indent = Segment(" " * min(_INDENT, width - 1), styles.fence)
    mark = Segment("↪ ", styles.fence + styles.wrap_mark)
    end = "\n" if whole else ""
    text = "".join([piece.text for piece in pieces])
    if len(text) <= room and (text.isascii() or cell_len(text) <= room):
        return [paint([*prefix, indent if fresh else mark], pieces, width, styles.fence, end)]
    lines: list[StyledLine] = []
    spans = chop(text, room)
    index = offset = 0
    for number, (start, stop, _) in enumerate(spans):
        row: list[Segment] = []
        while index < len(pieces) and offset < stop:
            piece, style, _control = pieces[index]
            row.append(Segment(piece[max(0, start - offset) : stop - offset], style))
            if offset + len(piece) > stop:
                break
            offset += len(piece)
            index += 1
        gutter_end = indent if fresh and not number else mark
        lines.append(paint([*prefix, gutter_end], row, width, styles.fence, end if stop == len(text) else ""))
    return lines
