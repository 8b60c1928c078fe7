"""A lock file: one holder at a time, freed by the system however the holder ends."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from streamtui.system.locks import FileLock, LockBusyError
from tests.patience import PATIENCE_S

_HOLD = """
import pathlib, sys
from streamtui.system.locks import FileLock
assert FileLock(pathlib.Path(sys.argv[1])).acquire(0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.lock"


def test_one_holder_at_a_time(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    assert first.acquire(0)
    assert not second.acquire(0)
    first.release()
    assert second.acquire(0)


def test_held_says_that_it_is_busy_after_the_time_given(path: Path) -> None:
    first, second = FileLock(path), FileLock(path)
    began = time.monotonic()
    with first.held(0), pytest.raises(LockBusyError), second.held(0.05):
        raise AssertionError
    assert time.monotonic() - began >= 0.05
    with second.held(0):
        pass


def test_a_killed_holder_holds_nothing(path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert not FileLock(path).acquire(0)
        process.kill()
        process.wait(PATIENCE_S)
        assert FileLock(path).acquire(PATIENCE_S)


def test_a_lock_on_a_file_that_was_deleted_is_nobodys(path: Path) -> None:
    old = FileLock(path)
    assert old.acquire(0)
    path.unlink()
    new, other = FileLock(path), FileLock(path)
    assert new.acquire(0)
    old.release()
    assert not old.acquire(0), "the file of the old one is gone: the new one counts"
    assert not other.acquire(0)


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        FileLock(path).acquire(0)
