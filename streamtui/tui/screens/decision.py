"""A question with more than one way to go on, which opens by itself."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Decision(ModalScreen[str | None]):
    """Dismissed with the id of a choice, `None` for none. No letter answers it: what is typed goes to `typed`."""

    AUTO_FOCUS = "#none"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape", "dismiss(None)", "none", show=False),
        Binding("left,up", "app.focus_previous", "previous", show=False),
        Binding("right,down", "app.focus_next", "next", show=False),
    ]

    def __init__(self, text: str, choices: Sequence[tuple[str, str]], typed: Callable[[str], None]) -> None:
        """`choices` are ids and what the buttons say."""
        super().__init__()
        self._text, self._choices, self._typed = text, choices, typed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog question"):
            with VerticalScroll():
                yield Static(Content(self._text), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content("Cancel"), id="none", compact=True)
                for index, (id, label) in enumerate(self._choices):
                    yield Button(Content(label), id=id, variant="primary" if not index else "default", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(None if event.button.id == "none" else event.button.id)

    async def on_event(self, event: events.Event) -> None:
        match event:
            case events.Key(character=str(character)) if event.is_printable:
                self._typed(character)
            case events.Paste(text=text):
                self._typed(text)
            case _:
                await super().on_event(event)
