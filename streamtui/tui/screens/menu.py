"""What can be done with one message."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.tui.screens.picker import Picker


class MessageMenu(Picker):
    """Dismissed with the id of what is to be done with a message."""

    PLACEHOLDER = "What to do with this message"

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        """`choices` are ids and what they do."""
        super().__init__()
        self._offered = choices

    def on_mount(self) -> None:
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        return [Option(Content(text), id=id) for id, text in self._offered if typed in text.casefold()]
