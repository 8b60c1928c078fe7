"""Stopping a reply over real HTTP, in every state it can be in, with the real provider and a real store."""

import asyncio
import time

import pytest

from streamtui.chat import Conversation, Options, Policy, ReplyTasks, Status, merge
from streamtui.store import Store
from tests.chat.conftest import Ask
from tests.chat.scripted import AT_ONCE_S, cancelled, play, until
from tests.server import ScriptedServer
from tests.turns import turns, work

STATES = {
    "connecting": "mute",
    "in the headers": "slow-headers",
    "waiting for the first token": "stall-first",
    "streaming": "slow-5",
    "flooding": "infinite",
    "stalled": "stall",
    "stalled with pings": "stall-ping",
    "in an endless line": "slow-line",
    "waiting to send again": "429-after-60",
}
BRINGS_TEXT = {"slow-5", "infinite", "stall", "stall-ping"}
PATIENT = Options(policy=Policy(retries=3, first_delay=60, longest_delay=60))


@pytest.fixture(params=list(STATES.values()), ids=list(STATES))
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_stopping_is_instant_keeps_the_text_once_and_closes_the_connection(
    state: str, ask: Ask, server: ScriptedServer, store: Store
) -> None:
    talk = Conversation(ask(state), store.recorder, options=PATIENT)
    run = ReplyTasks().start(talk.ask("Go"))
    await until(lambda: server.of(state), "the request")
    await until(lambda: run.reply.text or state not in BRINGS_TEXT, "text")
    await until(lambda: run.reply.notice or state != "429-after-60", "the notice")

    stopped_at = time.monotonic()
    for _ in range(50):
        run.stop()
    settled_at = time.monotonic()
    await run.wait()

    assert settled_at - stopped_at < AT_ONCE_S
    assert time.monotonic() - stopped_at < AT_ONCE_S
    kept = talk.path()[-1]
    assert kept.status is Status.STOPPED
    assert bool(kept.text) is (state in BRINGS_TEXT)
    assert len(server.of(state)) == 1
    if state != "429-after-60":
        await until(lambda: server.of(state)[0].closed, "the close")
        assert (server.of(state)[0].closed or 0) - stopped_at < AT_ONCE_S
    _, saved = await store.library.load(talk.id)
    assert [(message.text, message.status) for message in saved] == [("Go", "complete"), (kept.text, "stopped")]


async def test_cancelling_the_task_that_reads_does_the_same(
    state: str, ask: Ask, server: ScriptedServer, store: Store
) -> None:
    talk = Conversation(ask(state), store.recorder, options=PATIENT)
    reply = talk.ask("Go")
    task = asyncio.create_task(play(reply))
    await until(lambda: server.of(state), "the request")
    await until(lambda: reply.text or state not in BRINGS_TEXT, "text")

    assert await cancelled(task) < AT_ONCE_S

    assert talk.path()[-1].status is Status.STOPPED
    assert bool(talk.path()[-1].text) is (state in BRINGS_TEXT)
    if state != "429-after-60":
        await until(lambda: server.of(state)[0].closed, "the close")


@pytest.mark.parametrize("state", sorted(BRINGS_TEXT))
async def test_what_was_kept_is_the_beginning_of_what_was_sent_and_goes_into_the_next_request_once(
    state: str, ask: Ask, server: ScriptedServer
) -> None:
    talk = Conversation(ask(state))
    run = ReplyTasks().start(talk.ask("One"))
    await until(lambda: run.reply.text)
    run.stop()
    kept = talk.path()[-1].text
    talk.use(ask("ok"))

    await play(talk.ask("Two"))

    assert "".join(f"w{number} " for number in range(len(kept))).startswith(kept)
    assert server.of("ok")[0].json["messages"] == [
        {"role": "user", "content": "One"}, {"role": "assistant", "content": kept}, {"role": "user", "content": "Two"},
    ]  # fmt: skip


async def test_fifty_replies_stop_as_fast_as_one(ask: Ask, server: ScriptedServer) -> None:
    live = ReplyTasks()
    runs = [live.start(Conversation(ask("slow-20")).ask(f"Go {number}")) for number in range(50)]
    await until(lambda: all(run.reply.text for run in runs))

    stopped_at = time.monotonic()
    live.settle()
    settled_at = time.monotonic()
    await live.aclose()

    assert settled_at - stopped_at < AT_ONCE_S
    assert {run.reply.message.status for run in runs} == {Status.STOPPED}
    await until(lambda: all(request.closed for request in server.of("slow-20")), "the closes")


async def test_leaving_a_merge_closes_every_connection(ask: Ask, server: ScriptedServer) -> None:
    replies = {name: Conversation(ask(name)).ask("Go") for name in ("slow-5", "infinite", "stall")}
    merged = merge(replies)
    async for _ in merged:
        if all(reply.text for reply in replies.values()):
            break
    await merged.aclose()

    assert {reply.message.status for reply in replies.values()} == {Status.STOPPED}
    for name in replies:
        await until(lambda name=name: server.of(name)[0].closed, f"the close of {name}")  # type: ignore[misc]


async def test_a_flood_over_http_gives_others_a_turn_every_few_milliseconds(ask: Ask) -> None:
    """With a reader who works for 0.2 ms on each of the hundreds of events that one read from the network brings."""
    talk = Conversation(ask("flood-3000"))
    async with turns() as taken, talk.ask("Go") as reply:
        async for _ in reply:
            work(0.0002)

    assert talk.path()[-1].text.endswith("w2999 ")
    assert taken[int(len(taken) * 0.95)] < 0.01, "twice the 5 ms of the design, of this thread's own time"
    assert taken[-1] < 0.25


async def test_a_reader_who_does_not_read_slows_the_server_down(ask: Ask, server: ScriptedServer) -> None:
    talk = Conversation(ask("flood-2000000"))

    async with talk.ask("Go") as reply:
        await anext(aiter(reply))
        await until(lambda: server.of("flood-2000000")[0].is_held_up, "the server having to wait")
        arrived = len(reply.text)

    assert arrived < 100


async def test_a_drop_in_mid_reply_goes_on_in_the_same_bubble(ask: Ask, server: ScriptedServer, store: Store) -> None:
    talk = Conversation(
        ask("drop-20-then-ok"), store.recorder, options=Options(policy=Policy(reconnects=1, first_delay=0.01))
    )

    await play(talk.ask("Go"))

    words = "".join(f"w{number} " for number in range(40))
    assert talk.path()[-1].text == words, "the second reply starts over, and what it repeats is trimmed"
    _, saved = await store.library.load(talk.id)
    assert saved[-1] == talk.path()[-1]
