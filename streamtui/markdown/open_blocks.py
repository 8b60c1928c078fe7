"""Open leaf blocks: they take lines in and give finished blocks out. All can be forked, to look ahead."""

from __future__ import annotations

import re
from bisect import bisect_right

from streamtui.markdown.block import Block
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.code_source import CHUNK_CHARACTERS, CHUNK_LINES, CodeSource
from streamtui.markdown.containers import BlockContext
from streamtui.markdown.maths import awaited
from streamtui.markdown.references import References, definitions
from streamtui.markdown.table import CHUNK_ROWS, TableChunk, TableColumns, split_row
from streamtui.markdown.text_block import CHECKPOINTS, LONG, TextBlock, find_cut

_DIFF = re.compile(r"diff --git |--- [^\s-]|\+\+\+ \S|@@ -\d")
_IMAGE_DATA = r"\]\(data:image/(?:gif|png|jpe?g|webp);base64,"
_OPEN_DATA = re.compile(rf"{_IMAGE_DATA}[^\s()]*$")
_DATA = re.compile(rf"({_IMAGE_DATA}[A-Za-z\d+/=]{{16}})(?:~(\d+)~([A-Za-z\d+/=]+)|([A-Za-z\d+/=]{{64,}}))")
"""An image's data: its first characters, perhaps the number of those folded already, and more."""
_DIFF_LINE = re.compile(r"(?!\s*(?:```|~~~))(?:[-+ @\\]|diff |index |new |deleted |rename |similarity |old |Binary )")
_NEVER = "\0"
"""A closer that no text has: its lines are verbatim to the end of the paragraph."""


