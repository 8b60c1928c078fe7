"""Replacing a file: all of the new content, or all of the old."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streamtui.system.atomic import AtomicFile, write_atomically
from tests.patience import PATIENCE_S


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_content_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"file"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_old_content_stays_until_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with AtomicFile(path) as file:
        file.write(b"new")
        assert (path.read_bytes(), file.size) == (b"old", 3)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"file"}


def test_an_error_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), AtomicFile(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"file"}


_KILLED = """
import os, pathlib, signal, sys
from streamtui.system.atomic import AtomicFile
file = AtomicFile(pathlib.Path(sys.argv[1]))
file.write(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_in_nobodys_way_and_goes_when_it_is_old(tmp_path: Path) -> None:
    path = tmp_path / "a [1]*.md"
    path.write_bytes(b"old")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", _KILLED, path], timeout=PATIENCE_S, check=False)
    assert path.read_bytes() == b"old"
    left = [name for name in tmp_path.iterdir() if name != path]
    assert len(left) == 2
    os.utime(left[0], (0, 0))
    write_atomically(path, b"new")
    assert names(tmp_path) == {path.name, left[1].name}


def test_whoever_reads_meanwhile_sees_one_content_or_the_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([65 + n]) * 100_000 for n in range(2)]
    write_atomically(path, contents[0])
    done = threading.Event()

    def write() -> None:
        for n in range(50):
            write_atomically(path, contents[n % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes() in contents
    writer.join()


def test_a_folder_that_is_not_there_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "file", b"x")
    assert names(tmp_path) == set()
