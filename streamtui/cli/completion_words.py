"""What the command line takes, read off the argument parser: the words that completion scripts and the manual page
are made of."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PATHS: Final = ("FILE", "DIR", "PATH")
"""Placeholders that stand for a path."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or a positional argument, which has no flags."""

    flags: tuple[str, ...]
    placeholder: str | None
    """What stands for its value; `None` for an option that takes none."""
    choices: tuple[str, ...]
    help: str
    count: str
    """How often a positional argument stands, as argparse has it: `?`, `*`, or nothing for once."""
    is_shared: bool
    """Whether every command takes it."""

    @property
    def is_path(self) -> bool:
        return self.placeholder is not None and self.placeholder.rstrip(".") in _PATHS


@dataclass(frozen=True, slots=True)
class Command:
    """A command; the one without a name is `streamtui` itself."""

    name: str
    help: str
    description: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if argument.flags)

    @property
    def positionals(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if not argument.flags)


def commands(parser: argparse.ArgumentParser) -> tuple[Command, ...]:
    """Return `streamtui` itself, then its commands in the order of `--help`."""
    own = Command("", "", parser.description or "", _arguments(parser))
    return (own, *(command for action in parser._actions for command in _subcommands(action)))


def _subcommands(action: argparse.Action) -> Sequence[Command]:
    if not isinstance(action, argparse._SubParsersAction):
        return ()
    helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
    return [
        Command(name, helps.get(name, ""), parser.description or "", _arguments(parser))
        for name, parser in action.choices.items()
    ]


def _arguments(parser: argparse.ArgumentParser) -> tuple[Argument, ...]:
    shared = {
        id(action) for group in parser._action_groups if group.title == "shared options"
        for action in group._group_actions
    }  # fmt: skip
    return tuple(
        _argument(action, id(action) in shared)
        for action in parser._actions
        if not isinstance(action, argparse._SubParsersAction)
    )


def _argument(action: argparse.Action, is_shared: bool) -> Argument:
    choices = tuple(str(choice) for choice in action.choices or ())
    placeholder = None if action.nargs == 0 else str(action.metavar or "|".join(choices) or action.dest.upper())
    help = (action.help or "").replace("%%", "%")
    count = action.nargs if isinstance(action.nargs, str) else ""
    return Argument(tuple(action.option_strings), placeholder, choices, help, count, is_shared)
