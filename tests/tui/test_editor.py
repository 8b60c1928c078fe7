"""The user's own editor: what it gets, what comes back, what becomes of the file."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import pytest

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.editor import edited, editor_command
from tests.chat.scripted import until

TEXTS = [
    "",
    "one",
    "one\n",
    "one\n\n",
    "\n",
    "tab\there",
    "Ünïcødé 漢字 👩 e\u0301",
    " trailing ",
    "a\n\nb",
    "x" * 100_000,
]


def script(folder: Path, body: str) -> list[str]:
    """Return an editor that runs `body` on the bytes `data` of the file `path`."""
    path = folder / "an editor.py"
    path.write_text(f"import os, sys, pathlib\npath = pathlib.Path(sys.argv[-1])\ndata = path.read_bytes()\n{body}\n")
    return [sys.executable, str(path)]


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize(
    "body", ["", "path.write_bytes(data if data.endswith(b'\\n') else data + b'\\n')"], ids=["as it is", "newline"]
)
async def test_the_round_trip_is_exact(tmp_path: Path, text: str, body: str, own_temporary_folder: Path) -> None:
    assert await edited(text, script(tmp_path, body)) == text
    assert is_empty(own_temporary_folder)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"", ""),
        (b"a\r\nb\r\n", "a\nb"),
        (b"a\rb", "a\nb"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\x1b[2Jb", "a\ufffd[2Jb"),
        (b"\xef\xbb\xbfa", "a"),
        (b"new text\n", "new text"),
        (b"new text\n\n", "new text\n"),
    ],
)
async def test_what_was_written_is_cleaned_like_any_other_text(tmp_path: Path, written: bytes, read: str) -> None:
    assert await edited("old", script(tmp_path, f"path.write_bytes({written!r})")) == read


async def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    body = "path.write_text(oct(path.stat().st_mode & 0o777) + oct(path.parent.stat().st_mode & 0o777))"
    assert await edited("", script(tmp_path, body)) == "0o6000o700"


async def test_an_editor_may_put_another_file_in_its_place(tmp_path: Path, own_temporary_folder: Path) -> None:
    body = "new = path.with_suffix('.new'); new.write_text('new'); os.replace(new, path); (path.parent / '.x~').touch()"
    assert await edited("old", script(tmp_path, body)) == "new"
    assert is_empty(own_temporary_folder)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("path.write_text('lost'); sys.exit(3)", "ended with code 3: the draft is as it was"),
        ("os.kill(os.getpid(), 9)", "ended by SIGKILL: the draft is as it was"),
        ("path.unlink()", "removed the file: the draft is as it was"),
        ("path.unlink(); path.mkdir()", "removed the file"),
    ],
)
async def test_a_failing_editor_changes_nothing(
    tmp_path: Path, body: str, line: str, own_temporary_folder: Path
) -> None:
    with pytest.raises(StreamtuiError, match=line):
        await edited("text", script(tmp_path, body))
    assert is_empty(own_temporary_folder)


async def test_other_work_goes_on_meanwhile_and_a_cancelled_editor_is_ended(tmp_path: Path) -> None:
    started = tmp_path / "started"
    body = f"import time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(edited("", script(tmp_path, body)))
    await until(lambda: started.exists() and started.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        await until(lambda: os.kill(int(started.read_text()), 0))


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({"VISUAL": "sh -c x", "EDITOR": "cat"}, ["sh", "-c", "x"]),
        ({"VISUAL": "", "EDITOR": "cat -A"}, ["cat", "-A"]),
        ({"EDITOR": "sh 'a b' \"c\""}, ["sh", "a b", "c"]),
    ],
)
def test_the_editor_is_the_users(variables: dict[str, str], command: list[str]) -> None:
    assert editor_command({"PATH": "/bin:/usr/bin", **variables}) == command


@pytest.mark.parametrize("variables", [{"EDITOR": "no-such-editor -x"}, {"EDITOR": "'unclosed"}, {"PATH": "/nowhere"}])
def test_a_missing_editor_is_said(variables: dict[str, str]) -> None:
    with pytest.raises(StreamtuiError, match="VISUAL or EDITOR"):
        editor_command({"PATH": "/bin:/usr/bin", **variables})
