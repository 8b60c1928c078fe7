"""Whatever is done in whatever order, the window shows what is there, and only the user moves it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from streamtui.chat.events import Notice
from streamtui.chat.messages import Status
from tests.log.conftest import Reader, conversation, reading, reply, user
from tests.markdown.corpus import document

Step = Callable[["Hand"], Awaitable[None]]


class Hand:
    """Does things to a log at random."""

    def __init__(self, reader: Reader, seed: int) -> None:
        self.reader = reader
        self.log = reader.log
        self.rng = random.Random(seed)
        self.live: list[str] = []
        self.seed = seed * 1000

    def text(self) -> str:
        self.seed += 1
        return document(self.seed, 4)

    async def feed(self) -> None:
        if not self.live:
            await self.begin()
        text = self.text()
        streaming = self.rng.choice(self.live)
        for at in range(0, len(text), 17):
            self.reader.feed(streaming, text[at : at + 17], reasoning=self.rng.random() < 0.2)
        await self.reader.settle()

    async def begin(self) -> None:
        self.live.append(self.reader.begin())
        await self.reader.settle()

    async def end(self) -> None:
        if self.live:
            bubble = self.log._view.bubbles.by_id[self.live.pop()]
            content = bubble.content
            assert content is not None
            reasoning = content.reasoning.source if content.reasoning is not None else ""
            settled = reply(content.body.source, self.rng.choice([*Status][1:]), reasoning)
            self.log.update(bubble.message.with_last(settled.last))
            await self.reader.settle()

    async def prepend(self) -> None:
        self.log.prepend([user(self.text()), reply(self.text(), reasoning=self.text())])

    async def add(self) -> None:
        self.log.add(user(self.text()))

    async def notice(self) -> None:
        if self.live:
            self.log.feed(self.live[-1], Notice("retry", "retrying", 3.0))
            await self.reader.settle()

    async def branch(self) -> None:
        self.log.set_branches(self.rng.choice(self.log._view.bubbles.ordered).message.id, 2, 3)

    async def scroll(self) -> None:
        view = self.log._view
        self.log.scroll_to(y=self.rng.choice([0, view.top - 5, view.top + 9, view.furthest, view.furthest // 2]))

    async def toggle(self) -> None:
        self.log.action_toggle_reasoning()

    async def cursor(self) -> None:
        self.rng.choice([self.log.action_cursor_up, self.log.action_cursor_down])()

    async def resize(self) -> None:
        width, height = self.rng.choice([(80, 24), (40, 12), (100, 30), (23, 9)])
        await self.reader.pilot.resize_terminal(width, height)
        await self.reader.until(lambda: self.log.size.width == width, "resized")


QUIET: list[Step] = [Hand.feed, Hand.begin, Hand.end, Hand.prepend, Hand.add, Hand.notice, Hand.branch]
"""What happens by itself: nothing of it may move what is read."""
LOUD: list[Step] = [Hand.scroll, Hand.toggle, Hand.cursor, Hand.resize]


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_moves_but_by_the_users_hand(seed: int) -> None:
    async with reading(conversation(6)) as reader:
        hand = Hand(reader, seed)
        for _ in range(60):
            step = hand.rng.choice([*QUIET, *LOUD])
            before, following = _place(reader), reader.log.following
            await step(hand)
            assert reader.log.following is following or step in LOUD
            if step in QUIET and not following:
                assert _place(reader) == before, step.__name__
            await reader.until(partial(_is_calm, reader), "calm")
            _check(reader)


def _place(reader: Reader) -> tuple[object, ...]:
    """Return what stands in the first row."""
    row = reader.log._view.shown[0]
    block = row.bubble.parts.block(row.part)
    if block is None:
        return row.bubble.message.id, row.part == row.bubble.parts.foot, row.line
    content = row.bubble.content
    return row.bubble.message.id, content is not None and block.document is content.body, block.number, row.line


def _is_calm(reader: Reader) -> bool:
    """Whether the scrollbar says where the window is, and nothing is left that changes it."""
    view, log = reader.log._view, reader.log
    total = view.bubbles.total + _figures(reader)
    return (log.scroll_y, log.virtual_size.height) == (view.top, total) and not log.has_idle_work


def _figures(reader: Reader) -> int:
    """Return the rows of the window that no message has."""
    return reader.log.size.height - reader.log._view.height


def _check(reader: Reader) -> None:
    """The window is full of rows that follow each other, and they are where the heights say."""
    view, log = reader.log._view, reader.log
    first = view.shown[0]
    assert 0 <= view.top <= view.furthest
    top = view.bubbles.top(view.bubbles.index(first.bubble))
    assert view.top == top + first.bubble.parts.top(first.part) + first.line
    assert log.scroll_y == view.top
    assert len(view.shown) == min(view.height, view.bubbles.total)
    assert log.virtual_size.height == view.bubbles.total + _figures(reader)
    bubbles = [row.bubble for row in view.shown]
    assert [bubble.ordinal for bubble in bubbles] == sorted(bubble.ordinal for bubble in bubbles)
    assert {strip.cell_length for strip in log.strips} == {log.size.width}
    if log.following:
        assert view.top == view.furthest
