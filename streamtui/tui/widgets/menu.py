"""The list of commands that a slash opens above the prompt."""

from dataclasses import dataclass

from textual import on
from textual.message import Message
from textual.widgets import OptionList

from streamtui.tui import commands
from streamtui.tui.commands import Command
from streamtui.tui.keybindings import Keybindings


class CommandMenu(OptionList):
    """Shows the commands that what is typed may become. The keys stay with the prompt."""

    @dataclass
    class Chosen(Message):
        command: Command

    def __init__(self, keys: Keybindings) -> None:
        super().__init__(id="menu", compact=True)
        self._keys = keys
        self.can_focus = False
        self._matches: list[Command] = []

    @property
    def is_open(self) -> bool:
        return bool(self._matches)

    def suggest(self, text: str) -> None:
        """Show what `text`, as it stands in the prompt, may become; nothing unless it is one word after a slash."""
        name = text[1:] if text.startswith("/") else None
        self._show(commands.matching(name) if name is not None and (name.isalpha() or not name) else [])

    def close(self) -> None:
        self._show([])

    def step(self, key: str) -> None:
        """Do what `up`, `down` or `tab` asks for."""
        match key:
            case "up":
                self.action_cursor_up()
            case "down":
                self.action_cursor_down()
            case _:
                self.choose()

    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Announce the highlighted command."""
        if self._matches:
            self.post_message(self.Chosen(self._matches[self.highlighted or 0]))

    def _show(self, matches: list[Command]) -> None:
        if matches == self._matches:
            return
        self._matches = matches
        self.set_class(bool(matches), "-shown")
        self.clear_options()
        width = self.app.size.width - 6
        self.add_options([commands.option(command, width, self._keys) for command in matches])
        if matches:
            self.highlighted = 0
