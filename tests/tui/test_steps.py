"""How few functions a prompt, a piece of a reply and a key pass through, as docs/contributing.md lists them.

Counted are the functions that decide or pass on; what computes something for a step belongs to it. Each list is checked
against the running program: all of its functions are called, in this order.
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from tests.server import ScriptedServer
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]

PAGE = Path(__file__).parents[2] / "streamtui" / "docs" / "contributing.md"
LIMITS = {"A prompt to its row": 10, "A piece of a reply to the log": 6, "`Alt+C` to the reply": 5}


def listed(title: str) -> list[str]:
    """Return the functions that the page lists under a title."""
    (line,) = re.findall(rf"^- {re.escape(title)}: (.*?)(?=\n- |\n\n)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"`([\w.]+)`", line)


@contextmanager
def traced() -> Iterator[list[str]]:
    """Note the functions of ours that are called meanwhile, in every thread that starts."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and "/streamtui/" in frame.f_code.co_filename:
            calls.append(frame.f_code.co_qualname)

    threading.setprofile_all_threads(note) if hasattr(threading, "setprofile_all_threads") else sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def assert_in_order(steps: list[str], calls: list[str]) -> None:
    at = 0
    for step in steps:
        assert step in calls[at:], f"{step} is not called where the page has it"
        at = calls.index(step, at) + 1


@pytest.mark.parametrize("title", LIMITS)
def test_the_page_lists_no_more_steps_than_promised(title: str) -> None:
    assert 0 < len(listed(title)) <= LIMITS[title]


async def test_a_prompt_takes_these_steps_to_its_row(open_at_server: OpenAtServer, server: ScriptedServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.type("hello")
        with traced() as calls:
            await reader.press("enter")
            await reader.until(lambda: server.of("slow-20"))
        assert_in_order(listed("A prompt to its row"), calls)


async def test_a_piece_of_a_reply_takes_these_steps_to_the_log(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.send("hello")
        await reader.until_word(3)
        with traced() as calls:
            await reader.until_word(8)
        assert_in_order(listed("A piece of a reply to the log"), calls)


async def test_alt_c_takes_these_steps_to_the_reply(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.send("hello")
        await reader.until_word(3)
        await reader.press("escape")
        await reader.until("■ stopped")
        with traced() as calls:
            await reader.press("alt+c")
            await reader.until_gone("■ stopped")
        assert_in_order(listed("`Alt+C` to the reply"), calls)
