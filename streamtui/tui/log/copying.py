"""What a copy of a selection gives: the source text, not the rows that it was drawn as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.selection import Selection

from streamtui.markdown import Block, Line
from streamtui.markdown.code import CodeChunk
from streamtui.tui.log.bubble import FIRST_BLOCK, Bubble
from streamtui.tui.log.plain import PlainText
from streamtui.tui.log.selection import ALL, Extent, extent, text_of
from streamtui.tui.log.view import View


def copied(view: View, selection: Selection) -> str:
    """Return the text under `selection`.

    Messages and blocks that lie in it whole are given as they were written, Markdown included; of others the words
    that are selected, rows that were only wrapped joined again. Code without its first fence is given as code alone.
    """
    pieces: list[str] = []
    for bubble in view.bubbles:
        span = extent(selection, bubble)
        if span is None:
            continue
        text = bubble.message.text if span == ALL and bubble.live is None else _bubble_text(view, bubble, span)
        if text:
            pieces.append(text)
    return "\n\n".join(pieces)


class _Piece(NamedTuple):
    text: str
    is_source: bool


def _bubble_text(view: View, bubble: Bubble, span: Extent) -> str:
    if not bubble.is_open:
        bubble.open(view.inner)
        view.sync(bubble)
    out: list[str] = []
    last_document: object = None
    reached = 0  # where in the document's source the last piece ended
    bare: object = None  # the code block whose first fence was left out
    for part in range(max(span.start.part, FIRST_BLOCK), min(span.end.part, bubble.foot - 1) + 1):
        found = bubble.block(part)
        if found is None:
            continue
        document, _, block = found
        listing = block.listing if isinstance(block, CodeChunk) else None
        source = document.source[block.start : block.end].rstrip("\n")
        lines = bubble.lines(part, view.frame(bubble))
        start = 0 if isinstance(document, PlainText) else _first_text_row(block, lines, view.inner)
        piece = _piece(part, lines, start, span, source, _code_lines(block), listing is not None and listing is bare)
        if piece is None:
            continue
        if out and listing is not None and listing is bare:
            out.append("\n")
        elif out:
            between = document.source[reached : block.start] if document is last_document else "\n\n"
            out.append("\n\n" if between.strip() else between)
        out.append(piece.text)
        if not piece.is_source:
            bare = listing
        last_document, reached = document, block.start + len(source)
    return "".join(out)


def _piece(
    part: int, lines: Sequence[Line], first: int, span: Extent, source: str, code: Sequence[str] | None, bare: bool
) -> _Piece | None:
    """Return what `span` selects of a block, whose text begins on row `first`."""
    rows = [at for at in range(first, len(lines)) if span.has(part, at)]
    if not rows:
        return None
    texts = {at: text_of(lines[at]) for at in rows}
    spans = {at: span.columns(part, at, len(text)) or (0, 0) for at, text in texts.items()}
    complete = {at for at in rows if spans[at] == (0, len(texts[at]))}
    has_head = span.start[:2] <= (part, max(0, first - 1)) or first == 0 or code is None
    if len(complete) == len(lines) - first and has_head and not bare:
        return _Piece(source, True)
    if not any(spans[at][0] < spans[at][1] for at in rows) and len(rows) == 1:
        return None
    out: list[str] = []
    number = sum(line.joint == "\n" for line in lines[first : rows[0]])
    for group in _source_lines(lines, rows):
        is_whole_line = complete.issuperset(group) and group[0] - 1 not in _wrapped(lines, first)
        if code is not None and is_whole_line and number < len(code):
            out.append(code[number])
        else:
            out.append("".join(texts[at][slice(*spans[at])] + _joint(lines, at, group) for at in group))
        number += 1
    return _Piece("\n".join(out), False)


def _source_lines(lines: Sequence[Line], rows: Sequence[int]) -> list[list[int]]:
    """Return the rows in groups, each of which was one line before it was wrapped."""
    groups: list[list[int]] = [[]]
    for at in rows:
        groups[-1].append(at)
        if lines[at].joint == "\n" and at != rows[-1]:
            groups.append([])
    return groups


def _wrapped(lines: Sequence[Line], first: int) -> set[int]:
    """Return the rows that go on in the next."""
    return {at for at in range(first, len(lines)) if lines[at].joint != "\n"}


def _joint(lines: Sequence[Line], at: int, group: Sequence[int]) -> str:
    return "" if at == group[-1] else lines[at].joint


def _first_text_row(block: Block, lines: Sequence[Line], width: int) -> int:
    """Return the row after the blank one and the head that a block may begin with."""
    if isinstance(block, CodeChunk):
        heads = [at for at, line in enumerate(lines[:2]) if line.gutter >= width]
        return heads[0] + 1 if heads else 0
    return 1 if len(lines) > 1 and lines[0].text_end <= lines[0].gutter else 0


def _code_lines(block: Block) -> Sequence[str] | None:
    """Return the lines of code in `block` as they are, tabs and trailing spaces included."""
    if not isinstance(block, CodeChunk):
        return None
    return "".join([*block.listing.lines[block.first : block.last], *block.tail]).split("\n")
