"""What a copy of a selection gives: the source text, not the rows that it was drawn as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.selection import Selection

from streamtui.log.model.bubble import Bubble
from streamtui.log.model.parts import FIRST_BLOCK
from streamtui.log.model.viewport import Viewport
from streamtui.log.select.positions import ALL, Extent, extent, text_of, with_sources
from streamtui.log.select.tables import table_text
from streamtui.markdown import Block, Document, StyledLine
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.plain import PlainText
from streamtui.markdown.table import TableChunk
from streamtui.markdown.text_block import TextBlock


def copied(view: Viewport, selection: Selection) -> str:
    """Return the text under `selection`.

    Messages and blocks that lie in it whole are given as they were written, Markdown included; of others the words
    that are selected, rows that were only wrapped joined again. Code without its first fence is given as code alone,
    several rows of a table as the lines they were written as.
    """
    pieces: list[str] = []
    for bubble in view.bubbles.ordered:
        span = extent(selection, bubble)
        if span is None:
            continue
        text = bubble.message.text if span == ALL and bubble.live is None else _bubble_text(view, bubble, span)
        if text:
            pieces.append(text)
    return "\n\n".join(pieces)


def _bubble_text(view: Viewport, bubble: Bubble, span: Extent) -> str:
    if not bubble.is_open:
        bubble.open(view.inner)
        view.bubbles.sync(bubble)
    elif bubble.is_behind:
        with view.held():
            bubble.parse()
            view.bubbles.sync(bubble)
    out: list[str] = []
    before: _Unit | None = None
    for unit in _units(bubble, span):
        text = unit.source if unit.lies_inside(span) else _selected(view, bubble, unit, span)
        if text is None:
            continue
        if before is not None:
            between = unit.document.source[before.end : unit.start] if unit.document is before.document else ""
            out.append(between if between and not between.strip() else "\n\n")
        out.append(text)
        before = unit
    return "".join(out)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block, or the pieces of one paragraph, one code block or one table: parts `first` to `last`."""

    document: Document | PlainText
    blocks: Sequence[Block]
    first: int
    last: int

    @property
    def start(self) -> int:
        return self.blocks[0].start

    @property
    def end(self) -> int:
        """Where its source ends, newlines at its end left out."""
        return self.start + len(self.source)

    @property
    def source(self) -> str:
        return self.document.source[self.start : self.blocks[-1].end].rstrip("\n")

    def lies_inside(self, span: Extent) -> bool:
        return span.start.part < self.first and span.end.part > self.last


def _units(bubble: Bubble, span: Extent) -> Iterator[_Unit]:
    parts = bubble.parts
    part = max(span.start.part, FIRST_BLOCK)
    while part <= min(span.end.part, parts.foot):
        if (here := parts.block(part)) is None:  # the blank row below the reasoning, or the foot
            part += 1
            continue
        first = last = part
        blocks = [here.block]
        while (prior := parts.block(first - 1)) is not None and _continues(blocks[0], prior.block):
            blocks.insert(0, prior.block)
            first -= 1
        while (later := parts.block(last + 1)) is not None and _continues(later.block, blocks[-1]):
            blocks.append(later.block)
            last += 1
        yield _Unit(here.document, blocks, first, last)
        part = last + 1


def _continues(block: Block, other: Block) -> bool:
    """Whether `block` goes on, in the same paragraph, code or table, where `other` stopped."""
    match block, other:
        case CodeChunk(), CodeChunk():
            return other.listing is block.listing
        case TableChunk(), TableChunk():
            return other.columns is block.columns
        case TextBlock(), _:
            return block.previous is other
    return False


@dataclass(frozen=True, slots=True)
class _Row:
    line: StyledLine
    text: str
    columns: tuple[int, int]
    """The selected characters."""

    @property
    def is_complete(self) -> bool:
        return self.columns == (0, len(self.text))

    @property
    def ends_line(self) -> bool:
        """Whether the source has a new line after it."""
        return self.line.joint == "\n"


def _selected(view: Viewport, bubble: Bubble, unit: _Unit, span: Extent) -> str | None:
    """Return what is selected of a block at an end of the selection."""
    if tables := [block for block in unit.blocks if isinstance(block, TableChunk)]:
        styles = bubble.styles(unit.document, view.bubbles.frame(bubble))
        return table_text(tables, unit.first, span, unit.source, view.inner, styles)
    rows: list[_Row] = []
    skipped = 0  # lines of the source before the first selected row
    head = (unit.first, 0)
    starts_line, is_whole = True, True
    for part in range(unit.first, unit.last + 1):
        block = unit.blocks[part - unit.first]
        lines = bubble.lines(part, view.bubbles.frame(bubble))
        first = 0 if isinstance(unit.document, PlainText) else _first_text_row(block, lines, view.inner)
        if part == unit.first:
            head = (part, max(0, first - 1))
        for at in range(first, len(lines)):
            line, text = lines[at], text_of(lines[at])
            if span.has(part, at):
                rows.append(_Row(line, text, span.columns(part, at, line) or (0, 0)))
                is_whole = is_whole and rows[-1].is_complete
                continue
            is_whole = False
            if not rows:
                starts_line = line.joint == "\n"
                skipped += starts_line
    code = _code_lines(unit)
    if is_whole and rows and (code is None or span.start[:2] <= head):
        return unit.source
    if not any(row.columns[0] < row.columns[1] for row in rows) and len(rows) < 2:
        return None
    return _joined(rows, code, skipped, starts_line)


def _joined(rows: Sequence[_Row], code: Sequence[str] | None, number: int, starts_line: bool) -> str:
    """Return the text of `rows`, wrapped ones joined; of `code` whole lines as they are, from line `number` on."""
    if code is None:
        return _joined_text(rows)
    out: list[str] = []
    group: list[_Row] = []
    for at, row in enumerate(rows):
        group.append(row)
        if not row.ends_line and at < len(rows) - 1:
            continue
        is_line = row.ends_line and starts_line and all(row.is_complete for row in group)
        if is_line and number < len(code):
            out.append(code[number])
        else:
            texts = [part.text[slice(*part.columns)] + part.line.joint for part in group]
            out.append("".join(texts).removesuffix(row.line.joint))
        group, starts_line = [], True
        number += 1
    return "\n".join(out)


def _joined_text(rows: Sequence[_Row]) -> str:
    """Return the selected text; a formula that is touched is given whole, as it was written."""
    out: list[str] = []
    joint = ""
    formula: str | None = None
    for row in rows:
        for text, source in with_sources(row.line, *row.columns):
            if source is None or source != formula:  # else the formula goes on
                out += [joint, text if source is None else source]
            joint, formula = "", source
        joint += row.line.joint
    return "".join(out) + joint.removesuffix(rows[-1].line.joint if rows else "")


def _first_text_row(block: Block, lines: Sequence[StyledLine], width: int) -> int:
    """Return the row after the blank one and the head that a block may begin with."""
    if isinstance(block, CodeChunk):
        heads = [at for at, line in enumerate(lines[:2]) if line.gutter >= width]
        return heads[0] + 1 if heads else 0
    return 1 if len(lines) > 1 and lines[0].text_end <= lines[0].gutter else 0


def _code_lines(unit: _Unit) -> Sequence[str] | None:
    """Return the lines of a code block as they are, tabs and trailing spaces included; None for anything else."""
    lines: list[str] = []
    for block in unit.blocks:
        if not isinstance(block, CodeChunk):
            return None
        lines += [*block.listing.lines[block.first : block.last], *block.tail]
    return "".join(lines).split("\n")
