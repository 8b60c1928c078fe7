"""The queue: edited, reordered, removed, passed over by what is sent at once."""

import pytest

from streamtui.chat import TextDelta
from streamtui.chat.events import Connected
from streamtui.chat.messages import Status
from streamtui.workspace import SendPrompt, Session
from tests.chat.scripted import HANG, OK, until
from tests.workspace.conftest import OpenWorkspace, Setup

SLOW = (Connected(), TextDelta("Hello"), HANG)


def queued(session: Session) -> list[str]:
    return [prompt.text for prompt in session.outgoing.next.queued]


async def streaming(setup: Setup, *prompts: str) -> Session:
    """Return a session whose reply has begun and that has these prompts queued."""
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    await until(lambda: task.reply.text)
    for prompt in prompts:
        session.outgoing.queue(SendPrompt(prompt))
    return session


@pytest.mark.parametrize(
    ("index", "step", "order"),
    [
        (0, 1, ["b", "a", "c"]),
        (2, -1, ["a", "c", "b"]),
        (0, -1, ["a", "b", "c"]),
        (2, 1, ["a", "b", "c"]),
        (0, 2, ["b", "c", "a"]),
    ],
)
async def test_queued_prompts_change_places(
    open_workspace: OpenWorkspace, index: int, step: int, order: list[str]
) -> None:
    session = await streaming(open_workspace(SLOW), "a", "b", "c")

    assert session.outgoing.move_queued(index, step) == (order != ["a", "b", "c"])

    assert queued(session) == order


@pytest.mark.parametrize("index", range(3))
async def test_an_edited_prompt_goes_back_to_its_place(open_workspace: OpenWorkspace, index: int) -> None:
    session = await streaming(open_workspace(SLOW), "a", "b", "c")
    text = queued(session)[index]

    session.outgoing.edit_queued(index)
    assert session.outgoing.draft == text
    assert text not in queued(session)
    session.outgoing.queue(SendPrompt("edited"))
    session.outgoing.queue(SendPrompt("last"))

    expected = ["a", "b", "c", "last"]
    expected[index] = "edited"
    assert queued(session) == expected


async def test_the_place_moves_up_when_a_prompt_before_it_is_sent(open_workspace: OpenWorkspace) -> None:
    session = await streaming(open_workspace(SLOW), "a", "b", "c")
    session.outgoing.edit_queued(1)
    session.outgoing.dequeue()
    session.outgoing.queue(SendPrompt("b"))
    assert queued(session) == ["b", "c"]


async def test_a_removed_prompt_is_kept_by_the_history(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(SLOW)
    session = await streaming(setup, "a", "b")
    session.outgoing.remove_queued(0)
    assert queued(session) == ["b"]
    assert (await setup.store.library.prompts(9))[0] == "a"


async def test_sending_now_stops_the_reply_keeps_its_text_and_leaves_the_queue_behind(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(SLOW, OK, OK)
    session = await streaming(setup, "Later")
    session.outgoing.draft = ""

    setup.workspace.sender.send_now(session, SendPrompt("Now"))
    await until(lambda: len(setup.provider.requests) == 3 and not session.is_streaming)

    assert [text for role, text in setup.texts(session) if role == "user"] == ["First", "Now", "Later"]
    stopped = session.conversation.path()[1]
    assert (stopped.text, stopped.status) == ("Hello", Status.STOPPED)
    assert session.outgoing.draft == ""


async def test_sending_now_before_anything_arrived_takes_the_turn_back_into_the_history(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace((Connected(), HANG), OK)
    session = setup.workspace.new()
    await setup.workspace.sender.send(session, SendPrompt("First"))
    await until(lambda: setup.provider.requests)
    setup.workspace.sender.send_now(session, SendPrompt("Now"))
    await until(lambda: len(setup.provider.requests) == 2 and not session.is_streaming)

    assert [text for role, text in setup.texts(session) if role == "user"] == ["Now"]
    assert session.outgoing.draft == "First"


async def test_prompts_of_all_conversations_are_found_and_go_with_their_conversation(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(OK)
    for text in ("Tell me of Straße and Ωmega", "Another thing", "tell ME more"):
        session = setup.workspace.new()
        (task,) = await setup.workspace.sender.send(session, SendPrompt(text))
        await task.wait()
    library = setup.store.library

    assert await library.search_prompts("tell me", 9) == ["tell ME more", "Tell me of Straße and Ωmega"]
    assert await library.search_prompts("ωMEGA", 9) == ["Tell me of Straße and Ωmega"]
    await setup.workspace.delete(session.conversation.id)
    assert await library.search_prompts("tell me", 9) == ["Tell me of Straße and Ωmega"]
