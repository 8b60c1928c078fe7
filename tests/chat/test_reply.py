"""One assistant turn: the order of its events, its ends, and what is kept."""

import asyncio
from collections.abc import Sequence

import pytest

from streamtui.chat import ChatMessage, Conversation, Policy, ReasoningDelta, Status, TextDelta, Usage
from streamtui.chat.errors import StoreError
from streamtui.chat.events import Connected, Finished, Notice
from streamtui.chat.messages import ChatRequest
from streamtui.chat.metrics import Metrics
from tests.chat.scripted import (
    HANG,
    NAP,
    OK,
    NotingRecorder,
    Step,
    conversation,
    drop,
    ending,
    failure,
    notices_of,
    play,
    reasoning_of,
    text_of,
    until,
)
from tests.turns import turns


async def test_a_reply_is_its_deltas_then_usage_then_the_end() -> None:
    talk, _ = conversation([Connected(), ReasoningDelta("Hm."), TextDelta("Yes"), Usage(3, 2), Finished("stop")])

    events = await play(talk.ask("Is it?"))

    assert events[:3] == [ReasoningDelta("Hm."), TextDelta("Yes"), Usage(3, 2)]
    assert ending(events).status is Status.COMPLETE and ending(events).finish_reason == "stop"
    assert len(events) == 4


async def test_without_a_finish_reason_a_reply_is_not_complete() -> None:
    talk, _ = conversation([Connected(), TextDelta("So far")])

    events = await play(talk.ask("Go"))

    assert failure(events).error.kind == "dropped"
    assert talk.path()[-1].status is Status.FAILED
    assert talk.path()[-1].text == "So far"


async def test_usage_that_never_came_is_estimated_and_says_so() -> None:
    talk, _ = conversation([Connected(), TextDelta("x" * 40), Finished("stop")])

    events = await play(talk.ask("y" * 80))

    assert Usage(20, 10, None, estimated=True) in events
    assert talk.path()[-1].last.usage == Usage(20, 10, None, estimated=True)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([], Usage(20, 10, None, estimated=True)),
        ([Usage(7)], Usage(7, 10, None, estimated=True)),
        ([Usage(7, 9)], Usage(7, 9)),
    ],
)
async def test_what_the_provider_did_not_count_of_a_reply_that_broke_off_is_estimated(
    said: list[Usage], kept: Usage
) -> None:
    talk, _ = conversation([Connected(), *said, TextDelta("x" * 40), drop("refused")])

    events = await play(talk.ask("y" * 80))

    assert failure(events)
    assert [event for event in events if isinstance(event, Usage)][-1] == kept
    assert talk.path()[-1].last.usage == kept


async def test_the_tokens_of_a_stopped_reply_are_estimated_and_those_of_none_are_not() -> None:
    talk, _ = conversation([Connected(), TextDelta("x" * 40), HANG], [drop("refused")])
    async with talk.ask("y" * 80) as reply:
        async for _ in reply:
            break
    assert talk.path()[-1].last.usage == Usage(20, 10, None, estimated=True)

    events = await play(talk.ask("Again"))
    assert not [event for event in events if isinstance(event, Usage)]
    assert talk.path()[-1].last.usage is None


async def test_a_reply_without_text_says_so() -> None:
    talk, _ = conversation([Connected(), ReasoningDelta("Hm."), Finished("stop")])

    assert notices_of(await play(talk.ask("Go"))) == ["finish"]


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("choices"), RecursionError(), UnicodeError("x")])
async def test_a_defect_of_a_provider_becomes_one_line_and_keeps_the_text(error: Exception) -> None:
    talk, provider = conversation([Connected(), TextDelta("So far"), error])

    events = await play(talk.ask("Go"))

    assert failure(events).error.kind == "internal"
    assert "\n" not in failure(events).error.message
    assert talk.path()[-1].text == "So far"
    assert provider.open == 0


async def test_foreign_text_is_cleaned_in_events_messages_and_records() -> None:
    recorder = NotingRecorder()
    talk, _ = conversation(
        [
            Connected(),
            ReasoningDelta("\x1b[2J"),
            *map(TextDelta, ["a\x1b]0;b", "\ud83d", "\ude00\r", "\nc"]),
            Finished("st\x1bop"),
        ],
        recorder=recorder,
    )

    events = await play(talk.ask("Go\x9b"))

    assert text_of(events) == talk.path()[-1].text == recorder.appended[talk.path()[-1].id] == "a�]0;b😀\nc"
    assert reasoning_of(events) == "�[2J"
    assert ending(events).finish_reason == "st�op"
    assert talk.path()[0].text == "Go�"


