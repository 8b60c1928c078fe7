"""Asks for one line of text."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from streamtui.chat.sanitize import sanitize_line


class Field(ModalScreen[str | None]):
    """Dismissed with what was typed; `None` where the user gave up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,alt+escape", "dismiss(None)", "close", show=False)]

    def __init__(self, title: str, hint: str, value: str = "") -> None:
        super().__init__()
        self._title, self._hint, self._value = title, hint, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog field"):
            yield Static(Content.styled(sanitize_line(self._title, 60), "bold"), markup=False)
            yield Input(self._value, compact=True)
            yield Static(Content(self._hint), markup=False, classes="hints")

    @on(Input.Submitted)
    def fill(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
