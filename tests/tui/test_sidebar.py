"""The sidebar: what it lists and shows live, and what is done from it by keys and mouse."""

import pytest
from textual import events

from streamtui.tui.widgets.sidebar import Sidebar
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def sidebar(reader: Reader) -> Sidebar:
    return reader.app.chat.sidebar


def listed(reader: Reader) -> str:
    """Return what the sidebar shows."""
    return "\n".join(line[:32] for line in reader.lines)


async def two_conversations(reader: Reader) -> None:
    await reader.talk("first fast")
    await reader.send("/new ")
    await reader.until("New conversation")
    await reader.talk("second fast")


async def test_it_opens_walks_and_gives_the_keys_back(open_app: Open) -> None:
    async with open_app() as reader:
        await two_conversations(reader)
        await reader.press("f3")
        await reader.until(lambda: "Today" in listed(reader) and "›  second fast" in listed(reader))
        assert reader.remembered["sidebar"] == "on"
        await reader.until("enter open")
        await reader.press("down", "enter")
        await reader.until(lambda: reader.app.chat.session.title == "first fast")
        await reader.until(lambda: "›  first fast" in listed(reader))
        await reader.type("typed")
        assert reader.box == "typed"
        await reader.press("f3")
        await reader.press("escape")
        await reader.type("!")
        assert reader.box == "typed!"
        await reader.press("f3", "f3")
        await reader.until(lambda: not sidebar(reader).display)
        assert reader.remembered["sidebar"] == "off"
        await reader.type("?")
        assert reader.box == "typed!?"


async def test_it_renames_pins_forks_deletes_and_takes_that_back(open_app: Open) -> None:
    async with open_app((110, 40)) as reader:
        await two_conversations(reader)
        await reader.press("f3")
        await reader.until(lambda: "first fast" in listed(reader))
        await reader.press("down", "alt+p")
        await reader.until(lambda: "Pinned" in listed(reader))
        assert listed(reader).index("first fast") < listed(reader).index("second fast")
        await reader.press("alt+e")
        await reader.until("The new title")
        await reader.press("ctrl+u")
        await reader.type("renamed")
        await reader.press("enter")
        await reader.until(lambda: "renamed" in listed(reader))
        await reader.press("ctrl+x")
        await reader.until(lambda: "renamed" not in listed(reader) and "Pinned" not in listed(reader))
        await reader.until("Ctrl+U in the sidebar takes it back")
        await reader.press("ctrl+u")
        await reader.until(lambda: "renamed" in listed(reader))
        await reader.press("alt+f")
        await reader.until("This is the new conversation")


async def test_the_mouse_opens_and_asks(open_app: Open) -> None:
    async with open_app((110, 40)) as reader:
        await two_conversations(reader)
        await reader.press("f3", "escape")
        await reader.until(lambda: "first fast" in listed(reader))
        y = next(y for y, line in enumerate(reader.lines) if "first fast" in line[:32])
        await reader.pilot.click(offset=(reader.lines[y].index("⋯"), y))
        await reader.until("keep it at the top")
        await reader.press("escape")
        await reader.until_gone("keep it at the top")
        await reader.pilot.click(offset=(6, y))
        await reader.until(lambda: reader.app.chat.session.title == "first fast")


async def test_what_goes_on_elsewhere_is_seen(open_at_server: OpenAtServer) -> None:
    async with open_at_server("told-20") as reader:
        await reader.send("hello")
        await reader.until_word(12)
        await reader.press("f3", "escape")
        await reader.until(lambda: "● hello" in listed(reader) and "/s" in listed(reader))
        talk = reader.app.chat.session
        await reader.send("/new ")
        await reader.until("New conversation")
        talk.tasks[0].stop()
        await reader.until(lambda: "■ hello" in listed(reader))


async def test_a_narrow_terminal_has_no_sidebar_and_says_so(open_app: Open) -> None:
    async with open_app((70, 24)) as reader:
        await reader.press("f3")
        await reader.until("The sidebar needs 84 columns; this terminal has 70.")
        assert not sidebar(reader).display


async def test_a_terminal_that_gets_narrow_hides_it_for_as_long(open_app: Open) -> None:
    async with open_app((100, 24)) as reader:
        await reader.press("f3")
        await reader.until(lambda: sidebar(reader).has_focus)
        await reader.pilot.resize_terminal(70, 24)
        await reader.until("The sidebar is hidden until the terminal is wider.")
        await reader.type("x")
        assert reader.box == "x"
        await reader.pilot.resize_terminal(100, 24)
        await reader.until(lambda: sidebar(reader).display)


async def test_a_reply_that_ends_unseen_is_told_once(
    open_at_server: OpenAtServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_at_server("ok") as reader:
        written: list[str] = []
        monkeypatch.setattr(reader.app, "_write", written.append)
        await reader.send("seen")
        await reader.until("✓")
        assert "\a" not in written
        reader.app.post_message(events.AppBlur())
        await reader.until(lambda: not reader.app.app_focus)
        reader.app.chat.composer.send("unseen")
        await reader.until(lambda: "\a" in written)
        reader.app.post_message(events.AppFocus())
        await reader.until(lambda: reader.app.app_focus)
