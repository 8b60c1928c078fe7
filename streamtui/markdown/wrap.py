"""Break lines of text into rows; knows cells, not styles."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

_NO_BREAK_BEFORE = frozenset("，。、！？；：）」』】》〉”’…,.!?;:)]}%")
_NO_BREAK_AFTER = frozenset("（「『【《〈“‘([{")


class Span(NamedTuple):
    """A row's part of the text: offsets in characters, and the text dropped between it and the next row."""

    start: int
    end: int
    joint: str


def wrap(text: str, width: int) -> list[Span]:
    """Break prose into rows of at most `width` cells: at spaces, between wide characters, else inside a word.

    A newline in `text` always breaks. Never returns an empty list. A character wider than `width` gets a row of
    its own.
    """
    if "\n" not in text:
        return _wrap_line(text, 0, len(text), width)
    spans: list[Span] = []
    start = 0
    while (stop := text.find("\n", start)) >= 0:
        spans += _wrap_line(text, start, stop, width)
        start = stop + 1
        last = spans[-1]
        spans[-1] = Span(last.start, last.end, "\n")
    return spans + _wrap_line(text, start, len(text), width)


def _wrap_line(text: str, start: int, stop: int, width: int) -> list[Span]:
    part = text if start == 0 and stop == len(text) else text[start:stop]
    if part.isascii():
        return _wrap_narrow(text, start, stop, width)
    if len(part) * 2 <= width or cell_len(part) <= width:
        return [Span(start, stop, "")]
    return _wrap_wide(part, start, width)


def _wrap_narrow(text: str, start: int, stop: int, width: int) -> list[Span]:
    spans: list[Span] = []
    while stop - start > width:
        cut = text.rfind(" ", start + 1, start + width + 1)
        end = cut
        while end > start and text[end - 1] == " ":
            end -= 1
        if end <= start:
            spans.append(Span(start, start + width, ""))
            start += width
            continue
        after = cut + 1
        while after < stop and text[after] == " ":
            after += 1
        spans.append(Span(start, end, text[end:after]))
        start = after
    spans.append(Span(start, stop, ""))
    return spans


def _wrap_wide(text: str, offset: int, width: int) -> list[Span]:
    """Break text that has characters of two cells or none. `offset` is where it lies in the whole text."""
    spans: list[Span] = []
    row = 0  # where the row starts
    used = 0  # cells in it
    fit = after = -1  # the last chance to break: the row's end, the next row's start
    kept = 0  # cells of the row after that chance
    previous = ""
    for start, end, cells in split_graphemes(text)[0]:
        glyph = text[start:end]
        if glyph == " ":
            if previous != " ":
                fit = start
            after, kept = end, 0
            used += 1
            previous = glyph
            continue
        if (
            (cells == 2 or previous > "\u2e7f")
            and start > row
            and previous != " "
            and _may_break(previous[0], glyph[0])
        ):
            fit, after, kept = start, start, 0
        if used + cells > width and start > row:
            if fit <= row:
                fit, after, kept = start, start, 0
            spans.append(Span(offset + row, offset + fit, text[fit:after]))
            row, used, fit, after = after, kept, -1, -1
        used += cells
        kept += cells
        previous = glyph
    spans.append(Span(offset + row, offset + len(text), ""))
    return spans


def _may_break(before: str, after: str) -> bool:
    return after not in _NO_BREAK_BEFORE and before not in _NO_BREAK_AFTER


def chop(text: str, width: int) -> list[Span]:
    """Break code into rows of at most `width` cells, wherever that is. `text` has no newline and no tab."""
    if text.isascii():
        return [Span(at, min(at + width, len(text)), "") for at in range(0, len(text), width)] or [Span(0, 0, "")]
    spans: list[Span] = []
    row = used = 0
    for start, _, cells in split_graphemes(text)[0]:
        if used + cells > width and start > row:
            spans.append(Span(row, start, ""))
            row, used = start, 0
        used += cells
    spans.append(Span(row, len(text), ""))
    return spans
