"""Files are looked at without being read, and only files are read."""

import os
import socket
from pathlib import Path

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.workspace.attachments import files


def test_what_is_looked_at_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("hello")
    (tmp_path / "a b.txt").chmod(0)

    seen = files.look(str(tmp_path / "a b.txt"))

    assert (seen.name, seen.size, seen.path) == ("a b.txt", 5, str(tmp_path / "a b.txt"))


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("notes.md")

    assert files.read(files.look(str(tmp_path / "notes.md"))) == b"x" * 100_000
    assert files.read(files.look(str(tmp_path / "link"))) == b"x" * 100_000


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("missing", "There is no file"),
        ("here", "is a folder"),
        ("fifo", "is a pipe"),
        ("socket", "is a socket"),
        ("loop", "can't be read: Too many levels"),
        ("empty", "is empty"),
        ("sparse", "is too large: 10 GB, and at most 32 MB"),
        ("zero", "is a device"),
        ("memory", "is under /proc"),
        ("/dev/zero", "is a device"),
        ("/proc/self/mem", "is under /proc"),
        ("/proc/self/environ", "is under /proc"),
        ("/sys/kernel/mm/transparent_hugepage/enabled", "is under /sys"),
        ("/proc/self/root/etc/passwd", "is under /proc"),
        ("a\0b", "can't be read: no file has such a name"),
        ("x" * 5000, "can't be read: File name too long"),
    ],
)
def test_what_is_no_file_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    os.mkfifo("fifo")
    Path("loop").symlink_to("loop")
    Path("empty").touch()
    with Path("sparse").open("wb") as sparse:
        sparse.truncate(10**10)
    Path("zero").symlink_to("/dev/zero")
    Path("memory").symlink_to("/proc/self/mem")
    if path.startswith("/sys") and not Path(path).exists():
        pytest.skip("this system has no such file")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

        with pytest.raises(ConfigError, match=line) as refusal:
            files.look(path)

    assert "\n" not in str(refusal.value)


def test_what_took_a_files_place_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("hello")
    seen = files.look(str(path))
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(ConfigError, match="is a pipe"):
        files.read(seen)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hello")
    (tmp_path / "secret").chmod(0)

    with pytest.raises(ConfigError, match="secret can't be read: Permission denied"):
        files.read(files.look(str(tmp_path / "secret")))


def test_names_can_hold_anything(tmp_path: Path) -> None:
    name = "a\x1b[31m\n‮b \udcff.txt"
    (tmp_path / name).write_text("hello")

    seen = files.look(str(tmp_path / name))

    assert files.read(seen) == b"hello"
    assert seen.name.isprintable()
