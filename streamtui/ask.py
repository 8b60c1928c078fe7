"""The headless front end: a reply on stdout and nothing else there; everything else on stderr.

The text goes out as it arrives. A slow reader on stdout slows the stream down, because the loop waits for it before
it takes the next piece; a closed pipe ends the request.
"""

import asyncio
import json
import os
import select
import stat
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TextIO

from streamtui.chat.clean import clean, clean_line
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, TextDelta, wire
from streamtui.chat.merge import Lines, merge
from streamtui.chat.messages import Status, Usage, is_estimate
from streamtui.chat.metrics import Metrics
from streamtui.chat.reply import Reply
from streamtui.streams import say

_PIECE: Final = 4096
"""Bytes a pipe that reports itself writable takes without blocking (PIPE_BUF on Linux)."""
_FAREWELL_S: Final = 0.5
"""For how long a cancelled run waits for a slow reader."""
DONE: Final = 0
FAILED: Final = 1


class Output:
    """Writes text to a file descriptor, waiting on the event loop where the reader is slow.

    Raises `BrokenPipeError` when the reader has gone, `StreamtuiError` when nothing can be written for another reason.
    What a cancelled `write` had not written yet goes out with the next.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unwritten = bytearray()

    async def write(self, text: str) -> None:
        self._unwritten += text.encode("utf-8", "replace")
        while self._unwritten:
            if not self._is_writable():
                await self._writable()
            with suppress(BlockingIOError):  # somebody else filled the pipe in between
                del self._unwritten[: self._write(bytes(self._unwritten[:_PIECE]))]

    def _write(self, piece: bytes) -> int:
        try:
            return os.write(self._descriptor, piece)
        except (BrokenPipeError, BlockingIOError):
            raise
        except OSError as error:
            raise StreamtuiError(f"The output can't be written: {error.strerror}.") from None

    def _is_writable(self) -> bool:
        try:
            return bool(select.select((), (self._descriptor,), (), 0)[1])
        except (OSError, ValueError):  # not a descriptor that can be waited for: it never blocks for long
            return True

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_writer(self._descriptor, wake)
        try:
            await ready
        finally:
            loop.remove_writer(self._descriptor)


class Writer(Protocol):
    """Takes text, and waits where it can't be taken yet."""

    async def write(self, text: str) -> None: ...


@dataclass(slots=True)
class FileOutput:
    """Writes to a file, at once. Raises `StreamtuiError` where the disk won't have it."""

    file: TextIO

    async def write(self, text: str) -> None:
        try:
            self.file.write(text)
            self.file.flush()
        except OSError as error:
            with suppress(OSError):  # closing it later would try again
                self.file.close()
            raise StreamtuiError(f"{clean_line(self.file.name)} can't be written: {error.strerror}.") from None


class Sink(Protocol):
    """Where the events of a reply go."""

    async def event(self, event: Event, label: str | None) -> None: ...


@dataclass(slots=True)
class JsonLines:
    """One event a line, as the contract has it."""

    output: Writer
    conversations: Mapping[str, str | None]
    """By label; the only one where the stream isn't merged."""

    async def event(self, event: Event, label: str | None) -> None:
        conversation = self.conversations[label] if label else next(iter(self.conversations.values()))
        body = wire(event, conversation, label)
        await self.output.write(json.dumps(body, ensure_ascii=False) + "\n")


@dataclass(slots=True)
class Text:
    """The answer alone, with a newline at its end; notices, reasoning and errors beside it on `aside`."""

    output: Writer
    aside: TextIO
    _in_line: bool = False
    _thinking: bool = False

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            self._thinking = True
            say(self.aside, event.text, end="")
            return
        if self._thinking:
            self._thinking = False
            say(self.aside, "")
        match event:
            case TextDelta(text):
                await self.output.write(text)
                self._in_line = not text.endswith("\n")
            case Notice(text=text):
                say(self.aside, text)
            case Failed(error=error):
                await self._end_line()
                say(self.aside, f"streamtui: {error.message}")
            case Finished():
                await self._end_line()

    async def _end_line(self) -> None:
        if self._in_line:
            self._in_line = False
            await self.output.write("\n")


@dataclass(slots=True)
class Interleaved:
    """Several answers line by line, each line headed by its label, as soon as it is whole; likewise what the models
    think, on `aside`."""

    output: Writer
    aside: TextIO
    _lines: Lines = field(default_factory=Lines)
    _thoughts: Lines = field(default_factory=Lines)

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            say(self.aside, self._thoughts.feed(label, event.text), end="")
            return
        if rest := self._thoughts.end(label):
            say(self.aside, rest, end="")
        match event:
            case TextDelta(text):
                await self.output.write(self._lines.feed(label, text))
            case Notice(text=text):
                say(self.aside, f"[{label}] {text}")
            case Finished() | Failed():
                await self.output.write(self._lines.end(label))
                if isinstance(event, Failed):
                    say(self.aside, f"[{label}] streamtui: {event.error.message}")


@dataclass(slots=True)
class Whole:
    """The answer in one piece, and only if it is complete."""

    inner: Sink
    _parts: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        parts = self._parts.setdefault(label, [])
        match event:
            case TextDelta(text):
                parts.append(text)
            case Finished(status=Status.COMPLETE):
                await self.inner.event(TextDelta("".join(parts)), label)
                await self.inner.event(event, label)
            case _:
                await self.inner.event(event, label)


