"""The least that a Textual program with a prompt can be."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input


class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Input(placeholder="Ask anything")


if __name__ == "__main__":
    Bare().run()
