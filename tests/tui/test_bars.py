"""The lines around the conversation: what the keys do now, how the reply goes, what was just said."""

import pytest

from streamtui.tui import keybindings
from streamtui.tui.key import Moment
from streamtui.tui.widgets.bars import fitting_ends
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def conversation(reader: Reader) -> list[str]:
    """The screen without its last line."""
    return reader.lines[:-1]


async def test_a_replys_figures_are_said_once(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-7") as reader:
        await reader.send("count")
        shown: list[list[str]] = []

        def figures() -> bool:
            lines = reader.lines
            if any("tok/s" in line for line in lines):
                shown.append(lines)
            return bool(shown)

        await reader.until(figures, "tok/s")  # a moment later it may be said that no data comes
        *above, last = shown[0]
        assert "\n".join(above).count("tok/s") == 1
        assert "tok/s" not in last
        await reader.press("escape")
        await reader.until("■ stopped")


async def test_the_keys_are_those_of_the_moment(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        assert reader.lines[-1].startswith(" enter send")
        await reader.type("/")
        await reader.until(lambda: reader.lines[-1] == " esc close · enter run · up/down choose · f1 help")
        await reader.press("escape", "backspace")
        await reader.until(lambda: reader.lines[-1].startswith(" enter send"))
        await reader.send("count")
        await reader.until(lambda: reader.lines[-1].startswith(" esc stop"))
        await reader.press("alt+up")
        await reader.until(lambda: reader.lines[-1] == " enter menu · alt+up/down walk · f1 help")
        await reader.press("escape")
        await reader.until(lambda: reader.lines[-1].startswith(" esc stop"))
        await reader.press("escape")
        await reader.until(lambda: reader.lines[-1].startswith(" enter send · alt+c continue"))
        await reader.send("/compare slow-20 slow-21")
        await reader.send("race")
        await reader.until(lambda: "alt+left/right column" in reader.lines[-1])
        await reader.press("escape")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 1)
        await reader.press("escape")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0)


async def test_news_cover_nothing_and_make_room_for_the_keys_again(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        await reader.talk("code fast")
        before = conversation(reader)
        await reader.send("/copy")
        await reader.until("Copied the reply")
        assert reader.lines[-1].startswith(" Copied the reply")
        assert conversation(reader) == before
        await reader.until(lambda: reader.lines[-1].startswith(" enter send"))


async def test_news_too_long_for_a_line_take_up_to_three(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        reader.app.chat.say("it is serious " * 8 + "truly", "warning")
        await reader.until("truly")
        assert reader.lines[-2].startswith(" it is serious")
        assert "Ask anything" in reader.screen


async def test_the_same_words_are_said_once(open_app: Open) -> None:
    async with open_app() as reader:
        for _ in range(5):
            await reader.press("alt+c")
        await reader.until("nothing to continue")
        assert reader.screen.count("nothing to continue") == 1


async def test_nothing_lies_over_a_dialog(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.press("f1")
        await reader.until("esc close")
        await reader.until("Alt+C")
        before = reader.lines[1:-4]
        reader.app.chat.say("said while a dialog is open", "error")
        await reader.until("said while a dialog is open")
        assert reader.lines[1:-4] == before


async def test_bubbles_are_as_wide_as_the_screen(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        await reader.talk("code fast")
        assert reader.app.chat.view.log_view.region.width == 80
        assert any(line.endswith("copy") and len(line) == 78 for line in reader.lines)


@pytest.mark.parametrize("moment", list(Moment))
def test_the_first_and_the_last_key_are_always_there(moment: Moment) -> None:
    hints = keybindings.DEFAULT.footer(moment)
    assert fitting_ends(hints, 0) == f"{hints[0]} · {hints[-1]}"
    assert fitting_ends(hints, 200) == " · ".join(hints)
    assert all(len(fitting_ends(hints, room)) <= room for room in range(len(fitting_ends(hints, 0)), 200))


async def test_leaving_the_messages_goes_back_to_the_box_and_takes_the_cursor_away(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("code fast")
        for leave in ("escape", "alt+down", "x"):
            await reader.press("alt+up")
            await reader.until(lambda: reader.app.chat.view.log_view.current is not None)
            await reader.press(leave)
            await reader.until(lambda: reader.app.chat.view.log_view.current is None)
            await reader.type("y")
            await reader.until(lambda: reader.box.endswith("y"))
            await reader.press("ctrl+u")
