"""`streamtui ask`: replies on stdout and nothing else there; everything else on stderr.

The text goes out as it arrives. Whoever is slow to read stdout or stderr slows the stream down, because the loop waits
before it takes the next piece; a closed pipe on stdout ends the request.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, TextDelta
from streamtui.chat.merge import merge
from streamtui.chat.ports import InMemoryQuirks, Model, NullRecorder, Recorder
from streamtui.chat.reply import Reply
from streamtui.cli import output, renderers, store
from streamtui.cli.args import AskArgs
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE, FAILED
from streamtui.cli.output import Output, TextWriter
from streamtui.cli.process import on_loop
from streamtui.cli.prompts import Prompt, labels, read_prompts
from streamtui.cli.renderers import Sink
from streamtui.settings.models import EXPOSED, SettingsCatalog
from streamtui.store import Store

_RESCUE_S: Final = 0.2
"""How long saving may take in a process that has to end at once."""
_LAST_WORDS_S: Final = 0.5
"""How long a cancelled run waits for whoever is slow to read."""


def run(args: AskArgs, context: Context) -> int:
    """Print the replies and return the exit code. Raises `ConfigError` where nothing can be asked."""
    with ExitStack() as stack:
        storage: Store | None = None
        if not args.no_save or args.resume is not None:
            storage = stack.enter_context(store.announced(context.config))
        catalog = context.catalog(storage.memory if storage else InMemoryQuirks())
        if not catalog.is_configured and not args.shared.demo:
            raise ConfigError(catalog.lacks)
        command = _Ask(args, context, catalog, storage)
        return on_loop(
            command.run(read_prompts(args.prompts, None if args.no_stdin else sys.stdin)),
            rescue=lambda: _rescue(storage),
        )


def _rescue(storage: Store | None) -> None:
    """Bring to disk what a process that has to end at once still holds."""
    if storage is not None:
        storage.flush_or_spill(_RESCUE_S)


@dataclass(frozen=True, slots=True)
class _Ask:
    """One run of `ask`: the replies it asks for, and where they go."""

    args: AskArgs
    context: Context
    catalog: SettingsCatalog
    storage: Store | None

    async def run(self, prompts: Sequence[Prompt]) -> int:
        try:
            replies = await self._replies(prompts)
            with ExitStack() as stack:
                file = self._file(stack)
                stdout = file or output.standard_output()
                stderr = output.standard_error()
                code = await stream_replies(
                    replies,
                    self._sink(replies, stdout, stderr),
                    pipe=stdout if isinstance(stdout, Output) else None,
                    metrics=stderr if self.args.metrics else None,
                )
                if file is not None:
                    file.settle(is_complete=code == DONE)
                return code
        finally:
            await self.catalog.aclose()

    @property
    def _recorder(self) -> Recorder:
        return NullRecorder() if self.storage is None or self.args.no_save else self.storage.recorder

    async def _replies(self, prompts: Sequence[Prompt]) -> dict[str, Reply]:
        resumed = await self._resumed()
        models = await self._models(resumed)
        replies: list[Reply] = []
        for prompt in prompts:
            conversation = resumed or Conversation(
                models[0],
                self._recorder,
                system=self.context.config.settings.system,
                options=self.context.options,
            )
            replies += conversation.compare(prompt.text, models)
        names = labels([model.id for model in models], [prompt.name for prompt in prompts])
        return dict(zip(names, self._ordered(replies, len(models)), strict=True))

    def _ordered(self, replies: list[Reply], models: int) -> list[Reply]:
        """Return the replies models first, as their labels are."""
        return [replies[index] for start in range(models) for index in range(start, len(replies), models)]

    async def _resumed(self) -> Conversation | None:
        if self.storage is None or self.args.resume is None:
            return None
        library = self.storage.library
        record, messages = await library.load(await store.resolve(library, self.args.resume))
        model = self.catalog.saved(record.model)
        conversation = Conversation.resume(model, self._recorder, record, messages, options=self.context.options)
        if self.args.shared.system is not None:
            conversation.instruct(self.args.shared.system)
        return conversation

    async def _models(self, conversation: Conversation | None) -> list[Model]:
        names = self.args.shared.models
        if names:
            models = [self.catalog.model(name) for name in names]
        elif conversation is None or self.args.shared.demo:
            models = [self.catalog.model()]
        else:
            models = [conversation.model]
        for model in models:
            self.catalog.refuse_ignored_url(model)
            if host := self.catalog.exposed_host(model):
                raise ConfigError(EXPOSED.format(host=host))
        return [await self.catalog.resolve(model) for model in models]

    def _file(self, stack: ExitStack) -> output.File | None:
        if self.args.output is None:
            return None
        return stack.enter_context(output.opened(self.args.output, in_one_piece=self.args.no_stream))

    def _sink(self, replies: dict[str, Reply], stdout: TextWriter, stderr: TextWriter) -> Sink:
        sink: Sink
        if self.args.json:
            conversations = {label: reply.conversation for label, reply in replies.items()}
            sink = renderers.JsonLines(stdout, {} if self.args.no_save else conversations)
        elif len(replies) > 1:
            sink = renderers.LabelledLines(stdout, stderr)
        else:
            sink = renderers.Text(stdout, stderr, shares_screen=output.is_on_the_screen_of_stderr(stdout))
        return renderers.Buffered(sink) if self.args.no_stream else sink


async def stream_replies(
    replies: dict[str, Reply], sink: Sink, *, pipe: Output | None = None, metrics: TextWriter | None = None
) -> int:
    """Run the replies at once, labelled where there are several, and return the exit code.

    When nobody reads `pipe` any more the requests end and `BrokenPipeError` is raised; `metrics` gets a line for each
    reply. Cancelling settles the replies; what arrived has been written out, and each one's ending.
    """
    progress = _Progress(replies, sink, metrics)
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
    return FAILED if progress.has_failed else DONE


@dataclass(slots=True)
class _Progress:
    """How far the replies have been written out."""

    replies: dict[str, Reply]
    sink: Sink
    metrics: TextWriter | None
    has_failed: bool = False
    _characters: dict[str, int] = field(init=False)
    """Written of each reply that has not ended."""

    def __post_init__(self) -> None:
        self._characters = dict.fromkeys(self.replies, 0)

    async def write(self, label: str, event: Event) -> None:
        is_merged = len(self.replies) > 1
        if isinstance(event, TextDelta):
            self._characters[label] += len(event.text)
        if isinstance(event, Finished | Failed):
            self.has_failed = self.has_failed or isinstance(event, Failed)
            del self._characters[label]
        await self.sink.event(event, label if is_merged else None)
        if self.metrics is not None and isinstance(event, Finished | Failed):
            line = renderers.metrics_line(event.metrics, self.replies[label].usage)
            await self.metrics.write(f"[{label}] {line}\n" if is_merged else f"{line}\n")

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
