"""The command line: the words it takes, and one frozen value per command that holds what they said."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, NoReturn, TypeVar

from streamtui import __version__
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli import arg_values
from streamtui.cli.stdio import complain

N = TypeVar("N", int, float)

LAST: Final = "last"
"""The ID of the conversation that was updated last."""
_EPILOG: Final = """\
With nothing configured the app asks a model server of this machine, or else the built-in demo. For another one type
/key there, or set OPENAI_API_KEY or ANTHROPIC_API_KEY, or OPENAI_BASE_URL for any OpenAI-compatible endpoint (and
CHAT_MODEL), in the environment, in ./.env, or in the .env of the config folder. ACCESSIBLE=1 chats in plain lines.
Exit codes: 0 done, 1 the reply failed, 2 usage or configuration, 70 a crash, 130 interrupted, 128+N ended by signal N.
"""
_NO_SAVE: Final = "keep nothing of this on disk"
_ID: Final = "its id, the beginning or the end of it, its title, or `last`"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedArgs:
    """The options that every command takes, before or after its name."""

    models: tuple[str, ...] = ()
    base_url: str | None = None
    env_file: str | None = None
    data_dir: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    system: str | None = None
    demo: bool = False
    insecure_http: bool = False
    log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppArgs:
    """`streamtui` without a command: the app."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    resume: str | None = None
    """The ID of the conversation to open; `None` opens a new one."""
    no_save: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskArgs:
    """`streamtui ask`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    prompt: str | None = None
    more_prompts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Paths of files that go along with the prompt; `-` is what is piped in."""
    no_stdin: bool = False
    json: bool = False
    metrics: bool = False
    no_save: bool = False
    no_stream: bool = False
    raw: bool = False
    """Whether a terminal too gets the source of the reply."""
    extract: bool = False
    """Whether only the last fenced code block is wanted."""
    fields: tuple[tuple[str, Any], ...] = ()
    """Further fields of the request, as JSON has them."""
    effort: str | None = None
    system_file: str | None = None
    title: str | None = None
    wait: bool = False
    """Whether to wait for a reply that streams in the resumed conversation."""
    output: str | None = None
    """The file to write to; `None` is stdout."""
    resume: str | None = None
    """The ID of the conversation to continue; `None` begins a new one."""

    @property
    def prompts(self) -> tuple[str | None, ...]:
        """The prompts as they were given; `None` stands for one that is piped in alone."""
        if self.prompt is None and self.more_prompts:
            return self.more_prompts
        return (self.prompt, *self.more_prompts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListArgs:
    """`streamtui list`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    json: bool = False
    limit: int | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowArgs:
    """`streamtui show`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    id: str = LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameArgs:
    """`streamtui rename`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportArgs:
    """`streamtui export`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    id: str
    format: Literal["md", "json", "html"] = "md"
    all_branches: bool = False
    """Whether Markdown and HTML have more than the branch in view; JSON has all branches in any case."""
    output: str | None = None
    """The file to write to; `None` is stdout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportArgs:
    """`streamtui import`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteArgs:
    """`streamtui delete`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    ids: tuple[str, ...] = ()
    older_than: float | None = None
    """Days without activity after which conversations are deleted, instead of by `ids`."""
    yes: bool = False
    """Whether to delete without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupArgs:
    """`streamtui backup`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckArgs:
    """`streamtui check`."""

    shared: SharedArgs = field(default_factory=SharedArgs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsArgs:
    """`streamtui models`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsArgs:
    """`streamtui stats`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeArgs:
    """`streamtui serve`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    host: str = "127.0.0.1"
    port: int = 8000
    token_file: str | None = None
    allow_host: tuple[str, ...] = ()
    max_streams: int | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorArgs:
    """`streamtui doctor`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionArgs:
    """`streamtui completion`."""

    shared: SharedArgs = field(default_factory=SharedArgs)
    shell: Literal["bash", "zsh", "fish"]


SavedArgs = ListArgs | ShowArgs | ExportArgs | ImportArgs | RenameArgs | DeleteArgs | BackupArgs | CheckArgs | StatsArgs
"""The commands about what is saved."""
CommandArgs = AppArgs | AskArgs | SavedArgs | ModelsArgs | ServeArgs | DoctorArgs | CompletionArgs


def parse(words: Sequence[str] | None = None) -> CommandArgs:
    """Return what the command line says. Exits with 2 on a usage error, after one line about it."""
    namespace, surplus = _command_parser().parse_known_args(words)
    values = vars(namespace)
    if surplus:
        prog = f"streamtui {values.get('command') or ''}".rstrip()
        _refuse(prog, _unrecognized(values["kind"], surplus))
    values["models"] = [*values.pop("models_before", ()), *values.get("models", ())]
    args: CommandArgs = _filled(values["kind"], values, shared=_filled(SharedArgs, values))
    if complaint := _contradiction(args):
        _refuse(f"streamtui {values.get('command') or ''}".rstrip(), complaint)
    return args


def _contradiction(args: CommandArgs) -> str | None:
    """Return why the arguments make no sense together, if they don't."""
    match args:
        case AskArgs(no_stdin=True) if "-" in args.files:
            return "the file - is read from stdin, which --no-stdin rules out"
        case AskArgs(files=files) if files.count("-") > 1 or ("-" in files and "-" in args.prompts):
            return "stdin can be read once: as one file, or as the prompt"
        case AskArgs(no_stdin=True) if "-" in args.prompts:
            return "the prompt - is read from stdin, which --no-stdin rules out"
        case AskArgs(system_file=str(), shared=SharedArgs(system=str())):
            return "--system and --system-file are two system messages: leave one of them out"
        case AskArgs(extract=True, json=True):
            return "--extract prints code alone and --json events: leave one of them out"
        case AppArgs(no_save=True, resume=str()):
            return "--no-save is for new conversations: leave -c and --resume out"
        case DeleteArgs(ids=(), older_than=None):
            return "name what to delete: an ID, or --older-than DAYS"
        case DeleteArgs(ids=(_, *_), older_than=float()):
            return "an ID and --older-than are two choices: leave one of them out"
        case _:
            return None


def _filled(kind: type[Any], values: dict[str, Any], **more: Any) -> Any:
    """Return a `kind` made of those values that are fields of it."""
    names = {argument.name for argument in fields(kind)} & values.keys()
    return kind(**{name: _frozen(values[name]) for name in names}, **more)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of after a page of usage.

    What was not given is left out of the namespace: the defaults are those of the dataclasses.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, argument_default=argparse.SUPPRESS, **settings)

    def error(self, message: str) -> NoReturn:
        _refuse(self.prog, message)

    def format_help(self) -> str:
        _describe(self)
        return super().format_help()


