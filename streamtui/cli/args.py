"""The command line: which words it takes. What they do is in `cli`."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NoReturn, TypeVar

from streamtui import __version__
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli.stdio import complain
from streamtui.settings.config import help_of

N = TypeVar("N", int, float)

_EPILOG: Final = """\
With nothing configured the app opens on the built-in demo model. To talk to a real one, set OPENAI_API_KEY or
ANTHROPIC_API_KEY, or OPENAI_BASE_URL for any OpenAI-compatible endpoint (and CHAT_MODEL), in the environment, in
./.env, or in the .env of the config folder. Exit codes: 0 done, 1 the reply failed, 2 usage or configuration, 70 a
crash, 130 interrupted, 128+N ended by signal N.
"""
_ID: Final = "its id, or the beginning of it, as `streamtui list` has it"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line; `command` is `None` for the app. Exits with 2 on a usage error."""
    said, surplus = _parser().parse_known_args(arguments)
    if surplus:
        _refuse(f"streamtui {said.command or ''}".rstrip(), _not_taken(said, surplus))
    if before := vars(said).pop("model_before", None):
        said.model = [*before, *getattr(said, "model", [])]
    return said


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everything else of ours does, instead of after a page of usage."""

    def error(self, message: str) -> NoReturn:
        _refuse(self.prog, message)


def _refuse(command: str, message: str) -> NoReturn:
    complain(f"{sanitize_line(message)}. See: {command} --help")
    raise SystemExit(2)


def _not_taken(said: argparse.Namespace, surplus: Sequence[str]) -> str:
    options = [word.partition("=")[0] for word in surplus if word.startswith("-")]
    if said.command == "ask" and not options:
        return f"put a prompt of several words in quotes (left over: {' '.join(surplus)})"
    # An option that isn't there is named without its value, which may be a key.
    return f"unrecognized arguments: {' '.join(options or surplus)}"


def _parser() -> _Parser:
    shared = _shared("model")
    parser = _Parser(
        prog="streamtui",
        description="A full-screen terminal chat for language models, built around the stream.",
        epilog=_EPILOG,
        parents=[_shared("model_before")],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"streamtui {__version__}")
    _which_conversation(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands (without one, the app opens)")
    _ask(commands, shared)
    _saved(commands, shared)
    _serve(commands, shared)
    return parser


def _shared(models: str) -> _Parser:
    """The options every command takes, before or after its name. Models add up over both places, so before the name
    they go to a place of their own."""
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = shared.add_argument_group("shared options")
    group.add_argument("-m", "--model", dest=models, metavar="MODEL", action="append", help=help_of("model"))
    group.add_argument("--base-url", metavar="URL", help=help_of("base_url") + "; with -m anthropic:NAME, Anthropic's")
    group.add_argument("--env-file", metavar="FILE", help="read keys, base URL and model from this file too")
    group.add_argument("--data-dir", metavar="DIR", help="keep the conversations here")
    group.add_argument("--temperature", metavar="T", type=_temperature, help=help_of("temperature"))
    group.add_argument("--max-tokens", metavar="N", type=_positive, help=help_of("max_tokens"))
    group.add_argument("--system", metavar="TEXT", help=help_of("system"))
    group.add_argument("--demo", action="store_true", help="use the built-in demo model: offline, instant, free")
    group.add_argument("--insecure-http", action="store_true", help="let a key travel over http:// to another machine")
    group.add_argument("--log", metavar="FILE", help="write a log, without keys, to this file")
    return shared


def _which_conversation(parser: _Parser) -> None:
    latest, resume = "go on with the latest conversation", f"go on with this one: {_ID}"
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-c", "--continue", dest="latest", action="store_true", default=argparse.SUPPRESS, help=latest)
    group.add_argument("--resume", metavar="ID", type=_conversation, default=argparse.SUPPRESS, help=resume)


def _ask(commands: "argparse._SubParsersAction[_Parser]", shared: _Parser) -> None:
    ask = commands.add_parser(
        "ask",
        parents=[shared],
        allow_abbrev=False,
        help="print one reply to stdout",
        description="Print the reply, and nothing else, to stdout as it arrives. Piped text is appended to the prompt. "
        "With several -m or --prompt all are asked at once, and the replies are merged and labelled.",
    )
    ask.add_argument("prompt", metavar="PROMPT", nargs="?", help="what to ask; - or nothing reads it from stdin")
    ask.add_argument("--prompt", dest="prompts", metavar="TEXT", action="append", default=[], help="ask this too")
    ask.add_argument("--json", action="store_true", help="one event a line, as JSON")
    ask.add_argument("--metrics", action="store_true", help="say on stderr how long it took")
    ask.add_argument("--no-save", action="store_true", help="keep nothing of this on disk")
    ask.add_argument("--no-stream", action="store_true", help="print in one piece, and only a complete reply")
    ask.add_argument("-o", "--output", metavar="FILE", help="stream the reply into this file instead; - is stdout")
    _which_conversation(ask)


def _saved(commands: "argparse._SubParsersAction[_Parser]", shared: _Parser) -> None:
    """The commands about what is saved, and about the models on offer."""

    def add(name: str, help: str) -> _Parser:
        return commands.add_parser(name, parents=[shared], help=help, description=help, allow_abbrev=False)

    def add_with_json(name: str, help: str) -> None:
        add(name, help).add_argument("--json", action="store_true", help="as JSON")

    add_with_json("list", "list the saved conversations, newest first")
    export = add("export", "print a conversation")
    export.add_argument("id", metavar="ID", help=_ID)
    export.add_argument("--format", choices=("md", "json"), default="md", help="md, the default, is Markdown")
    export.add_argument("-o", "--output", metavar="FILE", help="write it to this file; - is stdout")
    add("delete", "delete a conversation, at once and for good").add_argument("id", metavar="ID", help=_ID)
    add_with_json("models", "list the models that can be asked")
    add_with_json("stats", "how fast the models were, over all saved replies")


def _serve(commands: "argparse._SubParsersAction[_Parser]", shared: _Parser) -> None:
    serve = commands.add_parser(
        "serve",
        parents=[shared],
        allow_abbrev=False,
        help="chat in a browser, or with curl, over server-sent events",
        description="Serve a page and an API on this machine. Prints the address to open and the token for curl.",
    )
    serve.add_argument("--host", metavar="HOST", default="127.0.0.1", help="listen here; elsewhere needs --token-file")
    serve.add_argument("--port", metavar="PORT", type=_port, default=8000, help="0 takes any free one")
    serve.add_argument("--token-file", metavar="FILE", help="let in whoever knows the token in this file")
    serve.add_argument("--allow-host", metavar="NAME", action="append", default=[], help="answer to this name too")
    serve.add_argument("--max-streams", metavar="N", type=_positive, help=help_of("upstream_streams"))
    serve.add_argument("--workers", metavar="N", type=_positive, default=1, help="processes that serve")


def _port(text: str) -> int:
    return _checked(text, int, lambda value: 0 <= value <= 65535, "a port is a number from 0 to 65535")


def _temperature(text: str) -> float:
    return _checked(text, float, lambda value: 0 <= value <= 2, "the temperature is a number from 0 to 2")


def _positive(text: str) -> int:
    return _checked(text, int, lambda value: value >= 1, "this is a whole number of 1 or more")


def _conversation(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty id names no conversation")
    return text


def _checked(text: str, kind: Callable[[str], N], is_good: Callable[[N], bool], otherwise: str) -> N:
    """Return the number, or raise the `ArgumentTypeError` that says what it should have been."""
    with suppress(ValueError):
        value = kind(text)
        if is_good(value):
            return value
    raise argparse.ArgumentTypeError(otherwise)
