"""The lines around the conversation: what is open above, what is sent next, keys and figures below."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from streamtui.chat.clean import clean_line


class Line(Static):
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
        yield Line("title")
        yield Line("model")

    def show(self, title: str, model: str) -> None:
        self.query_one(".title", Line).show(title)
        self.query_one(".model", Line).show(model)


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
            text = f"next: {clean_line(queued, 300)}   (up edits, esc gives it back)"
        elif models:
            text = f"next: side by side from {clean_line(', '.join(models))}   (ctrl+t takes that back)"
        elif is_edit:
            text = "next: another wording of your message   (an empty box takes that back)"
        self.set_class(bool(text), "-shown")
        self.update(Content(text))


class StatusBar(Horizontal):
    """Keys at the left, the state of the reply at the right."""

    HINTS = "enter send · ctrl+j newline · ctrl+o conversations · ctrl+p commands · f1 help"
    NARROW_HINTS = "enter send · f1 help"

    def compose(self) -> ComposeResult:
        yield Line("hints")
        yield Line("state")

    def on_mount(self) -> None:
        self._show_hints()

    def on_resize(self) -> None:
        self._show_hints()

    def show(self, state: str) -> None:
        self.query_one(".state", Line).show(state)
        self._show_hints()

    def _show_hints(self) -> None:
        """Show as many hints as the state leaves room for."""
        room = self.size.width - cell_len(self.query_one(".state", Line).shown) - 4
        self.query_one(".hints", Line).show(self.HINTS if len(self.HINTS) <= room else self.NARROW_HINTS)
