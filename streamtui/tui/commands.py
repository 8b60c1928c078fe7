"""The commands, one row each: it feeds the palette, the list that `/` opens, and the help."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the app. What it does is in `screens.perform`, under its name."""

    name: str
    help: str
    argument: str = ""
    """What may follow the name, as the help shows it."""
    aliases: tuple[str, ...] = ()

    needs_argument: bool = False
    """Whether it does nothing, or something else, without what may follow."""

    @property
    def slash(self) -> str:
        return f"/{self.name}"

    @property
    def usage(self) -> str:
        return f"{self.slash} {self.argument}".rstrip()


COMMANDS: Final = (
    Command("help", "keys and commands"),
    Command("new", "start a new conversation", aliases=("clear",)),
    Command("model", "choose the model that answers", "[MODEL]"),
    Command("open", "open a saved conversation"),
    Command("copy", "copy the last reply, or its code block number N", "[N]"),
    Command("export", "write the conversation to a file", "[FILE.md|FILE.json]"),
    Command("retry", "ask the last prompt again; the old reply stays as a branch"),
    Command("continue", "let the last reply go on where it stopped"),
    Command("compare", "send the next prompt to several models, side by side", "[MODEL MODEL…]"),
    Command("pace", "show text as it arrives, or evenly like a typewriter", "[off|smooth]"),
    Command("stats", "how fast the models were"),
    Command("rename", "give the conversation another title", "TITLE", needs_argument=True),
    Command("system", "set the system message of this conversation; nothing removes it", "[TEXT]", needs_argument=True),
    Command("theme", "choose the colours", "[THEME]"),
    Command("quit", "leave", aliases=("exit",)),
)

WORDS: Final = {"quit": "quit", "exit": "quit", "clear": "new"}
"""Prompts that are exactly one of these words are commands, as in the tutorials' chatbots."""


def find(name: str) -> Command | None:
    """Return the command of this name or alias, without its slash."""
    return next((command for command in COMMANDS if name == command.name or name in command.aliases), None)


def matching(prefix: str) -> list[Command]:
    """Return the commands whose name or alias begins with `prefix`, for the list that `/` opens."""
    return [c for c in COMMANDS if any(name.startswith(prefix) for name in (c.name, *c.aliases))]


def parse(prompt: str) -> tuple[Command, str] | str | None:
    """Return the command in `prompt` with its argument; its unknown name if it looks like one; `None` for a prompt.

    A slash followed by anything but one lower-case word is a prompt: paths and regular expressions are not commands.
    """
    if prompt in WORDS:
        command = find(WORDS[prompt])
        return None if command is None else (command, "")
    if not prompt.startswith("/"):
        return None
    name, _, argument = prompt[1:].partition(" ")
    if not (name.isascii() and name.isalpha() and name.islower()) or "\n" in name:
        return None
    command = find(name)
    return name if command is None else (command, argument.strip())
