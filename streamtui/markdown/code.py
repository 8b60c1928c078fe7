"""Code blocks: a head, and chunks of lines that are coloured line by line, then once more as a whole."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Hashable, Iterator
from time import perf_counter

from pygments.lexer import Lexer
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.lexing import LineLexer, Runs, add_run, lex_whole, lexer_for, token_of
from streamtui.markdown.line import Line, paint
from streamtui.markdown.place import Place, gap_line, gutter
from streamtui.markdown.rows import RowsBlock
from streamtui.markdown.styles import Styles
from streamtui.markdown.wrap import chop

CHUNK_LINES = 64
CHUNK_CHARACTERS = 8192
_TAB_STOP = 4
_INDENT = 2
_COPY = " copy"


class Listing:
    """The code of one block: its lines as they come, and their colours, found when first painted."""

    def __init__(self, number: int, language: str, painted: deque[Listing]) -> None:
        self.number = number
        self.language = language
        self._queue = painted  # closed listings enter it once, when both closed and painted
        self.lines: list[str] = []
        """Complete lines with their newlines; a very long line in several pieces."""
        self.chunks: list[tuple[int, int]] = []
        """Lines `(from, to)` of the chunks that are frozen."""
        self.first_block = -1
        """Index of the first chunk's block, once frozen."""
        self.final: list[Runs] | None = None
        """Colours by line as lexing the whole gives them."""
        self._is_closed = False
        self._is_queued = False
        self._runs: list[Runs] = []
        self._stack: tuple[str, ...] = ("root",)
        self._line_lexer: LineLexer | None = None
        self._lexer: Lexer | None = None

    @property
    def lexer(self) -> Lexer | None:
        """Found when first asked for: the first of a language imports a module."""
        self._prepare()
        return self._lexer

    @property
    def text(self) -> str:
        """The code so far, but for an incomplete line."""
        return "".join(self.lines)

    def close(self) -> None:
        """Say that no more lines come."""
        self._is_closed = True
        self._enqueue()

    def _enqueue(self) -> None:
        if self._is_closed and self._runs and not self._is_queued and self.lexer is not None:
            self._is_queued = True
            self._queue.append(self)

    def known(self, index: int) -> Runs | None:
        """Return the provisional colours of a line if it was painted with them."""
        return self._runs[index] if index < len(self._runs) else None

    def runs(self, index: int) -> Runs:
        """Return the colours of a complete line."""
        if self.final is not None:
            return self.final[index]
        line_lexer = self._prepare()
        while len(self._runs) <= index:
            runs, self._stack = line_lexer.lex(self.lines[len(self._runs)], self._stack)
            self._runs.append(runs)
        self._enqueue()
        return self._runs[index]

    def tail_runs(self, tail: str) -> Runs:
        """Return the colours of an incomplete line after the complete ones."""
        if self.lines:
            self.runs(len(self.lines) - 1)
        return self._prepare().lex(tail, self._stack)[0]

    def settle(self, final: list[Runs]) -> None:
        """Take the colours of the whole and drop what led to the provisional ones."""
        self.final = final
        self._runs = []

    def _prepare(self) -> LineLexer:
        if self._line_lexer is None:
            self._lexer = lexer_for(self.language)
            self._line_lexer = LineLexer(self._lexer)
        return self._line_lexer


class CodeChunk(RowsBlock):
    """Some lines of a code block; the first chunk has the head."""

    __slots__ = ("_coloured", "first", "last", "listing", "place", "tail")

    def __init__(
        self, start: int, end: int, place: Place, listing: Listing, first: int, last: int, tail: tuple[str, ...]
    ) -> None:
        super().__init__(start, end)
        self.place = place
        self.listing = listing
        self.first = first
        """Index of the first line in the listing; `last` is the one after its last."""
        self.last = last
        self.tail = tail
        """Lines that may still change."""
        self._coloured = listing.final is not None

    def same(self, other: Block) -> bool:
        return (
            isinstance(other, CodeChunk)
            and self._grew_from(other)
            and (self.start, self.end, self.last, self.tail) == (other.start, other.end, other.last, other.tail)
            and self._coloured == other._coloured
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

    def _grew_from(self, other: RowsBlock) -> bool:
        return (
            isinstance(other, CodeChunk)
            and other.listing is self.listing
            and other.first == self.first
            and other.place == self.place
            and other.last <= self.last
            and other._coloured == self._coloured
        )

    def _settled(self) -> int:
        return self.last - self.first

    def _count(self) -> int:
        return self.last - self.first + len(self.tail)

    def _layout(self, width: int, styles: Styles) -> Hashable:
        return (width, styles)

    def _paint_head(self, width: int, styles: Styles) -> list[Line]:
        if self.first:
            return []
        lines = [gap_line(self.place, width, styles)] if self.place.gap >= 0 else []
        left = gutter(self.place, width, styles)
        return [*lines, _head(left.first, left.cells, self.listing, width, styles)]

    def _paint_item(self, index: int, width: int, styles: Styles) -> list[Line]:
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


def _head(prefix: list[Segment], cells: int, listing: Listing, width: int, styles: Styles) -> Line:
    meta = Style(meta={"code": listing.number})
    head = styles.text + styles.fence_head + meta
    room = width - cells
    label = f"{listing.number:>3} "
    if len(label) > room:
        label = str(listing.number)
    language = " ".join(listing.language.split())
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
) -> list[Line]:
    """Paint one line of code; what doesn't fit goes on in rows with a mark in the gutter."""
    room = max(1, room - _INDENT)
    indent = Segment(" " * min(_INDENT, width - 1), styles.fence)
    mark = Segment("↪ ", styles.fence + styles.wrap_mark)
    end = "\n" if whole else ""
    text = "".join([piece.text for piece in pieces])
    if len(text) <= room and (text.isascii() or cell_len(text) <= room):
        return [paint([*prefix, indent if fresh else mark], pieces, width, styles.fence, end)]
    lines: list[Line] = []
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


class Recolouring:
    """Lexes a closed listing as a whole, a slice at a time."""

    def __init__(self, listing: Listing, lexer: Lexer) -> None:
        self.listing = listing
        self._tokens = lex_whole(lexer, listing.text)
        self._runs: list[Runs] = []
        self._line: Runs = array("H")
        self._left = len(listing.lines[0]) if listing.lines else 0

    def work(self, deadline: float) -> bool:
        """Go on until `deadline` (of `perf_counter`) or the end; True if the end is reached."""
        lines = self.listing.lines
        for count, (number, length) in enumerate(self._tokens):
            while length:
                step = min(length, self._left)
                add_run(self._line, number, step)
                length -= step
                self._left -= step
                if not self._left:
                    self._runs.append(self._line)
                    self._line = array("H")
                    done = len(self._runs)
                    self._left = len(lines[done]) if done < len(lines) else length
            if count % 32 == 31 and perf_counter() > deadline:
                return False
        return True

    def settle(self) -> list[int]:
        """Put the colours in force; return the numbers of the chunks that look different now."""
        listing = self.listing
        final = self._runs
        changed = [
            number
            for number, (first, last) in enumerate(listing.chunks)
            if any((listing.known(line) or final[line]) != final[line] for line in range(first, last))
        ]
        listing.settle(final)
        return changed
