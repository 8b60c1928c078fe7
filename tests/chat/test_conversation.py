"""The tree of messages: branches, taking back, continuing, and requests that strict endpoints accept."""

import asyncio
from collections.abc import Callable, ValuesView
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streamtui.chat import (
    ChatRequest,
    ConfigError,
    Conversation,
    Model,
    ReasoningDelta,
    Reply,
    Status,
    StreamtuiError,
    TextDelta,
)
from streamtui.chat.continuation import CONTINUE_PROMPT
from streamtui.chat.events import Connected, Finished
from streamtui.chat.messages import ChatMessage, Turn
from streamtui.store import Store
from tests.chat.scripted import (
    HANG,
    OK,
    SWIFT,
    NotingRecorder,
    ScriptedProvider,
    Step,
    conversation,
    drop,
    notices_of,
    play,
    text_of,
)
from tests.store.samples import chain

CUT: tuple[Step, ...] = (Connected(), TextDelta("The answer is for"), Finished("length"))


def turns(request: ChatRequest) -> list[str]:
    return [f"{turn.role}: {turn.text}" for turn in request.turns]


async def stop_at_once(reply: Reply) -> None:
    async with reply:
        pass


async def test_the_title_is_the_first_line_of_the_first_prompt() -> None:
    talk, _ = conversation()

    await play(talk.ask("\n  How do I\tdrain a queue?  \nAnd why?"))
    await play(talk.ask("Something else"))

    assert talk.title == "How do I drain a queue?"


@pytest.mark.parametrize("prompt", ["", "  \n", "\ufeff", "\u202e"])
async def test_an_empty_prompt_is_refused_before_anything_happens(prompt: str) -> None:
    talk, _ = conversation()

    with pytest.raises(ConfigError):
        talk.ask(prompt)

    assert talk.messages == {}


async def test_asking_again_makes_a_branch_beside_the_reply() -> None:
    talk, provider = conversation(OK, [Connected(), TextDelta("Another"), Finished("stop")])
    await play(talk.ask("Go"))
    first = talk.path()[-1]

    await play(talk.regenerate())

    assert talk.path()[-1].text == "Another"
    assert talk.siblings(talk.path()[-1].id) == [first.id, talk.path()[-1].id]
    assert provider.requests[0].turns == provider.requests[1].turns


async def test_another_wording_makes_a_branch_beside_the_prompt() -> None:
    talk, provider = conversation()
    await play(talk.ask("One"))
    await play(talk.ask("Two"))
    prompt = talk.path()[2].id

    await play(talk.edit(prompt, "Two, better"))

    assert [message.text for message in talk.path()] == ["One", "Hello, world", "Two, better", "Hello, world"]
    assert turns(provider.requests[-1]) == ["user: One", "assistant: Hello, world", "user: Two, better"]
    talk.choose(prompt)
    assert talk.path()[2].text == "Two"


async def test_a_branch_is_shown_again_where_it_was_left() -> None:
    talk, _ = conversation()
    await play(talk.ask("One"))
    await play(talk.ask("Two"))
    left_at = talk.leaf
    await play(talk.regenerate())
    newer = talk.leaf
    talk.choose(str(left_at))
    await play(talk.edit(talk.path()[0].id, "Another beginning"))
    talk.choose(talk.siblings(talk.path()[0].id)[0])
    assert talk.leaf == left_at
    talk.choose(talk.path()[0].id)
    assert talk.leaf == left_at != newer


async def test_choosing_the_root_of_a_long_branch_looks_at_each_message_once() -> None:
    talk, _ = conversation()
    looks = [0]

    class Counting(dict[str, ChatMessage]):
        def values(self) -> ValuesView[ChatMessage]:  # type: ignore[override]  # dict's own type of view is final
            looks[0] += 1
            return super().values()

    messages = chain(400, "x")
    talk.tree.messages = Counting({message.id: message for message in messages})
    talk.choose(messages[0].id)
    assert talk.leaf == messages[-1].id
    assert looks[0] == 1


async def test_of_compared_replies_the_first_is_in_view_whichever_was_entered_last() -> None:
    recorder = NotingRecorder()
    talk, provider = conversation(recorder=recorder)
    models = [Model(provider, name) for name in "abc"]

    replies = talk.compare("Go", models)
    await asyncio.gather(*map(play, replies))

    assert talk.leaf == replies[0].id
    assert recorder.records[talk.id].leaf == replies[0].id
    assert talk.siblings(replies[0].id) == [reply.id for reply in replies]
    assert [talk.messages[reply.id].model for reply in replies] == ["a", "b", "c"]


