"""Replies that change otherwise than by growing: on screen, on disk and in the next request they read the same."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from streamtui.chat import Conversation, Event, Model, Options, Policy, Status, TextDelta
from streamtui.chat.accumulator import STARTED_OVER
from streamtui.chat.events import Connected, Finished, Notice, ProviderEvent, ReasoningDelta, Revised
from streamtui.chat.messages import ChatMessage, SavedNotice
from tests.chat.scripted import OK, NotingRecorder, Step, conversation, drop, play, text_of

WHOLE = (
    "The harbour lies open to the west, and in winter the ferries wait behind the breakwater. "
    "Nobody minds: there is soup, there are newspapers of last week, and a cat that belongs to the pilot."
)
BROKEN = WHOLE[:103]


def deltas(text: str, size: int = 6) -> list[TextDelta]:
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


def shown(events: Sequence[Event], earlier: str = "") -> str:
    """Return what a follower has on screen who heard these events."""
    text = earlier
    for event in events:
        match event:
            case TextDelta(text=piece):
                text += piece
            case Revised(text=whole):
                text = whole
            case _:
                pass
    return text


@dataclass
class StoredText:
    """What a store would hold of a message's last segment, call by call."""

    text: str = ""
    reasoning: str = ""


@dataclass
class StoringRecorder(NotingRecorder):
    """Holds what a store would fold after a crash: the last settled state, and the pieces since."""

    folded: dict[str, StoredText] = field(default_factory=dict)

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        super().append(message, segment, text, reasoning)
        stored = self.folded.setdefault(message, StoredText())
        stored.text += text
        stored.reasoning += reasoning

    def settle(self, conversation: str, message: ChatMessage) -> None:
        super().settle(conversation, message)
        self.folded[message.id] = StoredText(message.text, message.reasoning)


@pytest.mark.parametrize("introduction", ["", "Sure! Here is the rest:\n\n", "Hello! "])
async def test_a_dropped_reply_whose_model_starts_over_is_one_reply(introduction: str) -> None:
    recorder = StoringRecorder()
    talk, provider = conversation(
        [Connected(), *deltas(BROKEN), drop()],
        [Connected(), *deltas(introduction + WHOLE), Finished("stop")],
        OK,
        policy=Policy(reconnects=1, first_delay=0.001),
        recorder=recorder,
    )
    events = await play(talk.ask("Go"))

    message = talk.path()[-1]
    assert shown(events) == message.text == recorder.messages[message.id].text == WHOLE
    assert [segment.status for segment in message.segments] == [Status.FAILED, Status.COMPLETE]
    await play(talk.ask("Next"))
    assert [turn.text for turn in provider.requests[-1].turns] == ["Go", WHOLE, "Next"]


async def test_a_stopped_reply_that_is_continued_by_starting_over_is_one_reply() -> None:
    talk, _ = conversation(
        [Connected(), *deltas(BROKEN), drop("refused")], [Connected(), *deltas(WHOLE), Finished("stop")]
    )
    await play(talk.ask("Go"))
    events = await play(talk.continue_())

    assert shown(events, BROKEN) == talk.path()[-1].text == WHOLE


REWORDED = (
    "The harbour is open towards the west, so the ferries have to wait behind its breakwater all winter long. Nobody "
    "there minds much: they serve soup, newspapers of the last week lie about, and the pilot has a cat."
)


@pytest.mark.parametrize("introduction", ["", "Sure! Here it is again:\n\n", "Hello! "])
async def test_a_model_that_starts_over_in_other_words_writes_a_branch(introduction: str) -> None:
    recorder = StoringRecorder()
    talk, provider = conversation(
        [Connected(), *deltas(BROKEN), drop("refused")],
        [Connected(), *deltas(introduction + REWORDED), Finished("stop")],
        OK,
        recorder=recorder,
    )
    await play(talk.ask("Go"))
    broken = talk.path()[-1]
    events = await play(talk.continue_())

    reply = talk.path()[-1]
    assert shown(events, BROKEN) == reply.text == recorder.messages[reply.id].text == introduction + REWORDED
    assert reply.status is Status.COMPLETE
    assert [notice.text for notice in reply.notices] == [STARTED_OVER]
    assert [event.reason for event in events if isinstance(event, Revised)] == [STARTED_OVER]
    first, second = talk.siblings(reply.id)
    assert second == reply.id
    assert talk.messages[first] == replace(broken, id=first)
    assert recorder.messages[first] == talk.messages[first]
    assert talk.tree.places(talk.path())[reply.id] == (2, 2)
    await play(talk.ask("Next"))
    assert [turn.text for turn in provider.requests[-1].turns] == ["Go", introduction + REWORDED, "Next"]


