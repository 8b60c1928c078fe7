"""Asks every widget for no more rows than the screen needs of it.

Private Textual names used here, checked on 8.2.8: `Compositor._dirty_regions` and `_get_renders`, where the widgets
that may show in an update are asked for all their rows; `Screen._compositor`.
"""

from collections.abc import Iterable, Iterator

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

Render = tuple[Region, Region, list[Strip]]
"""Where rows stand, what they are cut off by, and the rows."""


class RowCompositor(Compositor):
    """The stock one renders the whole of every widget that touches the box around all changes, those behind others
    included: of a log that grows by a row, four screens full of rows."""

    def __init__(self) -> None:
        super().__init__()
        self._changed: tuple[Region, ...] = ()
        """What the update in hand is to show; empty while all of the screen is drawn."""

    def render_partial_update(self) -> ChopsUpdate | None:
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _get_renders(self, crop: Region | None = None) -> Iterable[Render]:
        return self._renders(self._changed) if self._changed else super()._get_renders(crop)

    def _renders(self, uncovered: Iterable[Region]) -> Iterator[Render]:
        """Yield rows from the front to the back, until they cover what changed."""
        for widget, (region, clip) in self.visible_widgets.items():
            visible = region.intersection(clip)
            lines: set[int] = set()
            left: list[Region] = []
            for part in uncovered:
                if covered := part.intersection(visible):
                    lines.update(covered.line_range)
                    left += _without(part, covered)
                else:
                    left.append(part)
            for first, last in _runs(lines):
                rows = Region(visible.x, first, visible.width, last - first + 1)
                yield rows, clip, widget.render_lines(rows.translate((-region.x, -region.y)))
            uncovered = left
            if not uncovered:
                return


class RowScreen(Screen[None]):
    """A screen that is drawn with no more work than it takes."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = RowCompositor()


def _without(region: Region, hole: Region) -> Iterator[Region]:
    """Yield what is left of `region` around a hole that is within it."""
    x, y, right, bottom = region.corners
    for around in (
        Region.from_corners(x, y, right, hole.y),
        Region.from_corners(x, hole.bottom, right, bottom),
        Region.from_corners(x, hole.y, hole.x, hole.bottom),
        Region.from_corners(hole.right, hole.y, right, hole.bottom),
    ):
        if around:
            yield around


def _runs(lines: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbours."""
    ordered = sorted(lines)
    start = 0
    for index, line in enumerate(ordered):
        if index + 1 == len(ordered) or ordered[index + 1] != line + 1:
            yield ordered[start], line
            start = index + 1
