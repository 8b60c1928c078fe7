"""The queue above the box, with keys and mouse, what is sent at once, and the search of old prompts."""

import pytest

from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def queued(reader: Reader) -> list[str]:
    return [prompt.text for prompt in reader.app.chat.session.outgoing.next.queued]


def own(reader: Reader) -> list[str]:
    return [message.text for message in reader.app.chat.session.conversation.path() if message.role == "user"]


async def fill(reader: Reader, *prompts: str) -> None:
    await reader.send("hello")
    await reader.until_word(2)
    for prompt in prompts:
        await reader.send(prompt)
    await reader.until(lambda: queued(reader) == list(prompts))


async def test_the_queue_is_edited_moved_and_thinned_by_key(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await fill(reader, "one", "two", "three")
        await reader.until("alt+q edit the queue")
        await reader.press("alt+q")
        await reader.until("ctrl+x remove")
        await reader.press("alt+down")
        await reader.until(lambda: queued(reader) == ["two", "one", "three"])
        await reader.press("ctrl+x")
        await reader.until(lambda: queued(reader) == ["two", "three"])
        await reader.press("up", "enter")
        await reader.until(lambda: reader.box == "two")
        await reader.type("!")
        await reader.press("enter")
        await reader.until(lambda: queued(reader) == ["two!", "three"])
        await reader.press("alt+q", "escape")
        await reader.until(lambda: reader.app.chat.composer.prompt.has_focus)
        assert queued(reader) == ["two!", "three"]
        await reader.press("alt+q")
        await reader.type("typed")
        assert reader.box == "typed"
        assert reader.app.chat.session.is_streaming


@pytest.mark.parametrize(
    ("button", "order"), [("✕", ["one", "three"]), ("▲", ["two", "one", "three"]), ("▼", ["one", "three", "two"])]
)
async def test_the_mouse_moves_and_removes(open_at_server: OpenAtServer, button: str, order: list[str]) -> None:
    async with open_at_server("slow-20") as reader:
        await fill(reader, "one", "two", "three")
        await reader.until("then: three")
        y = next(index for index, line in enumerate(reader.lines) if "then: two" in line)
        await reader.pilot.click(offset=(reader.lines[y].index(button), y))
        await reader.until(lambda: queued(reader) == order)
        assert reader.app.chat.composer.prompt.has_focus


async def test_a_click_on_a_queued_prompt_edits_it(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await fill(reader, "one", "two")
        await reader.until("then: two")
        y = next(index for index, line in enumerate(reader.lines) if "then: two" in line)
        await reader.pilot.click(offset=(reader.lines[y].index("two"), y))
        await reader.until(lambda: reader.box == "two")
        assert queued(reader) == ["one"]


async def test_alt_s_sends_the_draft_now_and_an_empty_box_sends_the_first_queued(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.press("alt+s")
        await reader.until("There is nothing to send yet")
        await fill(reader, "queued")
        await reader.type("now")
        await reader.press("alt+s")
        await reader.until("■ stopped")
        await reader.until(lambda: own(reader) == ["hello", "now"])
        await reader.until(lambda: reader.app.chat.session.task_in_view and queued(reader) == ["queued"])
        await reader.until(lambda: reader.app.chat.session.task_in_view.reply.text)  # type: ignore[union-attr]
        await reader.press("alt+s")
        await reader.until(lambda: own(reader) == ["hello", "now", "queued"])
        assert queued(reader) == []


async def test_old_prompts_are_searched(open_app: Open) -> None:
    async with open_app() as reader:
        for prompt in ("first fast", "table fast", "second fast"):
            await reader.send("/new ")
            await reader.talk(prompt)
        await reader.press("ctrl+r")
        await reader.until("Search your prompts")
        await reader.until("first fast")
        await reader.type("fast")
        await reader.press("ctrl+r", "ctrl+r", "enter")
        await reader.until(lambda: reader.box == "first fast")
        await reader.press("ctrl+r")
        await reader.type("no such")
        await reader.until("None of your prompts has that in it.")
        await reader.press("escape")
        await reader.until_gone("Search your prompts")
        assert reader.box == "first fast"


async def test_the_users_prompts_are_walked(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("code fast")
        await reader.talk("fast")
        await reader.press("alt+shift+up")
        prompts = [m.id for m in reader.app.chat.session.conversation.path() if m.role == "user"]
        view = reader.app.chat.view.log_view
        await reader.until(lambda: view.current == prompts[1])
        await reader.press("alt+shift+up")
        await reader.until(lambda: view.current == prompts[0])
        await reader.press("alt+shift+down")
        await reader.until(lambda: view.current == prompts[1])
        await reader.press("enter")
        await reader.until("edit it and send it anew")
