"""Following a reply from a position on: one that runs here event by event, any other by what is saved of it.

Both yield batches of events, the last batch ending in `Finished` or `Failed`; an empty batch says that nothing
happened for a while.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

from streamtui.chat.errors import NotFoundError
from streamtui.chat.events import Event, Failed, Finished, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import Library
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.web.sse import Position

_LONGEST_QUEUE: Final = 1000
"""Events kept for a slow reader one by one; beyond that it gets what it missed in one piece."""

Batches = AsyncGenerator[list[Event], None]


class _Queue:
    """What a run has said since the last look, or only that there was too much of it to keep."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.overflown = False
        self.arrived = asyncio.Event()

    def add(self, event: Event) -> None:
        self.arrived.set()
        if len(self.events) >= _LONGEST_QUEUE and not isinstance(event, Finished | Failed):
            self.overflown = True
            self.events = [kept for kept in self.events if not isinstance(kept, TextDelta | ReasoningDelta)]
        if not self.overflown or not isinstance(event, TextDelta | ReasoningDelta):
            self.events.append(event)

    def take(self) -> tuple[list[Event], bool]:
        taken, overflown = self.events, self.overflown
        self.events, self.overflown = [], False
        self.arrived.clear()
        return taken, overflown


async def follow_run(run: ReplyTask, position: Position, ping_s: float) -> Batches:
    """Follow a reply of this process."""
    queue = _Queue()
    unwatch = run.watch(queue.add)
    try:
        sent = position
        batch = since(run.reply.text, run.reply.reasoning, sent)
        if run.reply.ending is not None:
            batch.append(run.reply.ending)
        if not batch:
            batch = await _next(queue, run, sent, ping_s)
        while True:
            sent = _after(sent, batch)
            yield batch
            if batch and isinstance(batch[-1], Finished | Failed):
                return
            batch = await _next(queue, run, sent, ping_s)
    finally:
        unwatch()


async def _next(queue: _Queue, run: ReplyTask, sent: Position, ping_s: float) -> list[Event]:
    try:
        async with asyncio.timeout(ping_s):
            await queue.arrived.wait()
    except TimeoutError:
        return []
    events, overflown = queue.take()
    if overflown:
        return since(run.reply.text, run.reply.reasoning, sent) + events
    if events and isinstance(events[-1], Finished | Failed):
        # Settling may set free a last character that was held back, which no event announces.
        events[-1:-1] = since(run.reply.text, run.reply.reasoning, _after(sent, events))
    return events


@dataclass(frozen=True, slots=True)
class PollIntervals:
    """How often a saved reply is looked at, after how long a silence is broken, and when to leave it."""

    poll_s: float
    ping_s: float
    closing: Callable[[], bool]


async def follow_saved(library: Library, message: str, position: Position, pace: PollIntervals) -> Batches:
    """Follow a reply by what is saved of it, whoever writes it. Ends without an ending when the server closes.

    Raises `StoreError` where it can't be read.
    """
    sent, silent_since = position, time.monotonic()
    while not pace.closing():
        try:
            found = await library.message(message)
        except NotFoundError:
            yield [Finished(None, Status.STOPPED)]  # taken back before anything had arrived
            return
        batch = since(found.text, found.reasoning, sent)
        sent = _after(sent, batch)
        if found.status is not Status.STREAMING:
            yield batch + ending(found)
            return
        if batch or time.monotonic() - silent_since >= pace.ping_s:
            yield batch
            silent_since = time.monotonic()
        await asyncio.sleep(pace.poll_s)


def since(text: str, reasoning: str, position: Position) -> list[Event]:
    """Return what comes after `position`."""
    events: list[Event] = []
    if rest := reasoning[position.reasoning :]:
        events.append(ReasoningDelta(rest))
    if rest := text[position.text :]:
        events.append(TextDelta(rest))
    return events


def ending(message: ChatMessage) -> list[Event]:
    """Return the last events of a settled reply."""
    last = message.last
    events: list[Event] = [] if last.usage is None else [last.usage]
    if last.error is not None:
        return [*events, Failed(last.error, last.metrics)]
    return [*events, Finished(last.finish_reason, last.status, last.metrics)]


def _after(position: Position, batch: list[Event]) -> Position:
    text = sum(len(event.text) for event in batch if isinstance(event, TextDelta))
    reasoning = sum(len(event.text) for event in batch if isinstance(event, ReasoningDelta))
    return Position(position.text + text, position.reasoning + reasoning)
