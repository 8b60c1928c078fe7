"""Who owns running replies: one task for each, independent of any view. Views come and go; the stream goes on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Finished, ReasoningDelta, Revised, TextDelta
from streamtui.chat.reply import Reply

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]
EndListener = Callable[[Finished | Failed], None]

_LONGEST_QUEUE: Final = 1000
"""Events kept one by one for a slow follower; beyond that it gets what it missed in one piece."""


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a reply somebody has: characters (code points) of text and of reasoning, and whether its end."""

    text: int = 0
    reasoning: int = 0
    done: bool = False

    def within(self, text: str, reasoning: str) -> Self:
        """Return the position in a reply that has only this much yet."""
        return replace(self, text=min(self.text, len(text)), reasoning=min(self.reasoning, len(reasoning)))


class ReplyTask:
    """One reply and the task that reads it."""

    def __init__(self, reply: Reply, ended: Callable[["ReplyTask"], None]) -> None:
        self.reply = reply
        self._ended = ended
        self._listeners: tuple[Listener, ...] = ()
        """Replaced, never changed: a listener may leave while all are being called."""
        self._end_listeners: tuple[EndListener, ...] = ()
        self._task = asyncio.create_task(self._read(), name=f"reply {reply.id}")
        self._task.add_done_callback(self._done)

    @property
    def is_streaming(self) -> bool:
        return self.reply.ending is None

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from here on, on the event loop, the last one being `Finished` or `Failed`.

        What came before is in `reply.text`; there is no gap between the two. The listener must be quick and must not
        raise: the stream waits for it. Returns the function that ends the watching.
        """
        self._listeners = (*self._listeners, listener)

        def unwatch() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return unwatch

    def when_ended(self, listener: EndListener) -> None:
        """Call `listener` once with the last event, after all who watch have heard it; at once where it has come."""
        if self.reply.ending is not None:
            listener(self.reply.ending)
        else:
            self._end_listeners = (*self._end_listeners, listener)

    async def follow(
        self, position: Position | None = None, silence_s: float | None = None
    ) -> AsyncGenerator[list[Event], None]:
        """Yield batches of events: what came after `position`, then what arrives, the last batch ending in `Finished`
        or `Failed`. An empty batch says that nothing happened for `silence_s` seconds.

        A slow follower holds nothing up: what it misses comes in one piece. Safe to leave at any point.
        """
        queue = _Queue(silence_s)
        unwatch = self.watch(queue.add)
        try:
            position = position or Position()
            batch = self._so_far(position)
            if not batch:
                batch = await self._next(queue, position)
            while True:
                position = after(position, batch)
                yield batch
                if batch and isinstance(batch[-1], Finished | Failed):
                    return
                batch = await self._next(queue, position)
        finally:
            queue.close()
            unwatch()

    def stop(self, reason: str | None = None) -> None:
        """Stop the reply, keeping what arrived: settled and announced at once, the connection closed right after.

        `reason` is the finish reason to keep with it, where it was not the user who stopped it.
        """
        if self.reply.ending is not None:
            return
        for event in self.reply.release():
            self._publish(event)
        self.reply.stop(reason)
        self._publish_ending()
        self._task.cancel()

    async def wait(self) -> None:
        """Return when the reply is settled and its connection closed."""
        await asyncio.wait([self._task])

    def _so_far(self, position: Position) -> list[Event]:
        """Return what somebody at `position` has missed; a notice that still holds comes first: whoever joins while a
        request waits to be sent again wants to know."""
        reply = self.reply
        batch: list[Event] = [reply.notice] if reply.notice is not None and reply.ending is None else []
        batch += since(reply.text, reply.reasoning, position)
        if reply.ending is not None:
            batch += [*([reply.usage] if reply.usage is not None else []), reply.ending]
        return batch

    async def _next(self, queue: "_Queue", position: Position) -> list[Event]:
        await queue.arrived.wait()
        events, overflowed = queue.take()
        if overflowed:
            return self._missed(position, events)
        if events and isinstance(events[-1], Finished | Failed):
            # Settling may set free a last character that was held back, which no event announces.
            events[-1:-1] = since(self.reply.text, self.reply.reasoning, after(position, events))
        return events

    def _missed(self, position: Position, events: list[Event]) -> list[Event]:
        """Return what came after `position` in one piece, with those of the `events` that are no text."""
        text, reasoning = self.reply.text, self.reply.reasoning
        revisions = [event for event in events if isinstance(event, Revised)]
        others = [event for event in events if not isinstance(event, Revised)]
        if revisions:
            return [replace(revisions[-1], text=text, reasoning=reasoning), *others]
        return since(text, reasoning, position) + others

    async def _read(self) -> None:
        reply = self.reply
        try:
            async with reply:
                async for event in reply:
                    if not isinstance(event, Finished | Failed):
                        self._publish(event)
        finally:
            self._publish_ending()

    def _done(self, task: "asyncio.Task[None]") -> None:
        """Whatever ended the task, the reply is settled, and whoever watches it hears so."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a reply's task broke", exc_info=error)
        try:
            if error is not None:
                self.reply.fail(ErrorInfo.of(error))
            else:
                self.reply.stop()
        finally:
            self._publish_ending()
            self._ended(self)

    def _publish(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _publish_ending(self) -> None:
        ending = self.reply.ending
        if ending is None:
            return
        listeners, self._listeners = self._listeners, ()
        end_listeners, self._end_listeners = self._end_listeners, ()
        for listener in listeners:
            listener(ending)
        for end_listener in end_listeners:
            end_listener(ending)


class ReplyTasks:
    """All replies in flight in this process."""

    def __init__(self) -> None:
        self._tasks: dict[str, ReplyTask] = {}
        """By message."""
        self._by_conversation: dict[str, list[ReplyTask]] = {}

    def start(self, reply: Reply) -> ReplyTask:
        """Run `reply` to its end in a task of its own. Must be called on the event loop."""
        task = ReplyTask(reply, self._ended)
        self._tasks[reply.id] = task
        self._by_conversation.setdefault(reply.conversation, []).append(task)
        return task

    def of(self, conversation: str) -> list[ReplyTask]:
        """Return the replies that stream in a conversation at this moment, oldest first."""
        return [task for task in self._by_conversation.get(conversation, ()) if task.is_streaming]

    def task(self, message: str) -> ReplyTask | None:
        """Return the task that writes a message, if one does."""
        return self._tasks.get(message)

    @property
    def conversations(self) -> set[str]:
        """The ids of the conversations in which something streams."""
        return {task.reply.conversation for task in self._tasks.values() if task.is_streaming}

    def __len__(self) -> int:
        return sum(task.is_streaming for task in self._tasks.values())

    async def aclose(self, patience_s: float = 2.0) -> None:
        """Stop all replies: settled at once, connections closed within `patience_s` seconds."""
        tasks = list(self._tasks.values())
        self.settle()
        if tasks:
            await asyncio.wait([task._task for task in tasks], timeout=patience_s)

    def settle(self) -> None:
        """Settle all replies without waiting for anything: for signal handlers."""
        for task in list(self._tasks.values()):
            task.stop()

    def _ended(self, task: ReplyTask) -> None:
        if self._tasks.get(task.reply.id) is task:
            del self._tasks[task.reply.id]
        others = [other for other in self._by_conversation.pop(task.reply.conversation, ()) if other is not task]
        if others:
            self._by_conversation[task.reply.conversation] = others


class _Queue:
    """What arrived since the last look, or only that there was too much of it to keep."""

    def __init__(self, silence_s: float | None) -> None:
        """After `silence_s` seconds without a look there is one to be had, if only of nothing."""
        self.events: list[Event] = []
        self.overflowed = False
        self.arrived = asyncio.Event()
        self._silence_s = silence_s
        self._loop = asyncio.get_running_loop()
        self._looked_at = self._loop.time()
        self._alarm: asyncio.TimerHandle | None = None
        """One for as long as there is a follower: a timer for each token would cost more than the token."""
        self._watch_silence()

    def add(self, event: Event) -> None:
        self.arrived.set()
        if len(self.events) >= _LONGEST_QUEUE and not isinstance(event, Finished | Failed):
            self.overflowed = True
            self.events = [kept for kept in self.events if not isinstance(kept, TextDelta | ReasoningDelta)]
        if not self.overflowed or not isinstance(event, TextDelta | ReasoningDelta):
            self.events.append(event)

    def take(self) -> tuple[list[Event], bool]:
        taken, overflowed = self.events, self.overflowed
        self.events, self.overflowed = [], False
        self.arrived.clear()
        self._looked_at = self._loop.time()
        return taken, overflowed

    def close(self) -> None:
        """Let go of the timer."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _watch_silence(self) -> None:
        if self._silence_s is None:
            return
        due, now = self._looked_at + self._silence_s, self._loop.time()
        if now >= due:
            self.arrived.set()
            due = now + self._silence_s
        self._alarm = self._loop.call_at(due, self._watch_silence)


def since(text: str, reasoning: str, position: Position) -> list[Event]:
    """Return what of a reply comes after `position`."""
    events: list[Event] = []
    if rest := reasoning[position.reasoning :]:
        events.append(ReasoningDelta(rest))
    if rest := text[position.text :]:
        events.append(TextDelta(rest))
    return events


def after(position: Position, batch: Sequence[Event]) -> Position:
    """Return where somebody is who was at `position` and got `batch`."""
    text, reasoning = position.text, position.reasoning
    for event in batch:
        match event:
            case TextDelta(piece):
                text += len(piece)
            case ReasoningDelta(piece):
                reasoning += len(piece)
            case Revised():
                text, reasoning = len(event.text), len(event.reasoning)
            case _:
                pass
    return Position(text, reasoning)
