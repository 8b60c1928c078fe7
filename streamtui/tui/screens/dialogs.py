"""Small dialogs over the chat: a question, the help."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static
from textual.widgets.option_list import Option

from streamtui.tui.screens.picker import Picker

_KEYS: Final = 26
"""Cells for names of keys and commands."""


class Question(ModalScreen[bool]):
    """Asks something that is answered with yes or no; `False` is what Escape says."""

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,n", "answer(False)", "no", show=False),
        Binding("y", "answer(True)", "yes", show=False),
    ]

    def __init__(self, text: str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._text, self._yes, self._no = text, yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog question"):
            with VerticalScroll():
                yield Static(Content(self._text), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._no), id="no", variant="default", compact=True)
                yield Button(Content(self._yes), id="yes", variant="primary", compact=True)

    def on_resize(self) -> None:
        """Leave room for the buttons, however long the text is."""
        room = self.size.height - 8
        self.query_one(VerticalScroll).styles.max_height = room if room > 2 else self.size.height - 2

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Interruption(Question):
    """A question that opens by itself, perhaps over somebody who is typing: no letter answers it, and what is typed
    goes to `typed`, as it would have without it."""

    def __init__(self, text: str, yes: str, typed: Callable[[str], None]) -> None:
        super().__init__(text, yes)
        self._typed = typed

    async def on_event(self, event: events.Event) -> None:
        match event:
            case events.Key(character=str(character)) if event.is_printable:
                self._typed(character)
            case events.Paste(text=text):
                self._typed(text)
            case _:
                await super().on_event(event)


class Help(Picker):
    """All keys and commands in sections. Typing looks for what one wants to do."""

    PLACEHOLDER = "What do you want to do?"
    HINT = "type to filter · up/down scroll · esc close"

    def __init__(self, sections: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self._sections = sections

    def on_mount(self) -> None:
        self.offer()

    def on_resize(self) -> None:
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        words = typed.split()
        options: list[Option] = []
        for title, rows in self._sections.items():
            shown = [row for row in rows if all(word in f"{title} {row[0]} {row[1]}".casefold() for word in words)]
            if shown:
                options.append(Option(Content.styled(title, "bold $text-primary"), disabled=True))
                options += [Option(self._row(*row)) for row in shown]
        return options or [Option(Content("Nothing has all of these words."), disabled=True)]

    def _row(self, keys: str, help: str) -> Table:
        table = Table(box=None, show_header=False, expand=True, padding=(0, 1, 0, 0))
        table.add_column(width=min(_KEYS, self.app.size.width // 3), overflow="fold")
        table.add_column(ratio=1)
        table.add_row(Text(f"  {keys}"), Text(help))
        return table


class Page(ModalScreen[None]):
    """A page of text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,enter", "dismiss(None)", "close", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog page"):
            yield Static(Content.assemble((f"{self._title}\n\n", "bold"), self._text), markup=False)
            yield Static(Content("esc close"), markup=False, classes="hints")
