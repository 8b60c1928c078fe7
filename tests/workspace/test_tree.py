"""Branches made by editing, asking again and forking, without a screen."""

import pytest

from streamtui.chat import Conversation, Model, StreamtuiError
from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import Attachment, ChatMessage, Segment
from streamtui.chat.tree import MessageTree
from streamtui.workspace import Regenerate, Revise, SendPrompt
from streamtui.workspace.branch_lines import branch_lines
from tests.chat.scripted import OK, until
from tests.workspace.conftest import OpenWorkspace, Watcher
from tests.workspace.test_sending import SLOW


async def test_an_edited_reply_is_a_branch_that_later_requests_carry_and_the_store_keeps(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()
    old = session.conversation.path()[-1]
    session.outgoing.edit(old.id)
    assert session.outgoing.draft == "Hello, world"

    submission = session.outgoing.prompt("Hello, Mars")
    assert submission == Revise(old.id, "Hello, Mars")
    setup.workspace.sender.submit(session, submission)
    await until(lambda: setup.texts(session)[-1] == ("assistant", "Hello, Mars"))

    assert len(setup.provider.requests) == 1
    assert session.conversation.siblings(old.id) == [old.id, session.conversation.leaf]
    (task,) = await setup.workspace.sender.send(session, SendPrompt("And?"))
    await task.wait()
    assert [turn.text for turn in setup.provider.requests[-1].turns] == ["Hi", "Hello, Mars", "And?"]
    record, messages = await setup.store.library.load(session.conversation.id)
    again = Conversation.resume(session.conversation.model, setup.store.recorder, record, messages)
    assert [message.text for message in again.path()] == [text for _, text in setup.texts(session)]
    assert old in messages
    assert [notice.kind for notice in again.path()[1].notices] == ["edited"]


@pytest.mark.parametrize("text", ["", "  \n", "\x00"])
async def test_a_reply_cant_be_edited_to_nothing_and_what_was_typed_comes_back(
    open_workspace: OpenWorkspace, text: str
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()
    before = session.conversation.leaf
    with pytest.raises(ConfigError):
        await setup.workspace.sender.send(session, Revise(str(before), text))
    assert session.conversation.leaf == before


async def test_while_a_reply_streams_an_edited_reply_goes_back_into_the_box(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, SLOW)
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()
    reply = str(session.conversation.leaf)
    await setup.workspace.sender.send(session, SendPrompt("More"))

    setup.workspace.sender.submit(session, Revise(reply, "another wording"))

    assert "NotSent" in watcher.kinds()
    assert (session.outgoing.draft, session.outgoing.next.edits) == ("another wording", reply)


async def test_another_model_answers_again_and_the_conversation_keeps_its_own(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()

    (task,) = await setup.workspace.sender.send(session, Regenerate(model=Model(setup.provider, "other")))
    await task.wait()

    assert setup.provider.requests[-1].model == "other"
    assert session.conversation.path()[-1].model == "other"
    assert session.conversation.model.name == "scripted"


async def test_what_a_model_needs_before_it_is_asked_is_asked_of_the_one_that_answers_again(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(answer=True)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await task.wait()
    setup.catalog.plaintext.add("elsewhere")
    (task,) = await setup.workspace.sender.send(session, Regenerate(model=Model(setup.provider, "")))
    await task.wait()
    assert setup.questions == ["elsewhere"]
    assert setup.provider.requests[-1].model == "first"


async def test_a_fork_is_saved_at_once_and_goes_its_own_way(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    session = setup.workspace.new(system="Be brief.")
    for prompt in ("One", "Two"):
        (task,) = await setup.workspace.sender.send(session, SendPrompt(prompt))
        await task.wait()
    sha256 = await setup.store.library.put_attachment(b"bytes")
    first = session.conversation.path()[0]
    file = Attachment(sha256, "a.txt", "text/plain", 5)
    setup.store.recorder.settle(
        session.conversation.id, ChatMessage(first.id, None, "user", first.segments, created=1.0, attachments=(file,))
    )
    session = await setup.workspace.resume(session.conversation.id)

    forked = await setup.workspace.fork(session)

    record, messages = await setup.store.library.load(forked.conversation.id)
    assert (record.title, record.system, record.model) == ("One (fork)", "Be brief.", "scripted")
    assert [message.text for message in messages] == [text for _, text in setup.texts(session)]
    assert messages[0].attachments == (file,)
    assert not {message.id for message in messages} & session.conversation.messages.keys()
    (task,) = await setup.workspace.sender.send(forked, SendPrompt("Three"))
    await task.wait()
    assert len(session.conversation.messages) == 4
    asked = [turn.text for turn in setup.provider.requests[-1].turns if turn.role == "user"]
    assert asked == ["a.txt:\n```txt\nbytes\n```\n\nOne", "Two", "Three"]


async def test_a_fork_ends_at_the_message_it_is_made_at_and_counts_no_reply_twice(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    for prompt in ("One", "Two"):
        (task,) = await setup.workspace.sender.send(session, SendPrompt(prompt))
        await task.wait()
    before = len(await setup.store.library.timings())
    forked = await setup.workspace.fork(session, session.conversation.path()[1].id)
    assert [text for _, text in setup.texts(forked)] == ["One", "Hello, world"]
    assert len(await setup.store.library.timings()) == before


async def test_nothing_is_forked_while_a_reply_streams_or_where_there_is_nothing(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(SLOW)
    session = setup.workspace.new()
    with pytest.raises(StreamtuiError, match="nothing to fork"):
        await setup.workspace.fork(session)
    await setup.workspace.sender.send(session, SendPrompt("Hi"))
    await until(lambda: session.conversation.messages)
    with pytest.raises(StreamtuiError, match="still streaming"):
        await setup.workspace.fork(session)


def message(id: str, parent: str | None, text: str) -> ChatMessage:
    role = "assistant" if id.startswith("a") else "user"
    return ChatMessage(id, parent, role, (Segment(text),), created=1.0)  # type: ignore[arg-type]  # one of the two


def test_the_tree_is_one_line_a_branch_each_below_the_one_it_leaves() -> None:
    tree = MessageTree(
        [
            message("u1", None, "first"),
            message("a1", "u1", "one"),
            message("u2", "a1", "second"),
            message("u3", None, "other\nbeginning"),
            message("u4", "a1", "instead"),
            message("a2", "u1", "two"),
        ],
        "u4",
    )
    lines = [(line.leaf, line.depth, line.text, line.messages, line.in_view) for line in branch_lines(tree)]
    assert lines == [
        ("u2", 0, "first", 3, False),
        ("a2", 1, "two", 2, False),
        ("u4", 1, "instead", 3, True),
        ("u3", 0, "other beginning", 1, False),
    ]


def test_a_tree_as_deep_as_it_gets_and_rings_of_parents_are_listed() -> None:
    ids = [f"u{number}" for number in range(10_000)]
    chain = [message(id, parent, id) for id, parent in zip(ids, [None, *ids[:-1]], strict=True)]
    ring = [message("r1", "r2", "ring"), message("r2", "r1", "ring")]
    (line,) = branch_lines(MessageTree([*chain, *ring], "u9999"))
    assert (line.messages, line.in_view) == (10_000, True)


async def test_a_branch_is_shown_by_its_last_message(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("One"))
    await task.wait()
    first = str(session.conversation.leaf)
    (task,) = await setup.workspace.sender.send(session, Regenerate())
    await task.wait()
    watcher = Watcher()
    session.watch(watcher)
    assert session.show_branch(first)
    assert session.conversation.leaf == first
    assert watcher.kinds() == ["PathChanged"]
    assert not session.show_branch("gone")
