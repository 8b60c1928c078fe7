"""One painted row of a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


class StyledLine(NamedTuple):
    """A row as painted, and what a copy of it needs to know."""

    strip: Strip
    """Exactly as many cells as asked for, background included."""
    gutter: int
    """Cells on the left that are not text: indent, bars, bullets, wrap mark."""
    text_end: int
    """Cells up to where the text ends; what follows is padding."""
    joint: str
    """What a copy puts between this row and the next: a newline where the source has one, the space (or nothing)
    that was there where the row was only wrapped."""


def paint(prefix: list[Segment], content: Iterable[Segment], width: int, pad: Style, joint: str = "\n") -> StyledLine:
    """Return a row of `prefix` (the gutter) and `content`, filled up to `width` cells with `pad`."""
    segments = [*prefix, *content]
    gutter = sum([cell_len(segment.text) for segment in prefix])
    end = gutter + sum([cell_len(segment.text) for segment in segments[len(prefix) :]])
    if end < width:
        segments.append(Segment(" " * (width - end), pad))
    elif end > width:  # a wide character where there is one cell
        return StyledLine(Strip(segments).crop(0, width), min(gutter, width), width, joint)
    return StyledLine(Strip(segments, width), gutter, end, joint)