class Paragraph:
    """An open paragraph, or the open end of a long one."""

    __slots__ = (
        "_checked", "_defines", "_is_text", "_opened_with", "_origins", "_starts_line", "closer", "end", "is_long",
        "lazy", "place", "previous", "references", "start", "text",
    )  # fmt: skip

    def __init__(self, place: BlockContext, references: References, start: int) -> None:
        self.place = place
        self.references = references
        self.start = start
        self.end = start
        self.text = ""
        self.previous: TextBlock | None = None
        self.lazy = False
        """Whether the last line lacks the marks of the quote or item it belongs to."""
        self.is_long = False
        """Whether the last line comes in parts: then it's no row of a table."""
        self._starts_line = True  # whether the open piece begins where a line does
        self.closer = ""
        """What ends the verbatim lines that are open: a delimiter of maths, or `_NEVER` for a diff."""
        self._opened_with = ""  # the closer that the open piece begins with
        self._defines = 0  # characters at the start that are link definitions
        self._is_text = False  # whether something that is no definition has come in an earlier piece
        self._checked = 0  # checkpoints passed
        self._origins: list[tuple[int, int]] = []  # offsets of each line in the text and in the source

    def fork(self) -> Paragraph:
        twin = Paragraph(self.place, self.references, self.start)
        twin.end, twin.text, twin.previous, twin._origins = self.end, self.text, self.previous, [*self._origins]
        twin._checked, twin.lazy, twin.closer = self._checked, self.lazy, self.closer
        twin._opened_with, twin._is_text, twin._starts_line = self._opened_with, self._is_text, self._starts_line
        twin.is_long = self.is_long
        return twin

    def add(self, text: str, origin: int, indent: int = 0) -> None:
        """Take one more line; `text` has not its indentation, `origin` is where it stands in the source."""
        if self._origins:
            self.closer = awaited(self.last_line(), self.closer)
            self.text += "\n"
        elif _DIFF.match(text):
            self.closer = self._opened_with = _NEVER
        self.text += " " * indent
        self._origins.append((len(self.text), origin))
        self.extend(text)

    def extend(self, text: str) -> None:
        """Take more of the last line."""
        self.text += text
        at, origin = self._origins[-1]
        self.end = origin + len(self.text) - at
        if "](data:" in self.text:
            self._fold_data()

    def _fold_data(self) -> None:
        """Put the number of its characters in the place of an embedded image's data, which may be a megabyte."""
        while match := _DATA.search(self.text, self.text.rfind("\n") + 1):
            source = self._source(match.end())
            mark = f"~{int(match[2] or 0) + len(match[3] or match[4])}~"
            self.text = self.text[: match.end(1)] + mark + self.text[match.end() :]
            folded = match.end(1) + len(mark)
            self._origins = [*(pair for pair in self._origins if pair[0] < folded), (folded, source)]

    def last_line(self) -> str:
        return self.text[self.text.rfind("\n") + 1 :]

    def claims(self, line: str, *, is_lazy: bool) -> bool:
        """Whether `line`, the next one, belongs to the maths or the diff that is open, whatever it looks like."""
        if self.closer == _NEVER:
            return not is_lazy and _DIFF_LINE.match(line) is not None
        return bool(awaited(self.last_line(), self.closer))

    def drop_last_line(self) -> int:
        """Take the last line back; return where it stands in the source."""
        _, origin = self._origins.pop()
        self.text = self.text[: max(0, self.text.rfind("\n"))]
        if self._origins:
            before, source = self._origins[-1]
            self.end = source + len(self.text) - before
        return origin

    def take_definitions(self) -> References:
        """Return the link definitions it starts with, which stay in its text; no more of it may follow."""
        if self._is_text or not self.text.startswith("["):
            return {}
        entries, self._defines = definitions(self.text, final=True)
        return entries

    @property
    def is_all_definitions(self) -> bool:
        """Whether `take_definitions` left nothing over."""
        return not self.text[self._defines :].strip()

    def split_definitions(self) -> list[Block]:
        """Make the definitions a block of their own, if there are any; the paragraph is what follows them."""
        if not self._defines:
            return []
        text = self.text[: self._defines].rstrip("\n")
        block = TextBlock(
            self.start, self._source(len(text)), self.place, text, 0, self.references,
            previous=self.previous, defines=self._defines
        )  # fmt: skip
        self._drop(self._defines)
        self.previous = None
        self.place = self.place._replace(shown=len(self.place.containers), gap=-1)
        return [block]

    def drain(self, *, final: bool = False) -> tuple[list[Block], References]:
        """Cut off what has grown too long, at places that depend on nothing but the text.

        A last line that may be the head row of a table stays whole, unless `final`. Also returns the link definitions
        that were cut off.
        """
        done: list[Block] = []
        defined: References = {}
        while self._checked < len(CHECKPOINTS) and self._length(final) >= CHECKPOINTS[self._checked]:
            limit = CHECKPOINTS[self._checked]
            self._checked += 1
            if not self._is_text and self.text.startswith("["):
                entries, length = definitions(self.text[:limit], final=False)
                if length:
                    defined |= {label: entry for label, entry in entries.items() if label not in defined}
                    done.append(self._cut(length, defines=length))
                    continue
            cut = find_cut(self.text[:limit], self.references)
            if cut:
                self._is_text = True
                done.append(self._cut(cut))
        return done, defined

    def _length(self, final: bool) -> int:
        """Return how much of the text may be cut."""
        start = self.text.rfind("\n") + 1
        if not final and (data := _OPEN_DATA.search(self.text, start)):
            return data.start()
        may_be_head = not final and not self.is_long and "|" in self.text[start:]
        return start if may_be_head else len(self.text)

    @property
    def may_become_table(self) -> bool:
        """Whether the last line is whole and no lazy one."""
        return not self.lazy and (self._starts_line or "\n" in self.text)

    def _cut(self, length: int, defines: int = 0) -> TextBlock:
        text = self.text[:length]
        piece = TextBlock(
            self.start, self._source(length), self.place, text, 0, self.references,
            previous=self.previous, more=True, defines=defines, closer=self._opened_with
        )  # fmt: skip
        for line in text.split("\n"):
            self._opened_with = awaited(line, self._opened_with)
        self._drop(length)
        self._starts_line = text.endswith("\n")
        self.previous = piece
        return piece

    def close(self, level: int = 0) -> list[Block]:
        pieces, _ = self.drain(final=True)
        text = self.text.rstrip(" \t\n")
        if not text and not self.previous:
            return []
        return [
            *pieces,
            TextBlock(
                self.start, self.end, self.place, text, level, self.references,
                previous=self.previous, defines=min(self._defines, len(text)), closer=self._opened_with
            )
        ]  # fmt: skip

    def _source(self, at: int) -> int:
        index = bisect_right(self._origins, (at, 1 << 62)) - 1
        line, origin = self._origins[max(0, index)]
        return origin + at - line

    def _drop(self, count: int) -> None:
        source = self._source(count)
        kept = [(at - count, origin) for at, origin in self._origins if at > count]
        self._origins = [(0, source), *kept]
        self.text = self.text[count:]
        self.start = source
        self._checked = self._defines = 0


