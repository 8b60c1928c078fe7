"""The scrollbar looks as Textual's own does, wherever it stands and whatever the mouse does with it."""

from __future__ import annotations

import random

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset, Region
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from streamtui.log.scroll_bar import RowScrollBar
from tests.log.conftest import conversation, reading

HEIGHT = 20


class Both(App[None]):
    CSS = """
    Screen { layout: horizontal; scrollbar-color: $foreground 22%; scrollbar-background: $background 50%; }
    ScrollBar { width: 1; height: 20; }
    """

    def compose(self) -> ComposeResult:
        yield ScrollBar()
        yield RowScrollBar()


def cells(bar: Widget) -> list[tuple[str, object, object]]:
    """Return what is seen of each row, glyph and colours, and what a click there does."""
    rows: list[tuple[str, object, object]] = []
    for strip in bar.render_lines(Region(0, 0, 1, HEIGHT)):
        (segment,) = strip
        style = segment.style
        assert style is not None
        seen = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
        rows.append((segment.text, seen[1] if segment.text == " " else seen, style.meta))
    return rows


@pytest.mark.parametrize("seed", range(8))
async def test_it_looks_like_the_stock_one(seed: int) -> None:
    generator = random.Random(seed)
    app = Both()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        stock, ours = app.query(ScrollBar)
        for _ in range(10):
            total, top = generator.randint(1, 300), generator.random()
            is_over, is_grabbed = generator.random() < 0.3, generator.random() < 0.3
            for bar in (stock, ours):
                bar.window_virtual_size, bar.window_size = total, HEIGHT
                bar.position = max(0, total - HEIGHT) * top
                bar.mouse_over, bar.grabbed = is_over, Offset(0, 1) if is_grabbed else None
            await pilot.pause()
            assert cells(ours) == cells(stock), (total, top)


async def test_the_log_has_it() -> None:
    async with reading(conversation(30)) as reader:
        assert isinstance(reader.log.vertical_scrollbar, RowScrollBar)
