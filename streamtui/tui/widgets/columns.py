"""One prompt, several models side by side."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.widgets.bars import StatusLine

LONGEST_PROMPT: Final = 300
"""Characters of the prompt that may be shown: more than a line holds."""


class Column(Vertical):
    """One model's reply under its name."""

    @dataclass
    class Clicked(Message):
        column: "Column"

        @property
        def control(self) -> "Column":
            return self.column

    def __init__(self, number: int, reply: Reply) -> None:
        super().__init__()
        self.reply = reply
        self.log_view = MessageLog()
        """There before it is on the screen: the first words may be sooner."""
        self.log_view.begin(reply.message, reply.meter)
        self._number = number

    def compose(self) -> ComposeResult:
        yield StatusLine("name")
        yield self.log_view

    def on_mount(self) -> None:
        self.query_one(StatusLine).show(f"{self._number} · {self.reply.model.label}")

    @on(events.Click)
    def clicked(self) -> None:
        self.post_message(self.Clicked(self))


class ComparePane(Vertical):
    """What was asked, above the columns of one comparison. One is highlighted: Escape stops it, Enter goes on with
    it."""

    def __init__(self, runs: Sequence[ReplyTask]) -> None:
        super().__init__()
        self.columns = [Column(number, run.reply) for number, run in enumerate(runs, start=1)]
        self._runs = list(runs)
        self._highlighted = 0

    def compose(self) -> ComposeResult:
        yield StatusLine("asked")
        with Horizontal():
            yield from self.columns

    def on_mount(self) -> None:
        self.query_one(".asked", StatusLine).show(sanitize_line(self.run.reply.request.turns[-1].text, LONGEST_PROMPT))
        self.highlight(0)

    @property
    def run(self) -> ReplyTask:
        """The highlighted column's run."""
        return self._runs[self._highlighted]

    def log_of(self, message: str) -> MessageLog | None:
        """Return the log that shows a message, if one of the columns does."""
        return next((column.log_view for column in self.columns if column.reply.id == message), None)

    def are_in(self, messages: Container[str]) -> bool:
        """Return whether any of the replies is still there: those stopped before anything came are not."""
        return any(run.reply.id in messages for run in self._runs)

    def highlight(self, index: int) -> None:
        """Highlight a column by its number from 0; beyond the ends nothing changes."""
        if not 0 <= index < len(self._runs):
            return
        self._highlighted = index
        for number, column in enumerate(self.columns):
            column.set_class(number == index, "-highlighted")

    def step(self, by: int) -> None:
        self.highlight(self._highlighted + by)

    @on(Column.Clicked)
    def choose(self, event: Column.Clicked) -> None:
        self.highlight(self.columns.index(event.column))

    def stop(self) -> ReplyTask | None:
        """Return the run that Escape means: the highlighted one, else any that still streams."""
        if self.run.is_streaming:
            return self.run
        return next((run for run in self._runs if run.is_streaming), None)
