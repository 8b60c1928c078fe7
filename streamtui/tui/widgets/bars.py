"""The lines around the conversation: what is open above, what is sent next, keys and figures below."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from streamtui.chat.sanitize import sanitize_line

NEWS_S: Final = 4.0
"""Long enough to be read."""
GAP: Final = 2


class StatusLine(Static):
    """One line of plain text, drawn only when it changes."""

    def __init__(self, classes: str) -> None:
        super().__init__(classes=classes, markup=False)
        self._shown = ""

    def show(self, text: str) -> None:
        """Show `text`, which is never read as markup."""
        if text == self._shown:
            return
        width = self.styles.width
        grows = width is not None and width.is_auto and cell_len(text) != cell_len(self._shown)
        self._shown = text
        self.update(Content(text), layout=grows)

    @property
    def shown(self) -> str:
        return self._shown


class TitleBar(Horizontal):
    """The conversation's title, and the model with the host it runs on."""

    def compose(self) -> ComposeResult:
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
    """What is sent next, or how, where that is not simply the text in the box to the model above; else nothing."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, queued: str | None, models: Sequence[str], *, is_edit: bool) -> None:
        text = ""
        if queued is not None:
            text = f"next: {sanitize_line(queued, 300)}   (up edits, esc gives it back)"
        elif models:
            text = f"next: side by side from {sanitize_line(', '.join(models))}   (ctrl+t takes that back)"
        elif is_edit:
            text = "next: another wording of your message   (an empty box takes that back)"
        self.set_class(bool(text), "-shown")
        self.update(Content(text))


class Keys(Enum):
    """What the keys do now, the most needed first; the last is always shown."""

    IDLE = ("enter send", "ctrl+j newline", "ctrl+o conversations", "ctrl+p commands", "f1 help")
    STREAMING = ("esc stop", "enter queue", "ctrl+n new", "ctrl+o conversations", "f1 help")
    MENU = ("enter run", "up/down choose", "esc close")
    COLUMNS = ("alt+left/right column", "enter go on with it", "f1 help")
    RACING = ("esc stop", "alt+left/right column", "enter go on with it", "f1 help")
    MESSAGES = ("j/k walk", "y copy", "c code", "r again", "e edit", "t thoughts", "o link", "esc back")

    def fitting(self, room: int) -> str:
        """Return as many of them as `room` cells hold, at least the first and the last."""
        *most, last = self.value
        while len(most) > 1 and cell_len(_joined([*most, last])) > room:
            most.pop()
        return _joined([*most, last])


class StatusBar(Horizontal):
    """At the left what was just said, else what the keys do; at the right how the reply goes.

    News have a line of their own here because nothing that matters is under it, and nothing moves for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys = Keys.IDLE
        self._state: Sequence[str] = ()
        self._reserved = 0
        """Cells that the state took at most since there was none: what it gives up and takes again all the time is no
        room for keys."""
        self._news = ""
        self._news_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine("hints")
        yield StatusLine("state")

    def on_mount(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._reserved = 0
        self._arrange()

    def show_keys(self, keys: Keys) -> None:
        if keys is not self._keys:
            self._keys = keys
            self._arrange()

    def show_state(self, state: Sequence[str]) -> None:
        if state != self._state:
            self._state = state
            self._arrange()

    def tell(self, news: str) -> bool:
        """Say something for a moment; return whether there is room for it."""
        if cell_len(news) > self._room:
            return False
        if self._news_timer is not None:
            self._news_timer.stop()
        self._news, self._news_timer = news, self.set_timer(NEWS_S, self._forget)
        self._arrange()
        return True

    def _forget(self) -> None:
        self._news = ""
        self._arrange()

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def _arrange(self) -> None:
        left, state = self.query(StatusLine)
        least = self._news or self._keys.fitting(0)
        shown = _fitting(self._state, self._room - cell_len(least) - GAP)
        self._reserved = max(self._reserved, cell_len(shown)) if shown else 0
        taken = self._reserved + GAP if shown else 0
        left.set_class(bool(self._news), "-news")
        left.show(self._news or self._keys.fitting(self._room - taken))
        state.show(shown)


def _joined(items: Sequence[str]) -> str:
    return " · ".join(items)


def _fitting(items: Sequence[str], room: int) -> str:
    """Return as many of `items` as `room` cells hold; of too many the last ones go."""
    kept = list(items)
    while kept and cell_len(_joined(kept)) > room:
        kept.pop()
    return _joined(kept)
