"""`streamtui ask`: hands the engine to the headless front end."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from streamtui.chat.conversation import Conversation, Options
from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import Model, NullRecorder, Recorder
from streamtui.chat.reply import Reply
from streamtui.cli import ask_replies, async_io, output_file, renderers
from streamtui.settings.models import EXPOSED, SettingsCatalog
from streamtui.store import Store

STDOUT: Final = "-"
"""As the name of a file."""


@dataclass(frozen=True, slots=True)
class AskPrompt:
    """What is asked, and what it is called where several are."""

    text: str
    name: str


def prompts(said: argparse.Namespace) -> list[AskPrompt]:
    """Return the prompts, each with the piped text appended. Raises `ConfigError`."""
    given = [*([said.prompt] if said.prompt is not None or not said.prompts else []), *said.prompts]
    piped = ask_replies.read_piped(sys.stdin, also_typed="-" in given)
    texts = [ask_replies.with_piped(prompt, piped) for prompt in given]
    return [
        AskPrompt(text, text if prompt in (None, "", "-") else prompt)
        for prompt, text in zip(given, texts, strict=True)
    ]


def resumes(said: argparse.Namespace) -> bool:
    return getattr(said, "latest", False) or getattr(said, "resume", None) is not None


@dataclass(frozen=True, slots=True)
class Headless:
    """One run of `ask`: the replies it asks for, and where they go."""

    said: argparse.Namespace
    catalog: SettingsCatalog
    recorder: Recorder
    store: Store | None
    options: Options
    system: str | None

    async def run(self, prompts: Sequence[AskPrompt]) -> int:
        said = self.said
        try:
            replies = await self._replies(prompts)
            with ExitStack() as stack:
                file = self._file(stack)
                output = file or async_io.standard_output()
                aside = async_io.standard_error()
                code = await ask_replies.run(
                    replies,
                    self._sink(replies, output, aside),
                    reader=output if isinstance(output, async_io.Output) else None,
                    metrics=aside if said.metrics else None,
                )
                if file is not None:
                    file.settle(is_complete=code == ask_replies.DONE)
                return code
        finally:
            await self.catalog.aclose()

    async def _replies(self, prompts: Sequence[AskPrompt]) -> dict[str, Reply]:
        resumed = await self._resumed()
        models = await self._models(resumed)
        replies: list[Reply] = []
        for prompt in prompts:
            target = resumed or Conversation(models[0], self.recorder, system=self.system, options=self.options)
            replies += target.compare(prompt.text, models)
        labels = ask_replies.labels([model.id for model in models], [prompt.name for prompt in prompts])
        return dict(zip(labels, self._ordered(replies, len(models)), strict=True))

    def _ordered(self, replies: list[Reply], models: int) -> list[Reply]:
        """Return the replies models first, as their labels are."""
        return [replies[index] for start in range(models) for index in range(start, len(replies), models)]

    async def _resumed(self) -> Conversation | None:
        if self.store is None or not resumes(self.said):
            return None
        library = self.store.library
        prefix = getattr(self.said, "resume", None)
        found = await library.latest() if prefix is None else await library.find(prefix)
        if found is None:
            raise ConfigError("There is no saved conversation to continue.")
        record, messages = await library.load(found)
        model = self.catalog.own(record.model)
        conversation = Conversation.resume(model, self.recorder, record, messages, options=self.options)
        if (instruction := getattr(self.said, "system", None)) is not None:
            conversation.instruct(instruction)
        return conversation

    async def _models(self, conversation: Conversation | None) -> list[Model]:
        named = getattr(self.said, "model", None)
        if named:
            models = [self.catalog.model(name) for name in named]
        elif conversation is None or getattr(self.said, "demo", False):
            models = [self.catalog.model()]
        else:
            models = [conversation.model]
        for model in models:
            self.catalog.refuse_ignored_url(model)
            if host := self.catalog.exposed_host(model):
                raise ConfigError(EXPOSED.format(host=host))
        return [await self.catalog.resolve(model) for model in models]

    def _file(self, stack: ExitStack) -> output_file.File | None:
        name = self.said.output
        if name is None or name == STDOUT:
            return None
        return stack.enter_context(output_file.opened(name, in_one_piece=self.said.no_stream))

    def _sink(
        self, replies: dict[str, Reply], output: async_io.TextWriter, aside: async_io.TextWriter
    ) -> renderers.Sink:
        sink: renderers.Sink
        if self.said.json:
            saved = not isinstance(self.recorder, NullRecorder)
            sink = renderers.JsonLines(
                output, {label: reply.conversation if saved else None for label, reply in replies.items()}
            )
        elif len(replies) > 1:
            sink = renderers.LabelledLines(output, aside)
        else:
            sink = renderers.Text(output, aside, shares_screen=_shares_screen(output))
        return renderers.Buffered(sink) if self.said.no_stream else sink


def _shares_screen(output: async_io.TextWriter) -> bool:
    return isinstance(output, async_io.Output) and async_io.is_on_the_screen_of_stderr(output)
