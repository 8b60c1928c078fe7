"""What happens to a prompt between the box and the reply, and to what was not sent."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

import pytest
from textual import events

from streamtui.chat.errors import StoreError
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import ConversationRecord, Model
from tests.patience import PATIENCE_S
from tests.server import HELLO, ScriptedServer
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]

HELLO_TEXT = "".join(HELLO)


async def idle(reader: Reader) -> None:
    await reader.until(lambda: len(reader.app.workspace.tasks) == 0, "all replies ended")


def asked(server: ScriptedServer, model: str) -> list[list[str]]:
    """The texts of the turns of every request for a model."""
    return [[turn["content"] for turn in request.json["messages"]] for request in server.of(model)]


def paths(reader: Reader) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in reader.app.chat.session.conversation.path()]


async def draft_of(reader: Reader, conversation: str | None) -> str:
    return await reader.app.workspace.library.draft(conversation)


async def until_draft(reader: Reader, conversation: str | None, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := await draft_of(reader, conversation)) != text:
        assert time.monotonic() < deadline, f"the draft is {found!r}"
        await asyncio.sleep(0.01)


# -- the queue


async def test_escape_gives_the_queue_back_one_by_one_and_then_stops_the_reply(open_at_server: OpenAtServer) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.send("First")
        await reader.until_word(3)
        await reader.send("Second")
        await reader.until("next: Second")
        await reader.send("Third")
        await reader.until("Third")
        await reader.until("then: Third")
        await reader.type("fourth")
        await reader.press("escape")
        await reader.until(lambda: reader.box == "Third\n\nfourth")
        await reader.press("escape")
        await reader.until(lambda: reader.box == "Second\n\nThird\n\nfourth")
        assert len(reader.app.workspace.tasks) == 1
        await reader.press("escape")
        await reader.until("■ stopped")
        assert reader.box == "Second\n\nThird\n\nfourth"


# -- drafts


async def test_a_draft_stays_with_its_conversation(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("apples fast")
        await reader.type("unsent")
        await reader.press("ctrl+n")
        await reader.until("Enter sends")
        assert reader.box == ""
        await reader.type("another")
        await reader.press("ctrl+o")
        await reader.until("apples fast  ")
        await reader.press("enter")
        await reader.until(lambda: reader.box == "unsent")
        await reader.press("ctrl+n")
        await reader.until(lambda: reader.box == "another")


async def test_a_draft_is_written_down_when_another_conversation_comes_into_view(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app() as reader:
        await reader.talk("apples fast")
        conversation = reader.app.chat.session.conversation.id
        monkeypatch.setattr("streamtui.tui.widgets.composer.DRAFT_S", 1000)  # only the change of view is left
        await reader.type("unsent")
        await reader.press("ctrl+n")
        await until_draft(reader, conversation, "unsent")


async def test_a_sent_prompt_is_no_draft_on_disk(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("table fast")
        await until_draft(reader, None, "table fast")
        await reader.press("enter")
        await reader.until("✓")
        conversation = reader.app.chat.session.conversation.id
        await until_draft(reader, None, "")
        await until_draft(reader, conversation, "")
        await reader.type("next")
        await until_draft(reader, conversation, "next")
        await reader.press("enter")
        await idle(reader)
        await until_draft(reader, conversation, "")
        assert await draft_of(reader, None) == ""


async def test_a_prompt_is_no_draft_from_the_moment_it_is_sent(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the app dies before the reader's next pause."""
    async with open_app() as reader:
        await reader.talk("apples fast")
        monkeypatch.setattr("streamtui.tui.widgets.composer.DRAFT_S", 1000)
        for prompt in ("pears fast", "plums fast"):
            await reader.press("ctrl+n")
            await reader.until("Enter sends")
            await reader.talk(prompt)
            assert await draft_of(reader, None) == ""
            assert await draft_of(reader, reader.app.chat.session.conversation.id) == ""


