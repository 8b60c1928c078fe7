"""Replies that nobody waits for: listeners, followers, stops; several replies as one stream; callbacks."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat import (
    ChatMessage,
    Event,
    Failed,
    Finished,
    Model,
    Reply,
    ReplyTasks,
    Status,
    TextDelta,
    merge,
    stream,
)
from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Connected, Notice
from streamtui.chat.reply_tasks import ReplyTask
from tests.chat.scripted import (
    HANG,
    NAP,
    NotingRecorder,
    ScriptedProvider,
    Step,
    conversation,
    drop,
    ending,
    failure,
    play,
    text_of,
    until,
)
from tests.patience import PATIENCE_S

WORDS: Sequence[Step] = [
    Connected(),
    *[step for n in range(30) for step in (TextDelta(f"{n} "), NAP)],
    Finished("stop"),
]
ALL = "".join(f"{n} " for n in range(30))


async def followed(task: ReplyTask) -> list[Event]:
    return [event async for batch in task.follow() for event in batch]


async def test_a_reply_runs_to_its_end_with_nobody_watching() -> None:
    talk, _ = conversation()
    tasks = ReplyTasks()

    task = tasks.start(talk.ask("Go"))
    assert tasks.conversations == {talk.id} and len(tasks) == 1 and tasks.of(talk.id) == [task]
    await task.wait()

    assert talk.path()[-1].text == "Hello, world"
    assert len(tasks) == 0 and tasks.task(task.reply.id) is None


async def test_followers_who_join_at_any_moment_miss_nothing_and_hear_nothing_twice() -> None:
    talk, _ = conversation(WORDS)
    task = ReplyTasks().start(talk.ask("Go"))
    followers: list[asyncio.Task[list[Event]]] = []

    while task.is_streaming:
        followers.append(asyncio.create_task(followed(task)))
        await asyncio.sleep(0)
    followers.append(asyncio.create_task(followed(task)))

    assert len(followers) > 10
    for events in await asyncio.gather(*followers):
        assert text_of(events) == ALL
        assert ending(events).status is Status.COMPLETE


async def test_a_follower_who_joins_while_a_request_waits_hears_why() -> None:
    talk, _ = conversation([drop("server", retryable=True, retry_after=60)])
    tasks = ReplyTasks()
    task = tasks.start(talk.ask("Go"))
    await until(lambda: task.reply.notice)

    async with aclosing(task.follow()) as batches:
        (first,) = await anext(batches)

    assert isinstance(first, Notice) and "retrying" in first.text
    await tasks.aclose()


async def test_a_follower_may_leave_and_the_reply_goes_on() -> None:
    talk, _ = conversation(WORDS)
    task = ReplyTasks().start(talk.ask("Go"))

    async with aclosing(task.follow()) as batches:
        async for batch in batches:
            if any(isinstance(event, TextDelta) for event in batch):
                break
    await task.wait()

    assert talk.path()[-1].text == ALL


async def test_a_follower_who_is_slow_delays_nobody_and_misses_nothing() -> None:
    talk, _ = conversation(WORDS)
    task = ReplyTasks().start(talk.ask("Go"))
    slow = task.follow()
    heard = await anext(slow)

    await task.wait()

    assert talk.path()[-1].status is Status.COMPLETE
    heard += [event async for batch in slow for event in batch]
    assert text_of(heard) == ALL


async def test_a_listener_that_leaves_while_it_is_called_hides_nothing_from_the_others() -> None:
    talk, _ = conversation(WORDS)
    task = ReplyTasks().start(talk.ask("Go"))
    heard: list[Event] = []
    leave = task.watch(lambda event: leave())
    task.watch(heard.append)

    await task.wait()

    assert text_of(heard) == ALL


async def test_stopping_is_announced_before_stop_returns() -> None:
    recorder = NotingRecorder()
    talk, provider = conversation([Connected(), TextDelta("one "), HANG], recorder=recorder)
    tasks = ReplyTasks()
    task = tasks.start(talk.ask("Go"))
    heard: list[Event] = []
    task.watch(heard.append)
    await until(lambda: task.reply.text)

    for _ in range(50):
        task.stop()

    assert [type(event) for event in heard] == [TextDelta, Finished]
    assert ending(heard).status is Status.STOPPED
    assert recorder.messages[task.reply.id].text == "one "
    assert len(tasks) == 0
    await task.wait()
    assert provider.open == 0
    assert recorder.calls.count("settle") == 1


async def test_what_was_held_back_is_heard_when_the_reply_is_stopped() -> None:
    cut: Sequence[Step] = [Connected(), TextDelta("The end is nigh and far"), Finished("length")]
    talk, _ = conversation(cut, [Connected(), TextDelta("end is"), HANG])
    await play(talk.ask("Go"))
    task = ReplyTasks().start(talk.continue_())
    heard: list[Event] = []
    task.watch(heard.append)
    await until(lambda: task.reply.meter.connected_at)

    task.stop()

    assert text_of(heard) == "end is"
    assert talk.path()[-1].text == "The end is nigh and farend is"


async def test_a_reply_stopped_before_it_began_is_over_and_forgotten() -> None:
    talk, provider = conversation()
    tasks = ReplyTasks()
    task = tasks.start(talk.ask("Go"))

    task.stop()
    await task.wait()

    assert provider.requests == []
    assert talk.path()[-1].status is Status.STOPPED
    await until(lambda: tasks.task(task.reply.id) is None)
    assert talk.take_back(task.reply.id) == "Go"


async def test_a_reply_whose_task_breaks_has_failed_and_all_who_follow_hear_so() -> None:
    asked = conversation()[0].ask("Go")
    calls: list[ChatMessage] = []

    def broken_once(message: ChatMessage) -> None:
        calls.append(message)
        if len(calls) == 1:
            raise ZeroDivisionError

    tasks = ReplyTasks()
    task = tasks.start(Reply(asked.model, asked.request, asked.message, asked.journal, changed=broken_once))

    async with asyncio.timeout(PATIENCE_S):
        events = await followed(task)

    assert failure(events).error.kind == "internal"
    assert (task.reply.message.status, tasks.task(task.reply.id)) == (Status.FAILED, None)


async def test_a_task_that_is_cancelled_before_it_began_leaves_a_stopped_reply() -> None:
    talk, _ = conversation()
    task = ReplyTasks().start(talk.ask("Go"))

    task._task.cancel()
    async with asyncio.timeout(PATIENCE_S):
        events = await followed(task)

    assert ending(events).status is talk.path()[-1].status is Status.STOPPED


async def test_closing_stops_all_replies_and_closes_their_connections() -> None:
    tasks = ReplyTasks()
    talks = [conversation([Connected(), TextDelta("one "), HANG]) for _ in range(5)]
    started = [tasks.start(talk.ask("Go")) for talk, _ in talks]
    await until(lambda: all(task.reply.text for task in started))

    await tasks.aclose()

    assert [talk.path()[-1].status for talk, _ in talks] == [Status.STOPPED] * 5
    assert [provider.open for _, provider in talks] == [0] * 5


async def test_replies_in_several_conversations_stream_side_by_side() -> None:
    tasks = ReplyTasks()
    talks = [conversation(WORDS)[0] for _ in range(8)]
    started = [tasks.start(talk.ask(f"Go {number}")) for number, talk in enumerate(talks)]

    await asyncio.gather(*(task.wait() for task in started))

    assert [talk.path()[-1].text for talk in talks] == [ALL] * 8


async def test_merged_replies_come_labelled_each_with_its_own_end() -> None:
    one, _ = conversation(WORDS)
    two, _ = conversation(WORDS)

    heard = [pair async for pair in merge({"a": one.ask("Go"), "b": two.ask("Go")})]

    for label in "ab":
        events = [event for name, event in heard if name == label]
        assert text_of(events) == ALL
        assert ending(events).status is Status.COMPLETE
    assert len({label for label, _ in heard[:10]}) == 2, "neither waits for the other"


async def test_one_merged_reply_that_fails_leaves_the_others_running() -> None:
    good, _ = conversation(WORDS)
    bad, _ = conversation([Connected(), TextDelta("a"), drop("auth")])

    heard = [pair async for pair in merge({"good": good.ask("Go"), "bad": bad.ask("Go")})]

    assert failure([event for label, event in heard if label == "bad"]).error.kind == "auth"
    assert text_of([event for label, event in heard if label == "good"]) == ALL


async def test_leaving_a_merge_stops_and_closes_all() -> None:
    talks = [conversation([Connected(), TextDelta("one "), HANG]) for _ in range(3)]
    replies = {str(n): talk.ask("Go") for n, (talk, _) in enumerate(talks)}

    async with aclosing(merge(replies)) as merged:
        async for _ in merged:
            if all(reply.text for reply in replies.values()):
                break

    assert [talk.path()[-1].status for talk, _ in talks] == [Status.STOPPED] * 3
    assert [provider.open for _, provider in talks] == [0, 0, 0]


async def test_a_slow_reader_slows_merged_streams_down_instead_of_filling_memory() -> None:
    produced = 0

    class Counting(ScriptedProvider):
        async def stream(self, request):  # type: ignore[no-untyped-def]  # as its base
            nonlocal produced
            yield Connected()
            while produced < 100_000:
                produced += 1
                yield TextDelta("x")

    talk, _ = conversation()
    talk.use(Model(Counting(), "many"))

    async with aclosing(merge({"a": talk.ask("Go")})) as merged:
        await anext(merged)
        for _ in range(50):
            await asyncio.sleep(0)

    assert 0 < produced < 200


async def test_a_defect_in_one_reply_ends_the_merge_instead_of_hanging_it() -> None:
    def broken() -> None:
        raise OSError("a defect")

    good, _ = conversation([Connected(), HANG])
    bad, _ = conversation(recorder=NotingRecorder(beginning=broken))

    with pytest.raises(OSError, match="a defect"):
        async with (
            asyncio.timeout(PATIENCE_S),
            aclosing(merge({"good": good.ask("Go"), "bad": bad.ask("Go")})) as merged,
        ):
            async for _ in merged:
                pass

    assert good.path()[-1].status is Status.STOPPED


async def test_callbacks_hear_every_piece_and_then_the_message() -> None:
    talk, _ = conversation()
    said: list[str] = []

    message = await stream(talk.ask("Go"), on_text=said.append, on_done=lambda message: said.append(message.status))

    assert said == ["Hello", ", world", "complete"]
    assert message.text == "Hello, world"


async def test_callbacks_hear_of_an_error_instead_of_the_end() -> None:
    talk, _ = conversation([Connected(), TextDelta("So far"), drop("auth")])
    errors: list[ErrorInfo] = []
    done: list[object] = []

    message = await stream(talk.ask("Go"), on_error=errors.append, on_done=done.append)

    assert ([error.kind for error in errors], done) == (["auth"], [])
    assert message.text == "So far"


async def test_callbacks_are_silent_after_a_cancel_and_the_text_is_kept() -> None:
    talk, _ = conversation([Connected(), TextDelta("So far"), HANG])
    heard: list[object] = []
    task = asyncio.create_task(stream(talk.ask("Go"), on_error=heard.append, on_done=heard.append))
    await until(lambda: talk.messages and talk.path()[-1].status is Status.STREAMING)
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert heard == []
    assert (talk.path()[-1].status, talk.path()[-1].text) == (Status.STOPPED, "So far")


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 40))
def test_whenever_it_is_stopped_all_who_follow_have_heard_what_is_kept(joins: list[int], stop_after: int) -> None:
    async def scene() -> None:
        talk, _ = conversation(WORDS)
        task = ReplyTasks().start(talk.ask("Go"))
        followers: list[asyncio.Task[list[Event]]] = []
        for turn in range(stop_after + 1):
            followers += [asyncio.create_task(followed(task)) for join in joins if min(join, stop_after) == turn]
            await asyncio.sleep(0)
        task.stop()
        for events in await asyncio.gather(*followers):
            assert text_of(events) == talk.path()[-1].text
            assert isinstance(events[-1], Finished | Failed)

    asyncio.run(scene())
