"""Following a reply that another process writes, by what is saved of it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from streamtui.chat.errors import NotFoundError
from streamtui.chat.events import Event, Failed, Finished
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import Library
from streamtui.chat.reply_tasks import Position, after, since


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class PollIntervals:
    """How often a saved reply is looked at, after how many seconds a silence is broken, and when to leave it."""

    poll_s: float = 0.25
    ping_s: float | None = None
    """`None` never breaks it."""
    closing: Callable[[], bool] = _never


async def follow_saved(
    library: Library, message: str, position: Position, intervals: PollIntervals
) -> AsyncGenerator[list[Event], None]:
    """Yield batches of events, as `ReplyTask.follow` does, of a reply as it is saved, whoever writes it.

    Ends without an ending when `intervals.closing`. Raises `StoreError` where it can't be read.
    """
    silent_since = time.monotonic()
    while not intervals.closing():
        try:
            saved = await library.message(message)
        except NotFoundError:
            yield [Finished(None, Status.STOPPED)]  # taken back before anything had arrived
            return
        batch = since(saved.text, saved.reasoning, position)
        position = after(position, batch)
        if saved.status is not Status.STREAMING:
            yield batch + ending_of(saved)
            return
        is_due = intervals.ping_s is not None and time.monotonic() - silent_since >= intervals.ping_s
        if batch or is_due:
            yield batch
            silent_since = time.monotonic()
        await asyncio.sleep(intervals.poll_s)


def ending_of(message: ChatMessage) -> list[Event]:
    """Return the last events of a settled reply."""
    last = message.last
    events: list[Event] = [] if last.usage is None else [last.usage]
    if last.error is not None:
        return [*events, Failed(last.error, last.metrics)]
    return [*events, Finished(last.finish_reason, last.status, last.metrics)]
