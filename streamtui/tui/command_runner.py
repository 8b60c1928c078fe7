"""Runs commands, and says what goes wrong in one line."""

from collections.abc import Coroutine
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.tui import commands
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.commands import Command, Handler
from streamtui.tui.screens.palette import Palette

_PALETTE: Final = "palette"
"""What the key of the list of all commands is bound to: no command, since it would list itself."""


class CommandRunner:
    """Runs what was typed after a slash, chosen from a list, or bound to a key."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def run(self, command: Command, argument: str) -> None:
        """Run a command: what it can do at once is done when this returns."""
        self._start(command.handler, argument)

    def run_named(self, name: str, argument: str = "") -> None:
        """Run what a key is bound to; a command that needs an argument goes into the box, to be completed."""
        if name == _PALETTE:
            self.start(self._choose())
            return
        if (handler := commands.KEYED.get(name)) is not None:
            self._start(handler, argument)
            return
        command = commands.find(name)
        if command is None:
            return
        if command.needs_argument and not argument:
            self._context.box.put(f"{command.slash} ")
        else:
            self.run(command, argument)

    def refuse(self, name: str) -> None:
        """Say that there is no such command."""
        self._context.say(f"There is no command /{name}; / lists them.", "warning")

    async def _choose(self) -> None:
        """Let the user choose from all commands."""
        name = await self._context.app.push_screen_wait(Palette(self._context.keys))
        if name is not None:
            self.run_named(name)

    def _start(self, handler: Handler, argument: str) -> None:
        try:
            rest = handler(self._context, argument)
        except StreamtuiError as error:
            self._context.say(str(error), "error")
            return
        if rest is not None:
            self.start(rest)

    def start(self, rest: Coroutine[None, None, None]) -> None:
        """Do what has to read or to ask something; what goes wrong is said."""
        self._context.app.run_worker(self.finish(rest))

    async def finish(self, rest: Coroutine[None, None, None]) -> None:
        """Await what a command returned; what goes wrong is said."""
        try:
            await rest
        except StreamtuiError as error:
            self._context.say(str(error), "error")
