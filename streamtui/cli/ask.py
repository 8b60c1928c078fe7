"""`streamtui ask`: replies on stdout and nothing else there; everything else on stderr."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final

from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.messages import Attachment, DraftAttachment
from streamtui.chat.ports import InMemoryQuirks, Model, NullRecorder, Recorder
from streamtui.chat.reply import Reply
from streamtui.cli import output, renderers, store
from streamtui.cli.args import AskArgs
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE, FAILED
from streamtui.cli.output import Output, TextWriter
from streamtui.cli.process import on_loop
from streamtui.cli.prompts import FROM_STDIN, Prompt, labels, read_prompts
from streamtui.cli.renderers import Sink
from streamtui.cli.reply_output import stream_replies
from streamtui.cli.stdio import complain
from streamtui.cli.text_input import read_file, read_piped_file
from streamtui.cli.turns import turn
from streamtui.settings.models import SettingsCatalog
from streamtui.store import Store
from streamtui.workspace import Defaults, SendPrompt, Session, Workspace
from streamtui.workspace.attachments.window import refuse_what_does_not_fit
from streamtui.workspace.unsaved import UnsavedLibrary

_WAITS: Final = "waiting for the reply that another program is writing in this conversation"
_RESCUE_S: Final = 0.2
"""How long saving may take in a process that has to end at once."""


def run(args: AskArgs, context: Context) -> int:
    """Print the replies and return the exit code. Raises `ConfigError` where nothing can be asked."""
    with ExitStack() as stack:
        storage: Store | None = None
        if not args.no_save or args.resume is not None:
            storage = stack.enter_context(store.announced(context.config))
        catalog = context.catalog(storage.memory if storage else InMemoryQuirks())
        if not catalog.endpoints.is_configured and not args.shared.demo:
            raise ConfigError(catalog.endpoints.lacks)
        knows_unsaved = storage is not None and storage.trouble is not None
        command = _Ask(args, catalog, storage, _defaults(args, context), knows_unsaved)
        piped = read_piped_file(sys.stdin) if FROM_STDIN in args.files else None
        prompts = read_prompts(args.prompts, None if args.no_stdin or piped is not None else sys.stdin)
        return on_loop(command.run(prompts, piped), rescue=lambda: _rescue(storage))


def _defaults(args: AskArgs, context: Context) -> Defaults:
    """Return what the options and settings say of the conversation. Raises `ConfigError`."""
    instruction = read_file(args.system_file) if args.system_file is not None else args.shared.system
    return Defaults(
        system=context.config.settings.system if instruction is None else instruction,
        instruction=instruction,
        options=replace(context.options, effort=args.effort, extra=dict(args.fields)),
    )


def _rescue(storage: Store | None) -> None:
    """Bring to disk what a process that has to end at once still holds."""
    if storage is not None:
        storage.flush_or_spill(_RESCUE_S)


@dataclass(frozen=True, slots=True)
class _Ask:
    """One run of `ask`: the replies it asks for, and where they go."""

    args: AskArgs
    catalog: SettingsCatalog
    storage: Store | None
    defaults: Defaults
    knows_unsaved: bool
    """Whether opening the store has said that nothing can be saved."""

    async def run(self, prompts: Sequence[Prompt], piped: bytes | None) -> int:
        """Print the replies; `piped` is the file that `-` stands for."""
        library = self.storage.library if self.storage else UnsavedLibrary()
        kept = UnsavedLibrary() if self.args.no_save else None
        workspace = Workspace(self.catalog, self._recorder, library, self.defaults, kept=kept)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.catalog.aclose)
            stack.push_async_callback(workspace.aclose)
            async with workspace.attachments.taking(await self._attached(workspace, piped)) as attachments:
                replies = await self._replies(workspace, prompts, attachments, stack)
            return await self._print(replies)

    @property
    def _recorder(self) -> Recorder:
        return NullRecorder() if self.storage is None or self.args.no_save else self.storage.recorder

    # -- what is asked

    async def _attached(self, workspace: Workspace, piped: bytes | None) -> list[DraftAttachment]:
        """Return the files that go along with each prompt. Raises `ConfigError`."""
        attachments = workspace.attachments
        attached: list[DraftAttachment] = []
        for path in self.args.files:
            is_piped = path == FROM_STDIN and piped is not None
            attached.append(await (attachments.hold("stdin", piped or b"") if is_piped else attachments.look(path)))
        return attached

    async def _replies(
        self,
        workspace: Workspace,
        prompts: Sequence[Prompt],
        attachments: tuple[Attachment, ...],
        stack: AsyncExitStack,
    ) -> dict[str, Reply]:
        """Return the replies, not yet sent, by their labels. Raises `StreamtuiError`."""
        resumed = await self._resumed(workspace, stack)
        models = await self._models(workspace, resumed)
        if attachments:
            await refuse_what_does_not_fit(self.catalog, models, workspace.attachments, attachments)
        replies: list[Reply] = []
        for prompt in prompts:
            session = resumed or workspace.new(models[0])
            if self.args.title is not None:
                session.conversation.rename(self.args.title)
            replies += session.replies(SendPrompt(prompt.text, models=tuple(models), attachments=attachments))
        names = labels([model.id for model in models], [prompt.name for prompt in prompts])
        return dict(zip(names, self._ordered(replies, len(models)), strict=True))

    def _ordered(self, replies: list[Reply], models: int) -> list[Reply]:
        """Return the replies models first, as their labels are."""
        return [replies[index] for start in range(models) for index in range(start, len(replies), models)]

    async def _resumed(self, workspace: Workspace, stack: AsyncExitStack) -> Session | None:
        if self.args.resume is None:
            return None
        id = await workspace.locate(self.args.resume)
        say_once = lru_cache(partial(complain, _WAITS))
        if self.args.wait and self.storage is not None:
            await stack.enter_async_context(turn(self.storage.path.parent, id, say_once))
        session = await workspace.resume(id)
        if session.is_written_elsewhere:
            if not self.args.wait:
                raise StreamtuiError("Another program is writing a reply in this conversation: --wait waits for it.")
            say_once()
            await workspace.settled(session)
        return session

    async def _models(self, workspace: Workspace, resumed: Session | None) -> list[Model]:
        names = self.args.shared.models
        if names:
            models = [self.catalog.model(name) for name in names]
        elif resumed is None or self.args.shared.demo:
            models = [self.catalog.model()]
        else:
            models = [resumed.conversation.model]
        for model in models:
            self.catalog.endpoints.refuse_ignored_url(model)
        return [await workspace.sender.authorize(model) for model in models]

    # -- where it goes

    async def _print(self, replies: dict[str, Reply]) -> int:
        with ExitStack() as stack:
            file = self._file(stack)
            stdout = file or output.standard_output()
            stderr = output.standard_error()
            sink = self._sink(replies, stdout, stderr)
            extracted = renderers.Extracted(sink, stderr) if self.args.extract else None
            code = await stream_replies(
                replies,
                extracted or sink,
                self.catalog.prices,
                pipe=stdout if isinstance(stdout, Output) else None,
                metrics=stderr if self.args.metrics else None,
            )
            if extracted is not None and extracted.is_missing:
                code = FAILED
            if file is not None:
                file.settle(is_complete=code == DONE)
            return code

    def _is_saved(self) -> bool:
        """Return whether a later command will find what there is so far. Waits for the disk only where that fails."""
        if self.storage is None or self.args.no_save:
            return False
        return self.storage.trouble is None or self.storage.flush_or_spill(_RESCUE_S)

    def _file(self, stack: ExitStack) -> output.File | None:
        if self.args.output is None:
            return None
        return stack.enter_context(output.opened(self.args.output, in_one_piece=self.args.no_stream))

    def _sink(self, replies: dict[str, Reply], stdout: TextWriter, stderr: TextWriter) -> Sink:
        sink: Sink
        if self.args.json:
            conversations = {label: reply.conversation for label, reply in replies.items()}
            sink = renderers.JsonLines(stdout, conversations, self._is_saved)
        elif len(replies) > 1:
            sink = renderers.LabelledLines(stdout, stderr, self.knows_unsaved)
        else:
            shares_screen = output.is_on_the_screen_of_stderr(stdout)
            sink = renderers.Text(stdout, stderr, shares_screen, self.knows_unsaved)
            if not (self.args.raw or self.args.extract or self.args.output) and output.stdout_is_terminal():
                sink = renderers.Rendered(sink, _row_writer())
        return renderers.Buffered(sink) if self.args.no_stream else sink


def _row_writer() -> Callable[[], renderers.RowWriter]:
    """Return what makes a renderer for the terminal behind stdout."""
    from streamtui.cli.markdown_rows import MarkdownRows  # it needs Textual, which a pipe does without

    width = shutil.get_terminal_size().columns
    return partial(MarkdownRows, width, has_colors=not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
