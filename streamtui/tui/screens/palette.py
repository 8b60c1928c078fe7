"""All commands by name."""

from textual.widgets.option_list import Option

from streamtui.tui import commands
from streamtui.tui.commands import COMMANDS
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.screens.picker import Picker


class Palette(Picker):
    """Dismissed with the name of a command: the rows are those of the list that `/` opens."""

    PLACEHOLDER = "Type a command"
    HINT = "enter run · esc close"

    def __init__(self, keys: Keybindings) -> None:
        super().__init__()
        self._keys = keys

    def on_mount(self) -> None:
        self.offer()

    def on_resize(self) -> None:
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        words = typed.lstrip("/").split()
        width = min(90, self.app.size.width - 8)
        return [
            commands.option(command, width, self._keys)
            for command in COMMANDS
            if all(word in f"{command.name} {' '.join(command.aliases)} {command.help}".casefold() for word in words)
        ]
