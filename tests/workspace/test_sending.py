"""From a submission to its reply: queue, refusals, what comes back."""

import asyncio

from streamtui.chat import Failed, Finished, TextDelta
from streamtui.chat.errors import ConfigError
from streamtui.chat.events import Connected
from streamtui.chat.messages import Status
from streamtui.workspace import Continue, NotSent, Regenerate, ReplyEnded, ReplyStarted, SendPrompt
from tests.chat.scripted import HANG, OK, drop, until
from tests.workspace.conftest import OpenWorkspace, Watcher

SLOW = (Connected(), TextDelta("Hello"), HANG)


async def test_a_prompt_is_sent_answered_and_saved(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)

    setup.workspace.sender.submit(session, session.outgoing.prompt("Hi"))
    await until(lambda: "ReplyEnded" in watcher.kinds())

    assert setup.texts(session) == [("user", "Hi"), ("assistant", "Hello, world")]
    _, messages = await setup.store.library.load(session.conversation.id)
    assert [message.text for message in messages] == ["Hi", "Hello, world"]
    started = next(event for event in watcher.events if isinstance(event, ReplyStarted))
    assert [message.text for message in started.new_messages] == ["Hi"]


async def test_the_end_is_told_once_after_the_replys_own_watchers_heard_it(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(SLOW)
    session = setup.workspace.new()
    order: list[str] = []
    session.watch(lambda event: order.append("session") if isinstance(event, ReplyEnded) else None)
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi"))
    task.watch(lambda event: order.append("reply") if isinstance(event, Finished | Failed) else None)
    await until(lambda: task.reply.text)

    for _ in range(3):
        session.stop()
    await task.wait()

    assert order == ["reply", "session"]


async def test_queued_prompts_are_sent_one_after_the_other(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(SLOW, OK, OK)
    session = setup.workspace.new()
    setup.workspace.sender.submit(session, SendPrompt("First"))
    setup.workspace.sender.submit(session, SendPrompt("Second"))
    setup.workspace.sender.submit(session, SendPrompt("Third"))
    assert [prompt.text for prompt in session.outgoing.next.queued] == ["Second", "Third"]
    setup.provider.scripts[0] = OK

    await until(lambda: len(setup.provider.requests) == 3 and not session.is_streaming)

    assert [text for role, text in setup.texts(session) if role == "user"] == ["First", "Second", "Third"]
    assert session.outgoing.next.queued == ()


async def test_the_newest_queued_prompt_is_given_back_before_the_draft(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(SLOW)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    session.outgoing.queue(SendPrompt("Second"))
    session.outgoing.queue(SendPrompt("Third"))
    session.outgoing.draft = "typed"

    assert session.outgoing.unqueue()

    assert session.outgoing.draft == "Third\n\ntyped"
    assert [prompt.text for prompt in session.outgoing.next.queued] == ["Second"]
    assert task.is_streaming


async def test_stopping_gives_the_queue_back_and_keeps_the_text(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(SLOW)
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    await until(lambda: task.reply.text)
    session.outgoing.queue(SendPrompt("Second"))

    assert session.stop()

    assert session.outgoing.draft == "Second"
    assert (task.reply.message.text, task.reply.message.status) == ("Hello", Status.STOPPED)


async def test_a_turn_stopped_before_anything_arrived_is_the_draft_again(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace((Connected(), HANG))
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    await until(lambda: setup.provider.open)

    session.stop()
    await task.wait()

    assert (session.outgoing.draft, setup.texts(session)) == ("First", [])


async def test_a_failure_that_brought_nothing_gives_prompt_and_queue_back(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace((drop("auth"),))
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    setup.workspace.sender.submit(session, SendPrompt("First"))
    setup.workspace.sender.submit(session, SendPrompt("Second"))

    await until(lambda: "ReplyEnded" in watcher.kinds())

    assert session.outgoing.draft == "First\n\nSecond"


async def test_what_can_not_be_sent_comes_back_with_the_reason(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    ready = asyncio.Event()

    async def refuse(model: object) -> None:
        await ready.wait()
        raise ConfigError("No way to send this.")

    setup.catalog.resolving = refuse
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    setup.workspace.sender.submit(session, SendPrompt("First"))
    session.outgoing.draft = "typed"
    ready.set()
    await until(lambda: "NotSent" in watcher.kinds())

    assert session.outgoing.draft == "First\n\ntyped"
    assert setup.provider.requests == []
    assert [str(event.error) for event in watcher.events if isinstance(event, NotSent)] == ["No way to send this."]


async def test_a_defect_on_the_way_out_loses_no_text(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()

    def break_(model: object) -> None:
        raise RuntimeError("a bug")

    setup.catalog.resolving = break_
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    setup.workspace.sender.submit(session, SendPrompt("First"))
    await until(lambda: "NotSent" in watcher.kinds())

    assert session.outgoing.draft == "First"
    assert setup.workspace.sender.on_their_way(session) == []


async def test_what_is_on_its_way_can_be_taken_back(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    setup.catalog.resolving = lambda model: asyncio.Event().wait()
    session = setup.workspace.new()
    setup.workspace.sender.submit(session, SendPrompt("First"))
    assert setup.workspace.sender.on_their_way(session) == [SendPrompt("First")]

    assert setup.workspace.sender.take_back(session)

    assert session.outgoing.draft == "First"
    assert setup.workspace.sender.on_their_way(session) == []


async def test_nothing_leaves_before_the_user_agrees_to_an_unencrypted_key(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(answer=False)
    setup.catalog.plaintext = {"far.example"}
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)

    setup.workspace.sender.submit(session, SendPrompt("Hi"))
    await until(lambda: "NotSent" in watcher.kinds())

    assert setup.questions == ["far.example"]
    assert (setup.provider.requests, session.outgoing.draft) == ([], "Hi")


async def test_an_unencrypted_key_is_asked_about_once_for_a_host(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(answer=True)
    setup.catalog.plaintext = {"far.example"}
    session = setup.workspace.new()

    for prompt in ("Hi", "Again"):
        (task,) = await setup.workspace.sender.send(session, SendPrompt(prompt))
        await task.wait()

    assert setup.questions == ["far.example"]


async def test_models_answer_side_by_side_and_the_highlighted_one_goes_on(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    models = (setup.catalog.model("one"), setup.catalog.model("two"))
    tasks = await setup.workspace.sender.send(session, SendPrompt("Hi", models=models))
    for task in tasks:
        await task.wait()
    session.comparison.highlight(tasks[1])

    (task,) = await setup.workspace.sender.send(session, SendPrompt("And?"))
    await task.wait()

    assert [message.model for message in session.conversation.path() if message.role == "assistant"] == ["two", "two"]


async def test_a_reply_can_be_regenerated_and_continued(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace((Connected(), TextDelta("One"), Finished("length")), OK, OK)
    session = setup.workspace.new()
    for submission in (SendPrompt("Hi"), Continue(), Regenerate()):
        (task,) = await setup.workspace.sender.send(session, submission)
        await task.wait()

    replies = [message for message in session.conversation.messages.values() if message.role == "assistant"]
    assert [len(reply.segments) for reply in replies] == [2, 1]
    assert setup.texts(session)[-1] == ("assistant", "Hello, world")
