"""Blocks made of items that are painted one by one: lines of code, rows of a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence

from streamtui.markdown.block import Block
from streamtui.markdown.line import StyledLine
from streamtui.markdown.styles import Styles


class ItemizedBlock(Block):
    """A block that paints only the items its predecessor has not painted yet."""

    __slots__ = ("_painted",)

    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self._painted: tuple[Hashable, list[list[StyledLine]]] = (None, [])

    def forget(self) -> None:
        super().forget()
        self._painted = (None, [])

    def adopt(self, other: Block) -> None:
        if isinstance(other, ItemizedBlock) and self._grew_from(other):
            layout, painted = other._painted
            self._painted = (layout, painted[: other._settled()])

    def item_rows(self, width: int, styles: Styles) -> list[range]:
        """Return which of the painted rows are each item's; those above the first one's are the head."""
        row = len(self.lines(width, styles)) - sum([len(item) for item in self._painted[1]])
        spans: list[range] = []
        for item in self._painted[1]:
            spans.append(range(row, row + len(item)))
            row += len(item)
        return spans

    @abstractmethod
    def _grew_from(self, other: ItemizedBlock) -> bool:
        """Whether the settled items of `other` are the first items of this block."""

    @abstractmethod
    def _settled(self) -> int:
        """Return the number of items that growth can't change any more."""

    @abstractmethod
    def _count(self) -> int: ...

    @abstractmethod
    def _layout(self, width: int, styles: Styles) -> Hashable:
        """Return all that painted items depend on."""

    @abstractmethod
    def _paint_item(self, index: int, width: int, styles: Styles) -> list[StyledLine]: ...

    @abstractmethod
    def _paint_head(self, width: int, styles: Styles) -> list[StyledLine]: ...

    def _render(self, width: int, styles: Styles) -> Sequence[StyledLine]:
        layout = self._layout(width, styles)
        known, painted = self._painted
        painted = list(painted) if known == layout else []
        for index in range(len(painted), self._count()):
            painted.append(self._paint_item(index, width, styles))
        self._painted = (layout, painted)
        lines = self._paint_head(width, styles)
        for item in painted:
            lines += item
        return lines