async def test_a_surrogate_left_alone_at_the_end_arrives_as_a_replacement() -> None:
    talk, _ = conversation([Connected(), TextDelta("a\ud83d"), Finished("stop")])

    events = await play(talk.ask("Go"))

    assert text_of(events) == talk.path()[-1].text == "a�"


@pytest.mark.parametrize("bad", [drop(), drop("server"), ValueError("odd")])
async def test_what_was_held_back_arrives_before_a_failure_too(bad: Exception) -> None:
    talk, _ = conversation([Connected(), TextDelta("a\ud83d"), bad])

    events = await play(talk.ask("Go"))

    assert text_of(events) == talk.path()[-1].text == "a�"


async def test_the_reader_who_breaks_off_leaves_a_stopped_reply() -> None:
    talk, provider = conversation([Connected(), TextDelta("one "), TextDelta("two "), HANG])

    async with talk.ask("Go") as reply:
        async for event in reply:
            assert event == TextDelta("one ")
            break

    assert talk.path()[-1].status is Status.STOPPED
    assert talk.path()[-1].text == "one "
    assert provider.open == 0


async def test_an_exception_of_the_readers_own_leaves_a_stopped_reply() -> None:
    talk, provider = conversation([Connected(), TextDelta("one "), HANG])

    with pytest.raises(ZeroDivisionError):
        async with talk.ask("Go") as reply:
            async for _ in reply:
                raise ZeroDivisionError

    assert (talk.path()[-1].status, talk.path()[-1].text, provider.open) == (Status.STOPPED, "one ", 0)


async def test_stopping_from_elsewhere_ends_the_stream_with_the_status_stopped() -> None:
    recorder = NotingRecorder()
    talk, _ = conversation(
        [Connected(), TextDelta("one "), NAP, TextDelta("two "), Finished("stop")], recorder=recorder
    )

    async with talk.ask("Go") as reply:
        events = []
        async for event in reply:
            events.append(event)
            reply.stop()

    assert [type(event) for event in events] == [TextDelta, Finished]
    assert ending(events).status is Status.STOPPED
    assert recorder.messages[reply.id].text == "one "
    assert recorder.calls == ["begin", "append", "settle"]


async def test_fifty_stops_equal_one() -> None:
    recorder = NotingRecorder()
    talk, _ = conversation([Connected(), TextDelta("one "), HANG], recorder=recorder)

    async with talk.ask("Go") as reply:
        await anext(aiter(reply))
        for _ in range(50):
            reply.stop()

    assert recorder.calls.count("settle") == 1


async def test_the_turn_is_written_down_before_the_request_leaves() -> None:
    recorder = NotingRecorder()
    talk, provider = conversation(recorder=recorder)
    recorder.beginning = lambda: recorder.calls.append(f"sent {len(provider.requests)}")

    await play(talk.ask("Go"))

    assert recorder.calls == ["begin", "sent 0", "append", "append", "settle"]
    assert [message.role for message in recorder.messages.values()] == ["user", "assistant"]


async def test_a_recorder_that_hangs_delays_the_request_by_a_second_and_no_more() -> None:
    recorder = NotingRecorder(beginning=lambda: asyncio.Event().wait())
    talk, _ = conversation(recorder=recorder)
    started = asyncio.get_running_loop().time()

    events = await play(talk.ask("Go"))

    assert notices_of(events) == ["not_saved"]
    assert text_of(events) == "Hello, world"
    assert 0.9 < asyncio.get_running_loop().time() - started < 10
    assert recorder.messages[talk.path()[-1].id].status is Status.COMPLETE


async def test_a_store_that_refuses_is_said_and_the_chat_goes_on() -> None:
    def refuse() -> None:
        raise StoreError("The disk is full.")

    talk, _ = conversation(recorder=NotingRecorder(beginning=refuse))

    events = await play(talk.ask("Go"))

    assert events[0] == Notice("not_saved", "Not saved yet: The disk is full.")
    assert ending(events).status is Status.COMPLETE


async def test_cancelling_while_the_turn_is_written_down_settles_it() -> None:
    recorder = NotingRecorder(beginning=lambda: asyncio.Event().wait())
    talk, provider = conversation(recorder=recorder)
    task = asyncio.create_task(play(talk.ask("Go")))
    await until(lambda: recorder.calls)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert provider.requests == []
    assert talk.path()[-1].status is Status.STOPPED
    assert recorder.messages[talk.path()[-1].id].status is Status.STOPPED
    talk.ask("Again")  # nothing streams any more


