"""The list that a slash opens above the prompt: commands, then the names that one of them takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from streamtui.chat.sanitize import sanitize_line
from streamtui.tui import commands
from streamtui.tui.commands import Command
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.options import Kind
from streamtui.tui.widgets.suggestions import Suggestions


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a command takes, and the line that has it."""

    command: Command
    argument: str


class CommandMenu(Suggestions):
    """Shows commands, or the names that one takes."""

    @dataclass
    class Chosen(Message):
        command: Command

    @dataclass
    class Named(Message):
        """A command is to be run with a name."""

        command: Command
        argument: str

    def __init__(self, keys: Keybindings, names: Callable[[Kind], Sequence[str]]) -> None:
        """`names` returns the names of the user's texts."""
        super().__init__("menu")
        self._keys = keys
        self._names = names
        self._matches: Sequence[Command | Name] = ()

    @property
    def is_open(self) -> bool:
        return bool(self._matches)

    @property
    def shows_names(self) -> bool:
        """Whether it lists what a command takes, not commands."""
        return bool(self._matches) and isinstance(self._matches[0], Name)

    def suggest(self, text: str) -> None:
        """Show what `text`, as it stands in the prompt, may become: a command while it is one word after a slash, a
        name behind a command that takes one."""
        name, space, argument = text[1:].partition(" ") if text.startswith("/") else ("-", "", "")
        if space and "\n" not in argument:
            self._show(self._named(name, argument))
        else:
            self._show(commands.matching(name) if not space and (name.isalpha() or not name) else [])

    def _named(self, name: str, argument: str) -> list[Command | Name]:
        command = commands.find(name)
        if command is None or command.texts is None:
            return []
        mark = "@" if command.texts == "systems" else ""
        if not argument.startswith(mark):
            return []
        typed = argument.removeprefix(mark).casefold()
        return [Name(command, mark + one) for one in self._names(command.texts) if typed in one.casefold()]

    def close(self) -> None:
        self._show([])

    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Announce the highlighted row."""
        if not self._matches:
            return
        match self._matches[self.highlighted or 0]:
            case Name(command=command, argument=argument):
                self.post_message(self.Named(command, argument))
            case command:
                self.post_message(self.Chosen(command))

    def _show(self, matches: Sequence[Command | Name]) -> None:
        if matches == self._matches:
            return
        self._matches = matches
        self.set_class(bool(matches), "-shown")
        self.clear_options()
        self.add_options([self._option(match) for match in matches])
        if matches:
            self.highlighted = 0

    def _option(self, row: Command | Name) -> Option:
        if isinstance(row, Name):
            return Option(Content(sanitize_line(row.argument, 80)))
        return commands.option(row, self.app.size.width - 6, self._keys)
