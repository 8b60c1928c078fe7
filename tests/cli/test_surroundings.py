"""Odd places to run in: no home, no config folder, no file descriptors, no terminal on stderr."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamtui.cli import daily
from tests.cli.conftest import ROOT, Command, Outcome, Run, ended, environment
from tests.patience import PATIENCE_S
from tests.server import HELLO, ScriptedServer

HELLO_TEXT = "".join(HELLO)
NOBODY = 54321
"""A user id without an entry in the passwd file."""
needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


@pytest.fixture
def nobodys(server: ScriptedServer) -> Iterator[Command]:
    """The command in a folder that everybody may enter, which the tests' own is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield Command(folder, environment(folder, server.url))


def as_nobody(command: Command, *words: str, **variables: str | None) -> Outcome:
    """Run the command as a user whom no file knows; `None` takes a variable away."""
    kept = {name: value for name, value in (command.environment | variables).items() if value is not None}
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", "--clear-groups", sys.executable, "-m", "streamtui", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=command.working,
        env=kept | {"PYTHONPATH": str(ROOT)},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


HOMELESS = {"HOME": None, "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None}


@needs_root
@pytest.mark.parametrize("home", [None, ""])
def test_without_a_home_it_is_said_what_to_set(nobodys: Command, home: str | None) -> None:
    result = as_nobody(nobodys, "list", **HOMELESS | {"HOME": home})

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert "HOME" in result.err and "--data-dir" in result.err


@needs_root
def test_without_a_home_whatever_needs_none_works(nobodys: Command) -> None:
    data = nobodys.folder / "data"
    data.mkdir()
    data.chmod(0o777)

    assert as_nobody(nobodys, "ask", "--no-save", "-m", "ok", "hi", **HOMELESS).out == HELLO_TEXT + "\n"
    assert as_nobody(nobodys, "models", **HOMELESS).code == 0
    asked = as_nobody(nobodys, "ask", "--data-dir", str(data / "mine"), "-m", "ok", "hi", **HOMELESS)
    assert (asked.code, asked.err) == (0, "")
    assert "hi" in as_nobody(nobodys, "list", "--data-dir", str(data / "mine"), **HOMELESS).out


@needs_root
def test_a_home_that_is_somebody_elses_has_no_settings_for_us(nobodys: Command) -> None:
    private = nobodys.folder / "private"
    private.mkdir(mode=0o700)

    result = as_nobody(nobodys, "ask", "-m", "ok", "hi", **HOMELESS | {"HOME": str(private)})

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert len(result.lines) == 1 and "saved" in result.err


def test_a_home_that_is_no_folder_has_no_settings(command: Command) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        del command.environment[name]
    command.environment["HOME"] = os.devnull

    result = command.run("ask", "-m", "ok", "hi")

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert len(result.lines) == 1 and "saved" in result.err


@pytest.mark.parametrize("number", range(6, 20, 2))
def test_too_few_file_descriptors_are_one_line(command: Command, number: int) -> None:
    result = ended(command.start("ask", "-m", "ok", "hi", shell_prefix=f"ulimit -n {number}"))

    for word in ("Exception ignored", "never awaited", "Traceback", "crashed"):
        assert word not in result.err
    complaints = [line for line in result.lines if "saved" not in line]
    if result.code == 0:
        assert (result.out, complaints) == (HELLO_TEXT + "\n", [])
    else:
        assert len(complaints) == 1


def test_the_app_says_that_it_draws_on_stderr(command: Command) -> None:
    primary, secondary = os.openpty()
    log = command.working / "err.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamtui", "--demo"],
            stdin=secondary,
            stdout=secondary,
            stderr=file,
            cwd=command.working,
            env=command.environment | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        )
        command.running.append(process)
        code = process.wait(PATIENCE_S)
    os.close(primary)
    os.close(secondary)

    assert code == 2 and "stderr" in log.read_text() and len(log.read_text().splitlines()) == 1


def test_a_file_that_others_can_read_is_warned_about_once_a_day(run_here: Run, command: Command) -> None:
    for name in (".env", "other.env"):
        (command.working / name).write_text("OPENAI_API_KEY=sk-other-0123456789\n")
        (command.working / name).chmod(0o644)

    first = run_here("ask", "-m", "ok", "hi")
    assert "chmod 600" in first.err
    assert run_here("ask", "-m", "ok", "hi").err == "" == run_here("list").err
    assert "other.env" in run_here("list", "--env-file", "other.env").err, "another file is another warning"

    past = time.time() - 25 * 3600
    path = command.data / "warned"
    path.write_text("".join(f"{past:.0f} {line.split()[1]}\n" for line in path.read_text().splitlines()))
    assert "chmod 600" in run_here("list").err


@pytest.mark.parametrize("content", ["", "x", "\xff\0", "1e999 abc\n", "nan abc\n", "12\n"])
def test_a_file_of_warnings_that_is_damaged_warns_again(tmp_path: Path, content: str) -> None:
    (tmp_path / "warned").write_text(content, encoding="latin-1")

    assert daily.due(["one"], tmp_path) == ["one"]
    daily.remember(["one"], tmp_path)
    assert daily.due(["one", "two"], tmp_path) == ["two"]
    assert daily.due(["one"], None) == ["one"]