async def test_a_reply_without_end_is_cut_off_with_a_reason_and_its_text() -> None:
    talk, _ = conversation([Connected(), *[TextDelta("x" * 10)] * 99], policy=Policy(longest_reply=100))

    events = await play(talk.ask("Go"))

    assert failure(events).error.kind == "too_large"
    assert "100 characters" in failure(events).error.message
    assert text_of(events) == talk.path()[-1].text
    assert 100 <= len(talk.path()[-1].text) <= 110


async def test_the_notice_is_gone_when_text_arrives() -> None:
    talk, _ = conversation([Connected(), Notice("field_dropped", "no x"), TextDelta("a"), Finished("stop")])

    async with talk.ask("Go") as reply:
        stream = aiter(reply)
        await anext(stream)
        assert reply.notice is not None
        await anext(stream)
        assert reply.notice is None


async def test_the_time_to_the_first_token_is_of_the_request_that_succeeded() -> None:
    ticks = iter(range(1000))
    talk, provider = conversation([drop("server", retryable=True)], OK)
    timed = Conversation(talk.model, options=talk.options, clock=lambda: float(next(ticks)))

    events = await play(timed.ask("Go"))

    metrics = ending(events).metrics
    assert metrics is not None and metrics.ttft_s is not None
    assert len(provider.requests) == 2
    assert 0 < metrics.ttft_s < 5


async def test_figures_that_cannot_be_told_keep_no_reply_from_settling() -> None:
    recorder = NotingRecorder()
    ticks = iter(range(1000))
    words: Sequence[Step] = [Connected(), TextDelta("So "), TextDelta("far"), Usage(3, 10**400), Finished("stop")]
    scripted, _ = conversation(words)
    talk = Conversation(scripted.model, recorder, clock=lambda: float(next(ticks)))

    events = await play(talk.ask("Go"))

    assert (ending(events).status, ending(events).metrics) == (Status.COMPLETE, Metrics())
    assert recorder.messages[talk.path()[-1].id].text == "So far"


async def test_a_flood_gives_others_a_turn_every_few_milliseconds() -> None:
    talk, _ = conversation([Connected(), *[TextDelta("word ")] * 60_000, Finished("stop")])
    async with turns() as taken:
        await play(talk.ask("Go"))

    assert len(taken) > 20
    assert taken[len(taken) // 2] < 0.02
    assert taken[-1] < 0.2


def _texts(request: ChatRequest) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in request.turns]


@pytest.mark.parametrize("end", ["stopped", "failed", "dropped"])
async def test_partial_text_is_in_the_next_request_once(end: str) -> None:
    partial: Sequence[Step] = [Connected(), TextDelta("So "), TextDelta("far")]
    lasts: dict[str, Step] = {"stopped": HANG, "failed": drop("server"), "dropped": NAP}
    talk, provider = conversation([*partial, lasts[end]], OK, system="Be brief.")

    async with talk.ask("One") as reply:
        async for _ in reply:
            if reply.text == "So far" and end == "stopped":
                break
    await play(talk.ask("Two"))

    assert _texts(provider.requests[-1]) == [
        ("system", "Be brief."), ("user", "One"), ("assistant", "So far"), ("user", "Two"),
    ]  # fmt: skip


async def test_reasoning_alone_is_no_reply_for_later_requests() -> None:
    talk, provider = conversation([Connected(), ReasoningDelta("Hm."), Finished("stop")], OK)

    await play(talk.ask("One"))
    await play(talk.ask("Two"))

    assert _texts(provider.requests[-1]) == [("user", "Two")]
    assert [message.text for message in talk.path()[:2]] == ["One", ""]


async def test_white_space_alone_is_no_reply_for_later_requests() -> None:
    talk, provider = conversation([Connected(), TextDelta(" \n"), Finished("stop")], OK)

    await play(talk.ask("One"))
    await play(talk.ask("Two"))

    assert _texts(provider.requests[-1]) == [("user", "Two")]


async def test_messages_know_who_wrote_them() -> None:
    talk, _ = conversation()

    await play(talk.ask("Go"))

    asked, answered = talk.path()
    assert (asked.role, answered.role, answered.model) == ("user", "assistant", "scripted")
    assert isinstance(answered, ChatMessage) and answered.parent == asked.id
