"""`python -m tests.docs.man_page` writes anew, from the argument parser, what the wheel installs beside the program.

That is the manual page, and the completion scripts of the shells.
"""

from pathlib import Path
from typing import Final

from streamtui import __version__
from streamtui.cli import completion
from streamtui.cli.args import command_parser
from streamtui.cli.completion_words import Argument, Command, commands

DOCS: Final = Path(__file__).parents[2] / "streamtui" / "docs"
PAGE: Final = DOCS / "streamtui.1"
SCRIPTS: Final = {
    "bash": DOCS / "completion" / "streamtui.bash",
    "zsh": DOCS / "completion" / "_streamtui",
    "fish": DOCS / "completion" / "streamtui.fish",
}
"""The completion scripts, by shell."""


def manual() -> str:
    """Return the page, in the macros of man(7)."""
    parser = command_parser()
    own, *named = commands(parser)
    lines = [
        f'.TH STREAMTUI 1 "" "streamtui {_text(__version__)}" "User Commands"',
        ".SH NAME",
        f"streamtui \\- {_text(own.description[:1].lower() + own.description[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        *(line for command in (own, *named) for line in _synopsis(command)),
        ".SH DESCRIPTION",
        _text("Without a command the app opens, on a new conversation."),
        *(
            line
            for paragraph in (parser.epilog or "").split("\n\n")
            for line in (".PP", _text(" ".join(paragraph.split())))
        ),
        ".SH OPTIONS",
        *(line for option in own.options for line in _entry(option)),
        ".SH COMMANDS",
        _text("Every command also takes the shared options, before or after its name:"),
        _text(", ".join(option.flags[-1] for option in own.options if option.is_shared) + "."),
        *(line for command in named for line in _section(command)),
    ]
    return "\n".join(lines) + "\n"


def _synopsis(command: Command) -> list[str]:
    words = [f"\\fBstreamtui{f' {command.name}' if command.name else ''}\\fR", "[\\fIOPTION\\fR]..."]
    words += [_positional(argument) for argument in command.positionals]
    return [" ".join(words), ".br"]


def _positional(argument: Argument) -> str:
    name = f"\\fI{_text(argument.placeholder or '')}\\fR"
    return {"?": f"[{name}]", "*": f"[{name}]..."}.get(argument.count, name)


def _section(command: Command) -> list[str]:
    own = [argument for argument in command.arguments if not (argument.is_shared or "--help" in argument.flags)]
    description = command.description if command.description.endswith((".", ")")) else f"{command.description}."
    lines = [f'.SS "streamtui {command.name}"', _text(description[:1].upper() + description[1:])]
    return [*lines, *(line for argument in own for line in _entry(argument))]


def _entry(argument: Argument) -> list[str]:
    value = f"\\fI{_text(argument.placeholder)}\\fR" if argument.placeholder else ""
    flags = ", ".join(f"\\fB{_text(flag)}\\fR" for flag in argument.flags)
    return [".TP", " ".join(filter(None, [flags, value])), _text(argument.help or "what its name says")]


def _text(text: str) -> str:
    """Return text as roff has it: no character of it is a macro's."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
    for shell, path in SCRIPTS.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(completion.script(shell), encoding="utf-8")