@dataclass(slots=True)
class File:
    """The answer written to a file as it arrives; whatever had arrived stays there when the reply breaks off.

    Several answers go into it as `Interleaved` prints them.
    """

    output: FileOutput
    inner: Sink
    _lines: Lines = field(default_factory=Lines)
    _in_line: bool = False

    async def event(self, event: Event, label: str | None) -> None:
        match event:
            case TextDelta(text):
                self._in_line = not text.endswith("\n")
                await self.output.write(text if label is None else self._lines.feed(label, text))
            case Finished() | Failed():
                await self.output.write("\n" * self._in_line if label is None else self._lines.end(label))
                await self.inner.event(event, label)
            case _:
                await self.inner.event(event, label)


async def run(replies: dict[str, Reply], sink: Sink, *, show_metrics: bool) -> int:
    """Run the replies at once, labelled where there are several, and return the exit code.

    Cancelling settles the replies; what arrived has been written out, and the end of each said.
    """
    merged = len(replies) > 1
    told = dict.fromkeys(replies, 0)
    code = DONE

    async def tell(label: str, event: Event) -> None:
        if isinstance(event, TextDelta):
            told[label] += len(event.text)
        if isinstance(event, Finished | Failed):
            del told[label]
        await sink.event(event, label if merged else None)
        if show_metrics and isinstance(event, Finished | Failed):
            line = metrics_line(event.metrics, replies[label].usage)
            say(sys.stderr, _labelled(label if merged else None, line))

    left = asyncio.Event()
    try:
        with _watching_for_the_readers_leave(sink, left):
            async with _events(replies) as stream:
                async for label, event in stream:
                    if isinstance(event, Failed):
                        code = FAILED
                    await tell(label, event)
    except asyncio.CancelledError:
        if left.is_set():
            raise BrokenPipeError from None
        with suppress(OSError, StreamtuiError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                for label, characters in list(told.items()):
                    if (ending := replies[label].ending) is None:
                        continue
                    if rest := replies[label].text[characters:]:
                        await tell(label, TextDelta(rest))
                    await tell(label, ending)
        raise
    return code


@contextmanager
def _watching_for_the_readers_leave(sink: Sink, left: asyncio.Event) -> Iterator[None]:
    """Cancel the task when nobody reads the pipe on stdout any more, which writing finds out only when there is
    something to write: a model may think for minutes.

    On Linux, where the end of a pipe that is written to counts as readable once the other one is closed.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or sys.platform != "linux" or not _is_pipe(sink):
        yield
        return
    descriptor = sys.stdout.fileno()

    def leave() -> None:
        loop.remove_reader(descriptor)
        left.set()
        task.cancel()

    loop.add_reader(descriptor, leave)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


def _is_pipe(sink: Sink) -> bool:
    """Whether the answer goes into a pipe on stdout."""
    while isinstance(sink, Whole):
        sink = sink.inner
    if isinstance(sink, File):
        return False
    with suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    return False


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


def metrics_line(metrics: Metrics | None, usage: Usage | None) -> str:
    """Return the figures of a reply in one line; `~` marks an estimate."""
    metrics = metrics or Metrics()
    about = "~" if is_estimate(usage) else ""
    parts: list[str] = []
    if metrics.connect_s is not None:
        parts.append(f"connected {metrics.connect_s:.2f} s")
    if metrics.ttft_s is not None:
        parts.append(f"first token {metrics.ttft_s:.2f} s")
    parts.append(f"total {metrics.total_s:.2f} s")
    if usage is not None and usage.output_tokens is not None:
        parts.append(f"tokens {about}{usage.input_tokens or 0} in, {about}{usage.output_tokens} out")
    if usage is not None and usage.reasoning_tokens:
        parts.append(f"{usage.reasoning_tokens} of them reasoning")
    if metrics.tokens_per_s is not None:
        parts.append(f"{about}{metrics.tokens_per_s:.0f} tok/s")
    parts.append(f"{metrics.chunks} chunks")
    parts.append(f"{metrics.characters} characters")
    if metrics.characters_per_s is not None:
        parts.append(f"{metrics.characters_per_s:.0f} characters/s")
    return " · ".join(parts)


def read_piped(stdin: TextIO | None, *, also_typed: bool = False) -> str:
    """Return what is piped in, to its end; nothing where stdin is closed, or a terminal and not `also_typed`."""
    if stdin is None or (stdin.isatty() and not also_typed):
        return ""
    return stdin.buffer.read().decode("utf-8", "replace").strip("\n")


def with_piped(prompt: str | None, piped: str) -> str:
    """Return the prompt, cleaned, with piped text appended. Raises `ConfigError` where there is neither."""
    text = clean("\n\n".join(part for part in ("" if prompt == "-" else prompt, piped) if part))
    if not text.strip():
        raise ConfigError("There is no prompt: streamtui ask 'your question', or pipe it in.")
    return text


def open_file(name: str) -> TextIO:
    """Open the file that the reply is streamed into. Raises `ConfigError`."""
    if not name:
        raise ConfigError("An empty name names no file: -o FILE.")
    try:
        return Path(name).open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"{clean_line(name)} can't be written: {error.strerror}.") from None


def labels(models: Sequence[str], prompts: Sequence[str]) -> list[str]:
    """Return one distinct label per combination of models and prompts, models first."""
    pairs = [(model, prompt) for model in models for prompt in prompts]
    short = [clean_line(prompt, 32) for _, prompt in pairs]
    names = [
        model if len(prompts) == 1 else text if len(models) == 1 else f"{model} · {text}"
        for (model, _), text in zip(pairs, short, strict=True)
    ]
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[index] = f"{name} #{seen[name]}"
    return names


def _labelled(label: str | None, text: str) -> str:
    return text if label is None else f"[{label}] {text}"