class Code:
    """An open code block, fenced or indented."""

    __slots__ = ("_is_fork", "_size", "_tail", "blanks", "end", "fence", "first", "indent", "listing", "place", "start")

    def __init__(self, place: BlockContext, listing: CodeSource, start: int, end: int, fence: str, indent: int) -> None:
        self.place = place
        self.listing = listing
        self.start = start
        self.end = end
        self.fence = fence
        """The opening fence's characters; empty for indented code."""
        self.indent = indent
        self.blanks: list[str] = []
        """Blank lines that belong to indented code only if more of it follows."""
        self.first = 0
        """Index of the open chunk's first line."""
        self._tail: list[str] = []  # the incomplete line; in a fork all lines it has taken
        self._size = 0
        self._is_fork = False

    def fork(self) -> Code:
        """Return a twin that keeps what it takes to itself: the listing is shared."""
        twin = Code(self.place, self.listing, self.start, self.end, self.fence, self.indent)
        twin.blanks, twin.first, twin._tail, twin._size = [*self.blanks], self.first, [*self._tail], self._size
        twin._is_fork = True
        return twin

    def add(self, text: str, end: int) -> list[Block]:
        """Take a line or a part of one (the newline included, if it has come); return the chunks it completes."""
        lines = [(line, self.end) for line in self.blanks]
        self.blanks = []
        text = (self._tail.pop() if self._tail else "") + text
        while len(text) > LONG:
            lines.append((text[:LONG], end - (len(text) - LONG - text.endswith("\n"))))
            text = text[LONG:]
        self.end = end
        if self._is_fork:
            self._tail += [*(line for line, _ in lines), text]
            return []
        if text.endswith("\n"):
            lines.append((text, end))
        else:
            self._tail.append(text)
        done: list[Block] = []
        for line, self.end in lines:
            self.listing.lines.append(line)
            self._size += len(line)
            if len(self.listing.lines) - self.first >= CHUNK_LINES or self._size >= CHUNK_CHARACTERS:
                done.append(self._chunk(()))
        self.end = end
        return done

    def close(self, end: int | None = None) -> list[Block]:
        """Return the last chunk; `end` is where the closing fence ends."""
        self.end = max(self.end, end or 0)
        tail = tuple(line for line in self._tail if line)
        if not self._is_fork:
            self.listing.lines += tail
            self.listing.close()
            tail = ()
        if self.first and self.first == len(self.listing.lines) and not tail:
            return []
        return [self._chunk(tail)]

    def _chunk(self, tail: tuple[str, ...]) -> CodeChunk:
        first, last = self.first, len(self.listing.lines)
        chunk = CodeChunk(self.start, self.end, self.place, self.listing, first, last, tail)
        if not self._is_fork:
            self.listing.chunks.append((first, last))
        self.first = last
        self._size = 0
        self.start = self.end
        return chunk


class Table:
    """An open table."""

    __slots__ = ("_before", "_is_head", "_shared", "columns", "end", "grown", "partial", "place", "rows", "start")

    def __init__(self, place: BlockContext, columns: TableColumns, start: int, end: int) -> None:
        self.place = place
        self.columns = columns
        self.start = start
        self.end = end
        self.rows: list[list[str]] = []
        self.partial = False
        self.grown = False
        """Whether the last row made a column wider."""
        self._is_head = True
        self._before: list[str] | None = None  # the last row of the chunk before
        self._shared = False

    def fork(self) -> Table:
        twin = Table(self.place, self.columns, self.start, self.end)
        twin.rows, twin._is_head, twin._shared, twin._before = [*self.rows], self._is_head, True, self._before
        return twin

    def add(self, line: str, end: int) -> list[Block]:
        """Take a row; return the chunk it completes."""
        cells = split_row(line, len(self.columns.head))
        self.end = end
        self.rows.append(cells)
        if self._shared:
            self.partial = True
            if self._is_head:  # all its rows are still open, so they can be laid out again
                self.columns = self.columns.ahead(cells, is_open=not line.rstrip().endswith("|"))
            return []
        self.grown = self.columns.grow(cells)
        if len(self.rows) < CHUNK_ROWS:
            return []
        return [self._chunk()]

    def close(self) -> list[Block]:
        return [self._chunk()] if self.rows or self._is_head else []

    def _chunk(self) -> TableChunk:
        chunk = TableChunk(
            self.start, self.end, self.place, self.columns, self.rows, self._is_head, self.partial, self._before
        )
        self._before = self.rows[-1] if self.rows else self._before
        self.rows = []
        self.start = self.end
        self._is_head = False
        return chunk


Leaf = Paragraph | Code | Table
