"""Small dialogs over the chat: a question, the help."""

from collections.abc import Callable, Sequence
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

from streamtui.tui.commands import COMMANDS


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


KEYS = (
    ("Enter", "send; while a reply streams: queue"),
    ("Shift+Enter  Ctrl+J  Alt+Enter  \\+Enter", "newline"),
    ("Esc", "close the popup, else stop the reply in view; the text stays"),
    ("Ctrl+C", "copy the selection, else stop the reply, else stash the draft, else twice to quit"),
    ("Ctrl+D", "quit, on an empty box"),
    ("Ctrl+Z", "suspend; fg comes back"),
    ("Ctrl+N", "new conversation"),
    ("Ctrl+O", "open a saved conversation"),
    ("Ctrl+P", "command palette"),
    ("Ctrl+L", "redraw the screen"),
    ("Up", "on an empty box: the prompts you sent before"),
    ("PageUp  PageDown  Home  End", "scroll the conversation; with text in the box, Ctrl+Home and Ctrl+End"),
    ("Alt+Up  Alt+Down", "walk the messages"),
    ("Alt+Left  Alt+Right", "walk the branches ‹2/3›; while models are compared, highlight a column"),
    ("Ctrl+T", "compare models: one prompt, side by side"),
    ("Alt+C", "continue the reply that stopped"),
    ("Tab", "into the conversation and back"),
    ("F2", "release the mouse, for the terminal's own selection, and take it again"),
    ("F1", "this help"),
)
BOX_KEYS = (
    ("Ctrl+A  Ctrl+E", "start and end of the line"),
    ("Ctrl+W  Ctrl+U  Ctrl+K", "delete the word before, to the start, to the end of the line"),
    ("Ctrl+_  Ctrl+Y", "undo and redo"),
    ("F7", "select all"),
)
LOG_KEYS = (
    ("j  k", "next and previous message"),
    ("g  G", "first and last line"),
    ("y", "copy the message"),
    ("c  1-9", "copy a code block by its number"),
    ("t", "open and fold the reasoning"),
    ("o", "open a link"),
    ("r", "ask again; the old reply stays as a branch"),
    ("e", "edit one of your messages and send it anew"),
)


class Help(ModalScreen[None]):
    """All keys and commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,f1,q", "dismiss(None)", "close", show=False),
    ]

    def compose(self) -> ComposeResult:
        tables = {
            "Keys": KEYS,
            "In the conversation, after Alt+Up or Tab": LOG_KEYS,
            "In the box": BOX_KEYS,
            "Commands": [(command.usage, command.help) for command in COMMANDS],
        }
        with VerticalScroll(classes="dialog help"):
            for title, rows in tables.items():
                yield Static(_table(title, rows, self.app.size.width), markup=False)


class Page(ModalScreen[None]):
    """A page of text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,q", "dismiss(None)", "close", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help"):
            yield Static(Content.assemble((f"{self._title}\n\n", "bold"), self._text), markup=False)


_MOST: Final = 26
"""Cells for names of keys and commands."""


def _table(title: str, rows: Sequence[tuple[str, str]], width: int) -> Table:
    """Return the rows below a title, what they mean in a column of its own; `width` is that of the screen."""
    table = Table(title=Text(title, "bold"), title_justify="left", box=None, show_header=False, expand=True)
    table.add_column(max_width=min(_MOST, width // 3), overflow="fold")
    table.add_column(ratio=1)
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table
