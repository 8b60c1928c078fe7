"""Runs replies and writes their events out as they arrive.

Whoever is slow to read slows the stream down, because the loop waits before it takes the next piece; a closed pipe ends
the request.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from streamtui.chat.errors import ErrorInfo, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, Revised, TextDelta
from streamtui.chat.merging import merge
from streamtui.chat.reply import Reply
from streamtui.cli import renderers
from streamtui.cli.exit_codes import DONE, FAILED, USAGE
from streamtui.cli.output import Output, TextWriter
from streamtui.cli.renderers import Sink
from streamtui.settings.prices import PriceBook

_LAST_WORDS_S: Final = 0.5
"""How long a cancelled run waits for whoever is slow to read."""


async def stream_replies(
    replies: dict[str, Reply],
    sink: Sink,
    prices: PriceBook,
    *,
    pipe: Output | None = None,
    metrics: TextWriter | None = None,
) -> int:
    """Run the replies at once, labelled where there are several, and return the exit code.

    When nobody reads `pipe` any more the requests end and `BrokenPipeError` is raised; `metrics` gets a line for each
    reply. Cancelling settles the replies; what arrived has been written out, and each one's ending.
    """
    progress = _Progress(replies, sink, metrics, prices)
    closed = asyncio.Event()
    try:
        with _cancelled_when_closed(pipe, closed):
            async with _events(replies) as stream:
                async for label, event in stream:
                    await progress.write(label, event)
    except asyncio.CancelledError:
        if closed.is_set():
            raise BrokenPipeError from None
        with suppress(OSError, StreamtuiError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await progress.write_rest()
        raise
    return progress.code


@dataclass(slots=True)
class _Progress:
    """How far the replies have been written out."""

    replies: dict[str, Reply]
    sink: Sink
    metrics: TextWriter | None
    prices: PriceBook
    _failures: list[ErrorInfo] = field(default_factory=list)
    _characters: dict[str, int] = field(init=False)
    """Written of each reply that has not ended."""

    def __post_init__(self) -> None:
        self._characters = dict.fromkeys(self.replies, 0)

    async def write(self, label: str, event: Event) -> None:
        is_merged = len(self.replies) > 1
        if isinstance(event, TextDelta):
            self._characters[label] += len(event.text)
        if isinstance(event, Revised):
            self._characters[label] = len(event.text)
        if isinstance(event, Failed):
            self._failures.append(event.error)
        if isinstance(event, Finished | Failed):
            del self._characters[label]
        await self.sink.event(event, label if is_merged else None)
        if self.metrics is not None and isinstance(event, Finished | Failed):
            await asyncio.to_thread(self.prices.load)
            reply = self.replies[label]
            line = renderers.metrics_line(event.metrics, reply.usage, self.prices.get(reply.message.model or ""))
            await self.metrics.write(f"[{label}] {line}\n" if is_merged else f"{line}\n")

    @property
    def code(self) -> int:
        """The exit code so far: nothing was sent where the configuration failed all replies."""
        if not self._failures:
            return DONE
        is_usage = len(self._failures) == len(self.replies) and all(error.is_config for error in self._failures)
        return USAGE if is_usage else FAILED

    async def write_rest(self) -> None:
        """Write what the replies, settled meanwhile, have had no chance to, and their endings."""
        for label, characters in list(self._characters.items()):
            reply = self.replies[label]
            if reply.ending is None:
                continue
            if rest := reply.text[characters:]:
                await self.write(label, TextDelta(rest))
            await self.write(label, reply.ending)


@contextmanager
def _cancelled_when_closed(pipe: Output | None, closed: asyncio.Event) -> Iterator[None]:
    """Cancel the task when nobody reads the pipe any more, which writing finds out only when there is something to
    write: a model may think for minutes.

    On Linux, where the end of a pipe that is written to counts as readable once the other one is closed.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or sys.platform != "linux" or pipe is None or not pipe.is_pipe:
        yield
        return
    descriptor = pipe.descriptor

    def cancel() -> None:
        loop.remove_reader(descriptor)
        closed.set()
        task.cancel()

    loop.add_reader(descriptor, cancel)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


@asynccontextmanager
async def _events(replies: dict[str, Reply]) -> AsyncGenerator[AsyncGenerator[tuple[str, Event], None], None]:
    if len(replies) > 1:
        async with aclosing(merge(replies)) as stream:
            yield stream
        return
    ((label, reply),) = replies.items()

    async def labelled() -> AsyncGenerator[tuple[str, Event], None]:
        async for event in reply:
            yield label, event

    async with reply, aclosing(labelled()) as stream:
        yield stream
