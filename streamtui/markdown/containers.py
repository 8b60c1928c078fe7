"""The quotes and list items a block stands in, and the gutter they paint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rich.segment import Segment

from streamtui.markdown.line import StyledLine, paint
from streamtui.markdown.styles import Styles

_BULLETS = "•◦▪‣"
_BAR = "▎ "


@dataclass(frozen=True, slots=True, eq=False)
class Quote:
    """A block quote."""


@dataclass(slots=True, eq=False)
class Numbering:
    """How the numbers of one list are shown, known only as its items come."""

    is_counted: bool = True
    """Whether all items so far are written with the number of the first: then they are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A list item."""

    sort: str
    """The bullet character, or the delimiter after the number: another one starts another list."""
    number: int | None
    indent: int
    """Columns its content is indented by."""
    first: Item | None
    """The list's first item; None in the first item itself."""
    digits: str = ""
    """The number as written."""
    position: int = 0
    """Items of the list before this one."""
    numbering: Numbering = field(default_factory=Numbering)
    """Shared by the items of a list."""

    def next(self, number: int | None, indent: int, *, digits: str) -> Item:
        """Return the item after this one in the same list, written with `number`."""
        return Item(self.sort, number, indent, self.list, digits, self.position + 1, self.numbering)

    @property
    def list(self) -> Item:
        """Return what identifies the list."""
        return self.first or self

    @property
    def is_like_first(self) -> bool:
        """Whether it is written with the number of the first."""
        return self.number == self.list.number

    @property
    def shown(self) -> str:
        """The number as shown: as written, or counted where every item of the list is written with the same one."""
        if self.position and self.numbering.is_counted and self.is_like_first and self.digits:
            return str(int(self.list.digits) + self.position)
        return self.digits


Container = Quote | Item


class BlockContext(NamedTuple):
    """The containers a block stands in, and how it shows them."""

    containers: tuple[Container, ...]
    shown: int
    """Items from this index on show their marker on the block's first row."""
    gap: int
    """-1: no blank row above; else the number of containers that reach through it."""

    def has_numbering(self, numbering: Numbering) -> bool:
        """Whether the block stands in an item of this list."""
        return any(isinstance(container, Item) and container.numbering is numbering for container in self.containers)

    def shows_number(self, numbering: Numbering) -> bool:
        """Whether the block's first row has a marker that depends on how the list counts."""
        items = (container for container in self.containers[self.shown :] if isinstance(container, Item))
        return any(item.numbering is numbering and item.position for item in items)


class Gutter(NamedTuple):
    """The cells to the left of a block's rows."""

    first: list[Segment]
    rest: list[Segment]
    cells: int
    lost: str
    """Numbers for which there is no room; they lead the text."""


def gutter(place: BlockContext, width: int, styles: Styles, task: bool | None = None) -> Gutter:
    """Lay the gutter out; it takes at most half the width, outer containers give way.

    `task` turns the innermost bullet into an open or a ticked box.
    """
    if not place.containers:
        return Gutter([], [], 0, "")
    first: list[Segment] = []
    rest: list[Segment] = []
    lost: list[str] = []
    room = width // 2
    bar = Segment(_BAR, styles.text + styles.quote)
    for index in range(len(place.containers) - 1, -1, -1):
        container = place.containers[index]
        marker = _BAR if isinstance(container, Quote) else _marker(container, index, place)
        if len(marker) > room:
            room = 0
            if isinstance(container, Item) and container.number is not None and index >= place.shown:
                lost.append(marker.lstrip())
            continue
        room -= len(marker)
        if isinstance(container, Quote):
            first.append(bar)
            rest.append(bar)
            continue
        blank = Segment(" " * len(marker), styles.text)
        rest.append(blank)
        if index < place.shown:
            first.append(blank)
        elif task is not None and index == len(place.containers) - 1 and container.number is None:
            first.append(Segment("☑ ", styles.text + styles.task_done) if task else _open_box(styles))
        else:
            first.append(Segment(marker, styles.text + styles.bullet))
    cells = sum(len(segment.text) for segment in rest)
    return Gutter(first[::-1], rest[::-1], cells, "".join(reversed(lost)))


def _open_box(styles: Styles) -> Segment:
    return Segment("☐ ", styles.text + styles.task_open)


def _marker(item: Item, index: int, place: BlockContext) -> str:
    if item.number is not None:
        return f"{item.shown}{item.sort}".rjust(3) + " "
    depth = sum(isinstance(outer, Item) and outer.number is None for outer in place.containers[:index])
    return _BULLETS[depth % len(_BULLETS)] + " "


def gap_line(place: BlockContext, width: int, styles: Styles) -> StyledLine:
    """Return the blank row above a block."""
    outer = BlockContext(place.containers[: place.gap], place.gap, -1)
    return paint(gutter(outer, width, styles).rest, [], width, styles.text)
