"""Who owns running replies: one task each, independent of any view. Views come and go; the stream goes on."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Finished, ReasoningDelta, TextDelta
from streamtui.chat.reply import Reply

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]


class ReplyTask:
    """One reply and the task that reads it."""

    def __init__(self, reply: Reply, ended: Callable[["ReplyTask"], None]) -> None:
        self.reply = reply
        self._ended = ended
        self._listeners: tuple[Listener, ...] = ()
        """Replaced, never changed: a listener may leave while all are being called."""
        self._task = asyncio.create_task(self._read(), name=f"reply {reply.id}")
        self._task.add_done_callback(self._done)

    @property
    def is_streaming(self) -> bool:
        return self.reply.ending is None

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on, on the event loop, the last one being `Finished` or `Failed`.

        What came before is in `reply.text`; there is no gap between the two. The listener must be quick and must not
        raise: the stream waits for it. Returns the function that ends the watching.
        """
        self._listeners = (*self._listeners, listener)

        def unwatch() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unwatch

    async def follow(self) -> AsyncIterator[Event]:
        """Yield the text so far, as one piece, then every event to the last. Safe to leave at any point.

        A notice that still holds comes first: whoever joins while a request waits to be sent again wants to know.
        """
        waiting: deque[Event] = deque()
        arrived = asyncio.Event()

        def listen(event: Event) -> None:
            waiting.append(event)
            arrived.set()

        if notice := self.reply.notice:
            waiting.append(notice)
        if reasoning := self.reply.reasoning:
            waiting.append(ReasoningDelta(reasoning))
        if text := self.reply.text:
            waiting.append(TextDelta(text))
        if self.reply.ending is not None:
            waiting.append(self.reply.ending)
            arrived.set()
        unwatch = self.watch(listen)
        try:
            while True:
                while waiting:
                    event = waiting.popleft()
                    yield event
                    if isinstance(event, Finished | Failed):
                        return
                await arrived.wait()
                arrived.clear()
        finally:
            unwatch()

    def stop(self) -> None:
        """Stop the reply, keeping what arrived: settled and announced at once, the connection closed right after."""
        if self.reply.ending is not None:
            return
        for event in self.reply.release():
            self._publish(event)
        self.reply.stop()
        self._publish_ending()
        self._task.cancel()

    async def wait(self) -> None:
        """Return when the reply is settled and its connection closed."""
        await asyncio.wait([self._task])

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
        if self.reply.ending is not None:
            listeners, self._listeners = self._listeners, ()
            for listener in listeners:
                listener(self.reply.ending)


class ReplyTasks:
    """All replies in flight in this process."""

    def __init__(self) -> None:
        self._runs: dict[str, ReplyTask] = {}

    def start(self, reply: Reply) -> ReplyTask:
        """Run `reply` to its end in a task of its own. Must be called on the event loop."""
        run = ReplyTask(reply, self._ended)
        self._runs[reply.id] = run
        return run

    def of(self, conversation: str) -> list[ReplyTask]:
        """Return the replies that stream in a conversation now, oldest first."""
        return [run for run in self._runs.values() if run.reply.conversation == conversation and run.is_streaming]

    def run(self, message: str) -> ReplyTask | None:
        """Return the run that writes a message, if one does."""
        return self._runs.get(message)

    @property
    def conversations(self) -> set[str]:
        """The ids of the conversations in which something streams."""
        return {run.reply.conversation for run in self._runs.values() if run.is_streaming}

    def __len__(self) -> int:
        return sum(run.is_streaming for run in self._runs.values())

    async def aclose(self, patience_s: float = 2.0) -> None:
        """Stop all replies: settled at once, connections closed within `patience_s`."""
        runs = list(self._runs.values())
        for run in runs:
            run.stop()
        if runs:
            await asyncio.wait([run._task for run in runs], timeout=patience_s)

    def settle(self) -> None:
        """Settle all replies without waiting for anything: for signal handlers."""
        for run in list(self._runs.values()):
            run.stop()

    def _ended(self, run: ReplyTask) -> None:
        if self._runs.get(run.reply.id) is run:
            del self._runs[run.reply.id]
