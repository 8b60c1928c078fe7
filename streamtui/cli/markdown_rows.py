"""Markdown that streams to a terminal, row by row: what is written stays as it is.

A row is written once nothing that may follow can change it. That is asked of the Markdown engine itself: the open end
of the text is rendered as if one thing or another came next, and the rows that are the same in all these renderings
are safe. A table waits until it is complete, since its last row may widen the first.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Final

from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from streamtui.markdown import Block, Colors, Document, Styles
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.table import TableChunk

WIDEST: Final = 110
"""Cells of a row: longer ones are hard to read."""
_CLOSERS: Final = ("*", "**", "_", "`", "``", "~~", "](y)", "(y)", ")", '")', ">", '">', "$", "$$", "\\)", ";")
_NEXT_LINES: Final = ("\nx", "\n\n- x", "\n- x", "\n    x", "\n> x", "\n```\nx", "\n|-|\n|x|")
_NEXT: Final = (" x", *_CLOSERS, *(f"x{closer}" for closer in _CLOSERS), *_NEXT_LINES)
"""What may come: ends of emphasis, code, links, tags and formulas, at once or after more text, and lines that say what
the one before is."""
_UNDERLINES: Final = ("\n---", "\n===")
"""What may come after a short line; a long one is no heading."""
_BUTTON: Final = " copy"
_SYSTEM: Final = ColorSystem.STANDARD
"""The colours that every theme of a terminal sets."""
_COLORS: Final = Colors(
    accent="cyan",
    muted="bright_black",
    code="cyan",
    success="green",
    error="red",
    tokens=("magenta", "blue", "cyan", "green", "yellow", "bright_black"),
)


class MarkdownRows:
    """Takes source and returns the rows that are complete, for a terminal of `width` cells."""

    def __init__(self, width: int, *, has_colors: bool) -> None:
        self._width = min(width, WIDEST)
        self._has_colors = has_colors
        self._styles = Styles.of(_COLORS)
        self._document = Document()
        self._blocks = 0
        """How many blocks are written."""
        self._rows = 0
        """How many rows are written of the blocks after those."""
        self._tried = 0
        """How many rows these had when it was last asked which of them are safe."""
        self._last_lines = ""
        """The last line of the source and the one before: together they may be the head of a table."""

    def feed(self, text: str) -> str:
        """Take the next piece of source; return the rows that are safe by then, each with its newline."""
        self._document.append(text)
        self._document.update()
        self._last_lines = "\n".join((self._last_lines + text).split("\n")[-2:])
        blocks = self._document.blocks
        table = _open_table(blocks)
        rows = self._take(blocks[self._blocks : min(self._document.settled, table)])
        if table == len(blocks) and self._document.settled == self._blocks:
            rows += self._take_safe("\n" in text)
        return self._painted(rows)

    def finish(self) -> str:
        """Return the rows that are left: no more source comes."""
        self._document.finish()
        self._document.update()
        return self._painted(self._take(self._document.blocks[self._blocks :]))

    def _take(self, blocks: Sequence[Block]) -> list[Strip]:
        """Return the rows of the next blocks that are not written yet; they count as written from here on."""
        rows = self._lines(blocks)
        new, self._rows = rows[self._rows :], max(0, self._rows - len(rows))
        self._blocks += len(blocks)
        if blocks:
            self._tried = 0
        return new

    def _take_safe(self, has_newline: bool) -> list[Strip]:
        """Return the rows after the settled blocks that nothing can change; the last one can always grow."""
        rows = self._lines(self._document.blocks[self._blocks :])[:-1]
        if len(rows) <= self._rows or not (len(rows) > self._tried or has_newline):
            return []
        self._tried = len(rows)
        if not isinstance(self._document.blocks[-1], CodeChunk):
            rows = [] if "|" in self._last_lines else self._unchanged(rows)
        new, self._rows = rows[self._rows :], max(self._rows, len(rows))
        return new

    def _unchanged(self, rows: list[Strip]) -> list[Strip]:
        """Return the first of these rows, those that are the same whatever comes."""
        for text in _NEXT if len(rows) > 1 else (*_NEXT, *_UNDERLINES):
            if len(rows) <= self._rows:
                break
            other = self._lines(self._document.preview(text))
            pairs = takewhile(lambda pair: pair[0] == pair[1], zip(rows, other, strict=False))
            rows = [row for row, _ in pairs]
        return rows

    def _lines(self, blocks: Sequence[Block]) -> list[Strip]:
        return [line.strip for block in blocks for line in block.lines(self._width, self._styles)]

    def _painted(self, rows: Sequence[Strip]) -> str:
        if not self._has_colors:
            return "".join(f"{''.join(text for text, _ in _segments(row)).rstrip()}\n" for row in rows)
        return "".join(f"{_ansi(row)}\n" for row in rows)


def _open_table(blocks: Sequence[Block]) -> int:
    """Return the index of the first block of the table at the end, or how many blocks there are if there is none."""
    index = len(blocks)
    last = blocks[-1] if blocks else None
    if not isinstance(last, TableChunk):
        return index
    while index and isinstance(block := blocks[index - 1], TableChunk) and block.columns is last.columns:
        index -= 1
    return index


def _ansi(row: Strip) -> str:
    """Return the row with its styles, without the padding at its end."""
    parts = _segments(row)
    while parts and not parts[-1][0].strip() and not _has_background(parts[-1][1]):
        parts.pop()
    return "".join(_styled(text, style) for text, style in parts)


def _segments(row: Strip) -> list[tuple[str, Style | None]]:
    """Return the texts of a row with their styles, without the button above code: here nobody can press it."""
    return [(text, style) for text, style, _ in row if not (text == _BUTTON and style and "code" in style.meta)]


def _styled(text: str, style: Style | None) -> str:
    return text if style is None else _terminal_style(style).render(text, color_system=_SYSTEM)


def _has_background(style: Style | None) -> bool:
    return style is not None and style.bgcolor is not None and not style.bgcolor.is_default


@lru_cache(maxsize=256)
def _terminal_style(style: Style) -> Style:
    """Return the style without colours that are the terminal's own anyway."""
    color = None if style.color is None or style.color.is_default else style.color
    background = style.bgcolor if _has_background(style) else None
    return Style.from_color(color, background) + Style(
        bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, strike=style.strike
    )
