"""An update shows what the stock compositor would show, and asks for no row that it doesn't need."""

import random
from collections.abc import Iterable

import pytest
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from streamtui.tui.terminal.compositor import RowCompositor, RowScreen

WIDTH, HEIGHT = 40, 12


class Lines(Static):
    """Rows that all differ; knows which it was asked for."""

    asked: int = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += crop.height
        return super().render_lines(crop)


class Overlapping(RowScreen):
    CSS = """
    Overlapping { layers: below above; }
    #side { width: 13; }
    #float { layer: above; width: 9; height: 4; offset: 8 3; }
    #left, #main { padding: 1 2; }
    """

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="side"):
                yield Lines("\n".join(f"side {line}" for line in range(30)), id="left")
            yield Lines("\n".join(f"the main text, line {line}" for line in range(8)), id="main")
        yield Lines("floating\nabove\nall", id="float")


class Around(App[None]):
    def on_mount(self) -> None:
        self.push_screen(Overlapping())


def text_in(chops: Iterable[tuple[int, Strip | None]], left: int, right: int) -> str:
    """Return what a row shows from `left` to `right`, with a mark where that is not known."""
    row = ["?"] * WIDTH
    for x, strip in chops:
        if strip is not None:
            row[x : x + strip.cell_length] = strip.text
    return "".join(row[left:right])


@pytest.mark.parametrize("seed", range(20))
async def test_what_an_update_shows_is_what_is_there(seed: int) -> None:
    generator = random.Random(seed)
    app = Around()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        assert isinstance(compositor, RowCompositor)
        rows = [strip.text for strip in compositor.render_strips()]
        for _ in range(10):
            regions = {
                Region(x, y, generator.randint(1, WIDTH - x), generator.randint(1, HEIGHT - y))
                for x, y in [
                    (generator.randrange(WIDTH), generator.randrange(HEIGHT)) for _ in range(generator.randint(1, 3))
                ]
            }
            compositor._dirty_regions = regions
            update = compositor.render_partial_update()
            assert update is not None
            for y, left, right in update.spans:
                assert text_in(update.chops[y].items(), left, right) == rows[y][left:right], (regions, y)


async def test_rows_that_did_not_change_or_cannot_be_seen_are_not_asked_for() -> None:
    app = Around()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        for widget in app.screen.query(Lines):
            widget.asked = 0
        app.screen._compositor._dirty_regions = {Region(8, 3, 9, 2), Region(30, 8, 2, 1)}
        app.screen._compositor.render_partial_update()
        asked = {widget.id: widget.asked for widget in app.screen.query(Lines)}
        assert asked == {"float": 2, "left": 0, "main": 1}


def test_the_private_names_that_it_rests_on_are_there() -> None:
    assert {"_get_renders", "render_partial_update", "_render_chops"} <= vars(Compositor).keys()
    assert "_dirty_regions" in vars(Compositor())
