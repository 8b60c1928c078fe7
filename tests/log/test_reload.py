"""A reply looks the same streamed, settled and read back."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from streamtui.chat.messages import ChatMessage, Status
from streamtui.markdown import Document
from tests.log.conftest import Reader, conversation, reading, reply, user
from tests.markdown.corpus import shape
from tests.turns import turns

TEXT = """Some *text* with `code`, a [link][1] and 日本語.

# Heading

1. one
   - nested with enough words to be wrapped at a narrow width, and then some more
2. two

   ```python
   def f(x: int) -> str:
       '''doc
       string'''
       return f"{x}"
   ```

| a | b |
|---|--:|
| 1 | long cell with words |
| 22 | 3 |

> quote
> on

- [ ] open
- [x] done

Setext
======

~~~
plain
~~~

Last **words** <b>as typed</b>.

[1]: https://example.com/late
"""


@pytest.mark.parametrize("width", [120, 47])
async def test_a_reply_streamed_looks_like_one_read_back(width: int) -> None:
    rng = random.Random(width)
    async with reading([user("q")], (width, 90)) as reader:
        message = reply(status=Status.STREAMING)
        streaming = reader.begin(message)
        at = 0
        while at < len(TEXT):
            size = rng.randrange(1, 9)
            reader.feed(streaming, TEXT[at : at + size])
            at += size
            if rng.random() < 0.3:
                await reader.settle()
        await reader.settle()
        settled = message.with_last(reply(TEXT).last)
        reader.log.update(settled)
        await reader.settle()
        await reader.until(lambda: not reader.log.has_idle_work, "coloured")
        await reader.settle()
        streamed = reader.log.render_lines(reader.log.size.region)
        reader.log.show([user("q"), settled])
        await reader.until(lambda: not reader.log.has_idle_work, "coloured")
        await reader.settle()
        read_back = reader.log.render_lines(reader.log.size.region)
        assert [strip.text for strip in streamed] == [strip.text for strip in read_back]
        assert [list(strip.simplify()) for strip in streamed] == [list(strip.simplify()) for strip in read_back]


def _settle(reader: Reader, message: ChatMessage, text: str) -> ChatMessage:
    """End a reply whose text comes in one piece with the end itself, as from a server that doesn't stream."""
    reader.feed(message.id, text)
    settled = message.with_last(reply(text).last)
    reader.log.update(settled)
    return settled


async def test_a_long_reply_in_one_piece_gives_the_event_loop_its_turns_and_looks_like_one_read_back() -> None:
    text = shape("paragraph", 20_000) + "\n\n" + shape("mixed", 20_000) + "\n\n```\nlast\n```\n\nthe very end"
    before = time.thread_time()
    Document(text).update()
    at_once = time.thread_time() - before
    async with reading([user("q")]) as reader:
        message = reply(status=Status.STREAMING)
        reader.begin(message)
        await reader.pilot.pause()
        async with turns() as taken:
            settled = _settle(reader, message, text)
            await reader.settle()
        assert taken[-1] < at_once / 2
        await reader.until(lambda: "the very end" in reader.text, "the end painted")
        live = reader.rows
        reader.log.show([user("q"), settled])
        await reader.until(lambda: not reader.log.has_idle_work, "all parsed")
        await reader.until(lambda: reader.rows == live, "the same rows")


async def test_opening_a_very_long_table_gives_the_event_loop_its_turns_and_shows_nothing_else_than_its_end() -> None:
    rows = "".join(f"| row {n} | [a link](https://example.com/{n}) and *words* | `{n}` |\n" for n in range(4000))
    async with reading([user("q")]) as reader:
        longest, last, done = 0.0, time.thread_time(), False

        async def watch() -> None:
            nonlocal longest, last
            while not done:
                await asyncio.sleep(0)
                now = time.thread_time()
                longest, last = max(longest, now - last), now

        watching = asyncio.create_task(watch())
        reader.log.show([user("q"), reply(f"| a | b | c |\n|---|---|---|\n{rows}")])
        seen: set[str] = set()
        while "row 3999" not in reader.text:
            seen |= set(reader.rows)
            await asyncio.sleep(0.001)
        done = True
        await watching
        assert seen <= {""}
        assert longest < 10 * 0.05


async def test_what_is_read_stays_while_a_long_reply_in_one_piece_is_taken_in() -> None:
    async with reading(conversation(20)) as reader:
        message = reply(status=Status.STREAMING)
        reader.begin(message)
        await reader.pilot.pause()
        reader.log.scroll_to(y=20)
        before = reader.rows
        _settle(reader, message, "word " * 200 + "\n\n" + shape("paragraph", 20_000) + "\n\n" + "line\n\n" * 400)
        await reader.settle()
        assert reader.rows[:-1] == before[:-1]
        assert reader.log._view.new_lines > 800
        reader.log.following = True
        assert "line" in reader.text
