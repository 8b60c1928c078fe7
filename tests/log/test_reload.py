"""A reply looks the same streamed, settled and read back."""

from __future__ import annotations

import random

import pytest

from streamtui.chat.messages import Status
from tests.log.conftest import reading, reply, user

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