class _SettingHelp(str):
    """The end of an option's help, which begins with what the setting `name` is for."""

    name: str


def _of(name: str, end: str = "") -> _SettingHelp:
    help = _SettingHelp(end)
    help.name = name
    return help


def _describe(parser: argparse.ArgumentParser) -> None:
    """Fill in what settings are for. Their module takes 40 ms, which those who read no help are spared."""
    from streamtui.settings.config import help_of

    for action in parser._actions:
        if isinstance(action.help, _SettingHelp):
            action.help = help_of(action.help.name) + action.help
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _describe(command)


Commands = argparse._SubParsersAction


def _refuse(command: str, message: str) -> NoReturn:
    complain(f"{sanitize_line(message)}. See: {command} --help")
    raise SystemExit(2)


def _unrecognized(kind: type, surplus: Sequence[str]) -> str:
    options = [word.partition("=")[0] for word in surplus if word.startswith("-")]
    if kind is AskArgs and not options:
        return f"put a prompt of several words in quotes (left over: {' '.join(surplus)})"
    # An option that isn't there is named without its value, which may be a key.
    return f"unrecognized arguments: {' '.join(options or surplus)}"


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line with all that it says: what completion scripts and the manual page
    are made of."""
    parser = _command_parser()
    _describe(parser)
    return parser


def _command_parser() -> _Parser:
    shared = _shared("models")
    parser = _Parser(
        prog="streamtui",
        description="A full-screen terminal chat for language models, built around the stream.",
        epilog=_EPILOG,
        parents=[_shared("models_before")],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(kind=AppArgs)
    parser.add_argument("--version", action="version", version=f"streamtui {__version__}")
    _add_resume(parser)
    parser.add_argument("--no-save", action="store_true", help=_NO_SAVE)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands (without one, the app opens)")
    _add_ask(commands, shared)
    _add_saved(commands, shared)
    _add_serve(commands, shared)
    _add_setup(commands, shared)
    return parser


def _shared(models: str) -> _Parser:
    """Return a parser of the shared options. Models add up over both places, so those before the command's name go to
    another destination."""
    shared = _Parser(add_help=False)
    group = shared.add_argument_group("shared options")
    group.add_argument("-m", "--model", dest=models, metavar="MODEL", action="append", help=_of("model"))
    group.add_argument("--base-url", metavar="URL", help=_of("base_url", "; with -m anthropic:NAME, Anthropic's"))
    group.add_argument("--env-file", metavar="FILE", help="read keys, base URL and model from this file too")
    group.add_argument("--data-dir", metavar="DIR", help="keep the conversations here")
    group.add_argument("--temperature", metavar="T", type=arg_values.temperature, help=_of("temperature"))
    group.add_argument("--max-tokens", metavar="N", type=arg_values.positive, help=_of("max_tokens"))
    group.add_argument("--system", metavar="TEXT", help=_of("system"))
    group.add_argument("--demo", action="store_true", help="use the built-in demo model: offline, instant, free")
    group.add_argument("--insecure-http", action="store_true", help="let a key travel over http:// to another machine")
    group.add_argument("--log", metavar="FILE", help="write a log, without keys, to this file")
    return shared


def _add_resume(parser: _Parser) -> None:
    group = parser.add_mutually_exclusive_group()
    latest, resume = "go on with the latest conversation", f"go on with this one: {_ID}"
    group.add_argument("-c", "--continue", dest="resume", action="store_const", const=LAST, help=latest)
    group.add_argument("--resume", metavar="ID", type=arg_values.id, help=resume)


def _add(commands: "Commands[_Parser]", shared: _Parser, kind: type, help: str, description: str = "") -> _Parser:
    """Add the command of an arguments class, which is named after it."""
    name = kind.__name__.removesuffix("Args").lower()
    parser = commands.add_parser(name, parents=[shared], help=help, description=description or help)
    parser.set_defaults(kind=kind)
    return parser


def _add_ask(commands: "Commands[_Parser]", shared: _Parser) -> None:
    ask = _add(
        commands,
        shared,
        AskArgs,
        "print one reply to stdout",
        "Print the reply, and nothing else, to stdout as it arrives. Piped text is appended to the prompt. "
        "With several -m or --prompt all are asked at once, and the replies are merged and labelled.",
    )
    ask.add_argument("prompt", metavar="PROMPT", nargs="?", help="what to ask; - or nothing reads it from stdin")
    ask.add_argument("--prompt", dest="more_prompts", metavar="TEXT", action="append", help="ask this too")
    ask.add_argument(
        "-f", "--file", metavar="FILE", dest="files", action="append",
        help="send a file along: text, an image or a PDF; - is what is piped in; may be repeated",
    )  # fmt: skip
    ask.add_argument("--no-stdin", action="store_true", help="don't wait for piped text: the prompt is all there is")
    ask.add_argument("--json", action="store_true", help="one event a line, as JSON")
    ask.add_argument("--metrics", action="store_true", help="say on stderr how long it took")
    ask.add_argument("--no-save", action="store_true", help=_NO_SAVE)
    ask.add_argument("--no-stream", action="store_true", help="print in one piece, and only a complete reply")
    ask.add_argument("--raw", action="store_true", help="print the source on a terminal too, as a pipe gets it")
    ask.add_argument("--extract", action="store_true", help="print the last fenced code block alone, if there is one")
    _add_output(ask, "stream the reply into this file instead")
    ask.add_argument(
        *("-O", "--option"),
        dest="fields",
        metavar="KEY=VALUE",
        action="append",
        type=arg_values.field,
        help="send this field too, such as top_p=0.9; VALUE is JSON, or else text",
    )
    ask.add_argument(
        "--effort", metavar="LEVEL", type=arg_values.level, help="how hard to think, such as low, medium or high"
    )
    ask.add_argument("--system-file", metavar="FILE", help="read the system message from this file")
    ask.add_argument("--title", metavar="TEXT", type=arg_values.title, help="call the conversation this")
    ask.add_argument("--wait", action="store_true", help="wait for a reply that streams in the conversation")
    _add_resume(ask)


def _add_saved(commands: "Commands[_Parser]", shared: _Parser) -> None:
    """Add the commands about what is saved, and about the models on offer."""

    def add_with_json(kind: type, help: str) -> None:
        _add(commands, shared, kind, help).add_argument("--json", action="store_true", help="as JSON")

    listing = _add(commands, shared, ListArgs, "list the saved conversations, newest first")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.add_argument("--limit", metavar="N", type=arg_values.positive, help="at most this many")
    listing.add_argument("--search", metavar="TEXT", help="those with all these words in a title, prompt or reply")
    show = _add(commands, shared, ShowArgs, "print the last reply of a conversation as the model wrote it")
    show.add_argument("id", metavar="ID", nargs="?", help=f"{_ID}; without one, the latest")
    export = _add(commands, shared, ExportArgs, "print a conversation")
    export.add_argument("id", metavar="ID", help=_ID)
    export.add_argument("--format", choices=("md", "json", "html"), help="md, the default, is Markdown")
    export.add_argument("--all-branches", action="store_true", help="not only the branch in view; json always has all")
    _add_output(export, "write it to this file")
    description = "Files of ChatGPT, Claude, llm, elia, oterm, and of `export --format json`, packed ones too."
    imports = _add(
        commands, shared, ImportArgs, "take in conversations from files of this and other programs", description
    )
    imports.add_argument("files", metavar="FILE", nargs="+")
    rename = _add(commands, shared, RenameArgs, "give a conversation another title")
    rename.add_argument("id", metavar="ID", help=_ID)
    rename.add_argument("title", metavar="TITLE", type=arg_values.title)
    delete = _add(commands, shared, DeleteArgs, "delete conversations, at once and for good")
    delete.add_argument("ids", metavar="ID", nargs="*", help="six characters of its id or more, its title, or `last`")
    delete.add_argument(
        "--older-than", metavar="DAYS", type=arg_values.days, help="those in which nothing happened for so long"
    )
    delete.add_argument("--yes", action="store_true", help="don't ask")
    backup = _add(commands, shared, BackupArgs, "copy all that is saved to a file, while it may be in use")
    backup.add_argument("file", metavar="FILE")
    _add(commands, shared, CheckArgs, "look through all that is saved, and mend what can be mended without loss")
    add_with_json(ModelsArgs, "list the models that can be asked")
    add_with_json(StatsArgs, "how fast the models were, over all saved replies")


def _add_serve(commands: "Commands[_Parser]", shared: _Parser) -> None:
    serve = _add(
        commands,
        shared,
        ServeArgs,
        "chat in a browser, or with curl, over server-sent events",
        "Serve a page and an API on this machine. Prints the address to open and the token for curl.",
    )
    serve.add_argument("--host", metavar="HOST", help="listen here (127.0.0.1); elsewhere needs --token-file")
    serve.add_argument(
        "--port", metavar="PORT", type=arg_values.port, help="listen on this port (8000); 0 takes any free one"
    )
    serve.add_argument("--token-file", metavar="FILE", help="let in whoever knows the token in this file")
    serve.add_argument("--allow-host", metavar="NAME", action="append", help="answer to this name too")
    serve.add_argument("--max-streams", metavar="N", type=arg_values.positive, help=_of("upstream_streams"))
    serve.add_argument("--workers", metavar="N", type=arg_values.positive, help="how many processes serve (1)")


def _add_setup(commands: "Commands[_Parser]", shared: _Parser) -> None:
    """Add the commands about the installation itself."""
    doctor = _add(commands, shared, DoctorArgs, "say what was found, and whether anything would stop a chat")
    doctor.add_argument("--json", action="store_true", help="as JSON")
    description = "Print a script for the shell's start-up file, such as: source <(streamtui completion bash)"
    completion = _add(commands, shared, CompletionArgs, "print what makes a shell complete this command", description)
    completion.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def _add_output(parser: _Parser, help: str) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", type=arg_values.file, help=f"{help}; - is stdout")
