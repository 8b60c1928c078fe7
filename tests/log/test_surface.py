"""What is painted, and what it rests on in Textual."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest
import textual
from textual.geometry import Region
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from streamtui.log.frame_clock import FrameClock
from streamtui.log.model.heights import Heights
from tests.log.conftest import conversation, reading, reply, user


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (ScrollView, "_size_updated"),
        (Widget, "_refresh_scrollbars"),
        (Widget, "_scroll_to"),
        (Widget, "render_lines"),
        (Widget, "_on_click"),
        (ScrollBar, "position"),
        (ScrollBar, "window_virtual_size"),
        (Screen, "get_widget_and_offset_at"),
    ],
)
def test_the_private_names_that_the_surface_rests_on_are_there(owner: type, name: str) -> None:
    assert textual.__version__.split(".")[0] == "8"
    assert hasattr(owner, name)


async def test_a_frame_that_changes_the_last_rows_paints_only_those(monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(conversation(20)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "begin")
        painted: list[Region] = []
        refresh = Widget.refresh

        def note(self: Widget, *regions: Region, **options: bool) -> Widget:
            if self is reader.log:
                painted.extend(regions or [self.size.region])
            return refresh(self, *regions, **options)

        monkeypatch.setattr(Widget, "refresh", note)
        await reader.stream(streaming, " of a line")
        assert painted
        assert all(region.y >= reader.log.size.height - 3 for region in painted)


async def test_growth_never_lays_out_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(conversation(20)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "begin")
        layouts: list[object] = []
        original = Screen._refresh_layout

        def note(self: Screen[object], *args: object, **options: object) -> None:
            layouts.append(args)
            original(self, *args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Screen, "_refresh_layout", note)
        await reader.stream(streaming, "more\n\n" * 200)
        assert not layouts


async def test_a_full_collection_while_a_reply_streams_passes_over_what_was_there_before() -> None:
    async with reading(conversation(20)) as reader:
        assert any(thing is reader.log for thing in gc.get_objects())
        streaming = reader.begin()
        await reader.stream(streaming, "begin")
        assert not any(thing is reader.log for thing in gc.get_objects())
        reader.log.show(conversation(1))
        assert any(thing is reader.log for thing in gc.get_objects())


async def test_every_row_is_as_wide_as_the_window_whatever_is_in_it() -> None:
    text = (
        "日本語 👩‍💻 é \t tab `code` " * 20
        + "\n\n```\n"
        + "語" * 100
        + "\n```\n\n| a | b |\n|---|---|\n| 語 | "
        + "x " * 90
        + "|\n"
    )
    for size in ((80, 24), (21, 9), (7, 5), (4, 4), (133, 20)):
        async with reading([user(text), *conversation(1)], size) as reader:
            streaming = reader.begin()
            await reader.stream(streaming, text, 50)
            strips = reader.log.render_lines(reader.log.size.region)
            assert len(strips) == reader.log.size.height
            assert {Strip(list(strip)).cell_length for strip in strips} == {reader.log.size.width}


async def test_rows_are_painted_before_the_layout_knows_of_the_scrollbar() -> None:
    async with reading() as reader:
        log = reader.log
        streaming = reader.begin()
        await reader.stream(streaming, "line 0")
        before = log.show_vertical_scrollbar
        reader.feed(streaming, "".join(f"\n\nline {number}" for number in range(1, 20)))
        log._live.draw()
        assert (before, log.show_vertical_scrollbar) == (False, True)
        assert "line 19" in reader.text
        painted = [strip.text.rstrip() for strip in log.screen._compositor.render_strips()]
        assert painted[: log.size.height] == reader.rows


async def test_no_color_reaches_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with reading(conversation(2)) as reader:
        strips = reader.log.render_lines(reader.log.size.region)
        colors = {segment.style.color for strip in strips for segment in strip if segment.style and segment.style.color}
        assert all(color.triplet is None or len(set(color.triplet)) == 1 for color in colors)


async def test_the_first_frame_after_a_pause_is_drawn_at_once_and_others_wait() -> None:
    now, drawn = [100.0], []
    clock = FrameClock(lambda: drawn.append(now[0]), lambda run: run(), lambda: now[0], lambda: 0.0)
    clock.request()
    assert drawn == [100.0]
    for _ in range(50):
        clock.request()
    assert drawn == [100.0]
    now[0] += 1
    clock.now()
    assert drawn == [100.0, 101.0]
    clock.stop()


async def test_dear_frames_are_drawn_less_often() -> None:
    now, cost = [100.0], [0.0]

    def draw() -> None:
        cost[0] += 0.05

    clock = FrameClock(draw, lambda run: run(), lambda: now[0], lambda: cost[0])
    before = clock.interval
    clock.now()
    assert clock.interval > 3 * before
    clock.stop()


async def test_a_frame_asked_for_in_a_burst_comes_by_itself() -> None:
    drawn = asyncio.Event()
    count = 0

    def draw() -> None:
        nonlocal count
        count += 1
        if count == 2:
            drawn.set()

    clock = FrameClock(draw, lambda run: run())
    clock.request()
    clock.request()
    await asyncio.wait_for(drawn.wait(), 10)
    assert count == 2
    clock.stop()


def test_heights_are_found_as_by_counting() -> None:
    rng = random.Random(3)
    plain = [rng.randrange(0, 5) for _ in range(50)]
    heights = Heights(plain)
    for _ in range(400):
        match rng.randrange(5):
            case 0:
                at = rng.randrange(len(plain))
                plain[at] = heights[at] = rng.randrange(0, 6)
            case 1:
                more = [rng.randrange(1, 4) for _ in range(3)]
                plain += more
                heights.extend(more)
            case 2:
                more = [rng.randrange(1, 4)]
                plain[:0] = more
                heights.prepend(more)
            case 3 if len(plain) > 5:
                at = rng.randrange(1, len(plain))
                del plain[at:]
                heights.cut(at)
        assert heights.total == sum(plain)
        row = rng.randrange(0, heights.total + 1)
        index = heights.at(row)
        assert heights.top(index) == sum(plain[:index])
        if row < heights.total:
            assert heights.top(index) <= row < heights.top(index) + plain[index]


async def test_nothing_in_a_message_is_a_command_a_link_or_markup_to_the_terminal() -> None:
    text = "\x1b]8;;http://evil\x1b\\x \x9b31m [bold]b[/] [@click=app.quit]q[/] [a](https://example.com) https://example.org"
    async with reading([user(text), reply(text, reasoning=text)]) as reader:
        await reader.pilot.click(reader.log, offset=reader.place_of("thought"))
        strips = reader.log.render_lines(reader.log.size.region)
        assert "[bold]b[/] [@click=app.quit]q[/]" in reader.text
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for row in reader.rows for character in row)
        assert not any(segment.style and segment.style.link for strip in strips for segment in strip)
