"""Source lines to blocks: the block structure of CommonMark and GFM tables, one line after the other.

Follows the algorithm of the CommonMark spec (appendix "A parsing strategy"), flattened: quotes and list items make no
blocks of their own, each leaf knows the ones it stands in. A line is settled by itself and those before it; the one
exception, a table's delimiter row, changes a paragraph that is still open. So a stream makes the same blocks as the
whole text. Knows no inline markup.
"""

from __future__ import annotations

import re
from collections import deque

from streamtui.markdown.block import Block
from streamtui.markdown.code_source import CodeSource
from streamtui.markdown.containers import BlockContext, Item, Numbering, Quote
from streamtui.markdown.cursor import Cursor
from streamtui.markdown.open_blocks import Code, Leaf, Paragraph, Table
from streamtui.markdown.open_containers import OpenContainers, enter_quote, item_at
from streamtui.markdown.references import References, is_footnote
from streamtui.markdown.table import LONGEST_ROW, TableColumns, is_row, parse_delimiter, split_head
from streamtui.markdown.text_block import LONG, Rule, TextBlock

_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_HEADING_END = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_TITLE = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:[ ,'’-]+[^\W\d_]+)*[?!]?\s*")
"""What an underline of a single sign makes a heading: words, the first one capitalised. Others are sums or lists."""
_PROMPT = re.compile(r">>>(?:[ \t]|$)")
"""Python's prompt, which three quotes within each other are hardly ever written like."""
_ROW = re.compile(r"(?:[ \t>]|[-+*] |\d{1,9}[.)] )*\|")
_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*$")


class Scanner:
    """The state of a document after some lines: the open containers, the open leaf, and the blocks that are done."""

    def __init__(self, references: References, painted: deque[CodeSource]) -> None:
        self.references = references
        self._painted = painted
        self.done: list[Block] = []
        """Blocks completed since the owner last took them."""
        self.listings: list[CodeSource] = []
        """All code blocks, in order."""
        self.defined: list[str] = []
        """Labels of link definitions completed since the owner last took them."""
        self.widened: list[TableColumns] = []
        """Tables whose columns got wider since the owner last took them."""
        self.renumbered: list[Numbering] = []
        """Lists that turned out, since the owner last took them, not to be counted."""
        self.open_line = False
        """Whether the last line given to `line` may go on with `extend`."""
        self.leaf: Leaf | None = None
        self._open = OpenContainers()
        self._start = 0  # offset of the current line
        self._stop = 0  # and of its end
        self._newline = ""
        self._is_long = False  # whether the current line is text whatever it starts with
        self._in_footnote = False  # whether the last leaf is a footnote or goes on with one
        self._is_fork = False

    def fork(self) -> Scanner:
        """Return a twin that goes its own way, to see what there would be if the text ended soon.

        It gives only the blocks the original has not given, and defines no links.
        """
        twin = Scanner(self.references, self._painted)
        twin.listings = self.listings
        twin.open_line = self.open_line
        twin.leaf = self.leaf.fork() if self.leaf else None
        twin._open = self._open.fork()
        twin._start, twin._stop, twin._is_fork = self._start, self._stop, True
        twin._in_footnote = self._in_footnote
        return twin

    def line(self, text: str, start: int, newline: str = "\n", *, is_long: bool = False) -> None:
        """Take the next line. `text` lacks the newline, `start` is its offset; `newline` is empty if it may go on.

        `is_long`: it's the first part of a line, enough to say what that is; the rest goes to `extend`.
        """
        self._start, self._stop, self._newline = start, start + len(text), newline
        self._is_long = is_long
        self.open_line = self._is_long
        cursor = Cursor(text)
        matched = self._open.match(cursor)
        full = matched == len(self._open)
        leaf = self.leaf
        if full and isinstance(leaf, Code) and self._code_line(leaf, cursor):
            return
        if isinstance(leaf, Paragraph) and not cursor.blank() and leaf.claims(cursor.rest(), is_lazy=not full):
            self._text(cursor, matched=len(self._open), full=full, opened=False)
            return
        if cursor.blank():
            self._close_to(matched)
            self._close_leaf()
            self._open.is_after_blank = True
            return
        opened = self._open_blocks(cursor, matched, full)
        if opened is None:
            return
        if cursor.blank():
            self._open.is_after_blank = self._open.is_after_blank or isinstance(self._open.containers[-1], Quote)
            return
        self._text(cursor, matched, full, opened)

    def limit(self, text: str) -> int:
        """Return the length from which a line that starts with `text` is taken in parts."""
        return LONGEST_ROW if isinstance(self.leaf, Table) or _ROW.match(text) else LONG

    def extend(self, text: str, newline: str = "") -> None:
        """Take more of the line that `open_line` speaks of, and perhaps its end."""
        self._stop += len(text)
        self.open_line = not newline
        if isinstance(self.leaf, Paragraph):
            self.leaf.extend(text)
            self._drain(self.leaf)
        elif isinstance(self.leaf, Code):
            if text + newline:
                self.done += self.leaf.add(text + newline, self._stop)
        elif rest := text.lstrip(" \t"):
            self._add_paragraph(rest, self._stop - len(rest))

    def close(self) -> None:
        """End the document."""
        self._close_to(0)
        self._close_leaf()

    # Containers

    def _close_to(self, depth: int) -> None:
        """Close the containers from `depth` on, with the leaf in them."""
        if depth == len(self._open):
            return
        self._close_leaf()
        if self._open.has_empty_item(depth):
            self.done.append(TextBlock(self._start, self._start, self._place(), "", 0, self.references))
        self._open.cut(depth)

    def _place(self) -> BlockContext:
        self._in_footnote = False
        return self._open.place()

    # Leaves

    def _close_leaf(self) -> None:
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, Paragraph):
            self._define(leaf.take_definitions())
            self.done += leaf.close()
        elif leaf is not None:
            self.done += leaf.close()

    def _define(self, entries: References) -> None:
        if self._is_fork:
            return
        for label, entry in entries.items():
            if label not in self.references:
                self.references[label] = entry
                self.defined.append(label)

    def _drain(self, leaf: Paragraph) -> None:
        done, entries = leaf.drain()
        self.done += done
        self._define(entries)

    def _code_line(self, leaf: Code, cursor: Cursor) -> bool:
        """Give a line to open code; False if it ends there and the line is something else."""
        indent = cursor.indent()
        if leaf.fence:
            rest = cursor.text[cursor.first :].rstrip(" \t")
            is_end = len(rest) >= len(leaf.fence) and rest == leaf.fence[0] * len(rest)
            if indent <= 3 and is_end and not self._is_long:
                self.done += leaf.close(self._stop)
                self.leaf = None
                return True
            cursor.skip(min(indent, leaf.indent))
        elif cursor.blank() and not self._is_long:
            cursor.skip(4)
            leaf.blanks.append(cursor.rest() + self._newline)
            self._open.is_after_blank = True
            return True
        elif indent >= 4:
            cursor.skip(4)
            self._open.is_after_blank = False
        else:
            self._close_leaf()
            return False
        self._add_code(leaf, cursor.rest())
        return True

    def _add_code(self, leaf: Code, text: str) -> None:
        self.open_line = not self._newline
        if text := text + self._newline:
            self.done += leaf.add(text, self._stop)

    def _open_code(self, fence: str, info: str, indent: int) -> Code:
        listing = CodeSource(len(self.listings) + 1, info, self._painted)
        if self._is_fork:
            self.listings = [*self.listings, listing]
        else:
            self.listings.append(listing)
        code = Code(self._place(), listing, self._start, self._stop, fence, indent)
        self.leaf = code
        return code

    # Lines

    def _open_blocks(self, cursor: Cursor, matched: int, full: bool) -> bool | None:
        """Open what the line starts: containers, then perhaps a leaf. None if that takes the whole line."""
        opened = False
        in_paragraph = full and isinstance(self.leaf, Paragraph)
        sibling = None if full else self._open.containers[matched]
        while not cursor.blank():
            indent = cursor.indent()
            if indent >= 4:
                return self._indented(cursor, matched, opened)
            rest = cursor.text[cursor.first :]
            if in_paragraph and not opened and self._becomes(rest):
                return None
            if rest[0] == ">" and not self._open.is_full and not _PROMPT.match(rest):
                self._interrupt(matched, opened)
                enter_quote(cursor)
                self._open.containers.append(Quote())
            elif self._leaf_line(rest, cursor.indent(), matched, opened):
                return None
            elif not self._open.is_full and (item := item_at(cursor, rest, in_paragraph and not opened, sibling)):
                self._interrupt(matched, opened)
                self._open.containers.append(self._numbered(item))
            else:
                return opened
            opened = True
            sibling = None
        return opened

    def _interrupt(self, matched: int, opened: bool) -> None:
        if opened:
            return
        self._close_to(matched)
        self._close_leaf()

    def _indented(self, cursor: Cursor, matched: int, opened: bool) -> bool | None:
        """Take an indented line: code, unless a paragraph or a footnote goes on. None if that takes the whole line."""
        if isinstance(self.leaf, Paragraph) and not opened:
            return False
        if self._in_footnote and not opened and matched == len(self._open):
            self._close_leaf()
            cursor.skip(4)
            self._add_paragraph(cursor.rest().lstrip(), self._start + cursor.first)
            self._in_footnote = True
            self.open_line = not self._newline
            return None
        self._interrupt(matched, opened)
        cursor.skip(4)
        self._add_code(self._open_code("", "", 0), cursor.rest())
        return None

    def _leaf_line(self, rest: str, indent: int, matched: int, opened: bool) -> bool:
        """Take a line that is a leaf of its own or opens a fence."""
        if self._is_long:
            return False
        first = rest[0]
        if first == "#" and (heading := _HEADING.match(rest)):
            self._interrupt(matched, opened)
            text = _HEADING_END.sub("", rest[heading.end() :]).strip(" \t")
            level = len(heading[1])
            self.done.append(TextBlock(self._start, self._stop, self._place(), text, level, self.references))
            return True
        if first in "`~" and (fence := _FENCE.match(rest)):
            self._interrupt(matched, opened)
            self._open_code(fence[1] or fence[3], fence[2] or fence[4] or "", indent)
            return True
        if first in "-_*":
            marks = rest.replace(" ", "").replace("\t", "")
            if len(marks) >= 3 and marks == first * len(marks):
                self._interrupt(matched, opened)
                self.done.append(Rule(self._start, self._stop, self._place()))
                return True
        return False

    def _becomes(self, rest: str) -> bool:
        """Turn the open paragraph into a heading or a table, if this line makes it one."""
        leaf = self.leaf
        if not isinstance(leaf, Paragraph):
            return False
        if (aligns := parse_delimiter(rest)) is not None and self._to_table(leaf, aligns):
            return True
        if leaf.previous or len(leaf.text) + len(rest) + 1 >= LONG or not _UNDERLINE.match(rest):
            return False
        if len(rest.rstrip()) == 1 and not _TITLE.fullmatch(leaf.text):
            return False
        self._define(leaf.take_definitions())
        if leaf.is_all_definitions:
            return False
        self.done += leaf.split_definitions()
        leaf.end = self._stop
        self.done += leaf.close(1 if rest[0] == "=" else 2)
        self.leaf = None
        return True

    def _to_table(self, leaf: Paragraph, aligns: list[str]) -> bool:
        head = leaf.last_line()
        if not leaf.may_become_table or "|" not in head or len(split_head(head, len(aligns))) != len(aligns):
            return False
        start = leaf.drop_last_line()
        place = leaf.place
        self._define(leaf.take_definitions())
        if before := leaf.close():
            self.done += before
            place = self._place()
        else:
            start = leaf.start if not leaf.text else start
        columns = TableColumns(split_head(head, len(aligns)), aligns, self.references)
        self.leaf = Table(place, columns, start, self._stop)
        return True

    def _numbered(self, item: Item) -> Item:
        """Take note if the list turns out to be written with numbers of its own."""
        if item.numbering.is_counted and not item.is_like_first and not self._is_fork:
            item.numbering.is_counted = False
            if item.position > 1:
                self.renumbered.append(item.numbering)
        return item

    def _text(self, cursor: Cursor, matched: int, full: bool, opened: bool) -> None:
        """Take a line that is nothing but text: more of a paragraph or table, or a new paragraph."""
        first = cursor.first
        indent = cursor.indent()
        text = cursor.text[first:]
        leaf = self.leaf
        origin = self._start + first
        if not opened:
            if isinstance(leaf, Paragraph) and not (full and is_footnote(text)):
                leaf.add(text, origin, indent)
                leaf.lazy, leaf.is_long = not full, self._is_long
                self._open.is_after_blank = False
                self._drain(leaf)
                self.open_line = not self._newline
                return
            if isinstance(leaf, Table) and full and not self._is_long and is_row(text):
                self.done += leaf.add(text, self._stop)
                self._open.is_after_blank = False
                if leaf.grown:
                    self.widened.append(leaf.columns)
                return
            self._interrupt(matched, opened)
        self._add_paragraph(text, origin, indent if indent > 1 else 0)
        self._in_footnote = is_footnote(text)
        self.open_line = not self._newline

    def _add_paragraph(self, text: str, origin: int, indent: int = 0) -> None:
        paragraph = Paragraph(self._place(), self.references, self._start)
        self.leaf = paragraph
        paragraph.is_long = self._is_long
        paragraph.add(text, origin, indent)
        self._drain(paragraph)
