"""Completion, in the shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from streamtui.cli import completion
from streamtui.cli.args import command_parser
from streamtui.cli.completion_words import commands
from tests.cli.conftest import Run
from tests.patience import PATIENCE_S

SHELLS = ("bash", "zsh", "fish")


def run_shell(*words: str, stdin: str = "") -> str:
    """Return what a shell printed; the test is skipped where it is not installed."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed here")
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def completed_by_bash(words: str) -> list[str]:
    """Return what bash offers at the end of a line."""
    typed = words.split(" ")
    array = " ".join(f"'{word}'" for word in typed)
    lines = [
        completion.script("bash"),
        f"COMP_WORDS=({array}); COMP_CWORD={len(typed) - 1}",
        "_streamtui",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    return run_shell("bash", "--norc", "-u", stdin="\n".join(lines)).split()


def completed_by_fish(words: str, folder: Path) -> list[str]:
    script = folder / "streamtui.fish"
    script.write_text(completion.script("fish"), encoding="utf-8")
    offered = run_shell("fish", "--no-config", "-c", f"source {script}; complete -C '{words}'")
    return [line.split("\t")[0] for line in offered.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("streamtui ex", ["export"]),
        ("streamtui export --fo", ["--format"]),
        ("streamtui export --format ", ["md", "json", "html"]),
        ("streamtui export --format j", ["json"]),
        ("streamtui export --format = j", ["json"]),
        ("streamtui export --format =", ["md", "json", "html"]),
        ("streamtui -m ask --data-dir serve ex", ["export"]),
        ("streamtui -c --ver", ["--version"]),
        ("streamtui completion f", ["fish"]),
        ("streamtui doctor --js", ["--json"]),
        ("streamtui ask -m ", []),
    ],
)
def test_bash_completes(words: str, offered: list[str]) -> None:
    assert completed_by_bash(words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_one_of_the_shell(shell: str) -> None:
    assert run_shell(shell, "-n", stdin=completion.script(shell)) == ""


def test_zsh_takes_it_beside_its_own() -> None:
    script = "autoload -U compinit; compinit -D\n" + completion.script("zsh") + "\nprint ${_comps[streamtui]}\n"
    assert run_shell("zsh", "-f", "-s", stdin=script) == "_streamtui\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("streamtui ex", ["export"]),
        ("streamtui export --fo", ["--format"]),
        ("streamtui export --format ", ["html", "json", "md"]),
        ("streamtui completion f", ["fish"]),
    ],
)
def test_fish_completes(words: str, offered: list[str], tmp_path: Path) -> None:
    assert completed_by_fish(words, tmp_path) == offered


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_every_script(shell: str) -> None:
    script = completion.script(shell)
    for command in commands(command_parser()):
        assert command.name in script
        for flag in (flag for option in command.options for flag in option.flags):
            assert flag.lstrip("-") in script


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(run_here: Run, shell: str) -> None:
    result = run_here("completion", shell)

    assert (result.code, result.out, result.err) == (0, completion.script(shell), "")


def test_another_shell_is_a_usage_error(run_here: Run) -> None:
    result = run_here("completion", "csh")

    assert (result.code, result.out) == (2, "")
    assert "bash" in result.err and len(result.lines) == 1
