"""`streamtui completion`: scripts, made of the argument parser, that let a shell complete the command line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from streamtui.cli.args import CompletionArgs, command_parser
from streamtui.cli.completion_words import Argument, Command, commands
from streamtui.cli.exit_codes import DONE

_BASH: Final = """\
# Completion of streamtui for bash: source it, or put it into a folder of bash-completion.
_streamtui() {
    local current="${COMP_WORDS[COMP_CWORD]}" option="${COMP_WORDS[COMP_CWORD-1]}" command="" is_value="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ -n $is_value ]]; then is_value=""; continue; fi
        case "$word" in
            @VALUED@) is_value=yes ;;
            @COMMANDS@) command="$word"; break ;;
        esac
    done
    COMPREPLY=()
    # Bash takes --format=md for three words.
    if [[ $current == "=" ]]; then current=""
    elif [[ $option == "=" ]]; then option="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    case "$command $option" in
@CHOICES@
        @VALUES@) return ;;
    esac
    case "$command" in
@WORDS@
    esac
}
complete -o default -F _streamtui streamtui
"""
_NO_COMMAND: Final = '""'
_ZSH: Final = """\
#compdef streamtui
# Completion of streamtui for zsh: put it into a folder of $fpath as _streamtui, or source it after compinit.
_streamtui() {
    local curcontext="$curcontext" state line
    typeset -A opt_args
    if (( ! ${words[(I)(@COMMANDS@)]} || CURRENT <= ${words[(i)(@COMMANDS@)]} )); then
        local -a names=(
@NAMES@
        )
        _arguments -S \\
@OWN@
            ': :->command'
        [[ $state == command ]] && _describe -t commands command names
        return
    fi
    case "${words[${words[(i)(@COMMANDS@)]}]}" in
@CASES@
    esac
}
if [[ $funcstack[1] == _streamtui ]]; then _streamtui "$@"; else compdef _streamtui streamtui; fi
"""


def run(args: CompletionArgs) -> int:
    """Print the script for a shell and return the exit code."""
    print(script(args.shell), end="")
    return DONE


def script(shell: str) -> str:
    """Return the script for `bash`, `zsh` or `fish`."""
    return _SCRIPTS[shell](commands(command_parser()))


def _bash(every: Sequence[Command]) -> str:
    choices = [
        f'        "{command.name} {flag}") {_reply(option.choices)}; return ;;'
        for command in every
        for option in command.options
        for flag in option.flags
        if option.choices
    ]
    words: list[str] = []
    for command in every:
        offered = [*_flags(command.options), *(_names(every) if not command.name else ())]
        offered += [choice for argument in command.positionals for choice in argument.choices]
        words.append(f"        {command.name or _NO_COMMAND}) {_reply(offered)} ;;")
    valued = dict.fromkeys(flag for command in every for flag in _valued(command.options))
    return _filled(
        _BASH,
        {
            "VALUED": "|".join(valued),
            "COMMANDS": "|".join(_names(every)),
            "CHOICES": "\n".join(choices),
            "VALUES": "|".join(f'*" {flag}"' for flag in valued),
            "WORDS": "\n".join(words),
        },
    )


def _reply(words: Iterable[str]) -> str:
    """Return the bash that offers those of the words that go on from what is typed."""
    return f'COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current"))'


def _zsh(every: Sequence[Command]) -> str:
    own, *named = every
    names = [f"            '{_zsh_text(command.name)}:{_zsh_text(command.help)}'" for command in named]
    cases: list[str] = []
    for command in named:
        arguments = [_zsh_argument(argument) for argument in command.arguments]
        lines = " \\\n".join(f"            {argument}" for argument in arguments)
        cases.append(f"        {command.name})\n            _arguments -S \\\n{lines} ;;")
    return _filled(
        _ZSH,
        {
            "COMMANDS": "|".join(_names(every)),
            "NAMES": "\n".join(names),
            "OWN": "\n".join(f"            {_zsh_argument(argument)} \\" for argument in own.arguments),
            "CASES": "\n".join(cases),
        },
    )


def _zsh_argument(argument: Argument) -> str:
    """Return the specification of an argument for `_arguments`."""
    value = ""
    if argument.placeholder is not None:
        action = f"({' '.join(argument.choices)})" if argument.choices else "_files" if argument.is_path else " "
        value = f":{_zsh_text(argument.placeholder.lower())}:{action}"
    if not argument.flags:
        return f"'*{value}'"
    text = _zsh_text(argument.help).replace("[", "\\[").replace("]", "\\]")
    flags = argument.flags[0] if len(argument.flags) == 1 else "'{" + ",".join(argument.flags) + "}'"
    return f"'*{flags}[{text}]{value}'"


def _zsh_text(text: str) -> str:
    return text.replace("'", "'\\''").replace(":", "\\:")


def _fish(every: Sequence[Command]) -> str:
    own, *named = every
    lines = ["# Completion of streamtui for fish: put it into ~/.config/fish/completions/streamtui.fish."]
    no_command = "not __fish_seen_subcommand_from " + " ".join(_names(every))
    lines += [f"complete -c streamtui -f -n '{no_command}' -a {one.name} -d {_quoted(one.help)}" for one in named]
    lines += [_fish_line(f"-n '{no_command}'", argument) for argument in own.options]
    for command in named:
        condition = f"-n '__fish_seen_subcommand_from {command.name}'"
        lines += [_fish_line(condition, argument) for argument in command.arguments if not _is_bare_path(argument)]
    return "\n".join(lines) + "\n"


def _is_bare_path(argument: Argument) -> bool:
    """Whether this is what fish completes unasked."""
    return not argument.flags and argument.is_path


def _fish_line(condition: str, argument: Argument) -> str:
    words = ["complete -c streamtui", condition]
    words += [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in argument.flags]
    if not argument.flags:
        words.append("-f")
    elif argument.placeholder is not None:
        words.append("-r -F" if argument.is_path else "-x")
    if argument.choices:
        words.append(f"-a {_quoted(' '.join(argument.choices))}")
    return " ".join([*words, f"-d {_quoted(argument.help)}"])


def _quoted(text: str) -> str:
    """Return `text` as one word of fish."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _flags(options: Iterable[Argument]) -> list[str]:
    return [flag for option in options for flag in option.flags]


def _valued(options: Iterable[Argument]) -> list[str]:
    return _flags(option for option in options if option.placeholder is not None)


def _names(every: Sequence[Command]) -> list[str]:
    return [command.name for command in every if command.name]


def _filled(template: str, parts: Mapping[str, str]) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template


_SCRIPTS: Final[Mapping[str, Callable[[Sequence[Command]], str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
