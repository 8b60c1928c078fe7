"""Several replies to one prompt, and what is taken back, without a screen."""

from streamtui.chat import TextDelta
from streamtui.chat.events import Connected
from streamtui.chat.messages import Status
from streamtui.workspace import Regenerate, SendPrompt, Session
from tests.chat.scripted import HANG, OK, drop, until
from tests.workspace.conftest import OpenWorkspace, Setup

SLOW = (Connected(), TextDelta("Hello"), HANG)
MUTE = (Connected(), HANG)
FAILING = (Connected(), drop("rejected"))


async def compared(setup: Setup) -> Session:
    """Return a session in which two models answer side by side."""
    session = setup.workspace.new()
    models = (setup.catalog.model("one"), setup.catalog.model("other"))
    await setup.workspace.sender.send(session, SendPrompt("Hi", models=models))
    await until(lambda: len(setup.provider.requests) == 2)
    return session


def statuses(session: Session) -> dict[str, Status]:
    replies = [message for message in session.conversation.messages.values() if message.role == "assistant"]
    return {str(message.model): message.status for message in replies}


async def test_stopping_stops_only_the_highlighted_reply_and_then_the_other(open_workspace: OpenWorkspace) -> None:
    session = await compared(open_workspace(SLOW, SLOW))
    await until(lambda: all(task.reply.text for task in session.tasks))
    session.comparison.highlight(session.comparison.tasks[1])

    session.stop_in_view()
    assert statuses(session) == {"one": Status.STREAMING, "other": Status.STOPPED}

    session.stop_in_view()
    assert statuses(session) == {"one": Status.STOPPED, "other": Status.STOPPED}


async def test_a_reply_that_fails_leaves_the_other_running(open_workspace: OpenWorkspace) -> None:
    session = await compared(open_workspace(FAILING, SLOW))
    await until(lambda: Status.FAILED in statuses(session).values())
    assert sorted(statuses(session).values()) == sorted([Status.FAILED, Status.STREAMING])
    assert session.outgoing.draft == ""


async def test_before_anything_arrived_only_the_highlighted_reply_is_taken_back(open_workspace: OpenWorkspace) -> None:
    session = await compared(open_workspace(MUTE, OK))
    await until(lambda: Status.COMPLETE in statuses(session).values())

    session.stop_in_view()
    session.comparison.pick()

    assert list(statuses(session).values()) == [Status.COMPLETE]
    assert session.conversation.path()[-1].text == "Hello, world"
    assert session.outgoing.draft == ""


async def test_before_anything_arrived_at_all_the_prompt_is_given_back_as_it_was_to_be_sent(
    open_workspace: OpenWorkspace,
) -> None:
    session = await compared(open_workspace(MUTE, MUTE))

    session.stop_in_view()
    session.stop_in_view()

    assert statuses(session) == {}
    assert session.outgoing.draft == "Hi"
    assert [model.name for model in session.outgoing.next.models] == ["one", "other"]


async def test_two_quick_retries_start_one_stream(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, SLOW)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()

    setup.workspace.sender.submit(session, Regenerate())
    setup.workspace.sender.submit(session, Regenerate())
    await until(lambda: session.task_in_view is not None and session.task_in_view.reply.text)

    assert len(setup.provider.requests) == 2
    assert len(setup.workspace.tasks) == 1


async def test_a_prompt_taken_back_under_a_new_draft_is_in_the_history(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(MUTE)
    session = setup.workspace.new()
    await setup.workspace.sender.send(session, SendPrompt("A long important prompt"))
    session.outgoing.draft = "n"

    setup.workspace.stop(session)

    assert session.outgoing.draft == "n"
    assert await setup.store.library.prompts(9) == ["A long important prompt"]


async def test_a_retry_that_is_taken_back_leaves_the_branch_that_was_in_view(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, MUTE)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()
    (task,) = await setup.workspace.sender.send(session, Regenerate())
    await task.wait()
    first = session.conversation.siblings(task.reply.id)[0]
    session.walk(task.reply.id, -1)

    await setup.workspace.sender.send(session, Regenerate())
    setup.workspace.stop(session)

    assert session.conversation.path()[-1].id == first