async def test_a_turn_in_which_nothing_arrived_can_be_taken_back() -> None:
    recorder = NotingRecorder()
    talk, _ = conversation(OK, recorder=recorder)
    reply = talk.ask("Go")
    await stop_at_once(reply)

    assert talk.take_back(reply.id) == "Go"

    assert (talk.messages, talk.leaf, talk.title, recorder.messages) == ({}, None, "", {})


async def test_taking_back_another_wording_brings_the_first_one_back_into_view() -> None:
    talk, _ = conversation()
    await play(talk.ask("One"))
    await play(talk.ask("Two"))
    before = talk.leaf

    reply = talk.edit(talk.path()[0].id, "One, better")
    await stop_at_once(reply)
    talk.take_back(reply.id)

    assert talk.leaf == before


async def test_taking_back_a_second_try_in_the_middle_brings_the_later_turns_back_into_view() -> None:
    talk, _ = conversation()
    await play(talk.ask("One"))
    await play(talk.ask("Two"))
    before = talk.leaf

    reply = talk.regenerate(talk.path()[1].id)
    await stop_at_once(reply)

    assert talk.take_back(reply.id) is None
    assert talk.leaf == before


async def test_a_reply_is_continued_in_the_same_message_by_prefill() -> None:
    talk, provider = conversation(
        CUT, [Connected(), TextDelta("is for"), TextDelta("ty-two."), Finished("stop")], prefill=True
    )
    await play(talk.ask("What?"))

    events = await play(talk.continue_())

    assert turns(provider.requests[-1]) == ["user: What?", "assistant: The answer is for"]
    assert provider.requests[-1].prefill
    assert text_of(events) == "is forty-two.", "what a prefilled model writes is never trimmed"
    assert talk.path()[-1].text == "The answer is foris forty-two."
    assert [segment.status for segment in talk.path()[-1].segments] == [Status.COMPLETE, Status.COMPLETE]


async def test_without_prefill_the_model_is_told_to_go_on_and_the_repetition_is_trimmed() -> None:
    talk, provider = conversation(CUT, [Connected(), *map(TextDelta, "answer is forty-two."), Finished("stop")])
    await play(talk.ask("What?"))

    events = await play(talk.continue_())

    assert turns(provider.requests[-1]) == [
        "user: What?", "assistant: The answer is for", f"user: {CONTINUE_PROMPT}",
    ]  # fmt: skip
    assert text_of(events) == "ty-two."
    assert talk.path()[-1].text == "The answer is forty-two."


async def test_a_refused_prefill_falls_back_to_the_prompt() -> None:
    talk, provider = conversation(
        CUT, [drop("bad_request")], [Connected(), TextDelta("is forty-two."), Finished("stop")], prefill=True
    )
    await play(talk.ask("What?"))

    await play(talk.continue_())

    assert [request.prefill for request in provider.requests] == [False, True, False]
    assert turns(provider.requests[-1])[1:] == ["assistant: The answer is for", f"user: {CONTINUE_PROMPT}"]
    assert talk.path()[-1].text == "The answer is forty-two."


@pytest.mark.parametrize("prefill", [True, False])
async def test_a_reply_that_broke_off_again_and_again_is_sent_once_whole(prefill: bool) -> None:
    talk, provider = conversation(
        CUT,
        [Connected(), TextDelta("ty-"), drop()],
        [Connected(), TextDelta("two."), Finished("stop")],
        prefill=prefill,
        policy=SWIFT.__class__(reconnects=3, first_delay=0.001),
    )
    await play(talk.ask("What?"))

    events = await play(talk.continue_())

    assert notices_of(events) == ["retry", "reconnected"]
    asked = turns(provider.requests[-1])
    assert asked[:2] == ["user: What?", "assistant: The answer is forty-"]
    assert asked[2:] == ([] if prefill else [f"user: {CONTINUE_PROMPT}"])
    assert talk.path()[-1].text == "The answer is forty-two."
    assert len(talk.path()[-1].segments) == 3


