"""A Markdown document that grows."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter

from streamtui.markdown.block import Block
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.code_source import CodeSource, Highlighter
from streamtui.markdown.containers import Numbering
from streamtui.markdown.inline import displayable
from streamtui.markdown.open_blocks import Code
from streamtui.markdown.references import References, labels
from streamtui.markdown.scanner import Scanner
from streamtui.markdown.table import TableChunk, TableColumns
from streamtui.markdown.text_block import LONG, Rule, TextBlock

_UNDECIDED = re.compile(r"[ >]*(?:[-=*_+#~`|:]{1,2}|\d{1,3}[.)]?) ?")
"""The start of a line from which it can't be told yet what the line will be."""

_SLICE = 2048
"""Characters taken in before the clock is looked at."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced or indented code block, as numbered on screen."""

    number: int
    """Counts from 1 in source order."""
    language: str
    """First word of the info string, as written; may be empty."""
    text: str
    """Exactly what stands between the fences, without their indentation, last newline included."""
    block: int
    """Index in `Document.blocks` of the block with its head row."""


class Document:
    """Markdown source that arrives in pieces, as blocks that can be painted.

    Feed it with `append` as often as you like; `update` takes the text in, once a frame. Blocks freeze once text that
    is still to come can't change them. However the text was cut, the blocks end up as if it had come at once.
    Control and bidi characters other than newline and tab become U+FFFD, one for one, so offsets stay.
    """

    def __init__(self, source: str = "") -> None:
        self._pending: list[str] = []
        self._taken: list[str] = []
        self._finished = False
        self._is_closed = False
        self._blocks: list[Block] = []
        self._frozen = 0  # how many of them are
        self._painted: deque[CodeSource] = deque()
        self._colouring: Highlighter | None = None
        self._references: References = {}
        self._mentions: dict[str, list[int]] = {}  # label: indices of frozen blocks that may refer to it
        self._scanner = Scanner(self._references, self._painted)
        self._view = self._scanner  # the scanner that made the blocks at the end
        self._tail = ""  # the part of the last line that the scanner has not taken
        self._taken_to = 0  # offset of that part
        if source:
            self.append(source)

    @property
    def source(self) -> str:
        """All text so far, what `update` has not seen included."""
        if len(self._taken) + len(self._pending) > 1:
            self._taken = ["".join(self._taken)]
        return "".join([*self._taken, *self._pending])

    @property
    def blocks(self) -> Sequence[Block]:
        """As of the last `update` or `idle_work`. A view, not a copy."""
        return self._blocks

    @property
    def code_blocks(self) -> Sequence[CodeBlock]:
        """As of the last `update`, an open one included."""
        heads: dict[int, tuple[int, str]] = {}
        tails: dict[int, str] = {}
        for index, block in enumerate(self._blocks):
            if not isinstance(block, CodeChunk):
                continue
            if block.first == 0:
                heads[id(block.listing)] = (index, block.listing.language)
            tails[id(block.listing)] = "".join(block.tail)
        return [
            CodeBlock(listing.number, listing.language, listing.text + tails[id(listing)], heads[id(listing)][0])
            for listing in self._view.listings
            if id(listing) in heads
        ]

    def append(self, text: str) -> None:
        """Add text at the end; nothing is parsed until `update`."""
        if text:
            self._pending.append(displayable(text))

    def finish(self) -> None:
        """Say that no more text will come; call `update` once more after it."""
        self._finished = True

    @property
    def has_more(self) -> bool:
        """Whether `update` has something left to take in."""
        return bool(self._pending) or (self._finished and not self._is_closed)

    def update(self, budget: float = inf) -> int | None:
        """Take the pending text in; stop after about `budget` seconds, and then `has_more` says whether some is left.

        Returns the index of the first block that is new or another object than before, or the new number of blocks
        if the last ones are gone; None if all are as they were. Usually that is the open block at the end; a link
        definition can change any earlier block that refers to it, a wide table cell the rows above it.
        """
        if not self.has_more:
            return None
        scanner = self._scanner
        self._scan_pending(perf_counter() + budget)
        if self._finished and not self._pending:
            self._take_tail()
            scanner.close()
            self._is_closed = True
        frozen, scanner.done = scanner.done, []
        defined, scanner.defined = scanner.defined, []
        widened, scanner.widened = scanner.widened, []
        renumbered, scanner.renumbered = scanner.renumbered, []
        self._view = scanner if self._is_closed else self._look_ahead()
        changed = self._replace_end([*frozen, *self._view.done], may_keep=not defined)
        for index in range(self._frozen, self._frozen + len(frozen)):
            self._register(index)
        self._frozen += len(frozen)
        changed += [*self._relink(defined), *self._widen(widened), *self._renumber(renumbered)]
        return min(changed, default=None)

    @property
    def settled(self) -> int:
        """How many of the first blocks stay as they are whatever comes, but for tables that get wider and links whose
        address comes later."""
        return self._frozen

    def preview(self, text: str) -> Sequence[Block]:
        """Return the blocks after the settled ones as they would be if `text` came, and then the end.

        Nothing changes by it. Call it after `update`.
        """
        ahead = self._scanner.fork()
        lines = (self._tail + text).split("\n")
        start = self._taken_to
        for index, line in enumerate(lines):
            newline = "\n" if index < len(lines) - 1 else ""
            if ahead.open_line:
                ahead.extend(line, newline)
            else:
                ahead.line(line, start, newline)
            start += len(line) + len(newline)
        ahead.close()
        return ahead.done

    def idle_work(self, budget: float = 0.004) -> int | None:
        """Do at most about `budget` seconds of what can wait: finding colours of code.

        Returns the index of the first block that changed (as `update`), or None. Call it between frames while
        `has_idle_work`. Only code that was painted is queued.
        """
        deadline = perf_counter() + budget
        changed: list[int] = []
        while self.has_idle_work and perf_counter() < deadline:
            changed += self._colour(deadline)
        return min(changed, default=None)

    @property
    def has_idle_work(self) -> bool:
        """Whether `idle_work` has something left to do."""
        return self._colouring is not None or bool(self._painted)

    def _scan_pending(self, deadline: float) -> None:
        """Hand slices of the pending text on until `deadline`, but one at least."""
        text = "".join(self._pending)
        at = 0
        while at < len(text) and (at == 0 or perf_counter() < deadline):
            self._scan(text[at : at + _SLICE])
            at += _SLICE
        self._pending = [text[at:]] if at < len(text) else []

    def _scan(self, text: str) -> None:
        """Hand complete lines to the scanner, and what has come of a very long one."""
        self._taken.append(text)
        lines = (self._tail + text).split("\n")
        self._tail = lines.pop()
        for line in lines:
            self._take(line, "\n")
        if self._scanner.open_line or len(self._tail) >= self._scanner.limit(self._tail):
            self._take_tail()

    def _take_tail(self) -> None:
        tail, self._tail = self._tail, ""
        if tail:
            self._take(tail, "")

    def _take(self, line: str, newline: str) -> None:
        """Hand a line, or the rest of one, to the scanner; the first characters of a very long one say what it is."""
        scanner, start = self._scanner, self._taken_to
        self._taken_to += len(line) + len(newline)
        if scanner.open_line:
            scanner.extend(line, newline)
        elif len(line) < scanner.limit(line):
            scanner.line(line, start, newline)
        else:
            scanner.line(line[:LONG], start, "", is_long=True)
            scanner.extend(line[LONG:], newline)

    def _look_ahead(self) -> Scanner:
        """Return a scanner that has seen the document end here, or before a mark that says nothing yet.

        Text, a newline and "-" are a heading, for the moment until the "-" turns out to be a bullet.
        """
        ahead = self._scanner.fork()
        if self._tail and (isinstance(ahead.leaf, Code) or not _UNDECIDED.fullmatch(self._tail)):
            ahead.line(
                self._tail[:LONG], self._taken_to, ""
            )  # of a long row of a table the rest is shown once it's complete
        ahead.close()
        return ahead

    def _replace_end(self, blocks: list[Block], *, may_keep: bool) -> list[int]:
        """Put `blocks` in the place of those that are not frozen; what stays as it is stays the same object."""
        old = self._blocks[self._frozen :]
        for index, (before, block) in enumerate(zip(old, blocks, strict=False)):
            if not may_keep:
                break
            if block.same(before) and not (isinstance(block, TextBlock) and block.more):
                blocks[index] = before
            else:
                block.adopt(before)
        self._blocks[self._frozen :] = blocks
        for index, (before, block) in enumerate(zip(old, blocks, strict=False)):
            if before is not block:
                return [self._frozen + index]
        return [] if len(old) == len(blocks) else [self._frozen + min(len(old), len(blocks))]

    def _register(self, index: int) -> None:
        """Note what may change a block that is frozen now."""
        block = self._blocks[index]
        mentioning = ""
        if isinstance(block, TextBlock):
            mentioning = block.text[block.defines :]
        elif isinstance(block, TableChunk):
            mentioning = "\n".join(cell for row in [block.columns.head, *block.rows] for cell in row)
            if block.is_head:
                block.columns.first_block = index
        elif isinstance(block, CodeChunk) and block.first == 0:
            block.listing.first_block = index
        if "[" in mentioning:
            for label in set(labels(mentioning)):
                self._mentions.setdefault(label, []).append(index)

    def _relink(self, defined: Iterable[str]) -> list[int]:
        """Renew the frozen blocks that refer to links defined just now; return their indices."""
        changed = sorted({index for label in defined for index in self._mentions.get(label, ())})
        for index in changed:
            block = self._blocks[index]
            if isinstance(block, TextBlock):
                self._renew_flow(index, block.previous)
            elif isinstance(block, TableChunk):
                self._blocks[index] = block.renewed()
        return changed[:1]

    def _renew_flow(self, index: int, previous: TextBlock | None) -> None:
        """Renew a piece of a paragraph, and those that flow on from it."""
        while index < len(self._blocks):
            old = self._blocks[index]
            if not isinstance(old, TextBlock) or (previous is not old.previous and old.previous is None):
                return
            self._blocks[index] = previous = old.renewed(previous)
            if not old.more:
                return
            index += 1

    def _widen(self, tables: Iterable[TableColumns]) -> list[int]:
        """Renew the frozen rows of tables with a wider column; return the first index of each."""
        changed: list[int] = []
        for columns in tables:
            index = columns.first_block
            if index < 0 or index in changed:
                continue
            changed.append(index)
            while index < self._frozen:
                block = self._blocks[index]
                if not isinstance(block, TableChunk) or block.columns is not columns:
                    break
                self._blocks[index] = block.widened()
                index += 1
        return changed

    def _renumber(self, lists: Iterable[Numbering]) -> list[int]:
        """Renew the blocks whose list turned out to have numbers of its own; return their indices."""
        changed: list[int] = []
        for numbering in lists:
            for index in range(len(self._blocks) - 1, -1, -1):
                block = self._blocks[index]
                if not block.place.has_numbering(numbering):
                    if changed:
                        break
                elif block.place.shows_number(numbering):
                    changed.append(index)
                    self._renew(index, block)
        return changed

    def _renew(self, index: int, block: Block) -> None:
        match block:
            case TextBlock():
                self._renew_flow(index, block.previous)
            case CodeChunk() | TableChunk() | Rule():
                self._blocks[index] = block.renewed()
            case _:
                pass

    def _colour(self, deadline: float) -> list[int]:
        """Find missing colours of code until `deadline`; return the indices of blocks that changed."""
        job = self._colouring = self._colouring or Highlighter(self._painted.popleft())
        if not job.work(deadline):
            return []
        self._colouring = None
        listing = job.listing
        changed: list[int] = []
        for index in [listing.first_block + number for number in listing.settle()]:
            block = self._blocks[index] if 0 <= index < len(self._blocks) else None
            if isinstance(block, CodeChunk) and block.listing is listing:
                self._blocks[index] = block.renewed()
                changed.append(index)
        return changed
