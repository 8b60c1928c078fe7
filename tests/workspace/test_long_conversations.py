"""Conversations that outgrow their model: what is sent, summed up, left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat import StreamtuiError
from streamtui.chat.compaction import PROMPT
from streamtui.chat.events import Connected, Finished, TextDelta
from streamtui.chat.messages import Turn, Usage
from streamtui.chat.metrics import estimate_tokens
from streamtui.chat.statistics import Price
from streamtui.workspace import Compact, Regenerate, Revise, SendPrompt, Session
from streamtui.workspace.condensing import condensed
from streamtui.workspace.context_use import context_table, context_use, measured_share
from streamtui.workspace.too_long import can_compact, compact_first
from tests.chat.scripted import HANG, OK, drop, until
from tests.workspace.conftest import OpenWorkspace, Setup

SUMMARY = (Connected(), TextDelta("They greet."), Finished("stop"))


async def play(setup: Setup, session: Session, *prompts: str) -> None:
    for prompt in prompts:
        (task,) = await setup.workspace.sender.send(session, SendPrompt(prompt))
        await task.wait()


def turns(setup: Setup) -> list[str]:
    return [turn.text for turn in setup.provider.requests[-1].turns]


async def test_a_summary_stands_for_what_came_before_and_the_whole_of_it_stays(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, SUMMARY, OK)
    session = setup.workspace.new(system="Be brief.")
    await play(setup, session, "One", "Two")
    before = session.conversation.path()

    (task,) = await setup.workspace.sender.send(session, Compact())
    await task.wait()
    assert turns(setup) == ["Be brief.", "One", "Hello, world", "Two", "Hello, world", PROMPT]
    assert setup.texts(session) == [("user", PROMPT), ("assistant", "They greet.")]

    await play(setup, session, "Three")
    assert turns(setup) == ["Be brief.", PROMPT, "They greet.", "Three"]
    assert session.conversation.title == "One"
    assert all(message.id in session.conversation.messages for message in before)


async def test_one_step_leads_back_to_a_byte_equal_request(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, OK, SUMMARY, OK)
    session = setup.workspace.new()
    await play(setup, session, "One", "Two")
    (task,) = await setup.workspace.sender.send(session, Regenerate())  # another branch, newer than the one in view
    await task.wait()
    session.walk(str(session.conversation.leaf), -1)
    leaf = session.conversation.leaf
    before = session.conversation.request(leaf)

    (task,) = await setup.workspace.sender.send(session, Compact())
    await task.wait()
    (root,) = [message for message in session.conversation.path() if message.parent is None]
    assert session.walk(root.id, -1) is not None

    assert session.conversation.leaf == leaf
    assert session.conversation.request(leaf) == before


async def test_a_summary_that_is_stopped_keeps_its_part_and_can_be_edited_and_asked_again(
    open_workspace: OpenWorkspace,
) -> None:
    setup = open_workspace(OK, (Connected(), TextDelta("They"), HANG), SUMMARY)
    session = setup.workspace.new()
    await play(setup, session, "One")
    (task,) = await setup.workspace.sender.send(session, Compact())
    await until(lambda: task.reply.text)
    session.stop()
    await task.wait()
    assert setup.texts(session)[-1] == ("assistant", "They")

    reply = str(session.conversation.leaf)
    await setup.workspace.sender.send(session, Revise(reply, "They are friends."))
    assert setup.texts(session)[-1] == ("assistant", "They are friends.")

    (task,) = await setup.workspace.sender.send(session, Regenerate())
    await task.wait()
    assert turns(setup) == ["One", "Hello, world", PROMPT]


async def test_a_reopened_summary_is_asked_again_of_what_it_sums_up(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, SUMMARY)
    session = setup.workspace.new()
    await play(setup, session, "One")
    (task,) = await setup.workspace.sender.send(session, Compact())
    await task.wait()
    await setup.workspace.aclose()

    other = open_workspace(SUMMARY)
    again = await other.workspace.resume(session.conversation.id)
    assert other.texts(again) == [("user", PROMPT), ("assistant", "They greet.")]
    (task,) = await other.workspace.sender.send(again, Regenerate())
    await task.wait()
    assert turns(other) == ["One", "Hello, world", PROMPT]


async def test_a_summary_that_brings_nothing_is_taken_back(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, (Connected(), HANG))
    session = setup.workspace.new()
    await play(setup, session, "One")
    before = session.conversation.path()
    await setup.workspace.sender.send(session, Compact())
    await until(lambda: setup.provider.open)
    session.stop()
    assert session.conversation.path() == before
    assert len(session.conversation.messages) == 2


async def test_nothing_is_summed_up_where_nothing_was_said(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    assert not can_compact(session.conversation)
    with pytest.raises(StreamtuiError, match="nothing to sum up"):
        await setup.workspace.sender.send(session, Compact())


async def test_after_a_refusal_the_summary_comes_first_and_the_prompt_after_it(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, (drop("context_length"),), SUMMARY, OK)
    session = setup.workspace.new()
    await play(setup, session, "One", "Two", "Three")
    task_id = str(session.conversation.leaf)
    assert session.outgoing.draft == "Three"
    failed = session.conversation.messages[task_id]
    request = setup.provider.requests[-1]
    reply = type("Refused", (), {"message": failed, "id": failed.id, "request": request})

    for submission in compact_first(session, reply):  # type: ignore[arg-type]  # all that is read of a reply
        setup.workspace.sender.submit(session, submission)
    await until(lambda: len(setup.provider.requests) >= 5 and not session.is_streaming)
    assert PROMPT in setup.provider.requests[3].turns[0].text
    assert all(text in setup.provider.requests[3].turns[0].text for text in ("user: One", "assistant: Hello, world"))

    assert turns(setup) == [PROMPT, "They greet.", "Three"]
    assert session.outgoing.draft == ""


async def test_what_was_left_out_on_one_branch_is_not_left_out_of_the_summarys(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK, OK, OK, SUMMARY, OK)
    session = setup.workspace.new()
    await play(setup, session, "One", "Two", "Three")
    session.conversation.omitted.grow(session.conversation.path())
    (task,) = await setup.workspace.sender.send(session, Compact())
    await task.wait()
    await play(setup, session, "Four")
    assert turns(setup) == [PROMPT, "They greet.", "Four"]


async def test_the_list_of_what_is_sent_has_sizes_and_what_is_not_sent(open_workspace: OpenWorkspace) -> None:
    counted = (Connected(), TextDelta("x" * 400), Usage(700, 100), Finished("stop"))
    setup = open_workspace(counted, counted, counted)
    session = setup.workspace.new(system="Be brief.")
    assert (await context_use(setup.workspace.new(), {})).parts == ()
    await play(setup, session, "One", "Two", "Three")
    session.conversation.omitted.grow(session.conversation.path())
    prices = {"scripted": Price(context=1000)}

    use = await context_use(session, prices)

    assert [part.label for part in use.parts] == ["system", *["you", "scripted"] * 3]
    assert [part.is_sent for part in use.parts] == [True, False, False, True, True, True, True]
    assert [part.tokens for part in use.parts][2] == 100
    assert use.tokens == sum(part.tokens for part in use.parts if part.is_sent)
    assert measured_share(session.conversation, prices) == 0.8
    assert measured_share(session.conversation, {}) is None
    table = context_table(use)
    assert "Be brief." in table and "of the 1,000 tokens" in table and "– is not sent" in table
    sent = {turn.text for turn in session.conversation.request(session.conversation.leaf).turns}
    assert {message.text for message in session.conversation.path()[2:]} <= sent


@given(st.lists(st.text(max_size=3000), min_size=2, max_size=12), st.integers(250, 3000))
async def test_of_more_than_fits_every_part_fits_and_all_short_messages_are_in_one_of_them(
    texts: list[str], budget: int
) -> None:
    turns = [Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]
    asked: list[str] = []

    async def ask(prompt: str) -> str:
        asked.append(prompt)
        return "so far"

    last = await condensed(turns, budget, ask)
    if last is None:
        assert sum(estimate_tokens(text) for text in texts) <= budget
        return
    prompts = [*asked, last]
    assert all(estimate_tokens(prompt) <= 2 * budget + 300 for prompt in prompts)
    for text in texts:
        if len(text) < budget:
            assert any(text in prompt for prompt in prompts)
    assert all("so far" in prompt for prompt in prompts[1:])


async def test_a_part_that_is_refused_is_tried_in_smaller_ones() -> None:
    turns = [Turn("assistant" if n % 2 else "user", f"{n} " * 300) for n in range(8)]
    sizes: list[int] = []

    async def ask(prompt: str) -> str:
        sizes.append(estimate_tokens(prompt))
        if sizes[-1] > 600:
            raise StreamtuiError("too long")
        return "so far"

    assert await condensed(turns, 900, ask) is not None
    assert sizes[0] > 600 and sizes[-1] <= 600
