"""A row of the log that is found again after heights have changed: by its text where it has some."""

from __future__ import annotations

from dataclasses import dataclass

from streamtui.log.model.anchor import Anchor, InText, anchor, cells_of, row_of
from streamtui.log.model.bubble import Bubble
from streamtui.log.model.bubbles import Bubbles
from streamtui.log.model.parts import HEAD


@dataclass(frozen=True, slots=True)
class Place:
    """A row, in terms that neither another width nor growth changes."""

    bubble: Bubble
    document: object
    """The document whose block stands there; None where it is another part, or the bubble is closed."""
    index: int
    """Of the block in the document, else of the part."""
    anchor: Anchor | None
    line: int
    part_from_end: bool
    """Whether the part is the foot, wherever that is."""


def place_of(bubbles: Bubbles, row: int) -> Place | None:
    """Return the place of `row`; there is none in an empty log."""
    position = bubbles.locate(row)
    if position is None:
        return None
    bubble, part = bubbles[position[0]], position[1]
    line = row - bubbles.top(position[0]) - bubble.parts.top(part)
    if not bubble.is_open:
        return Place(bubble, None, 0, None, line, False)
    block = bubble.parts.block(part)
    if block is None:
        return Place(bubble, None, part, None, line, part == bubble.parts.foot)
    styles = bubble.styles(block.document, bubbles.frame(bubble))
    spot = anchor(block.block, line, bubbles.inner, styles)
    if isinstance(spot, InText):
        spot = InText(spot.character - _lead(bubbles, bubble, part))
    return Place(bubble, block.document, block.number, spot, line, False)


def find(bubbles: Bubbles, place: Place) -> int:
    """Return the row that `place` is on now."""
    bubble = place.bubble
    index = bubbles.index(bubble)
    start = bubbles.top(index)
    if not bubble.is_open:
        return start + min(place.line, bubble.height - 1)
    parts = bubble.parts
    if place.document is None:
        return start + parts.top(parts.foot if place.part_from_end else place.index) + place.line
    part, spot = min(parts.part_of(place.document, place.index), parts.foot), place.anchor
    if isinstance(spot, InText):
        character = spot.character + _lead(bubbles, bubble, part)
        while character < 0 and part > HEAD:
            part -= 1
            character += cells_of(bubble.lines(part, bubbles.frame(bubble)))
        spot = InText(character)
    bubbles.rows(index, part)
    line = place.line
    block = parts.block(part)
    if spot is not None and block is not None:
        styles = bubble.styles(block.document, bubbles.frame(bubble))
        line = row_of(block.block, spot, bubbles.inner, styles)
    return bubbles.top(index) + parts.top(part) + line


def _lead(bubbles: Bubbles, bubble: Bubble, part: int) -> int:
    """Return how many cells of a block's first row are text of the block before, a piece of the same paragraph."""
    from streamtui.markdown.text_block import TextBlock  # it needs the parser, as what has blocks does

    block = bubble.parts.block(part)
    if block is None or not isinstance(block.block, TextBlock):
        return 0
    return block.block.lead(bubbles.inner, bubble.styles(block.document, bubbles.frame(bubble)))
