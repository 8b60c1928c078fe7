"""When a request is sent again, when a reply goes on by itself, and what the reader hears meanwhile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat import Policy, ProviderError, Reply, Status, TextDelta
from streamtui.chat.events import Connected, Finished, Notice
from streamtui.chat.retry import backoff, delay
from tests.chat.scripted import (
    OK,
    SWIFT,
    conversation,
    drop,
    failure,
    notices_of,
    play,
    text_of,
)


def busy(**more: object) -> ProviderError:
    return drop("rate_limit", retryable=True, **more)


async def test_a_request_that_brought_nothing_is_sent_again_and_said() -> None:
    talk, provider = conversation([busy()], [Connected(), busy()], OK)

    events = await play(talk.ask("Go"))

    assert notices_of(events) == ["retry", "retry"]
    assert [str(event.text) for event in events if isinstance(event, Notice)] == [
        "rate_limit happened · retrying (1 of 3)", "rate_limit happened · retrying (2 of 3)",
    ]  # fmt: skip
    assert text_of(events) == "Hello, world"
    assert provider.requests[0] == provider.requests[2]


async def test_it_gives_up_after_as_many_times_as_the_policy_says() -> None:
    talk, provider = conversation([busy()])

    events = await play(talk.ask("Go"))

    assert len(provider.requests) == 1 + SWIFT.retries
    assert failure(events).error.kind == "rate_limit"


async def test_after_text_has_arrived_nothing_is_sent_again() -> None:
    talk, provider = conversation([Connected(), TextDelta("So "), busy()])

    events = await play(talk.ask("Go"))

    assert len(provider.requests) == 1
    assert (text_of(events), talk.path()[-1].status) == ("So ", Status.FAILED)


async def test_what_will_fail_again_is_not_sent_again() -> None:
    talk, provider = conversation([drop("auth")])

    assert failure(await play(talk.ask("Go"))).error.kind == "auth"
    assert len(provider.requests) == 1


@pytest.mark.parametrize(("wish", "asked"), [(0.0, 1 + SWIFT.retries), (120.5, 1), (1e9, 1)])
async def test_a_server_that_asks_for_too_much_patience_gets_none(wish: float, asked: int) -> None:
    talk, provider = conversation([busy(retry_after=wish)])

    failure(await play(talk.ask("Go")))

    assert len(provider.requests) == asked


async def test_a_notice_counts_the_wait_that_follows() -> None:
    talk, _ = conversation([busy(retry_after=12.0)])

    async with talk.ask("Go") as reply:
        notice = await anext(aiter(reply))

    assert notice == Notice("retry", "rate_limit happened · retrying in 12 s (1 of 3)", wait_s=12.0)


def test_the_backoff_doubles_up_to_its_longest_and_jitter_only_shortens() -> None:
    policy = Policy(retries=9, first_delay=0.5, longest_delay=20.0)

    assert [delay(policy, n, busy(), lambda: 0.0) for n in range(9)] == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]
    assert [delay(policy, n, busy(), lambda: 1.0) for n in range(3)] == [0.375, 0.75, 1.5]
    assert delay(policy, 9, busy(), lambda: 0.0) is None


@settings(deadline=None, database=None)
@given(st.integers(0, 20), st.floats(0, 1), st.none() | st.floats(0, 1000))
def test_a_wait_is_the_servers_wish_or_our_own_whichever_is_longer(
    attempt: int, jitter: float, wish: float | None
) -> None:
    policy = Policy(retries=30)

    wait = delay(policy, attempt, busy(retry_after=wish), lambda: jitter)

    own = backoff(policy, attempt, lambda: jitter)
    assert 0.75 * policy.first_delay <= own <= policy.longest_delay
    assert wait == (None if (wish or 0) > policy.longest_retry_after else max(wish or 0, own))


async def test_a_server_that_asks_for_no_pause_is_given_one_all_the_same() -> None:
    talk, _ = conversation([busy(retry_after=0.0)])

    events = await play(talk.ask("Go"))

    waits = [event.wait_s for event in events if isinstance(event, Notice)]
    assert len(waits) == SWIFT.retries
    assert all(wait is not None and wait >= 0.75 * SWIFT.first_delay for wait in waits)


async def test_the_jitter_is_the_replys_own_to_inject() -> None:
    talk, provider = conversation([busy()], OK)
    asked = talk.ask("Go")
    rolls = iter([1.0])
    reply = Reply(asked.model, asked.request, asked.message, asked.journal, policy=SWIFT, jitter=lambda: next(rolls))

    events = await play(reply)

    assert [event.wait_s for event in events if isinstance(event, Notice)] == [SWIFT.first_delay * 0.75]
    assert len(provider.requests) == 2


@pytest.mark.parametrize("kind", ["dropped", "timeout", "server"])
async def test_a_reply_that_broke_off_goes_on_by_itself_where_that_was_asked_for(kind: str) -> None:
    policy = Policy(reconnects=3, first_delay=0.001)
    parts = ["The first part, ", "the second part, ", "the third."]
    talk, _ = conversation(
        [Connected(), TextDelta(parts[0]), drop(kind)],
        [Connected(), TextDelta(parts[1]), drop(kind)],
        [Connected(), TextDelta(parts[2]), Finished("stop")],
        policy=policy,
    )

    events = await play(talk.ask("Go"))

    told = [event.text for event in events if isinstance(event, Notice)]
    assert told == [
        f"{kind} happened · reconnecting (1 of 3)", "reconnected, 1 of 3",
        f"{kind} happened · reconnecting (2 of 3)", "reconnected, 2 of 3",
    ]  # fmt: skip
    assert text_of(events) == talk.path()[-1].text == "".join(parts)
    assert [segment.status for segment in talk.path()[-1].segments] == [Status.FAILED, Status.FAILED, Status.COMPLETE]


async def test_it_goes_on_no_more_often_than_asked_for() -> None:
    talk, provider = conversation(
        [Connected(), TextDelta("more "), drop()], policy=Policy(reconnects=2, first_delay=0.001)
    )

    failure(await play(talk.ask("Go")))

    assert len(provider.requests) == 3
    assert talk.path()[-1].text == "more more more "


@pytest.mark.parametrize("kind", ["auth", "too_large", "protocol"])
async def test_it_does_not_go_on_after_what_would_fail_again(kind: str) -> None:
    talk, provider = conversation([Connected(), TextDelta("more "), drop(kind)], policy=Policy(reconnects=2))

    failure(await play(talk.ask("Go")))

    assert len(provider.requests) == 1


async def test_a_reconnection_that_finds_nobody_waits_as_any_request_does() -> None:
    refused = drop("connect", retryable=True)
    talk, _ = conversation(
        [Connected(), TextDelta("one "), drop()],
        [refused],
        [Connected(), TextDelta("two"), Finished("stop")],
        policy=Policy(reconnects=1, first_delay=0.001),
    )

    events = await play(talk.ask("Go"))

    assert notices_of(events) == ["retry", "retry", "reconnected"], "it is not reconnected before somebody answers"
    assert text_of(events) == "one two"


async def test_each_reconnection_waits_longer_than_the_one_before() -> None:
    talk, provider = conversation([Connected(), TextDelta("more "), drop()])
    asked = talk.ask("Go")
    policy = Policy(reconnects=3, first_delay=0.001)
    reply = Reply(asked.model, asked.request, asked.message, asked.journal, policy=policy, jitter=lambda: 0.0)

    events = await play(reply)

    waits = [event.wait_s for event in events if isinstance(event, Notice) and event.kind == "retry"]
    assert waits == [0.001, 0.002, 0.004]
    assert len(provider.requests) == 4


async def test_stopping_during_a_wait_sends_nothing_more() -> None:
    talk, provider = conversation([busy()], OK)

    async with talk.ask("Go") as reply:
        async for event in reply:
            if isinstance(event, Notice):
                reply.stop()

    assert len(provider.requests) == 1
    assert talk.path()[-1].status is Status.STOPPED
