"""The lines around the conversation: what is open above, what is sent next, keys, figures and news below."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from streamtui.chat.sanitize import sanitize_line
from streamtui.log import COLUMN_WIDTH
from streamtui.tui.key import Moment
from streamtui.tui.keybindings import Keybindings

Severity = Literal["information", "warning", "error"]
NEWS_S: Final[Mapping[Severity, float]] = {"information": 4.0, "warning": 10.0, "error": 10.0}
"""Long enough to be read."""
BEAT_S: Final = 0.5
"""How often the state of a streaming conversation is looked at."""
MOST_NEWS: Final = 3
GAP: Final = 2


class StatusLine(Static):
    """A line of plain text, drawn only when it changes."""

    def __init__(self, classes: str) -> None:
        super().__init__(classes=classes, markup=False)
        self._shown = ""

    def show(self, text: str) -> None:
        """Show `text`, which is never read as markup."""
        if text == self._shown:
            return
        width, height = self.styles.width, self.styles.height
        is_wider = width is not None and width.is_auto and cell_len(text) != cell_len(self._shown)
        may_be_higher = height is not None and height.is_auto
        self._shown = text
        self.update(Content(text), layout=is_wider or may_be_higher)

    @property
    def shown(self) -> str:
        return self._shown


class TitleBar(Container):
    """The conversation's title, and the model with the host it runs on."""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="column"):
            yield StatusLine("title")
            yield StatusLine("model")

    def show(self, title: str, model: str) -> None:
        self.query_one(".title", StatusLine).show(title)
        self.query_one(".model", StatusLine).show(model)


class Banner(Static):
    """What stays true until it is mended: that nothing can be saved."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, text: str | None) -> None:
        self.set_class(bool(text), "-shown")
        self.update(Content(text or ""))


class NextBar(Static):
    """How the next prompt is sent, where that is not simply to the model above; else nothing."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, models: Sequence[str], *, is_edit: bool) -> None:
        lines: list[str] = []
        if models:
            lines = [f"next: side by side from {sanitize_line(', '.join(models))}   (ctrl+t takes that back)"]
        elif is_edit:
            lines = ["next: another wording of your message   (empty the box to leave it as it was)"]
        self.set_class(bool(lines), "-shown")
        self.update(Content("\n".join(lines)))


@dataclass(frozen=True, slots=True)
class News:
    """Something that was said, for a while."""

    text: str
    severity: Severity
    until: float


class StatusBar(Container):
    """At the left what was just said, else what the keys do; at the right how the conversation stands.

    News have a line of their own here because nothing that matters is under it. What is too long for one line takes
    up to three.
    """

    def __init__(
        self,
        keys: Keybindings,
        moment: Callable[[], Moment],
        state: Callable[[], Sequence[str]],
        is_moving: Callable[[], bool],
    ) -> None:
        """`moment` and `state` return what goes on and how the conversation stands, whenever that is asked, and
        `is_moving` whether that will soon be something else."""
        super().__init__()
        self._keys = keys
        self._get_moment = moment
        self._get_state = state
        self._is_moving = is_moving
        self._moment = Moment.IDLE
        self._state: Sequence[str] = ()
        self._reserved = 0
        """Cells that the state took at most since there was none: what it gives up and takes again all the time is no
        room for keys."""
        self._news: tuple[News, ...] = ()
        self._news_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="column"):
            yield StatusLine("hints")
            yield StatusLine("state")

    def on_mount(self) -> None:
        self._beat = self.set_interval(BEAT_S, self.update_state, pause=True)
        self._arrange()

    def on_resize(self) -> None:
        self._reserved = 0
        self._arrange()

    def update_hints(self) -> None:
        """Show what the keys do now."""
        if (moment := self._get_moment()) is not self._moment:
            self._moment = moment
            self._arrange()

    def update_state(self) -> None:
        """Show how the conversation stands, and again and again as long as that is moving."""
        if self._is_moving():
            self._beat.resume()
        else:
            self._beat.pause()
        moment, state = self._get_moment(), self._get_state()
        if (moment, state) != (self._moment, self._state):
            self._moment, self._state = moment, state
            self._arrange()

    def tell(self, text: str, severity: Severity) -> None:
        """Say something for a while. News replace news, and what is said already is said for longer."""
        now = time.monotonic()
        kept = [news for news in self._news if news.until > now and news.text != text]
        if severity == "information":
            kept = [news for news in kept if news.severity != "information"]
        self._news = (*kept, News(text, severity, now + NEWS_S[severity]))[-MOST_NEWS:]
        self._forget_later()
        self._arrange()

    def _forget_later(self) -> None:
        if self._news_timer is not None:
            self._news_timer.stop()
        soonest = min((news.until for news in self._news), default=None)
        wait_s = None if soonest is None else max(0.05, soonest - time.monotonic())
        self._news_timer = None if wait_s is None else self.set_timer(wait_s, self._forget)

    def _forget(self) -> None:
        now = time.monotonic()
        self._news = tuple(news for news in self._news if news.until > now)
        self._forget_later()
        self._arrange()

    @property
    def _room(self) -> int:
        return min(COLUMN_WIDTH, self.size.width - 2)

    def _arrange(self) -> None:
        left, state = self.query(StatusLine)
        self.set_class(bool(self._news), "-news")
        self.set_class(any(news.severity != "information" for news in self._news), "-worry")
        if self._news:
            state.show("")
            left.show("\n".join(news.text for news in self._news))
            return
        hints = self._keys.footer(self._moment)
        shown = fitting(self._state, self._room - cell_len(fitting_ends(hints, 0)) - GAP)
        self._reserved = max(self._reserved, cell_len(shown)) if shown else 0
        taken = self._reserved + GAP if shown else 0
        left.show(fitting_ends(hints, self._room - taken))
        state.show(shown)


def _joined(items: Sequence[str]) -> str:
    return " · ".join(items)


def fitting(items: Sequence[str], room: int) -> str:
    """Return as many of `items` as `room` cells hold; of too many the last ones go."""
    kept = list(items)
    while kept and cell_len(_joined(kept)) > room:
        kept.pop()
    return _joined(kept)


def fitting_ends(items: Sequence[str], room: int) -> str:
    """Return as many of `items` as `room` cells hold, at least the first and the last."""
    *most, last = items
    while len(most) > 1 and cell_len(_joined([*most, last])) > room:
        most.pop()
    return _joined([*most, last])
