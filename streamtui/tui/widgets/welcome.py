"""What an empty conversation shows: a name, what this is, and three ways to begin."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from streamtui.chat.catalog import ServerSearch
from streamtui.chat.sanitize import sanitize_line

NAME = "streamtui"
_WHAT = "Chat built around the stream: words as they come, none of them lost."
_DEMO = "The built-in demo model answers: offline, instant, free. For a real one: /key."
_HINTS = "Enter sends · Esc stops, and keeps what arrived · / lists the commands · F1 has every key"
_KEY = 13
"""Cells for what to press or type."""
_LONGEST_TITLE = 40


class Action(Static):
    """A way to begin: what to press or type for it, and what it does. A click does it too."""

    @dataclass
    class Chosen(Message):
        """Do as if this had been typed and sent."""

        line: str

    def __init__(self, key: str, text: str, line: str) -> None:
        super().__init__(Content.assemble((f"{key:<{_KEY}}", "bold $text-primary"), text), markup=False)
        self._line = line

    def show(self, key: str, text: str) -> None:
        self.update(Content.assemble((f"{key:<{_KEY}}", "bold $text-primary"), text))

    def on_click(self) -> None:
        self.post_message(self.Chosen(self._line))


class Welcome(Container):
    """Shown while nothing was asked yet."""

    def __init__(self) -> None:
        super().__init__()
        self._found = ""
        """What is said of a server that was found."""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(NAME), classes="name", markup=False)
            yield Static(Content(_WHAT), classes="what", markup=False)
            yield Action("/model", "choose the model that answers", "/model")
            yield Action("/key", "give a key, or the address of a server", "/key")
            yield Action("Ctrl+O Enter", "go on with the latest conversation", "/open")
            yield Action("tour", "let the demo show what this can do", "tour")
            yield Action("/model demo", "try the demo: offline, instant, free", "/model demo")
            yield Static(Content(_HINTS), classes="hints", markup=False)
            yield Static(classes="searched", markup=False)

    def show(self, *, is_demo: bool) -> None:
        """Say what answers, and how the demo is tried from here."""
        self.query_one(".what", Static).update(Content(_DEMO if is_demo else self._found or _WHAT))
        _, key, _, tour, demo = self.query(Action)
        key.display, tour.display, demo.display = is_demo, is_demo, not is_demo
        if not is_demo:
            self.query_one(".searched", Static).remove_class("-shown")

    def show_search(self, search: ServerSearch) -> None:
        """Say which server of this machine was found, or what was looked for."""
        lines = list(search.notices)
        if search.model is not None:
            self._found = f"{search.model.label} was found on this machine: just type. No key is sent there."
            self.show(is_demo=False)
        else:
            lines.append(f"No model server answers here yet; looked for {', '.join(search.places)}.")
        searched = self.query_one(".searched", Static)
        searched.update(Content("\n".join(lines)))
        searched.set_class(bool(lines), "-shown")

    def forget_search(self) -> None:
        """Say nothing more of servers."""
        self._found = ""
        self.query_one(".searched", Static).remove_class("-shown")

    def show_latest(self, title: str, age: str) -> None:
        """Name the conversation that one can go on with; without a title there is none."""
        _, _, latest, *_ = self.query(Action)
        latest.display = bool(title)
        latest.show("Ctrl+O Enter", f"go on with “{sanitize_line(title, _LONGEST_TITLE)}” · {age}")
