"""The line above the box in which a text is looked for in the conversation."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input

from streamtui.log import MessageLog
from streamtui.log.model.place import Place as LogPlace
from streamtui.log.select.search import Match
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.widgets.bars import StatusLine

_BEAT_S: Final = 0.5
"""How often a conversation that changes is looked through again."""


class _Query(Input):
    """What is looked for. Its keys are those of the bar."""

    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.FIND)

    def __init__(self, bar: "FindBar") -> None:
        super().__init__(compact=True, placeholder="Find in this conversation")
        self._bar = bar

    def action_step(self, by: int) -> None:
        self._bar.step(by)

    def action_stay(self) -> None:
        self._bar.close(stay=True)


class FindBar(Container):
    """Marks in the log what is typed here, and goes from one place to the next. Blank while it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_changing: Callable[[], bool] = lambda: False
        """Returns whether the conversation will soon hold more."""
        self._log: MessageLog | None = None
        self._origin: LogPlace | None = None
        self._matches: Sequence[Match] = ()
        self._at = 0
        self._text = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="column"):
            yield StatusLine("label")
            yield _Query(self)
            yield StatusLine("count")

    def on_mount(self) -> None:
        self._beat = self.set_interval(_BEAT_S, self._look_again, pause=True)
        self.query_one(".label", StatusLine).show("find")

    @property
    def is_open(self) -> bool:
        return self._log is not None

    def open(self, log: MessageLog, text: str) -> None:
        """Look for a text in a log, what was looked for last unless there is one."""
        if self._log is not log:
            self.close(stay=True)
            self._log, self._origin = log, log.place()
        self.add_class("-open")
        query = self.query_one(_Query)
        query.value = text or query.value
        query.action_select_all()
        query.focus()
        self._text = ""
        self._find(query.value)
        self._beat.resume()

    def close(self, *, stay: bool) -> bool:
        """Go back to where the user was, unless they stay; return whether the bar was open."""
        log, self._log = self._log, None
        if log is None:
            return False
        log.find("")
        if not stay:
            log.return_to(self._origin)
        self._beat.pause()
        self.remove_class("-open")
        self.screen.query_one("Prompt").focus()
        return True

    def step(self, by: int) -> None:
        """Go so many places on, from the last one to the first."""
        self._find(self.query_one(_Query).value)  # what was typed right before may not have been heard yet
        if self._matches:
            self._show((self._at + by) % len(self._matches))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._find(event.value)

    def _find(self, text: str) -> None:
        if self._log is None or text == self._text:
            return
        self._text = text
        self._matches = self._log.find(text)
        if self._matches:
            self._show(self._log.nearest_match())
        else:
            self._count()

    def _look_again(self) -> None:
        """Count anew what has come since. Nothing moves."""
        if self._log is None or not self._text or not self.is_changing():
            return
        shown = self._matches[self._at] if self._matches else None
        self._matches = self._log.find(self._text)
        if shown in self._matches:
            self._at = self._matches.index(shown)
        else:
            self._at = min(self._at, max(0, len(self._matches) - 1))
        self._count()

    def _show(self, index: int) -> None:
        self._at = index
        if self._log is not None:
            self._log.show_match(index)
        self._count()

    def _count(self) -> None:
        if self._matches:
            text = f"{self._at + 1:,} of {len(self._matches):,}"
        else:
            text = "nothing found" if self._text.strip() else ""
        self.query_one(".count", StatusLine).show(text)