async def test_a_queued_prompt_is_a_draft_on_disk_until_it_is_sent(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("told-20") as reader:
        await reader.send("First")
        await reader.until_word(3)
        await reader.send("Second")
        conversation = reader.app.chat.session.conversation.id
        await until_draft(reader, conversation, "Second")
        server.end("told-20")
        await reader.until(lambda: len(paths(reader)) == 4)
        await until_draft(reader, conversation, "")
        await reader.press("escape")
        await idle(reader)


# -- deleting


async def test_deleting_the_conversation_in_view_sends_nothing_later(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("slow-20") as reader:
        await reader.send("First")
        await reader.until_word(3)
        await reader.send("Second")
        await reader.until("next: Second")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.until("First   ")
        await reader.press("ctrl+x")
        await idle(reader)
        await reader.press("escape")
        await reader.until("Enter sends")
        assert "next:" not in reader.screen
        assert reader.box == ""
        assert len(server.of("slow-20")) == 1
        assert await reader.app.workspace.library.conversations() == []


# -- asking again, and in other words


@pytest.mark.parametrize("by_key", [True, False])
async def test_regenerating_and_stopping_at_once_shows_the_old_reply_again(
    open_at_server: OpenAtServer, server: ScriptedServer, by_key: bool
) -> None:
    async with open_at_server("ok") as reader:
        await reader.talk("Say hello")
        await reader.send("/model mute")
        await reader.until("mute @")
        if by_key:
            await reader.press("alt+r")
        else:
            await reader.send("/retry")
        await reader.until(lambda: len(server.of("mute")) == 1)
        await reader.until_gone(HELLO_TEXT)
        await reader.press("escape")
        await reader.until(HELLO_TEXT)
        await idle(reader)
        assert paths(reader) == [("user", "Say hello"), ("assistant", HELLO_TEXT)]
        assert "/2›" not in reader.screen
        assert reader.box == ""


async def test_editing_makes_a_second_branch_and_sends_the_new_words(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("ok") as reader:
        await reader.talk("Say hello")
        await reader.press("alt+e")
        await reader.until(lambda: reader.box == "Say hello")
        await reader.type(" twice")
        await reader.press("enter")
        await reader.until("‹2/2›")
        await idle(reader)
        assert asked(server, "ok") == [["Say hello"], ["Say hello twice"]]
        assert paths(reader)[0] == ("user", "Say hello twice")
        await reader.press("alt+left")
        await reader.until("‹1/2›")
        assert paths(reader)[0] == ("user", "Say hello")


async def test_an_emptied_box_ends_the_editing(open_at_server: OpenAtServer, server: ScriptedServer) -> None:
    async with open_at_server("ok") as reader:
        await reader.talk("Say hello")
        await reader.press("alt+e")
        await reader.until(lambda: reader.box == "Say hello")
        reader.app.chat.composer.prompt.put("")
        await reader.until(lambda: reader.app.chat.session.outgoing.next.edits is None)
        await reader.send("Again")
        await reader.until(lambda: len(server.of("ok")) == 2)
        await idle(reader)
        assert asked(server, "ok")[1] == ["Say hello", HELLO_TEXT, "Again"]
        assert "/2›" not in reader.screen


# -- opening


async def within(something: Awaitable[object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await something


async def test_editing_a_prompt_that_is_taken_back_meanwhile_ends(open_at_server: OpenAtServer) -> None:
    async with open_at_server("mute") as reader:
        await reader.send("Say hello")
        await reader.until("● thinking")
        await reader.press("alt+e")
        await reader.until("next: another wording")
        await reader.press("escape")
        await reader.until_gone("next: another wording")
        await reader.press("enter")
        await reader.until("● thinking")
        assert [text for role, text in paths(reader) if role == "user"] == ["Say hello"]
        await reader.press("escape")
        await idle(reader)


async def test_a_reply_that_is_looked_at_again_has_no_thoughts_it_never_had(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("slow tour")
        await reader.until("tok/s")
        slow = reader.app.chat.session.conversation.id
        await reader.press("ctrl+n")
        await reader.until("Enter sends")
        reader.app.chat.open_saved(slow)
        await reader.until("tok/s")
        assert "thought" not in reader.screen
        await reader.press("escape")
        await reader.until("stopped")
        assert "thought" not in reader.screen


async def test_a_conversation_that_cannot_be_read_gives_its_place_and_every_text_back(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app() as reader:
        await reader.talk("first fast")
        saved = reader.app.chat.session.conversation.id
        await reader.send("/new")
        await reader.until("Enter sends")
        reader.app.workspace.close(saved)
        reading = asyncio.Event()

        async def damaged(conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
            await reading.wait()
            raise StoreError("The page is damaged.")

        monkeypatch.setattr(reader.app.workspace.library, "load", damaged)
        reader.app.chat.open_saved(saved)
        await reader.until("first fast")
        await reader.type("sent")
        await reader.press("enter")
        await reader.until(lambda: reader.app.workspace.sender.on_their_way(reader.app.chat.session))
        await reader.type("typed")
        reading.set()
        await reader.until("The page is damaged.")
        await reader.until("Enter sends")
        assert reader.app.workspace.get(saved) is None
        await until_draft(reader, saved, "sent\n\ntyped")
        await reader.send("tour fast")
        await reader.until("✓")


async def test_the_prompt_right_after_compare_goes_to_all(open_at_server: OpenAtServer, server: ScriptedServer) -> None:
    async with open_at_server("ok") as reader:
        for line in ("/compare ok slow-1x3", "Say hello"):
            for key in (*line, "enter"):
                reader.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await reader.until("w0 w1 w2")
        await idle(reader)
        assert len(server.of("ok")) == len(server.of("slow-1x3")) == 1


async def test_a_new_conversation_is_not_one_whose_prompt_is_on_its_way(
    open_at_server: OpenAtServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_at_server("ok") as reader:
        leaving = asyncio.Event()

        async def slowly(model: Model) -> Model:
            await leaving.wait()
            return model

        monkeypatch.setattr(reader.app.workspace.catalog, "resolve", slowly)
        await reader.send("First")
        first = reader.app.chat.session
        await reader.press("ctrl+n")
        assert reader.app.chat.session is not first
        await reader.send("Second")
        leaving.set()
        await reader.until("✓")
        await idle(reader)
        assert [(m.role, m.text) for m in first.conversation.path()] == [("user", "First"), ("assistant", HELLO_TEXT)]
        assert paths(reader) == [("user", "Second"), ("assistant", HELLO_TEXT)]


async def test_drafts_of_two_new_conversations_are_both_kept(open_at_server: OpenAtServer) -> None:
    async with open_at_server("mute") as reader:
        await reader.send("First")
        await reader.until("● thinking")
        first = reader.app.chat.session
        await reader.press("ctrl+n")
        await reader.type("abc unsent")
        await until_draft(reader, None, "abc unsent")
        reader.app.chat.show_session(first)
        await reader.press("escape")
        await idle(reader)
        await until_draft(reader, None, "First")
        assert await reader.app.workspace.library.prompts(9) == ["abc unsent"]


async def test_an_edit_that_is_stashed_is_no_edit(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await reader.talk("Say hello")
        await reader.press("alt+e")
        await reader.until("next: another wording")
        await reader.press("ctrl+c")
        await reader.until_gone("next: another wording")


async def test_typing_after_another_conversation_is_shown_goes_into_the_box(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("first fast")
        await reader.press("alt+up", "ctrl+n")
        await reader.type("great, next")
        assert reader.box == "great, next"


async def test_a_paste_over_the_conversation_goes_into_the_box(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("first fast")
        await reader.press("alt+up")
        reader.app.post_message(events.Paste("two\nlines"))
        await reader.until(lambda: reader.box == "two\nlines")


async def test_a_question_nobody_asked_for_is_not_answered_by_what_is_typed(open_app: Open) -> None:
    async with open_app() as reader:
        asked = reader.app.run_worker(reader.app.chat.confirm("Send the key?", "Send it"))
        await reader.until("Send the key?")
        await reader.type("why yes")
        await reader.until(lambda: reader.box == "why yes")
        await reader.press("enter")
        await within(asked.wait())
        assert asked.result is False


async def test_a_reply_of_another_program_is_read_again_before_going_on(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await reader.talk("Say hello")
        session = reader.app.chat.session
        conversation = session.conversation
        reply = conversation.path()[-1]
        half = replace(reply, segments=(replace(reply.last, status=Status.STREAMING, text="Hel"),))
        conversation.messages[reply.id] = half  # as it was read while the other program was still writing it
        assert session.is_written_elsewhere
        await reader.send("And now?")
        await reader.until(lambda: reader.screen.count("✓") == 2)
        assert [text for _, text in paths(reader)] == ["Say hello", HELLO_TEXT, "And now?", HELLO_TEXT]


def has_ended(reader: Reader, messages: int) -> bool:
    return len(reader.app.chat.session.conversation.messages) == messages and not len(reader.app.workspace.tasks)


async def test_the_cursor_goes_along_to_the_branch_and_walks_on_from_there(open_app: Open) -> None:
    async with open_app() as reader:
        conversation = reader.app.chat.session.conversation
        for messages, prompt in ((2, "apples fast"), (3, "/retry"), (5, "pears fast"), (6, "/retry")):
            await reader.send(prompt)
            await reader.until(partial(has_ended, reader, messages), f"{messages} messages")
        log = reader.app.chat.view.log_view
        first = conversation.path()[1].id
        log.focus()
        log.current = first
        await reader.press("alt+left")
        await reader.until("Branch 1 of 2.")
        assert log.current == conversation.siblings(first)[0]
        await reader.press("alt+right")
        await reader.until("Branch 2 of 2.")
        assert log.current == first
        await reader.until("‹2/2›")
