"""A scrollbar that costs next to nothing to draw: it changes with almost every row that comes in.

Private Textual names used here, checked on 8.2.8: `ScrollBarRender.render_bar`, which gives the bar as one segment a
row.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


class RowScrollBar(ScrollBar):
    """The stock one goes through Rich's console, its own layout and the styles cache for every eighth of a cell."""

    def render_lines(self, crop: Region) -> list[Strip]:
        color, background = self._colors()
        window = self.window_size if self.window_size < self.window_virtual_size else 0
        bar = ScrollBarRender.render_bar(
            self.size.height,
            self.window_virtual_size,
            window,
            self.position,
            self.thickness,
            back_color=background.rich_color,
            bar_color=color.rich_color,
        )
        segments = bar.segments[crop.y : crop.bottom]
        segments += [Segment(" " * self.thickness)] * (crop.height - len(segments))
        rows = {id(segment): Strip([segment], self.thickness) for segment in segments}  # all but the ends are the same
        for line_filter in self.get_line_filters():
            rows = {key: row.apply_filter(line_filter, background) for key, row in rows.items()}
        return [rows[id(segment)] for segment in segments]

    def _colors(self) -> tuple[Color, Color]:
        assert self.parent is not None
        styles = self.parent.styles
        if self.grabbed:
            color, background = styles.scrollbar_color_active, styles.scrollbar_background_active
        elif self.mouse_over:
            color, background = styles.scrollbar_color_hover, styles.scrollbar_background_hover
        else:
            color, background = styles.scrollbar_color, styles.scrollbar_background
        if background.a < 1:
            background = self.parent.background_colors[0] + background
        return background + color, background
