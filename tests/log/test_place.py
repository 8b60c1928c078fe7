"""What the user sees stays put: through guesses put right, messages put in front, and another width."""

from __future__ import annotations

import random
import re
import time
from functools import partial

import pytest

from tests.log.conftest import Reader, conversation, reading, reply, user

LONG = "\n\n".join(f"paragraph {n} " + "some words that wrap at every width " * (n % 5) for n in range(200))


def _is_wide(reader: Reader, width: int) -> bool:
    return reader.log.size.width == width


async def test_scrolling_up_through_guessed_heights_moves_rows_by_exactly_what_was_asked() -> None:
    messages = [*conversation(40, lines=7), user("x" * 900), reply(LONG), *conversation(3)]
    async with reading(messages, (60, 20)) as reader:
        rng = random.Random(7)
        for _ in range(120):
            before = reader.rows
            steps = rng.randrange(1, 15)
            reader.log.scroll_to(y=reader.log.scroll_y - steps)
            if reader.log.scroll_y == 0:
                break
            after = reader.rows
            assert after[steps:] == before[: len(before) - steps]


async def test_scrolling_down_through_guessed_heights_moves_rows_by_exactly_what_was_asked() -> None:
    async with reading([user("q"), reply(LONG), *conversation(10)], (60, 20)) as reader:
        reader.log.scroll_to(y=0)
        assert "you" in reader.rows[1]
        while True:
            before = reader.rows
            reader.log.scroll_to(y=reader.log.scroll_y + 7)
            if reader.log.scroll_y == reader.log.max_scroll_y:
                break
            assert reader.rows[:-7] == before[7:]


async def test_older_messages_put_in_front_move_nothing() -> None:
    async with reading(conversation(20)) as reader:
        reader.log.scroll_to(y=30)
        before = reader.rows
        reader.log.prepend(conversation(500))
        assert reader.rows == before
        reader.log.scroll_to(y=reader.log.scroll_y - 20)
        assert reader.rows[20:] == before[:1]


async def test_older_messages_put_in_front_of_a_followed_end_leave_it_followed() -> None:
    async with reading(conversation(20)) as reader:
        before = reader.rows
        reader.log.prepend(conversation(500))
        assert reader.rows == before
        assert reader.log.following
        reader.log.focus()
        await reader.pilot.press("home")
        assert "question 0" in reader.text


async def test_ten_thousand_messages_are_put_in_front_without_looking_at_them() -> None:
    older = conversation(5000)
    async with reading(conversation(10)) as reader:
        started = time.process_time()
        reader.log.prepend(older)
        assert time.process_time() - started < 0.5
        assert sum(bubble.is_open for bubble in reader.log._view.bubbles.ordered) < 60


async def test_a_resize_keeps_the_text_under_the_eye() -> None:
    async with reading([user("q"), reply(LONG), *conversation(5)], (80, 24)) as reader:
        reader.log.scroll_to(y=240)
        reader.log.scroll_to(y=240 + reader.row_of("paragraph"))
        first = reader.rows[0].strip("▌ ")
        number = first.split()[1]
        for width, height in ((50, 24), (120, 30), (33, 10), (80, 24)):
            await reader.pilot.resize_terminal(width, height)
            await reader.until(partial(_is_wide, reader, width), "resized")
            assert reader.rows[0].strip("▌ ").split()[:2] == ["paragraph", number]
        assert reader.rows[0].strip("▌ ") == first


async def test_a_resize_in_the_middle_of_a_wrapped_paragraph_keeps_its_words() -> None:
    words = " ".join(f"w{n:04}" for n in range(2000))
    async with reading([user("q"), reply(words), *conversation(5)], (80, 24)) as reader:
        reader.log.scroll_to(y=60)
        await reader.pilot.pause()
        word = reader.rows[0].split()[1]
        for width in (50, 100, 40, 61, 80):
            await reader.pilot.resize_terminal(width, 24)
            await reader.until(partial(_is_wide, reader, width), "resized")
            assert word in reader.rows[0]


_WIDE_CELLS = "| id | name | text |\n|---|---|---|\n" + "\n".join(
    f"| r{n:03} | name of {n} | {'some longer description ' * (1 + n % 3)}|" for n in range(120)
)
_MANY_CELLS = (
    "| id |"
    + " c |" * 5
    + "\n"
    + "|---" * 6
    + "|\n"
    + "\n".join(f"| r{n:03} | value {n} | another | more text | and more | last |" for n in range(120))
)
_CODE = "```\n" + "\n".join(f"r{n:03} {'some code ' * (n % 30)}" for n in range(120)) + "\n```"


@pytest.mark.parametrize("text", [_WIDE_CELLS, _MANY_CELLS, _CODE], ids=["wide", "many", "code"])
async def test_a_resize_keeps_the_row_of_a_table_or_of_code(text: str) -> None:
    async with reading([user("q"), reply(text), *conversation(6)], (120, 30)) as reader:
        for top in (40, 70, 110):
            reader.log.scroll_to(y=top)
            while not (number := re.search(r"r\d\d\d", reader.rows[0])):
                reader.log.scroll_to(y=reader.log.scroll_y + 1)
            for width in (100, 80, 60, 40, 30, 120):
                await reader.pilot.resize_terminal(width, 30)
                await reader.until(partial(_is_wide, reader, width), "resized")
                assert number[0] in "".join(reader.rows[:2])


async def test_a_resize_while_following_still_shows_the_end() -> None:
    async with reading(conversation(30)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "word " * 300)
        for size in ((40, 12), (200, 60), (120, 40), (20, 6)):
            await reader.pilot.resize_terminal(*size)
            await reader.until(partial(_is_wide, reader, size[0]), "resized")
            assert reader.log.following
            assert "●" in reader.rows[-1]
            await reader.stream(streaming, "more words ")


async def test_an_older_reply_that_streams_on_above_moves_nothing_below() -> None:
    old = reply("begun\n\n" * 3)
    async with reading([user("q"), old, *conversation(30)]) as reader:
        reader.log.scroll_to(y=60)
        before = reader.rows
        streaming = reader.begin(old)
        await reader.stream(streaming, "and on\n\n" * 40)
        assert reader.rows[:-1] == before[:-1]
        assert "●" in reader.rows[-1]
