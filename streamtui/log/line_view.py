"""A scrolling surface of ready-made rows: paints the rows that changed, and scrolls without a layout.

Everything here that is private to Textual was checked on 8.2.8; tests/log/test_surface.py fails where it changes:
`ScrollView._size_updated`, `Widget._scroll_to`, `Widget._refresh_scrollbars`, `Widget._size`,
`Widget._vertical_scrollbar`, `App._start_widget`,
`ScrollBar.position` and `window_virtual_size` set without their watchers, `Widget.render_lines` in place of the
styles cache, `Widget._on_click` (double and triple clicks select there).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from streamtui.log.scroll_bar import RowScrollBar

_EIGHTHS: Final = 8


class LineView(ScrollView):
    """Shows the strips it is given; calls its subclass when the user scrolls and when the size changes.

    Stock scroll views lay out the screen when their content grows, animate towards positions that are guesses here,
    and pass every line through the styles cache. This one has neither border nor padding, so its strips go to the
    screen as they are.

    Every strip is as wide as the surface, the column of the scrollbar included, whether one is shown or not. The
    compositor knows of a scrollbar only after the next layout, and drops a row that does not fill what it takes the
    surface's width to be.
    """

    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.strips: list[Strip] = []
        """The rows on the screen."""
        self._placing = False
        self._thumb: tuple[int, int] | None = None
        self.blank_style = Style()
        """Fills the rows below the last."""

    # -- for the subclass

    def scrolled(self, old: int, new: int) -> None:
        """The user scrolled, by whatever means."""

    def resized(self, width: int, height: int) -> None:
        """The surface has another size. Called before anything of that size is painted."""

    @property
    def allow_select(self) -> bool:
        return True

    @property
    def text_width(self) -> int:
        """Cells of a row before the scrollbar's column."""
        return max(1, self.size.width - self.styles.scrollbar_size_vertical)

    def show_rows(self, strips: list[Strip], top: int, total: int) -> None:
        """Show `strips`, which begin on row `top` of `total`; only those that changed are painted."""
        height = self.size.height
        if len(strips) < height:
            strips += [Strip.blank(self.size.width, self.blank_style)] * (height - len(strips))
        old, self.strips = self.strips, strips
        self._place(top, total)
        if len(old) != len(strips):
            self.refresh()
            return
        regions = _changed(old, strips, self.size.width)
        if regions:
            self.refresh(*regions)

    # -- scrolling

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = RowScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def _place(self, top: int, total: int) -> None:
        """Say where we are, without the watchers that take it for the user's wish."""
        self._placing = True
        try:
            size = Size(self.text_width, total)
            self.set_reactive(Widget.virtual_size, size)
            self.set_reactive(Widget.scroll_y, float(top))
            self.set_reactive(Widget.scroll_target_y, float(top))
            if (total > self.size.height) != self.show_vertical_scrollbar:
                self._refresh_scrollbars()
                self._thumb = None
            if self.show_vertical_scrollbar:
                self._place_scrollbar(top, total)
        finally:
            self._placing = False

    def _place_scrollbar(self, top: int, total: int) -> None:
        bar = self.vertical_scrollbar
        height = self.size.height
        bar.set_reactive(ScrollBar.window_virtual_size, total)
        bar.set_reactive(ScrollBar.window_size, height)
        bar.set_reactive(ScrollBar.position, float(top))
        thumb = _thumb(top, total, height)
        if thumb != self._thumb:
            self._thumb = thumb
            bar.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if self._placing:
            return
        old, new = round(old_value), round(new_value)
        if old != new:
            self.scrolled(old, new)

    def _scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> bool:
        """Scroll at once: an animation would head for a row number that means another row by the time it is there."""
        options["animate"] = False
        return super()._scroll_to(x, y, **options)

    def action_page_up(self) -> None:
        """Scroll up by a window less a row."""
        self.scroll_relative(y=1 - self.size.height)

    def action_page_down(self) -> None:
        """Scroll down by a window less a row."""
        self.scroll_relative(y=self.size.height - 1)

    def action_scroll_home(self) -> None:
        """Go to the beginning."""
        self.scroll_to(y=0)

    # -- size and paint

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        self._placing = True
        before = self._size
        try:
            changed = super()._size_updated(size, virtual_size, container_size, layout)
        finally:
            self._placing = False
        if self._size != before and size.width and size.height:
            self._thumb = None
            self.resized(self.text_width, size.height)
        return changed

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = self.strips[crop.y : crop.bottom]
        if len(strips) < crop.height:
            strips += [Strip.blank(self.size.width, self.blank_style)] * (crop.height - len(strips))
        # The conversion of ANSI colours has nothing to do here: themes that use them switch it off.
        for line_filter in self.get_line_filters():
            if not isinstance(line_filter, ANSIToTruecolor):
                background = self.background_colors[1]
                strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.x or crop.width != self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips


def _changed(old: Sequence[Strip], new: Sequence[Strip], width: int) -> list[Region]:
    """Return the regions, whole rows, in which `new` differs: rows are compared, since a paragraph that grows is made
    anew with all its rows."""
    regions: list[Region] = []
    start: int | None = None
    for y, (was, becomes) in enumerate(zip(old, new, strict=True)):
        if was is becomes or was == becomes:
            if start is not None:
                regions.append(Region(0, start, width, y - start))
                start = None
        elif start is None:
            start = y
    if start is not None:
        regions.append(Region(0, start, width, len(new) - start))
    return regions


def _thumb(top: int, total: int, height: int) -> tuple[int, int]:
    """Return where the scrollbar's thumb begins and how long it is, in the eighths of a cell that it is drawn in."""
    if total <= height:
        return 0, height * _EIGHTHS
    length = max(1.0, height * height / total)
    start = (height - length) * top / (total - height)
    return int(start * _EIGHTHS), ceil(length * _EIGHTHS)
