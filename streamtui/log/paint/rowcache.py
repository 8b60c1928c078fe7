"""The painted rows of blocks, for as long as they are worth their memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from textual.strip import Strip

from streamtui.log.paint.frame import Frame
from streamtui.markdown import Block, Styles

_BUDGET: Final = 500
"""Rows kept; a strip takes about two kilobytes, and no window shows more than a hundred or two."""


class RowCache:
    """Full rows, bubble frame included, by block; the least recently seen go first."""

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._rows: OrderedDict[Block, tuple[Frame, list[Strip]]] = OrderedDict()
        self._count = 0
        self._latest: tuple[Frame | None, dict[int, tuple[Strip, Strip]]] = None, {}
        """By identity of a row's text: that text and the full row, of the block painted last. A block that grows keeps
        the text of its finished rows."""

    def rows(self, block: Block, frame: Frame, styles: Styles) -> Sequence[Strip]:
        cached = self._rows.get(block)
        if cached is not None and cached[0] == frame:
            self._rows.move_to_end(block)
            return cached[1]
        strips = self._framed([line.strip for line in block.lines(frame.inner, styles)], frame)
        self._count += len(strips) - (0 if cached is None else len(cached[1]))
        self._rows[block] = frame, strips
        self._rows.move_to_end(block)
        self._trim()
        return strips

    def _framed(self, texts: Sequence[Strip], frame: Frame) -> list[Strip]:
        """Return the full rows around `texts`; where these are the same objects as before, so are the rows."""
        known = self._latest[1] if self._latest[0] == frame else {}
        rows: dict[int, tuple[Strip, Strip]] = {}
        for text in texts:
            rows[id(text)] = known.get(id(text)) or (text, frame.row(list(text), text.cell_length))
        self._latest = frame, rows
        return [rows[id(text)][1] for text in texts]

    def clear(self) -> None:
        for block in self._rows:
            block.forget()
        self._rows.clear()
        self._count = 0
        self._latest = None, {}

    def _trim(self) -> None:
        while self._count > self._budget and len(self._rows) > 1:
            block, (_, strips) = self._rows.popitem(last=False)
            self._count -= len(strips)
            block.forget()
