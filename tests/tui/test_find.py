"""Finding in the open conversation."""

import re

from streamtui.log import MessageLog
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def log(reader: Reader) -> MessageLog:
    return reader.app.chat.view.log_view


def count(reader: Reader) -> int:
    """Return how many places are said to be found; 0 while the line is only just being drawn anew."""
    found = re.search(r"1 of ([\d,]+)\n", reader.screen)
    return int(found[1].replace(",", "")) if found else 0


async def test_places_are_counted_and_walked_round(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("code fast")
        await reader.press("ctrl+f")
        await reader.until("Find in this conversation")
        await reader.type("FIB")
        await reader.until(" of ")
        count = int(reader.screen.partition(" of ")[2].split()[0])
        assert count > 1
        await reader.press("enter")
        await reader.press("up", "up")
        await reader.until(lambda: any(f"{number} of {count}" in reader.screen for number in range(1, count + 1)))
        await reader.until("enter next")
        await reader.type("zzz")
        await reader.until("nothing found")
        await reader.press("escape")
        await reader.until_gone("nothing found")
        await reader.type("typed")
        assert reader.box == "typed"


async def test_escape_gives_the_place_back_and_tab_stays(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("long fast")
        await reader.until("✓")
        end = log(reader).scroll_y
        assert end > 50
        await reader.send("/find long fast")
        await reader.until("1 of ")
        await reader.until(lambda: log(reader).scroll_y < end)
        await reader.press("escape")
        await reader.until(lambda: log(reader).scroll_y == end)
        assert log(reader).following
        await reader.press("ctrl+f")
        await reader.until("1 of ")
        await reader.press("tab")
        await reader.until_gone("1 of ")
        assert log(reader).scroll_y < end
        await reader.type("x")
        assert reader.box == "x"


async def test_what_arrives_meanwhile_is_counted_and_nothing_moves(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.send("hello w0")
        await reader.until_word(3)
        await reader.send("/find w")
        await reader.until("1 of ")
        first = count(reader)
        await reader.until(lambda: count(reader) > first + 3)
        await reader.press("enter")
        await reader.until("2 of ")
        await reader.press("escape")
        await reader.until_gone("2 of ")
        assert reader.app.chat.session.is_streaming


async def test_the_bar_closes_with_its_conversation(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("fast")
        await reader.press("ctrl+f")
        await reader.type("fast")
        await reader.until(" of ")
        await reader.press("ctrl+n")
        await reader.until("New conversation")
        assert not re.search(r"\d of \d", reader.screen)
        await reader.press("ctrl+f")
        await reader.until("There is nothing to find in yet.")
        await reader.type("x")
        assert reader.box == "x"
