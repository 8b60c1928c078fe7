"""The demo model: the first thing a new user meets."""

import asyncio
import time
from contextlib import aclosing

import pytest

from streamtui.chat.events import TextDelta
from streamtui.chat.messages import ChatRequest, Turn
from streamtui.chat.sanitize import sanitize
from streamtui.providers.demo import pages
from tests.providers.conftest import Make, ask, hear
from tests.turns import turns, work


async def say(make: Make, prompt: str, model: str = "fast") -> str:
    return (await hear(make("demo"), ask(model, prompt))).text


@pytest.mark.parametrize(
    ("prompt", "page"),
    [
        ("hi", pages.TOUR),
        ("What is this?", pages.TOUR),
        ("Which keys are there?", pages.KEYS),
        ("how do I stop you", pages.STOP),
        ("where is my history", pages.HISTORY),
        ("how do I configure OPENAI_API_KEY", pages.MODELS),
        ("show me markdown", pages.MARKDOWN),
        ("a table, please", pages.TABLE),
        ("Can you write some code for me that computes the first ten Fibonacci numbers?", pages.CODE),
    ],
)
async def test_a_prompt_gets_its_page(make: Make, prompt: str, page: str) -> None:
    assert await say(make, prompt) == page


async def test_it_is_the_same_every_time(make: Make) -> None:
    assert await say(make, "long") == await say(make, "long")


@pytest.mark.parametrize("prompt", ["hi", "keys", "stop", "history", "models", "markdown", "table", "code", "long"])
async def test_every_page_says_that_it_is_a_demo_and_is_clean(make: Make, prompt: str) -> None:
    text = await say(make, prompt)
    assert "demo model" in text[:200].lower()
    assert sanitize(text) == text


async def test_a_second_unknown_prompt_is_not_answered_by_the_tour_again(make: Make) -> None:
    turns = (Turn("user", "hi"), Turn("assistant", "…"), Turn("user", "why is the sky blue"))
    assert (await hear(make("demo"), ChatRequest("fast", turns))).text == pages.AGAIN


async def test_long_is_about_twenty_thousand_tokens(make: Make) -> None:
    heard = await hear(make("demo"), ask("demo", "long fast"))
    assert heard.usage is not None
    assert heard.usage.output_tokens is not None
    assert 18_000 < heard.usage.output_tokens < 22_000
    assert heard.text.count("\n## ") > 100


async def test_think_reasons_first(make: Make) -> None:
    heard = await hear(make("demo"), ask("fast", "think"))
    assert heard.reasoning == pages.REASONING
    assert heard.usage is not None
    assert heard.usage.reasoning_tokens


async def test_speeds(make: Make) -> None:
    async def seconds_for(model: str, tokens: int) -> float:
        began = time.monotonic()
        async with aclosing(make("demo").stream(ask(model))) as stream:
            async for event in stream:
                tokens -= isinstance(event, TextDelta)
                if not tokens:
                    break
        return time.monotonic() - began

    slow, normal = await asyncio.gather(seconds_for("demo-slow", 4), seconds_for("demo", 40))
    assert 4 / 8 <= slow < 10 * 4 / 8
    assert 40 / 80 <= normal < 10 * 40 / 80
    began = time.thread_time()
    await seconds_for("demo-long-fast", 3_000)
    assert time.thread_time() - began < 0.5


async def test_fast_gives_the_event_loop_turns(make: Make) -> None:
    """With a reader who works for 0.2 ms on every token, since reciting takes no time to speak of."""
    heard = 0
    async with turns() as taken, aclosing(make("demo").stream(ask("demo-long-fast"))) as stream:
        async for _ in stream:
            work(0.0002)
            if (heard := heard + 1) == 2000:
                break
    assert len(taken) > 20, "0.4 s of work"
    assert taken[-1] < 0.25