async def test_reasoning_that_broke_off_is_asked_for_again_not_continued_from_nothing() -> None:
    talk, provider = conversation(
        [Connected(), ReasoningDelta("Hm"), drop()], OK, policy=SWIFT.__class__(reconnects=1, first_delay=0.001)
    )

    await play(talk.ask("What?"))

    assert turns(provider.requests[-1]) == ["user: What?"]
    assert talk.path()[-1].text == "Hello, world"


async def test_a_complete_reply_has_nothing_to_continue() -> None:
    talk, _ = conversation()
    await play(talk.ask("Go"))

    with pytest.raises(StreamtuiError, match="nothing to continue"):
        talk.continue_()


async def test_taking_back_an_empty_continuation_leaves_the_reply_as_it_was() -> None:
    talk, _ = conversation(CUT, [HANG])
    await play(talk.ask("What?"))
    before = talk.path()[-1]
    reply = talk.continue_()
    await stop_at_once(reply)

    assert talk.take_back(reply.id) is None
    assert talk.path()[-1] == before


async def test_nothing_can_be_asked_while_a_reply_streams() -> None:
    talk, _ = conversation([Connected(), HANG])

    async with talk.ask("One"):
        attempts: list[Callable[[], Reply]] = [lambda: talk.ask("Two"), talk.regenerate, talk.continue_]
        for attempt in attempts:
            with pytest.raises(StreamtuiError, match="still streaming"):
                attempt()


async def test_leaving_the_oldest_turns_out_keeps_the_system_message_and_the_last_prompt() -> None:
    talk, provider = conversation(system="Be brief.")
    for number in range(4):
        await play(talk.ask(f"p{number}"))

    assert talk.omitted.grow(talk.path()) == 4
    await play(talk.ask("last"))

    roles = [turn.role for turn in provider.requests[-1].turns]
    assert roles == ["system", *["user", "assistant"] * 2, "user"]
    assert provider.requests[-1].turns[1] == Turn("user", "p2")


async def test_a_branch_shorter_than_what_is_left_out_still_sends_its_prompt() -> None:
    talk, provider = conversation()
    for number in range(4):
        await play(talk.ask(f"p{number}"))
    talk.omitted.grow(talk.path())

    await play(talk.edit(talk.path()[0].id, "better"))

    assert turns(provider.requests[-1]) == ["user: better"]


async def test_a_conversation_reads_back_from_the_store_as_it_was_left(store: Store) -> None:
    talk, _ = conversation(recorder=store.recorder, system="Be brief.")
    await play(talk.ask("One"))
    await play(talk.ask("Two"))
    await play(talk.regenerate())

    record, messages = await store.library.load(talk.id)
    again = Conversation.resume(talk.model, store.recorder, record, messages)

    assert (again.title, again.system, again.leaf) == (talk.title, talk.system, talk.leaf)
    assert again.messages == talk.messages
    assert again.request(again.path()[-2].id) == talk.request(talk.path()[-2].id)


ENDINGS: dict[str, tuple[Step, ...]] = {
    "completes": OK,
    "is cut": CUT,
    "thinks only": (Connected(), ReasoningDelta("Hm."), Finished("stop")),
    "is blank": (Connected(), TextDelta("\n "), Finished("stop")),
    "is empty": (Connected(), Finished("stop")),
    "fails at once": (drop("auth"),),
    "fails after text": (Connected(), TextDelta("Some text "), drop()),
    "fails after thinking": (Connected(), ReasoningDelta("Hm."), drop()),
    "refuses": (drop("bad_request"),),
}
HOW_IT_ENDS = st.sampled_from(sorted(ENDINGS))


class StrictEndpoint(ScriptedProvider):
    """Notes every request that a strict endpoint would refuse."""

    def __init__(self) -> None:
        super().__init__(OK)
        self.wrong: list[list[str]] = []

    def check(self, request: ChatRequest) -> None:
        said = list(request.turns)
        pinned = said.pop(0) if said and said[0].role == "system" else None
        roles = [turn.role for turn in said]
        expected = [("user", "assistant")[index % 2] for index in range(len(roles))]
        last = "assistant" if request.prefill else "user"
        good = (
            pinned == Turn("system", "Be brief.")
            and roles == expected
            and roles[-1:] == [last]
            and all(turn.text.strip() for turn in said)
        )
        if not good:
            self.wrong.append(turns(request))


