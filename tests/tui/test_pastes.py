"""Long pastes as chips: what is sent, saved and given to the editor is the whole text, whatever is done around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from streamtui.tui.widgets.pastes import Pastes
from tests.tui.conftest import Open, Reader

LONG = "\n".join(f"line {number}" for number in range(120))


def paste(reader: Reader, text: str) -> None:
    reader.app.chat.composer.prompt.post_message(events.Paste(text))


@given(st.lists(st.text("ab\n[]", max_size=60).map(lambda text: text * 50), max_size=5), st.text("ab[] ", max_size=9))
def test_what_is_folded_comes_back_whole(pastes: list[str], between: str) -> None:
    folded = Pastes()
    text = between.join(folded.fold(paste) for paste in pastes)
    assert folded.unfold(text) == between.join(pastes)


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        (LONG, "[pasted 120 lines]"),
        ("x" * 2_001, "[pasted 2,001 characters]"),
        ("x" * 2_000, "x" * 2_000),
        ("\n".join("x" * 20), "\n".join("x" * 20)),
        ("\n".join("x" * 21), "[pasted 21 lines]"),
    ],
)
def test_only_long_pastes_are_folded(text: str, chip: str) -> None:
    assert Pastes().fold(text) == chip


def test_two_pastes_of_one_size_are_told_apart() -> None:
    pastes = Pastes()
    both = pastes.fold("a\n" * 30) + pastes.fold("b\n" * 30) + pastes.fold("a\n" * 30)
    assert both == "[pasted 31 lines][pasted 31 lines, no. 2][pasted 31 lines]"
    assert pastes.unfold(both) == "a\n" * 30 + "b\n" * 30 + "a\n" * 30


async def test_a_chip_is_sent_whole_and_one_types_around_it(open_app: Open) -> None:
    async with open_app() as reader:
        prompt = reader.app.chat.composer.prompt
        await reader.type("fast ")
        paste(reader, LONG)
        await reader.until("fast [pasted 120 lines]")
        await reader.type("!")
        await reader.press("left", "left")
        assert prompt.cursor_location == (0, 5), "over the chip in one step"
        await reader.type("x")
        await reader.press("right", "right")
        await reader.type("y")
        assert prompt.draft == f"fast x{LONG}!y"
        assert reader.app.chat.session.outgoing.unsent() == prompt.draft
        await reader.press("enter")
        await reader.until(lambda: reader.app.chat.session.conversation.messages)
        assert reader.app.chat.session.conversation.path()[0].text == f"fast x{LONG}!y"
        await reader.press("up")
        await reader.until(lambda: prompt.draft == f"fast x{LONG}!y")


async def test_deleting_a_part_of_a_chip_deletes_it_and_undo_brings_it_back(open_app: Open) -> None:
    async with open_app() as reader:
        prompt = reader.app.chat.composer.prompt
        await reader.type("a ")
        paste(reader, LONG)
        await reader.until("[pasted 120 lines]")
        await reader.press("backspace")
        assert prompt.text == "a "
        await reader.press("ctrl+underscore")
        assert prompt.draft == f"a {LONG}"
        await reader.press("ctrl+w")
        assert prompt.text == "a "
        await reader.press("ctrl+underscore", "home", "right", "right", "delete")
        assert prompt.text == "a "


async def test_a_key_and_a_click_unfold_it(open_app: Open) -> None:
    async with open_app() as reader:
        prompt = reader.app.chat.composer.prompt
        paste(reader, LONG)
        await reader.until("[pasted 120 lines]")
        await reader.press("alt+v")
        await reader.until(lambda: prompt.text == LONG)
        await reader.press("ctrl+underscore")
        await reader.until("[pasted 120 lines]")
        y = next(y for y, line in enumerate(reader.lines) if "[pasted" in line)
        await reader.pilot.click(offset=(reader.lines[y].index("120"), y))
        await reader.until(lambda: prompt.text == LONG)


async def test_a_draft_with_a_chip_is_kept_whole(open_app: Open) -> None:
    async with open_app() as reader:
        paste(reader, LONG)
        await reader.until("[pasted 120 lines]")
    async with open_app() as reader:
        await reader.until(lambda: reader.app.chat.composer.prompt.draft == LONG)
