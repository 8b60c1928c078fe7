"""The headless front end: a reply on stdout and nothing else there; everything else on stderr.

The text goes out as it arrives. A slow reader, of stdout or of stderr, slows the stream down, because the loop waits
for it before it takes the next piece; a closed pipe on stdout ends the request.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import Final, TextIO

from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, TextDelta
from streamtui.chat.merge import merge
from streamtui.chat.messages import Usage, is_estimate
from streamtui.chat.metrics import Metrics
from streamtui.chat.reply import Reply
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.cli.async_io import Output, TextWriter
from streamtui.cli.renderers import Sink

_FAREWELL_S: Final = 0.5
"""For how long a cancelled run waits for a slow reader."""
DONE: Final = 0
FAILED: Final = 1


async def run(
    replies: dict[str, Reply], sink: Sink, *, reader: Output | None = None, metrics: TextWriter | None = None
) -> int:
    """Run the replies at once, labelled where there are several, and return the exit code.

    `reader` is what the answer is read from, where its leaving ends the request; `metrics` gets a line for each reply.
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
        if metrics is not None and isinstance(event, Finished | Failed):
            line = metrics_line(event.metrics, replies[label].usage)
            await metrics.write(f"[{label}] {line}\n" if merged else f"{line}\n")

    left = asyncio.Event()
    try:
        with _watching_for_the_readers_leave(reader, left):
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
def _watching_for_the_readers_leave(reader: Output | None, left: asyncio.Event) -> Iterator[None]:
    """Cancel the task when nobody reads the pipe any more, which writing finds out only when there is something to
    write: a model may think for minutes.

    On Linux, where the end of a pipe that is written to counts as readable once the other one is closed.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or sys.platform != "linux" or reader is None or not reader.is_pipe:
        yield
        return
    descriptor = reader.descriptor

    def leave() -> None:
        loop.remove_reader(descriptor)
        left.set()
        task.cancel()

    loop.add_reader(descriptor, leave)
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
    """Return what is piped in, to its end; nothing where stdin is closed, or a terminal and not `also_typed`.

    Raises `ConfigError` where it can't be read.
    """
    if stdin is None or (stdin.isatty() and not also_typed):
        return ""
    try:
        return stdin.buffer.read().decode("utf-8", "replace").strip("\n")
    except OSError as error:
        raise ConfigError(f"What is piped in can't be read: {error.strerror}.") from None


def with_piped(prompt: str | None, piped: str) -> str:
    """Return the prompt, cleaned, with piped text appended. Raises `ConfigError` where there is neither."""
    text = sanitize("\n\n".join(part for part in ("" if prompt == "-" else prompt, piped) if part))
    if not text.strip():
        raise ConfigError("There is no prompt: streamtui ask 'your question', or pipe it in.")
    return text


def labels(models: Sequence[str], prompts: Sequence[str]) -> list[str]:
    """Return one distinct label per combination of models and prompts, models first."""
    pairs = [(model, prompt) for model in models for prompt in prompts]
    short = [sanitize_line(prompt, 32) for _, prompt in pairs]
    names = [
        model if len(prompts) == 1 else text if len(models) == 1 else f"{model} · {text}"
        for (model, _), text in zip(pairs, short, strict=True)
    ]
    taken: dict[str, None] = {}
    for name in names:
        label, number = name, 1
        while label in taken:
            number += 1
            label = f"{name} #{number}"
        taken[label] = None
    return list(taken)
