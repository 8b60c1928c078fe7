"""Choosing the colours, which change while one looks through the list."""

from collections.abc import Iterable

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from streamtui.tui.screens.picker import Picker


class Themes(Picker):
    """Dismissed with the name of a theme. Each one is shown as the cursor comes to it; who gets `None` puts the old
    one back."""

    PLACEHOLDER = "Type a theme's name"
    CSS_CLASSES = "-preview"

    def __init__(self, names: Iterable[str], current: str) -> None:
        super().__init__()
        self._names = sorted(names)
        self._current = current

    def on_mount(self) -> None:
        self.offer()
        self.choices.highlighted = self._names.index(self._current) if self._current in self._names else 0

    def matching(self, typed: str) -> list[Option]:
        return [Option(Content(name), id=name) for name in self._names if typed in name.casefold()]

    @on(OptionList.OptionHighlighted)
    def preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None:
            self.app.theme = event.option_id
