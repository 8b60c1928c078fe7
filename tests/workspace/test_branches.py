"""Edits, deletions and conversations that are too long, without a screen."""

from streamtui.chat.events import Connected
from streamtui.chat.messages import Status
from streamtui.workspace import Closed, SendPrompt
from streamtui.workspace.too_long import leave_out_oldest
from tests.chat.scripted import HANG, OK, drop, until
from tests.workspace.conftest import OpenWorkspace, Watcher
from tests.workspace.test_sending import SLOW


async def test_an_edit_that_is_taken_back_is_still_an_edit(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, (Connected(), HANG), OK)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Say hello"))
    await task.wait()
    own = session.conversation.path()[0].id
    session.outgoing.edit(own)
    assert (session.outgoing.draft, session.outgoing.next.edits) == ("Say hello", own)
    session.outgoing.draft = ""
    await setup.workspace.sender.send(session, session.outgoing.prompt("Say hello twice"))
    await until(lambda: setup.provider.open)

    session.stop()

    assert (session.outgoing.draft, session.outgoing.next.edits) == ("Say hello twice", own)
    assert setup.texts(session)[0] == ("user", "Say hello")


async def test_deleting_stops_the_reply_sends_nothing_later_and_is_told(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(SLOW)
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    await until(lambda: task.reply.text)
    session.outgoing.queue(SendPrompt("Second"))
    id = session.conversation.id

    await setup.workspace.delete(id)

    assert task.reply.message.status is Status.STOPPED
    assert [event.error for event in watcher.events if isinstance(event, Closed)] == [None]
    assert len(setup.provider.requests) == 1
    assert await setup.store.library.conversations() == []
    assert await setup.workspace.undelete() == id
    assert await setup.store.library.draft(id) == "Second"


async def test_the_oldest_turns_can_be_left_out_and_the_prompt_asked_again(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, OK, (drop("context_length"),), OK)
    session = setup.workspace.new()
    for prompt in ("one", "two", "three"):
        (task,) = await setup.workspace.sender.send(session, SendPrompt(prompt))
        await task.wait()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("four"))
    await task.wait()
    assert session.outgoing.draft == "four"

    submission = leave_out_oldest(session, task.reply)
    assert submission == SendPrompt("four")
    (task,) = await setup.workspace.sender.send(session, submission)
    await task.wait()

    turns = [turn.text for turn in setup.provider.requests[-1].turns if turn.role == "user"]
    assert "one" not in turns and turns[-1] == "four"
    assert session.outgoing.draft == ""


async def test_nothing_older_is_left_out_of_a_first_prompt(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace((drop("context_length"),))
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("one"))
    await task.wait()
    assert leave_out_oldest(session, task.reply) is None


async def test_deleting_before_anything_arrived_deletes_nothing_and_is_no_error(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace((Connected(), HANG))
    session = setup.workspace.new()
    await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await until(lambda: setup.provider.open)

    await setup.workspace.delete(session.conversation.id)

    assert await setup.store.library.conversations() == []
    assert setup.provider.open == 0
