"""What the app does before the first prompt is sent: what was typed ahead, what was left unsent, what is reopened."""

import asyncio

import pytest

from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.tui.input_hold import InputHold
from streamtui.tui.terminal.input_messages import TerminalBackground
from tests.tui.conftest import Open
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


async def test_a_draft_left_for_a_new_conversation_is_in_the_box_at_the_next_start(open_app: Open) -> None:
    async with open_app() as first:
        await first.type("never sent")
        first.app.leave()
    async with open_app() as reader:
        await reader.until(lambda: reader.box == "never sent")
        await reader.type("!")
        await reader.until(lambda: reader.box == "never sent!")


async def test_a_prompt_that_may_not_be_sent_is_in_the_box_again(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        catalog = reader.app.workspace.catalog
        catalog.exposed_host = lambda model: "far.example"  # type: ignore[method-assign]
        await reader.send("secret plans")
        await reader.until("unencrypted")
        await reader.press("escape")
        await reader.until(lambda: reader.box == "secret plans")
        await reader.until("Not sent.")


async def test_keys_wait_while_a_conversation_is_being_opened(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app() as reader:
        await reader.talk("apples fast")
        saved = reader.app.chat.session.conversation.id
        await reader.press("ctrl+n")
        await reader.until("New conversation")
        reader.app.workspace.close(saved)
        library = reader.app.workspace.library
        tail, reading = library.tail, asyncio.Event()

        async def slowly(conversation: str, limit: int) -> tuple[ConversationRecord, list[ChatMessage]]:
            await reading.wait()
            return await tail(conversation, limit)

        monkeypatch.setattr(library, "tail", slowly)
        blank = reader.app.chat.session
        reader.app.chat.open_saved(saved)
        await reader.until(lambda: not reader.app.hold.is_open)
        typing = asyncio.create_task(reader.type("meant for apples"))
        await asyncio.sleep(0)
        reading.set()
        await typing
        await reader.until(lambda: reader.box == "meant for apples")
        assert reader.app.chat.session.conversation.id == saved
        assert blank.outgoing.draft == ""


async def test_a_hold_lets_everything_pass_once_it_is_open_again() -> None:
    hold = InputHold()
    with hold.closed():
        passing = asyncio.create_task(hold.passed())
        await asyncio.sleep(0)
        assert not passing.done()
    await passing
    assert hold.is_open


async def test_the_welcome_offers_to_go_on_with_the_latest_conversation(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.until("let the demo show")
        assert "go on with" not in reader.screen
        await reader.talk("apples fast")
        await reader.press("ctrl+n")
        await reader.until("go on with “apples fast”")
        await reader.press("ctrl+o")
        await reader.until("apples fast   ")
        await reader.press("enter")
        await reader.until(lambda: reader.lines[0].strip().startswith("apples fast"))


@pytest.mark.parametrize(("row", "shown"), [("choose the model", "demo:slow"), ("let the demo show", "Welcome to")])
async def test_the_ways_to_begin_work_with_the_mouse(open_app: Open, row: str, shown: str) -> None:
    async with open_app() as reader:
        await reader.until(row)
        y = next(number for number, line in enumerate(reader.lines) if row in line)
        await reader.pilot.click(offset=(reader.lines[y].index(row) + 2, y))
        await reader.until(shown)


async def test_a_light_terminal_gets_paper_unless_a_theme_was_chosen(open_app: Open) -> None:
    async with open_app() as reader:
        reader.app.post_message(TerminalBackground(20, 20, 20))
        await reader.pilot.pause()
        assert reader.app.theme == "textual-dark"
        reader.app.post_message(TerminalBackground(255, 255, 250))
        await reader.until(lambda: reader.app.theme == "paper")
        await reader.send("/theme textual-dark")
        await reader.until("The theme is textual-dark")
