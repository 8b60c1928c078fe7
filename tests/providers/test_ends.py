"""Where a reply ends, and how: the end mark or the end of the body end it, a finish reason is only a hint."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from streamtui.chat import ChatMessage, Conversation, Model, Options, Policy, Status
from streamtui.chat.ports import Deadlines
from tests.providers.conftest import PATIENT, Heard, Make, hear
from tests.providers.playback import DONE, FIN, Pause, Playback, Reset, choice, delta, event, playback

Parts = Sequence[bytes | Pause | Reset]
EMPTY_STOP = choice({"delta": {"role": "assistant", "content": ""}, "finish_reason": "stop"})
THOUGHT_STOP = choice({"delta": {"reasoning_content": "Hm."}, "finish_reason": "stop"})
LASTING = replace(PATIENT, silence_after_text=20.0, silence_before_text=20.0)


def message(*parts: bytes | Pause) -> list[bytes | Pause]:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 7}}}
    return [event(start, "message_start"), *parts]


def words(text: str) -> bytes:
    return event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}, "content_block_delta")


def stop_reason(reason: str) -> bytes:
    return event({"type": "message_delta", "delta": {"stop_reason": reason}}, "message_delta")


STOP = event({"type": "message_stop"}, "message_stop")


async def heard_of(
    make: Make, *parts: bytes | Pause | Reset, name: str = "openai", patience: Deadlines = LASTING
) -> Heard:
    async with playback(parts) as server:
        url = server.url if name == "openai" else server.url.removesuffix("/v1")
        return await hear(make(name, base_url=url, deadlines=patience), "m")


@pytest.mark.parametrize(
    "parts",
    [
        [EMPTY_STOP, Pause(2.5), delta("Hello"), delta(" world"), FIN, DONE],
        [delta("Hello", "stop"), Pause(2.5), delta(" world", "stop"), DONE],
        [
            choice({"delta": {"reasoning_content": "Hm."}, "finish_reason": "stop"}),
            Pause(2.5),
            delta("Hello world"),
            FIN,
        ],
        [delta("Hello", "stop"), b": ping\n\n", Pause(0.1), delta(" world"), FIN, DONE],
        [delta("Hello", "stop"), delta(" world")],
    ],
)
async def test_text_after_a_finish_reason_is_text(make: Make, parts: Parts) -> None:
    heard = await heard_of(make, *parts)
    assert heard.error is None
    assert heard.text == "Hello world"
    assert heard.finish_reason == "stop"
    assert heard.notices == []


async def test_text_after_a_stop_reason_is_text(make: Make) -> None:
    parts = message(words("Hello"), stop_reason("end_turn"), Pause(2.5), words(" world"), stop_reason("end_turn"), STOP)
    heard = await heard_of(make, *parts, name="anthropic")
    assert (heard.text, heard.finish_reason, heard.error) == ("Hello world", "end_turn", None)


async def test_a_body_that_stays_open_in_silence_ends_by_the_clock(make: Make) -> None:
    heard = await heard_of(make, delta("Hello"), FIN, Pause(30), patience=replace(PATIENT, silence_after_text=0.2))
    assert (heard.text, heard.finish_reason, heard.error) == ("Hello", "stop", None)


async def test_silence_without_text_is_given_longer(make: Make) -> None:
    patience = replace(PATIENT, silence_after_text=0.1, silence_before_text=20.0)
    heard = await heard_of(make, EMPTY_STOP, Pause(0.5), delta("Hello"), FIN, DONE, patience=patience)
    assert (heard.text, heard.error) == ("Hello", None)


def test_the_clock_gives_ten_seconds_after_text_and_twenty_before() -> None:
    assert (Deadlines().silence_after_text, Deadlines().silence_before_text) == (10.0, 20.0)


async def test_a_fault_after_a_finish_reason_is_a_fault(make: Make) -> None:
    heard = await heard_of(make, delta("Hello", "stop"), delta(" wor", "stop"), Reset())
    assert heard.error is not None and heard.error.kind == "dropped"
    assert heard.text == "Hello wor"


@pytest.mark.parametrize("reason", ["stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "function_call"])
async def test_a_good_end_says_nothing(make: Make, reason: str) -> None:
    heard = await heard_of(make, delta("Hello"), delta(".", reason), DONE)
    assert (heard.finish_reason, heard.notices, heard.error) == (reason, [], None)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("length", "limit of tokens"),
        ("MAX_TOKENS", "limit of tokens"),
        ("max_output_tokens", "limit of tokens"),
        ("model_length", "limit of tokens"),
        ("model_context_window_exceeded", "context is full"),
        ("content_filter: PROHIBITED_CONTENT", "content filter"),
        ("SAFETY", "content filter"),
        ("sensitive", "content filter"),
        ("pause_turn", "paused"),
        ("weather", "«weather»"),
        ("完了", "«完了»"),
    ],
)
@pytest.mark.parametrize("name", ["openai", "anthropic"])
async def test_any_other_end_is_said(make: Make, name: str, reason: str, says: str) -> None:
    parts: Parts = [delta("Hello wor"), delta("", reason), DONE]
    if name == "anthropic":
        parts = message(words("Hello wor"), stop_reason(reason), STOP)
    heard = await heard_of(make, *parts, name=name)
    assert heard.error is None
    assert heard.finish_reason == reason
    assert says in heard.said


@pytest.mark.parametrize(
    "reason",
    [
        "error",
        "network_error",
        "abort",
        "cancelled",
        "timeout",
        "insufficient_system_resource",
        "ENGINE_ERROR",
        "server_overloaded",
        "user_cancelled",
        "TIMED_OUT",
        "connection-aborted",
        "malformed_function_call",
    ],
)
async def test_an_end_that_means_breakage_fails(make: Make, reason: str) -> None:
    heard = await heard_of(make, delta("Hello"), delta(" wor", reason), DONE)
    assert heard.error is not None and heard.error.kind == "server"
    assert reason in str(heard.error)
    assert heard.text == "Hello wor"


@pytest.mark.parametrize("reconnects", [0, 2])
async def test_an_end_mark_without_a_reason_is_complete_and_said(make: Make, reconnects: int) -> None:
    async with playback([delta("Hello"), delta(" world"), DONE]) as server:
        reply = await reply_of(make, server, reconnects)
        assert len(server.bodies) == 1
    assert reply.status is Status.COMPLETE
    assert reply.last.finish_reason is None
    assert "without saying why" in reply.notices[0].text


async def reply_of(make: Make, server: Playback, reconnects: int = 0) -> ChatMessage:
    options = Options(policy=Policy(retries=0, reconnects=reconnects, first_delay=0.01))
    conversation = Conversation(Model(make(base_url=server.url, deadlines=LASTING), "m"), options=options)
    async with conversation.ask("hi") as reply:
        async for _ in reply:
            pass
    return reply.message


async def test_an_end_without_mark_and_reason_is_a_broken_connection(make: Make) -> None:
    async with playback([delta("Hello"), delta(" world")]) as server:
        reply = await reply_of(make, server)
    assert reply.status is Status.FAILED and reply.text == "Hello world"


async def test_what_is_said_about_a_reply_stays_with_it(make: Make) -> None:
    async with playback([delta("Hello wor"), delta("", "weather"), DONE]) as server:
        reply = await reply_of(make, server)
    assert [(notice.kind, notice.text) for notice in reply.last.notices] == [
        ("finish", "The reply ended with «weather».")
    ]


async def test_a_reply_without_text_says_so_for_good(make: Make) -> None:
    async with playback([FIN, DONE]) as server:
        reply = await reply_of(make, server)
    assert [notice.text for notice in reply.notices] == ["The model ended its reply without any text."]
