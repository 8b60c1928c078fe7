"""The unit of a document that is drawn, frozen and virtualised on its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from streamtui.markdown.containers import BlockContext
from streamtui.markdown.line import StyledLine
from streamtui.markdown.styles import Styles


class Block(ABC):
    """A run of rows of a document: a paragraph, a list item's text, some rows of a table, some lines of code.

    Blocks are values: text that arrives makes new ones. The blank row above a block belongs to it, so heights add up.
    """

    __slots__ = ("_key", "_lines", "end", "start")

    place: BlockContext
    """What it stands in."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        """Offset in the document's source of what a copy of the whole block gives."""
        self.end = end
        self._key: tuple[int, Styles] | None = None
        self._lines: Sequence[StyledLine] = ()

    def lines(self, width: int, styles: Styles) -> Sequence[StyledLine]:
        """Return the painted rows, kept until another width, other styles, or `forget`."""
        key = (width, styles)
        if self._key != key:
            self._lines = self._render(max(width, 4), styles)
            self._key = key
        return self._lines

    def forget(self) -> None:
        """Drop the painted rows."""
        self._key = None
        self._lines = ()

    def adopt(self, other: Block) -> None:  # noqa: B027
        """Take over what `other`, the block that stood here before, has painted and still holds, if anything."""

    def _known(self, width: int) -> int | None:
        return len(self._lines) if self._key is not None and self._key[0] == width else None

    @abstractmethod
    def same(self, other: Block) -> bool:
        """Whether `other` stands for the same source and looks the same."""

    @abstractmethod
    def estimate(self, width: int) -> int:
        """Guess the number of rows without parsing; exact if the rows of that width are at hand."""

    @abstractmethod
    def _render(self, width: int, styles: Styles) -> Sequence[StyledLine]: ...
