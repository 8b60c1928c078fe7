"""Names to choose one from."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.screens.picker import Picker


class Names(Picker):
    """Dismissed with the name that was chosen."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def on_mount(self) -> None:
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        return [Option(Content(sanitize_line(name, 80)), id=name) for name in self._names if typed in name.casefold()]
