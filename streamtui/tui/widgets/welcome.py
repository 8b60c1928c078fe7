"""What an empty conversation shows."""

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

_DEMO = """\
This is the built-in demo model: offline, instant, free. Ask it about
streamtui, or for `long`, `fast`, `slow`, `table`, `code` to see a reply
stream.

For a real model set OPENAI_API_KEY (or OPENAI_BASE_URL, CHAT_MODEL)
and start again.

"""
_HINTS = """\
Enter sends · Esc stops, and keeps what arrived · / lists the commands
Ctrl+O opens what you talked about before · F1 has every key"""


class Welcome(Container):
    """The name, what answers, and the keys one needs first."""

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, *, is_demo: bool) -> None:
        text = Content.assemble(("streamtui\n\n", "bold"), _DEMO if is_demo else "", _HINTS)
        self.query_one(Static).update(text)
