"""The end stays in view unless the user left it, and comes back into view when the user does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from textual.scrollbar import ScrollTo

from streamtui.chat.messages import Usage
from streamtui.chat.metrics import Metrics
from streamtui.log.paint.format import figures
from tests.log.conftest import Reader, conversation, reading, reply, user


async def test_a_new_conversation_shows_its_end() -> None:
    async with reading(conversation(30)) as reader:
        assert reader.log.following
        assert "answer 29 line 2" in reader.text
        assert "412 tokens" in reader.rows[-1]


async def test_the_end_of_a_growing_reply_stays_in_view() -> None:
    async with reading(conversation(5)) as reader:
        streaming = reader.begin()
        for line in range(60):
            reader.feed(streaming, f"line {line}\n\n")
            await reader.settle()
            assert f"line {line}" in reader.text
            assert "●" in reader.rows[-1]


async def _press_page_up(reader: Reader) -> None:
    reader.log.focus()
    await reader.pilot.press("pageup")


async def _press_up(reader: Reader) -> None:
    reader.log.focus()
    await reader.pilot.press("up")


async def _scroll_wheel(reader: Reader) -> None:
    reader.log._on_mouse_scroll_up(_wheel(reader))


async def _drag_scrollbar(reader: Reader) -> None:
    reader.log.post_message(ScrollTo(y=reader.log.scroll_y - 7))


def _wheel(reader: Reader):  # type: ignore[no-untyped-def]
    from textual.events import MouseScrollUp

    return MouseScrollUp(reader.log, 5, 5, 0, -1, 0, False, False, False)


@pytest.mark.parametrize("leave", [_press_page_up, _press_up, _scroll_wheel, _drag_scrollbar])
async def test_any_scroll_up_releases(leave: Callable[[Reader], Awaitable[None]]) -> None:
    async with reading(conversation(30)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "first\n\n")
        await leave(reader)
        await reader.until(lambda: not reader.log.following, "released")
        await reader.pilot.pause()
        before = reader.rows[:-1]
        await reader.stream(streaming, "more\n\n" * 50)
        assert reader.rows[:-1] == before
        assert reader.log._view.new_lines > 0


async def _press_end(reader: Reader) -> None:
    reader.log.focus()
    await reader.pilot.press("end")


async def _page_down(reader: Reader) -> None:
    reader.log.focus()
    for _ in range(20):
        await reader.pilot.press("pagedown")


async def _drag_to_bottom(reader: Reader) -> None:
    reader.log.post_message(ScrollTo(y=10**9))


async def _wheel_down(reader: Reader) -> None:
    from textual.events import MouseScrollDown

    for _ in range(200):
        reader.log._on_mouse_scroll_down(MouseScrollDown(reader.log, 5, 5, 0, 1, 0, False, False, False))


async def _click_pill(reader: Reader) -> None:
    x, y = reader.place_of("new lines")
    await reader.pilot.click(reader.log, offset=(x, y))


@pytest.mark.parametrize("come_back", [_press_end, _page_down, _drag_to_bottom, _wheel_down, _click_pill])
async def test_reaching_the_bottom_by_any_means_follows_again(come_back: Callable[[Reader], Awaitable[None]]) -> None:
    async with reading(conversation(30)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "first\n\n")
        reader.log.scroll_to(y=reader.log.scroll_y - 9)
        await reader.stream(streaming, "more\n\n" * 40)
        assert not reader.log.following
        await come_back(reader)
        await reader.until(lambda: reader.log.following, "following")
        await reader.stream(streaming, "the very end")
        assert "the very end" in reader.text
        assert reader.log._view.new_lines == 0


async def test_the_pill_counts_what_came_in_and_goes_when_followed() -> None:
    async with reading(conversation(30)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "a\n\n")
        assert "new line" not in reader.text
        reader.log.scroll_to(y=reader.log.scroll_y - 5)
        await reader.stream(streaming, "b\n\n" * 6)
        assert f"↓ {reader.log._view.new_lines} new lines" in reader.rows[-1]
        reader.log.following = True
        await reader.pilot.pause()
        assert "new line" not in reader.text


async def test_no_line_moves_while_twenty_thousand_tokens_arrive_below() -> None:
    async with reading(conversation(30)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "start\n\n")
        reader.log.scroll_to(y=reader.log.scroll_y - 30)
        await reader.pilot.pause()
        before = reader.rows
        seen: list[list[str]] = []
        block = "word " * 60 + "\n\n- item\n- item\n\n```python\nx = 1\n```\n\n"
        for _ in range(40):
            await reader.stream(streaming, block * 6, size=40)
            seen.append(reader.rows)
        assert all(rows[:-1] == before[:-1] for rows in seen)


async def test_a_reply_of_one_screen_never_scrolls() -> None:
    async with reading([user("hi")]) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "short")
        assert "hi" in reader.text
        assert reader.log.following
        reader.log.scroll_to(y=-5)
        assert reader.log.following


async def test_an_empty_log_shows_nothing() -> None:
    async with reading() as reader:
        assert not reader.text.strip()


async def test_a_settled_reply_keeps_its_rows_and_says_how_it_ended() -> None:
    async with reading(conversation(4)) as reader:
        message = reply()
        streaming = reader.begin(message)
        await reader.stream(streaming, "one\n\ntwo\n\nthree")
        before = reader.rows
        reader.log.update(message.with_last(reply("one\n\ntwo\n\nthree").last))
        await reader.settle()
        assert reader.rows[:-1] == before[:-1]
        assert "✓ 412 tokens · 84 tok/s · first token 0.31 s" in reader.rows[-1]


@pytest.mark.parametrize("usage", [None, Usage(5, None), Usage(5, 40, estimated=True)])
def test_a_rate_made_of_a_guess_says_so(usage: Usage | None) -> None:
    message = reply("x")
    message = message.with_last(replace(message.last, usage=usage, metrics=Metrics(tokens_per_s=84.0)))
    assert "~84 tok/s" in figures(message)
