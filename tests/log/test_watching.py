"""A reply that is followed: the log itself watches what arrives, from wherever it is joined."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from textual.app import App

import streamtui.log
from streamtui.chat.events import Connected, Finished, Notice, ReasoningDelta, TextDelta
from streamtui.chat.messages import Status, Usage
from streamtui.chat.reply_tasks import ReplyTask, ReplyTasks
from streamtui.chat.retry import Policy
from streamtui.log import MessageLog
from tests.chat.scripted import HANG, Step, conversation, drop
from tests.log.conftest import Reader, reading

POLICY = Policy(first_delay=0.001, longest_delay=0.004, reconnects=1)
END = (Usage(3, 7), Finished("stop"))


@asynccontextmanager
async def _streaming(*scripts: Sequence[Step]) -> AsyncIterator[tuple[Reader, ReplyTask]]:
    tasks = ReplyTasks()
    async with reading() as reader:
        task = tasks.start(conversation(*scripts, policy=POLICY)[0].ask("Hello?"))
        yield reader, task
        await tasks.aclose()


async def test_a_reply_is_followed_from_its_beginning_to_its_end() -> None:
    script: list[Step] = [
        Connected(),
        ReasoningDelta("Let me see."),
        TextDelta("**Hello**"),
        TextDelta(", world"),
        *END,
    ]
    async with _streaming(script) as (reader, task):
        reader.log.follow(task)
        await task.wait()
        await reader.until(lambda: "✓" in reader.text)
        assert "Hello, world" in reader.text and "▸ thought" in reader.text and "7 tokens" in reader.text
        assert reader.log._view.bubbles.by_id[task.reply.id].message == task.reply.message


async def test_one_that_streams_already_is_joined_without_a_gap() -> None:
    async with _streaming([Connected(), ReasoningDelta("why"), TextDelta("once "), HANG]) as (reader, task):
        await reader.until(lambda: task.reply.text == "once ")
        reader.log.follow(task)
        await reader.until(lambda: "once" in reader.text and "▸" in reader.text)
        task.stop()
        await reader.until(lambda: "■ stopped" in reader.text)
        assert reader.text.count("once") == 1


async def test_one_that_has_ended_is_shown_as_it_ended() -> None:
    async with _streaming([Connected(), TextDelta("all of it"), *END]) as (reader, task):
        await task.wait()
        reader.log.follow(task)
        await reader.until(lambda: "✓" in reader.text)
        assert "all of it" in reader.text


async def test_figures_are_those_of_the_segment_that_streams() -> None:
    first: list[Step] = [Connected(), TextDelta("half of it "), drop()]
    async with _streaming(first, [Connected(), TextDelta("and the rest"), HANG]) as (reader, task):
        reader.log.follow(task)
        await reader.until(lambda: "and the rest" in reader.text)
        live = reader.log._view.bubbles.by_id[task.reply.id].live
        assert live is not None and live.meter is task.reply.meter
        assert len(task.reply.message.segments) == 2


async def test_another_conversation_ends_the_watching() -> None:
    async with _streaming([Connected(), TextDelta("first "), HANG]) as (reader, task):
        reader.log.follow(task)
        await reader.until(lambda: "first" in reader.text)
        reader.log.show([])
        assert task._listeners == ()


async def test_a_log_that_is_gone_watches_nothing() -> None:
    async with _streaming([Connected(), TextDelta("first "), HANG]) as (reader, task):
        reader.log.follow(task)
        await reader.log.remove()
        assert task._listeners == ()


async def test_smooth_text_comes_a_little_late_and_all_of_it() -> None:
    text = "".join(f"w{number} " for number in range(200))
    async with reading() as reader:
        reader.log.smooth = True
        streaming = reader.begin()
        reader.app.now = 1.0
        reader.log.feed(streaming, TextDelta(text))
        shown: list[int] = []
        for beat in range(1, 12):
            reader.app.now = 1.0 + beat / 20
            reader.log._live.draw()
            content = reader.log._view.bubbles.by_id[streaming].content
            assert content is not None
            shown.append(len(content.body.source))
        assert shown == sorted(shown)
        assert len(set(shown)) > 5
        assert shown[-1] == len(text)


@pytest.mark.parametrize("ending", ["off", "end"])
async def test_what_is_held_back_is_shown_at_once_when_the_pace_goes_off_or_the_reply_ends(ending: str) -> None:
    async with reading() as reader:
        reader.log.smooth = True
        streaming = reader.begin()
        reader.log.feed(streaming, TextDelta("held back "))
        reader.log._live.draw()
        assert "held" not in reader.text
        if ending == "off":
            reader.log.smooth = False
            reader.log.feed(streaming, TextDelta("no more"))
        else:
            reader.log.feed(streaming, TextDelta("no more"))
            reader.log.feed(streaming, Finished("stop", Status.COMPLETE))
        await reader.until(lambda: "held back no more" in reader.text)


async def test_notices_show_while_they_hold() -> None:
    async with _streaming([drop("overloaded", retryable=True)], [Connected(), TextDelta("there"), *END]) as (
        reader,
        task,
    ):
        notices: list[str] = []
        task.watch(lambda event: notices.append(event.text) if isinstance(event, Notice) else None)
        reader.log.follow(task)
        await reader.until(lambda: "✓" in reader.text)
        assert notices and "there" in reader.text


async def test_the_example_in_the_packages_docstring_runs() -> None:
    documentation = streamtui.log.__doc__ or ""
    example = "\n".join(re.findall(r"^(?: {4}.*)?$", documentation, re.MULTILINE))
    names: dict[str, type[App[None]]] = {}
    exec(re.sub(r"^ {4}", "", example, flags=re.MULTILINE), names)
    app = names["Chat"]()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        log = app.query_one(MessageLog)
        await asyncio.sleep(0)
        rows = [strip.text.strip(" ▌") for strip in log.render_lines(log.size.region)]
        assert "How are you?" in rows and "Never better." in rows
        assert any(row.startswith("✓") for row in rows)