async def test_a_dropped_reply_that_starts_over_in_other_words_is_a_branch_and_goes_on_from_its_own_text() -> None:
    talk, provider = conversation(
        [Connected(), *deltas(BROKEN), drop()],
        [Connected(), *deltas(REWORDED[:150]), drop()],
        [Connected(), *deltas(REWORDED[150:]), Finished("stop")],
        policy=Policy(reconnects=2, first_delay=0.001),
    )
    events = await play(talk.ask("Go"))

    reply = talk.path()[-1]
    assert shown(events) == reply.text == REWORDED
    assert provider.requests[-1].turns[1].text == REWORDED[:150]
    assert [talk.messages[id].text for id in talk.siblings(reply.id)] == [BROKEN, REWORDED]


class Hesitant:
    """Begins to repeat what is there, keeps silent, and goes on."""

    name = "openai"
    host = "a.script"

    def __init__(self) -> None:
        self.asked = 0

    async def stream(self, request: object) -> AsyncGenerator[ProviderEvent, None]:
        self.asked += 1
        yield Connected()
        if self.asked == 1:
            for delta in deltas(BROKEN):
                yield delta
            raise drop("refused")
        yield TextDelta(WHOLE[:40])
        await asyncio.sleep(1.2)
        for delta in deltas(WHOLE[40:]):
            yield delta
        yield Finished("stop")

    def can_prefill(self, model: str) -> bool:
        return False

    async def models(self) -> list[str]:
        return ["hesitant"]

    async def aclose(self) -> None:
        return


async def test_what_is_held_back_is_shown_while_the_server_keeps_silent_and_withdrawn_after() -> None:
    recorder = StoringRecorder()
    talk = Conversation(Model(Hesitant(), "hesitant"), recorder, options=Options(policy=Policy(retries=0)))
    await play(talk.ask("Go"))
    events: list[Event] = []
    async with talk.continue_() as reply:
        async for event in reply:
            events.append(event)
            if isinstance(event, TextDelta) and len(events) == 1:
                assert event.text == WHOLE[:40]
                assert reply.text == BROKEN + WHOLE[:40]
                assert recorder.folded[reply.id].text == BROKEN + WHOLE[:40]

    assert sum(isinstance(event, Revised) for event in events) == 1
    assert shown(events, BROKEN) == talk.path()[-1].text == WHOLE


async def test_reasoning_that_was_taken_for_the_answer_is_reasoning_everywhere() -> None:
    recorder = StoringRecorder()
    talk, provider = conversation(
        [Connected(), *deltas("Let me see. 2+2 is 4.\n</think>\n\nThe answer is 4."), Finished("stop")],
        OK,
        recorder=recorder,
    )
    async with talk.ask("Go") as reply:
        async for event in reply:
            if isinstance(event, Revised):
                assert (event.text, event.reasoning) == (reply.text, reply.reasoning) == ("", "Let me see. 2+2 is 4.")
            if reply.ending is None and reply.id in recorder.folded:
                stored = recorder.folded[reply.id]
                assert stored.text.endswith(reply.text) and stored.reasoning == reply.reasoning
    assert reply.text == "The answer is 4."
    await play(talk.ask("Next"))
    assert [turn.text for turn in provider.requests[-1].turns] == ["Go", "The answer is 4.", "Next"]


async def test_notices_that_are_about_the_reply_stay_and_those_about_the_moment_go() -> None:
    said: Sequence[Step] = [Notice("refusal", "m refused."), Notice("retry", "again"), Notice("refusal", "m refused.")]
    talk, _ = conversation([Connected(), *said, ReasoningDelta("Hm."), TextDelta("No."), Finished("stop")])
    await play(talk.ask("Go"))

    assert talk.path()[-1].notices == (SavedNotice("refusal", "m refused."),)


async def test_a_finished_reply_whose_connection_breaks_is_not_asked_for_again() -> None:
    talk, provider = conversation(
        [Connected(), TextDelta("Done."), Finished("stop"), drop()], policy=Policy(reconnects=2, first_delay=0.001)
    )
    events = await play(talk.ask("Go"))

    assert (text_of(events), len(provider.requests)) == ("Done.", 1)
    assert talk.path()[-1].status is Status.FAILED
