"""The commands, one row each with what it does. The table feeds the palette, the list that `/` opens, and the help."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Final

from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.tui.actions import (
    attachments,
    branches,
    conversations,
    editing,
    keys,
    long_conversations,
    models,
    program,
    prompts,
    replies,
    saving,
    sidebar,
    texts,
)
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.options import Kind
from streamtui.tui.screens.dialogs import Help
from streamtui.tui.terminal.terminal_app import TerminalApp

Handler = Callable[[CommandContext, str], Coroutine[None, None, None] | None]
"""Does what it can at once, so that a prompt may follow right behind, and returns what has to read or to ask something
first. Raises `StreamtuiError`, whose line the user is shown."""

_HELP_COLUMN: Final = 24
"""Cells for a command with its argument, beside what it does."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the app."""

    name: str
    help: str
    handler: Handler
    argument: str = ""
    """What may follow the name, as the help shows it."""
    aliases: tuple[str, ...] = ()
    texts: Kind | None = None
    """The texts whose names its argument may be."""
    needs_argument: bool = False
    """Whether it does nothing, or something else, without what may follow."""

    @property
    def slash(self) -> str:
        return f"/{self.name}"

    @property
    def usage(self) -> str:
        return f"{self.slash} {self.argument}".rstrip()

    def key(self, keys: Keybindings) -> str:
        """Return the key that does the same; empty where none does."""
        return keys.key_of(f"command('{self.name}')") or keys.key_of(_OWN_ACTIONS.get(self.name, ""))


_OWN_ACTIONS: Final = {"continue": "continue_reply", "quit": "leave_or_delete"}
"""Commands whose key is bound to an action of its own."""


_MOVING: Final = ("[keys]", 'in config.toml moves keys, each by its name in docs/keys.md: new = "ctrl+b", or "none"')


def _help(context: CommandContext, argument: str = "") -> None:
    """Show all keys and commands."""
    app = context.app
    terminal = app.terminal if isinstance(app, TerminalApp) else None
    keys = context.keys.sections(tells_enter_apart=terminal is not None and terminal.tells_enter_apart)
    rows = [(command.usage, command.help) for command in COMMANDS]
    app.push_screen(Help({**keys, "Commands": rows, "Moving keys": [_MOVING]}))


COMMANDS: Final = (
    Command("help", "keys and commands", _help),
    Command("new", "start a new conversation", conversations.new, aliases=("clear",)),
    Command("model", "choose the model that answers", models.model, "[MODEL]"),
    Command("key", "give a key, or the address of a server", keys.key, "[PROVIDER|ADDRESS]"),
    Command("open", "open a saved conversation", conversations.open),
    Command("copy", "copy the last reply, code block N, a table, or all", saving.copy, "[N|table|all]"),
    Command("save", "write a code block, or the last reply, to a file", saving.save, "[N] FILE", needs_argument=True),
    Command("fold", "fold or unfold a message", saving.fold),
    Command("export", "write the conversation to a file", conversations.export, "[FILE.md|.json|.html]"),
    Command("import", "take in conversations of other programs", conversations.take_in, "FILE", needs_argument=True),
    Command("attach", "send a file along: text, an image or a PDF", attachments.attach, "PATH", needs_argument=True),
    Command("find", "find a text in this conversation", conversations.find, "[TEXT]"),
    Command("snippet", "put a prompt into the box that you keep as a file", texts.snippet, "[NAME]", texts="snippets"),
    Command("editor", "write in your own editor", editing.editor),
    Command("effort", "how hard the model thinks here", models.effort, "LEVEL", needs_argument=True),
    Command("forget", "forget which settings this endpoint refused", models.forget),
    Command("retry", "ask again; the old reply stays as a branch", replies.retry, "[MODEL]"),
    Command("branches", "show all branches, to go to one", branches.branches),
    Command("fork", "make a new conversation of the branch in view", branches.fork),
    Command("continue", "let the last reply go on where it stopped", replies.continue_reply),
    Command("compare", "send the next prompt to several models, side by side", models.compare, "[MODEL MODEL…]"),
    Command("pace", "show text as it arrives, or evenly like a typewriter", program.pace, "[off|smooth]"),
    Command("stats", "how fast the models were", program.stats),
    Command("rename", "give the conversation another title, or let the model do", conversations.rename, "[TITLE]"),
    Command("context", "list what comes with the next prompt, with sizes", long_conversations.context),
    Command("compact", "go on from a summary; the whole conversation stays as a branch", long_conversations.compact),
    Command("incognito", "a conversation of which nothing touches the disk", conversations.incognito),
    Command(
        "system",
        "set the system message of this conversation; @NAME takes it from a file, nothing removes it",
        conversations.system,
        "[TEXT|@NAME]",
        texts="systems",
        needs_argument=True,
    ),
    Command("theme", "choose the colours", program.theme, "[THEME]"),
    Command("quit", "leave", program.quit, aliases=("exit",)),
)

KEYED: Final[Mapping[str, Handler]] = {
    "prompts": prompts.search,
    "queue": prompts.queue,
    "attach_pasted": attachments.attach_pasted,
    "offer_pasted": attachments.offer_pasted,
    "detach": attachments.detach,
    "send_now": prompts.send_now,
    "sidebar": sidebar.toggle,
    "walk_prompts": replies.walk_prompts,
    "edit_last": replies.edit_last,
    "walk_messages": replies.walk_messages,
    "fork_at": branches.fork_at,
    "regenerate_with": branches.regenerate_with,
    "copy_table": saving.copy_table,
}
"""What only keys and the menu of a message do, by the name in the key's action."""

WORDS: Final = {"quit": "quit", "exit": "quit", "clear": "new"}
"""Prompts that are exactly one of these words are commands, as in the tutorials' chatbots."""


def find(name: str) -> Command | None:
    """Return the command of this name or alias, without its slash."""
    return next((command for command in COMMANDS if name == command.name or name in command.aliases), None)


def matching(prefix: str) -> list[Command]:
    """Return the commands whose name or alias begins with `prefix`, for the list that `/` opens."""
    return [c for c in COMMANDS if any(name.startswith(prefix) for name in (c.name, *c.aliases))]


def option(command: Command, width: int, keys: Keybindings) -> Option:
    """Return a command's row in a list of so many cells; its id is the name."""
    return Option(_row(command, width, command.key(keys)), id=command.name)


def _row(command: Command, width: int, key: str) -> Content:
    """Return a command, what it does, and at the right its key."""
    name = command.usage if width >= 3 * _HELP_COLUMN else command.slash
    column = _HELP_COLUMN if width >= 3 * _HELP_COLUMN else max(len(c.slash) for c in COMMANDS)
    room = width - column - 1
    help = command.help
    if key and room >= len(help) + len(key) + 2:
        help = f"{help}{key:>{room - len(help)}}"
    return Content.assemble((f"{name:<{column}}", "bold"), " ", help)


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
