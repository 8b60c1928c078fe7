"""A conversation in calm mode: lines in, lines out, choices as numbered questions.

The workspace lives on an event loop in a thread of its own; this waits for the keyboard, or for what a reply brings.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli.calm_input import LineInput
from streamtui.cli.calm_reply import SpokenReply
from streamtui.cli.loop_thread import LoopThread
from streamtui.workspace import Session, Submission, Workspace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str


@dataclass(frozen=True, slots=True)
class _Question:
    """Something that has to be answered before anything is sent."""

    text: str
    answer: Callable[[bool], object]


_News = str | _Line | _Question | None
"""A piece of text, a line, a question; `None` ends it."""


@dataclass
class CalmChat:
    """The session that is talked in, and everything that is read and said there."""

    workspace: Workspace
    loop: LoopThread
    input: LineInput
    session: Session
    _news: SimpleQueue[_News] = field(default_factory=SimpleQueue)
    _is_in_line: bool = False

    def __post_init__(self) -> None:
        self.workspace.sender.confirm = self._confirm

    # -- saying

    def say(self, line: str) -> None:
        """Write a line."""
        gap = "\n" if self._is_in_line else ""
        self._write(f"{gap}{line}\n")

    def _write(self, text: str) -> None:
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()
            self._is_in_line = not text.endswith("\n")

    # -- reading

    def read_prompt(self) -> str:
        """Return the next prompt or command; what is unsent stands in the line already."""
        draft = self.call(self._take_draft())
        return self.input.read("You: ", draft)

    async def _take_draft(self) -> str:
        draft, self.session.outgoing.draft = self.session.outgoing.draft, ""
        return draft

    def choose(self, title: str, options: Sequence[str]) -> int | None:
        """Let one of the options be chosen by its number; return its index, `None` for none."""
        self.say(title)
        for number, option in enumerate(options, 1):
            self.say(f"{number}. {sanitize_line(option, 300)}")
        while True:
            answer = self.input.ask("Number, or Enter for none: ").strip()
            if not answer:
                return None
            if answer.isdecimal() and 1 <= int(answer) <= len(options):
                return int(answer) - 1
            self.say(f"There is no number {sanitize_line(answer, 20)} here: 1 to {len(options)}.")

    # -- doing

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the workspace and return its result."""
        return self.loop.call(work)

    def send_prompt(self, text: str) -> None:
        """Send a prompt as what was chosen for it says: with its files, or as another wording."""

        async def prompt() -> Submission:
            return self.session.outgoing.prompt(text)

        self.send(self.call(prompt()))

    def send(self, submission: Submission) -> None:
        """Send something, and say what comes, to the end. Ctrl+C stops the reply."""
        self.loop.start(self._submit(submission))
        while True:
            try:
                match self._news.get():
                    case None:
                        return
                    case str(text):
                        self._write(text)
                    case _Line(text=text):
                        self.say(text)
                    case _Question(text=text, answer=answer):
                        self.loop.soon(answer, self.input.ask(f"{text} (yes or no): ").strip().lower() in ("y", "yes"))
            except KeyboardInterrupt:
                self.loop.start(self._stop())
            except EOFError:
                self.loop.start(self._stop())

    async def _submit(self, submission: Submission) -> None:
        session, news = self.session, self._news
        reply = SpokenReply(lambda line: news.put(_Line(line)), news.put, self._end)
        self._spoken = reply
        self._unwatch = session.watch(reply)
        try:
            self.workspace.sender.submit(session, submission)
        except StreamtuiError as error:
            news.put(_Line(str(error)))
            self._end()

    def _end(self) -> None:
        self._unwatch()
        self._news.put(None)

    async def _stop(self) -> None:
        stopped = self.workspace.stop(self.session)
        if stopped and not self._spoken.has_started:
            self._news.put(_Line("Taken back: it had not left yet."))
            self._end()

    async def _confirm(self, host: str) -> bool:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def set_answer(value: bool) -> None:
            if not answer.done():
                answer.set_result(value)

        question = f"Your API key would travel to {host} unencrypted, readable by everyone on the way. Send it?"
        self._news.put(_Question(question, set_answer))
        return await answer
