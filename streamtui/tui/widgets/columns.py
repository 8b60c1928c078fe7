"""One prompt, several models side by side."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from streamtui.chat.reply_tasks import ReplyTask
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.widgets.bars import StatusLine
from streamtui.workspace import Session

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

    def __init__(self, number: int, task: ReplyTask) -> None:
        super().__init__()
        self.reply = task.reply
        self.log_view = MessageLog()
        self.log_view.can_focus = False
        """There before it is on the screen: the first words may be sooner."""
        self.log_view.follow(task)
        self._number = number

    def compose(self) -> ComposeResult:
        yield StatusLine("name")
        yield self.log_view

    def on_mount(self) -> None:
        self._show_name()

    def highlight(self, highlighted: bool) -> None:
        self.set_class(highlighted, "-highlighted")
        if self.is_mounted:
            self._show_name()

    def _show_name(self) -> None:
        mark = "▸ " if self.has_class("-highlighted") else ""
        self.query_one(StatusLine).show(f"{mark}{self._number} · {self.reply.model.label}")

    @on(events.Click)
    def clicked(self) -> None:
        self.post_message(self.Clicked(self))


class ComparePane(Vertical):
    """What was asked, above the columns of one comparison. The session's highlighted reply is the one that Escape
    stops and that Enter goes on with."""

    def __init__(self, session: Session, tasks: Sequence[ReplyTask]) -> None:
        super().__init__()
        self.columns = [Column(number, task) for number, task in enumerate(tasks, start=1)]
        self._session = session
        self._tasks = list(tasks)

    def compose(self) -> ComposeResult:
        yield StatusLine("asked")
        with Horizontal():
            yield from self.columns

    def on_mount(self) -> None:
        prompt = sanitize_line(self._tasks[0].reply.request.turns[-1].text, LONGEST_PROMPT)
        asked = self.query_one(".asked", StatusLine)
        asked.show(prompt)
        asked.set_class(prompt == self._session.title, "-known")  # the line above says so
        self._show_highlight()

    def are_in(self, messages: Container[str]) -> bool:
        """Return whether any of the replies is still there: those stopped before anything came are not."""
        return any(task.reply.id in messages for task in self._tasks)

    @property
    def _highlighted(self) -> int:
        highlighted = self._session.comparison.highlighted
        return self._tasks.index(highlighted) if highlighted in self._tasks else 0

    @property
    def highlighted(self) -> Column:
        return self.columns[self._highlighted]

    def step(self, by: int) -> None:
        """Highlight the column so many further to the right; beyond the ends nothing changes."""
        index = self._highlighted + by
        if 0 <= index < len(self._tasks):
            self._session.comparison.highlight(self._tasks[index])
            self._show_highlight()

    @on(Column.Clicked)
    def choose(self, event: Column.Clicked) -> None:
        self._session.comparison.highlight(self._tasks[self.columns.index(event.column)])
        self._show_highlight()

    def _show_highlight(self) -> None:
        for number, column in enumerate(self.columns):
            column.highlight(number == self._highlighted)
