"""Small dialogs over the chat: questions, the help, a page of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, TypeVar

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


Answer = TypeVar("Answer")


class ButtonDialog(ModalScreen[Answer]):
    """A text above buttons. The first button changes nothing, the second is the one that is likely meant."""

    def __init__(
        self, text: str, buttons: Sequence[tuple[str, str]], typed: Callable[[str], None] | None = None
    ) -> None:
        """`buttons` are ids and labels. A dialog that opens by itself, perhaps over somebody who is typing, has
        `typed`: what is typed goes there, as it would have without it, and no letter answers."""
        super().__init__()
        self._text, self._buttons, self._typed = text, buttons, typed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog question"):
            with VerticalScroll():
                yield Static(Content(self._text), markup=False)
            with Horizontal(classes="buttons"):
                for index, (id, label) in enumerate(self._buttons):
                    yield Button(Content(label), id=id, variant="primary" if index == 1 else "default", compact=True)

    def on_resize(self) -> None:
        """Leave room for the buttons, however long the text is."""
        room = self.size.height - 8
        self.query_one(VerticalScroll).styles.max_height = room if room > 2 else self.size.height - 2

    async def on_event(self, event: events.Event) -> None:
        match event:
            case events.Key(character=str(character)) if self._typed and event.is_printable:
                self._typed(character)
            case events.Paste(text=text) if self._typed:
                self._typed(text)
            case _:
                await super().on_event(event)


class Question(ButtonDialog[bool]):
    """Asks something that is answered with yes or no; `False` is what Escape says."""

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,n", "answer(False)", "no", show=False),
        Binding("y", "answer(True)", "yes", show=False),
    ]

    def __init__(self, text: str, yes: str, no: str = "Cancel", *, typed: Callable[[str], None] | None = None) -> None:
        super().__init__(text, (("no", no), ("yes", yes)), typed)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Decision(ButtonDialog[str | None]):
    """A question with several ways to go on. Dismissed with the id of one, `None` for none."""

    AUTO_FOCUS = "#none"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape", "dismiss(None)", "none", show=False),
        Binding("left,up", "app.focus_previous", "previous", show=False),
        Binding("right,down", "app.focus_next", "next", show=False),
    ]

    def __init__(self, text: str, choices: Sequence[tuple[str, str]], *, typed: Callable[[str], None]) -> None:
        """`choices` are ids and what the buttons say."""
        super().__init__(text, (("none", "Cancel"), *choices), typed)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(None if event.button.id == "none" else event.button.id)


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
