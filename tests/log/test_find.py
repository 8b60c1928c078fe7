"""Finding text in a conversation, and bringing it into view."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.messages import Status
from streamtui.log.model.viewport import Viewport
from streamtui.log.paint.palette import ANSI_DARK
from streamtui.log.paint.theme import look
from streamtui.log.select.search import Search
from tests.log.conftest import Reader, conversation, reading, reply, user

LONG = "\n\n".join(f"paragraph {n} " + "some words that wrap " * (n % 7) for n in range(300))


def _marked(reader: Reader, *, current: bool = False) -> list[str]:
    """Return what is marked in the window, or marked as the current match."""
    look = reader.log._view.look
    texts: list[str] = []
    for strip in reader.log.render_lines(reader.log.size.region):
        for segment in strip:
            style = segment.style
            if style is None or not style.bold:
                continue
            if style.bgcolor == look.match_current.bgcolor if current else style.underline:
                texts.append(segment.text)
    return texts


async def test_all_messages_are_searched_whether_they_were_on_screen_or_not() -> None:
    messages = conversation(200)
    async with reading(messages) as reader:
        matches = reader.log.find("ANSWER 7 line 1")
        assert [match.message_id for match in matches] == [messages[15].id]
        reader.log.show_match(0)
        assert _marked(reader, current=True) == ["answer 7 line 1"]
        assert not reader.log.following
        assert len(reader.log.find("line 2")) == 200
        assert reader.log.find("nowhere") == []
        assert reader.log.find(" ") == ()
        assert not _marked(reader)


async def test_every_match_of_a_long_reply_comes_into_view() -> None:
    async with reading([user("q"), reply(LONG), *conversation(3)], (60, 20)) as reader:
        assert len(reader.log.find("paragraph")) == 300
        for index in (0, 299, 150, 151, 7):
            reader.log.show_match(index)
            assert _marked(reader, current=True) == ["paragraph"]
            row = next(row for row in reader.rows if f"paragraph {index} " in row + " ")
            assert row


async def test_a_match_that_is_in_view_moves_nothing() -> None:
    async with reading([user("one two"), reply("three two")]) as reader:
        before = reader.rows
        reader.log.find("two")
        assert _marked(reader) == ["two", "two"]
        reader.log.show_match(1)
        assert reader.rows == before
        assert _marked(reader) == ["two"]
        assert _marked(reader, current=True) == ["two"]


async def test_words_are_found_across_a_wrapped_row_and_a_line_break() -> None:
    text = "x " * 34 + "wrapped apart\n\nbroken\napart"
    async with reading([user("q"), reply(text)], (80, 24)) as reader:
        reader.log.find("wrapped apart")
        assert _marked(reader) == ["wrapped", "apart"]
        assert len(reader.log.find("broken apart")) == 1


async def test_reasoning_is_unfolded_for_a_match_in_it() -> None:
    async with reading([user("q"), reply("answer", reasoning="a hidden thought")]) as reader:
        [match] = reader.log.find("hidden")
        assert match.in_reasoning
        reader.log.show_match(0)
        assert "a hidden thought" in reader.text
        assert _marked(reader, current=True) == ["hidden"]


async def test_what_streams_is_searched_too() -> None:
    async with reading(conversation(2)) as reader:
        streaming = reader.begin(reply(status=Status.STREAMING))
        await reader.stream(streaming, "fresh words\n\nand fresh ones")
        assert len(reader.log.find("fresh")) == 2


async def test_another_conversation_ends_the_search() -> None:
    async with reading(conversation(2)) as reader:
        reader.log.find("answer")
        reader.log.show(conversation(2))
        reader.log.show_match(0)
        assert not _marked(reader)


@settings(max_examples=60)
@given(
    st.lists(st.text("ab c", min_size=1, max_size=30), min_size=1, max_size=6), st.text("ab", min_size=1, max_size=3)
)
def test_the_count_is_that_of_the_sources(texts: list[str], query: str) -> None:
    view = Viewport(look(ANSI_DARK))
    view.replace([reply(text) for text in texts])
    search = Search(view, query)
    assert len(search.matches) == sum(text.count(query) for text in texts)
    for match in search.matches:
        assert view.bubbles.by_id[match.message_id].message.text[match.start : match.end] == query


@pytest.mark.parametrize("seed", range(3))
async def test_any_word_of_any_message_can_be_brought_into_view(seed: int) -> None:
    rng = random.Random(seed)
    messages = [user("x " * 300) if n % 2 else reply(LONG.replace("paragraph", f"p{n}")) for n in range(12)]
    async with reading(messages, (70, 16)) as reader:
        for _ in range(6):
            number = rng.randrange(0, 12, 2)
            reader.log.find(f"p{number} {rng.randrange(300)} ")
            reader.log.show_match(0)
            assert _marked(reader, current=True)