class Chat(RuleBasedStateMachine):
    """Whatever the reader does in whatever order: the requests stay valid, and the branch in view exists."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint = StrictEndpoint()
        policy = SWIFT.__class__(retries=1, first_delay=0.0, reconnects=1)
        self.talk, _ = conversation(system="Be brief.", policy=policy)
        self.talk.use(Model(self.endpoint, "strict"))
        self.asked = 0
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        self.loop.close()

    def run_reply(self, reply: Reply, how: str, stop_after: int | None) -> None:
        async def run() -> None:
            async with reply:
                number = 0
                async for _ in reply:
                    number += 1
                    if stop_after is not None and number > stop_after:
                        break

        self.endpoint.scripts = [*[OK] * len(self.endpoint.requests), ENDINGS[how]]
        self.loop.run_until_complete(run())
        for request in self.endpoint.requests[self.asked :]:
            self.endpoint.check(request)
        self.asked = len(self.endpoint.requests)

    @rule(how=HOW_IT_ENDS, stop=st.none() | st.integers(0, 2), prefill=st.booleans())
    def ask(self, how: str, stop: int | None, prefill: bool) -> None:
        self.endpoint.prefill = prefill
        self.run_reply(self.talk.ask(f"prompt {len(self.talk.messages)}"), how, stop)

    @precondition(lambda self: self.talk.messages)
    @rule(how=HOW_IT_ENDS, stop=st.none() | st.integers(0, 2), which=st.integers(0, 99))
    def ask_again(self, how: str, stop: int | None, which: int) -> None:
        with suppress(StreamtuiError):
            self.run_reply(self.talk.regenerate(self.pick(which)), how, stop)

    @precondition(lambda self: self.talk.messages)
    @rule(how=HOW_IT_ENDS, stop=st.none() | st.integers(0, 2), which=st.integers(0, 99))
    def reword(self, how: str, stop: int | None, which: int) -> None:
        message = self.talk.messages[self.pick(which)]
        if message.role == "user":
            self.run_reply(self.talk.edit(message.id, f"better {len(self.talk.messages)}"), how, stop)

    @precondition(lambda self: self.talk.messages)
    @rule(how=HOW_IT_ENDS, stop=st.none() | st.integers(0, 2), which=st.integers(0, 99), prefill=st.booleans())
    def go_on(self, how: str, stop: int | None, which: int, prefill: bool) -> None:
        self.endpoint.prefill = prefill
        with suppress(StreamtuiError):
            self.run_reply(self.talk.continue_(self.pick(which)), how, stop)

    @precondition(lambda self: self.talk.messages)
    @rule(which=st.integers(0, 99))
    def choose(self, which: int) -> None:
        self.talk.choose(self.pick(which))

    @rule(how=st.sampled_from(["ask", "ask_again"]))
    def stop_before_anything_and_take_back(self, how: str) -> None:
        if how == "ask":
            reply = self.talk.ask("taken back")
        else:
            try:
                reply = self.talk.regenerate()
            except StreamtuiError:
                return
        before = self.talk.leaf
        self.loop.run_until_complete(stop_at_once(reply))
        self.talk.take_back(reply.id)
        assert reply.id not in self.talk.messages
        if how == "ask":
            assert self.talk.leaf == before

    @rule()
    def leave_out_oldest(self) -> None:
        self.talk.omitted.grow(self.talk.path())

    def pick(self, which: int) -> str:
        return list(self.talk.messages)[which % len(self.talk.messages)]

    @invariant()
    def all_requests_are_valid(self) -> None:
        assert self.endpoint.wrong == []
        assert self.endpoint.open == 0

    @invariant()
    def the_branch_in_view_exists(self) -> None:
        if self.talk.leaf is None:
            assert self.talk.messages == {}
            return
        path = self.talk.path()
        assert path[0].parent is None and path[-1].id == self.talk.leaf
        assert [message.role for message in path] == [("user", "assistant")[n % 2] for n in range(len(path))]
        assert all(message.status is not Status.STREAMING for message in path)


TestChat = Chat.TestCase
TestChat.settings = settings(max_examples=60, stateful_step_count=15, deadline=None, database=None)


async def test_going_on_with_an_earlier_reply_leaves_what_followed_it_in_view() -> None:
    recorder = NotingRecorder()
    talk, _ = conversation(CUT, OK, OK, recorder=recorder)
    await play(talk.ask("One"))
    cut = talk.path()[-1].id
    await play(talk.ask("Two"))
    last = talk.path()[-1].id

    await play(talk.continue_(cut))

    assert talk.leaf == last
    assert recorder.records[talk.id].leaf == last
