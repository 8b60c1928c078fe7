"""`--no-save`: no file anywhere is made or changed, whatever is asked."""

import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.patience import PATIENCE_S

SECRET = "xyzzySECRET"


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file below a folder."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("options", [[], ["--json"], ["--title", SECRET], ["--system", SECRET]])
def test_ask_leaves_no_file_behind(command: Command, options: list[str]) -> None:
    before = files(command.folder)
    outcome = command.run("ask", "--no-save", "-m", "ok", SECRET, *options)
    assert outcome.code == 0 and outcome.out
    assert files(command.folder) == before
    assert not command.data.exists()


def test_ask_that_is_ended_leaves_no_file_behind(command: Command) -> None:
    before = files(command.folder)
    process = command.start("ask", "--no-save", "-m", "slow-20", SECRET)
    assert process.stdout is not None and process.stdout.read(1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert files(command.folder) == before


def test_a_saved_conversation_is_not_gone_on_with_unsaved(command: Command) -> None:
    outcome = command.run("--no-save", "-c")
    assert outcome.code == 2 and "--no-save" in outcome.err
