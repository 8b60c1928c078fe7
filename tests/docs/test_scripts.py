"""The one-liners of the page about scripts do what they say, in a shell."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import ROOT, Command, command, scripted_server, server
from tests.patience import PATIENCE_S

__all__ = ["command", "scripted_server", "server"]

PAGE = ROOT / "streamtui" / "docs" / "scripts.md"
LINES = re.findall(r"```sh\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
LEAVES = {"rename.sh": "return", "answer.md": "heading", "chats.db": ""}
"""Files that a line makes, and a part of what is in them."""


@pytest.fixture
def shell(command: Command) -> Command:
    """The command on the path of a shell, with a model that writes code, and two conversations saved."""
    binaries = command.folder / "bin"
    binaries.mkdir()
    script = binaries / "streamtui"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m streamtui "$@"\n')
    script.chmod(0o755)
    command.environment |= {"PATH": f"{binaries}:{command.environment['PATH']}", "CHAT_MODEL": "markdown"}
    (command.working / "words.txt").write_text("quick\nlazy\n")
    (command.working / "editor.md").write_text("You are an editor.\n")
    for prompt in ("where is rome?", "and paris?"):
        assert command.run("ask", prompt).code == 0
    return command


def test_there_are_at_least_ten() -> None:
    assert len(LINES) >= 10


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("line", LINES)
def test_a_line_runs_as_it_stands(shell: Command, line: str) -> None:
    done = subprocess.run(
        ["sh", "-c", line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=shell.working,
        env=shell.environment,
    )

    complaints = [text for text in done.stderr.splitlines() if "nothing to delete" not in text]
    assert (done.returncode, complaints) == (0, [])
    for name, part in LEAVES.items():
        if name in line:
            assert part in (shell.working / name).read_text(encoding="utf-8", errors="replace")
