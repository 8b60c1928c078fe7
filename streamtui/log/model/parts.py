"""A bubble as a run of parts of known or guessed heights. Knows no message, no styles and no scroll position."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from streamtui.log.model.heights import Heights
from streamtui.markdown import Block

if TYPE_CHECKING:  # it needs the parser
    from streamtui.log.model.content import AnyDocument, Content

HEAD: Final = 0
"""Part: the row of distance and the row that says who speaks."""
FOLD: Final = 1
"""Part: the row of the reasoning, of no height where there is none."""
FIRST_BLOCK: Final = 2
"""Part: the first block. Where the reasoning is unfolded its blocks come first, then a blank row as a part of its own,
then the answer's."""


class BlockPart(NamedTuple):
    """A part that is a block."""

    document: AnyDocument
    number: int
    """Of the block in the document, from 0."""
    block: Block


class Parts:
    """Head, fold, then one part per block; the foot comes after the last and is measured by the bubble."""

    __slots__ = ("_heights", "_reasoning_shown", "content", "unfolded")

    def __init__(self, content: Content | None, unfolded: bool) -> None:
        self.content = content
        """None for a bubble that nobody has seen yet."""
        self.unfolded = unfolded
        self._heights = Heights()
        self._reasoning_shown = 0
        """Parts between `FIRST_BLOCK` and the answer's first block: the reasoning's and the blank row after it."""

    @property
    def foot(self) -> int:
        """The index of the last part."""
        return len(self._heights)

    @property
    def total(self) -> int:
        """Rows of all parts but the foot."""
        return self._heights.total

    def at(self, row: int) -> int:
        """Return the part that covers `row`, counted from the bubble's first."""
        return self.foot if row >= self._heights.total else self._heights.at(row)

    def top(self, part: int) -> int:
        """Return the row, counted from the bubble's first, on which `part` begins."""
        return self._heights.top(part)

    def measured(self, part: int, height: int) -> bool:
        """Take over the exact height of `part`. Return whether that was not known."""
        if self._heights[part] == height:
            return False
        self._heights[part] = height
        return True

    def block(self, part: int) -> BlockPart | None:
        """Return the block that `part` is, None for the others."""
        index = part - FIRST_BLOCK
        if index < 0 or part >= self.foot or self.content is None:
            return None
        if index >= self._reasoning_shown:
            index -= self._reasoning_shown
            return BlockPart(self.content.body, index, self.content.body.blocks[index])
        reasoning = self.content.reasoning
        if reasoning is None or index == self._reasoning_shown - 1:
            return None
        return BlockPart(reasoning, index, reasoning.blocks[index])

    def part_of(self, document: object, index: int) -> int:
        """Return the part that block `index` of `document` is."""
        if self.content is not None and document is self.content.reasoning:
            return FIRST_BLOCK + min(index, self._reasoning_shown)
        return FIRST_BLOCK + self._reasoning_shown + index

    def estimate(self, width: int, part: int = HEAD) -> None:
        """Guess the heights of all parts from `part` on."""
        assert self.content is not None
        heights, reasoning = self._heights, self.content.reasoning
        heights.cut(part)
        if part <= HEAD:
            heights.extend([2])
        if part <= FOLD:
            heights.extend([1 if reasoning is not None else 0])
        shown = reasoning.blocks if self.unfolded and reasoning is not None else ()
        skip = max(part, FIRST_BLOCK) - FIRST_BLOCK
        self._reasoning_shown = len(shown) + 1 if shown else 0
        heights.extend([block.estimate(width) for block in shown[skip:]])
        if skip < self._reasoning_shown:
            heights.extend([1])
        skip = max(0, skip - self._reasoning_shown)
        heights.extend([block.estimate(width) for block in self.content.body.blocks[skip:]])

    def estimate_changed(self, width: int, changes: Iterable[tuple[AnyDocument, int]]) -> bool:
        """Guess the heights of what changed: documents with their first changed block. Return whether any did."""
        changed = False
        for document, index in changes:
            changed = True
            if self.content is not None and (document is self.content.body or self.unfolded):
                self.estimate(width, min(self.part_of(document, index), self.foot))
        return changed
