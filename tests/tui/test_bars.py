"""The lines around the conversation: what the keys do now, how the reply goes, what was just said."""

import pytest

from streamtui.tui.widgets.bars import Keys
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def conversation(reader: Reader) -> list[str]:
    """The screen without its last line."""
    return reader.lines[:-1]


async def test_the_keys_are_those_of_the_moment(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        assert reader.lines[-1].startswith(" enter send")
        await reader.type("/")
        await reader.until(lambda: reader.lines[-1] == " enter run · up/down choose · esc close")
        await reader.press("escape", "backspace")
        await reader.until(lambda: reader.lines[-1].startswith(" enter send"))
        await reader.send("count")
        await reader.until(lambda: reader.lines[-1].startswith(" esc stop"))
        await reader.press("alt+up")
        await reader.until(lambda: "y copy" in reader.lines[-1] and "esc back" in reader.lines[-1])
        await reader.press("tab")
        await reader.until(lambda: reader.lines[-1].startswith(" esc stop"))
        await reader.press("escape")
        await reader.until(lambda: reader.lines[-1].startswith(" enter send"))
        await reader.send("/compare slow-20 slow-21")
        await reader.send("race")
        await reader.until(lambda: "alt+left/right column" in reader.lines[-1])
        await reader.press("escape")
        await reader.until(lambda: len(reader.app.live) == 1)
        await reader.press("escape")
        await reader.until(lambda: len(reader.app.live) == 0)


async def test_news_cover_nothing_and_make_room_for_the_keys_again(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        await reader.talk("code fast")
        before = conversation(reader)
        await reader.send("/copy")
        await reader.until("Copied the reply")
        assert reader.lines[-1].startswith(" Copied the reply")
        assert conversation(reader) == before
        await reader.until(lambda: reader.lines[-1].startswith(" enter send"))


@pytest.mark.parametrize("text", ["wide " * 30, "said while a dialog is open"])
async def test_news_without_room_in_the_status_bar_are_said_all_the_same(open_app: Open, text: str) -> None:
    async with open_app((80, 24)) as reader:
        if "dialog" in text:
            await reader.press("f1")
            await reader.until("newline")
        reader.app.say(text)
        await reader.until(text.split()[-1])


async def test_a_warning_leaves_what_arrives_and_the_box_free(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        await reader.talk("code fast")
        before = reader.lines
        reader.app.say("it is serious " * 8, "warning")
        await reader.until("it is serious")
        assert reader.lines[0] == before[0]
        assert reader.lines[12:] == before[12:]


async def test_bubbles_are_as_wide_as_the_screen(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        await reader.talk("code fast")
        assert reader.app._chat.log_view.region.width == 80
        assert any(line.endswith("copy") and len(line) == 78 for line in reader.lines)


@pytest.mark.parametrize("keys", list(Keys))
def test_the_first_and_the_last_key_are_always_there(keys: Keys) -> None:
    assert keys.fitting(0) == f"{keys.value[0]} · {keys.value[-1]}"
    assert keys.fitting(200) == " · ".join(keys.value)
    assert all(len(keys.fitting(room)) <= room for room in range(len(keys.fitting(0)), 200))


async def test_leaving_the_messages_goes_back_to_the_box_and_takes_the_cursor_away(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("code fast")
        for leave in ("escape", "alt+down", "tab"):
            await reader.press("alt+up")
            await reader.until(lambda: reader.app._chat.log_view.current is not None)
            await reader.press(leave)
            await reader.until(lambda: reader.app._chat.log_view.current is None)
            await reader.type("y")
            await reader.until(lambda: reader.box == "y")
            await reader.press("backspace")
