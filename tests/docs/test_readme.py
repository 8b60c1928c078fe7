"""The front page: short, with commands that run and links that lead somewhere, of settings and keys that are there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from streamtui.settings.config import Config
from streamtui.settings.paths import Paths
from streamtui.tui import keybindings
from tests.cli.conftest import ROOT, Command, command, scripted_server, server
from tests.docs.test_scripts import shell
from tests.patience import PATIENCE_S

__all__ = ["command", "scripted_server", "server", "shell"]

README = ROOT / "README.md"
DOCS = ROOT / "streamtui" / "docs"
PAGES = sorted([README, *DOCS.glob("*.md")])
LONGEST = 300
"""Lines."""
INSTALL = "install"
"""How a block is marked that installs something, and so is not run here."""


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Return the mark and the text of each block of a language."""
    return re.findall(rf"```{language} ?(\w*)\n(.*?)\n```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("block", [text for mark, text in blocks(README, "sh") if mark != INSTALL])
def test_every_command_runs(shell: Command, block: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE_S,
        cwd=shell.working,
        env=shell.environment,
    )

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (shell.working / "system.md").read_text()


def test_both_commands_of_a_clone_are_there() -> None:
    first, second = (text for mark, text in blocks(README, "sh") if text.startswith("python3 -m venv"))

    assert first == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/streamtui"
    assert second.endswith(".venv/bin/python -m pytest -q -n 2")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_every_named_file_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / target).exists(), target
    for name in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (ROOT / name).exists(), name


def test_every_file_that_the_tutorials_table_names_is_there() -> None:
    table = README.read_text(encoding="utf-8").partition("| they show |")[2].partition("\n\n")[0]

    for name in re.findall(r"\| `([a-z_]+/[\w/]*(?:\.py)?)`", table):
        assert (ROOT / "streamtui" / name).exists(), name


@pytest.mark.parametrize("page", [README, DOCS / "keys.md"], ids=lambda page: page.name)
def test_the_examples_of_settings_can_be_read(page: Path, tmp_path: Path) -> None:
    examples = [text for _, text in blocks(page, "toml")]
    assert examples
    for example in examples:
        (tmp_path / "config.toml").write_text(example, encoding="utf-8")
        config = Config.read(Paths(tmp_path, tmp_path), {}, folder=tmp_path)
        _, problems = keybindings.moved(config.settings.keys)
        assert problems == []
