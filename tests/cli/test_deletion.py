"""`delete`: what is meant is beyond doubt, asked for where somebody can answer, and gone from every file."""

import fcntl
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from contextlib import closing

import pytest

from tests.cli.conftest import ROOT, Command, Outcome, Run
from tests.patience import PATIENCE_S


def saved(run_here: Run, *titles: str) -> dict[str, str]:
    """Save a conversation under each of these titles; return all ids by title."""
    for title in titles:
        assert run_here("ask", "-m", "ok", "--title", title, "hi").code == 0
    return listed(run_here)


def listed(run_here: Run) -> dict[str, str]:
    return {summary["title"]: summary["id"] for summary in json.loads(run_here("list", "--json").out)}


def age(command: Command, id: str, days: float) -> None:
    with closing(sqlite3.connect(command.data / "streamtui.db")) as database, database:
        database.execute("UPDATE conversations SET updated = ? WHERE id = ?", (time.time() - days * 86400, id))


def _own_the_terminal() -> None:
    """Let Ctrl+C, typed at stdin, be a signal to this process."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def answer_at_a_terminal(command: Command, answer: str, *words: str) -> Outcome:
    """Run the command with a terminal as its stdin, on which `answer` is typed once it is asked."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamtui", *words],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=command.working,
        env=command.environment | {"PYTHONPATH": str(ROOT)},
        preexec_fn=_own_the_terminal,
    )
    os.close(secondary)
    command.running.append(process)
    assert process.stderr is not None
    asked = b""
    while not asked.endswith(b"[y/N] "):
        piece = os.read(process.stderr.fileno(), 1000)
        assert piece, asked
        asked += piece
    os.write(primary, answer.encode())
    out, err = process.communicate(timeout=PATIENCE_S)
    os.close(primary)
    return Outcome(process.returncode, out.decode(), (asked + err).decode())


def test_several_are_deleted_at_once_and_named(run_here: Run) -> None:
    ids = saved(run_here, "One", "Two", "Three")

    result = run_here("delete", ids["One"], "Two")

    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [f"deleted {ids['One']} “One”", f"deleted {ids['Two']} “Two”"]
    assert list(listed(run_here)) == ["Three"]


def test_the_latest_is_last_also_where_a_title_is(run_here: Run) -> None:
    saved(run_here, "last", "Newest")

    assert run_here("delete", "last").code == 0
    assert list(listed(run_here)) == ["last"]


@pytest.mark.parametrize("length", [6, 8, 20])
def test_six_characters_of_either_end_will_do(run_here: Run, length: int) -> None:
    ids = saved(run_here, "One")

    assert run_here("delete", ids["One"][-length:]).code == 0
    assert listed(run_here) == {}


@pytest.mark.parametrize("reference", ["1", "0", "One", "One tit", "zzzzzzz"])
def test_less_deletes_nothing_and_says_what_it_takes(run_here: Run, reference: str) -> None:
    ids = saved(run_here, "One title")
    short = ids["One title"][:1] if reference in "01" else reference

    result = run_here("delete", short)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert list(listed(run_here)) == ["One title"]
    if len(short) < 6:
        assert "six characters" in result.err


def test_one_that_is_not_there_leaves_the_others(run_here: Run) -> None:
    saved(run_here, "One")

    assert run_here("delete", "One", "nowhere").code == 2
    assert list(listed(run_here)) == ["One"]


def test_an_ambiguous_title_deletes_nothing(run_here: Run) -> None:
    saved(run_here, "Twin", "Twin")

    assert run_here("delete", "Twin").code == 2
    assert run_here("list").out.count("Twin") == 2


@pytest.mark.parametrize("words", [(), ("x", "--older-than", "3"), ("--older-than", "-1"), ("--older-than", "x")])
def test_what_makes_no_sense_is_a_usage_error(run_here: Run, words: tuple[str, ...]) -> None:
    result = run_here("delete", *words)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)


def test_what_is_old_is_deleted(run_here: Run, command: Command) -> None:
    ids = saved(run_here, "Old", "Older", "New")
    age(command, ids["Old"], 31)
    age(command, ids["Older"], 400)

    result = run_here("delete", "--older-than", "30")

    assert result.code == 0 and result.out.count("deleted") == 2
    assert list(listed(run_here)) == ["New"]
    result = run_here("delete", "--older-than", "30", "--yes")
    assert (result.code, result.out, len(result.lines)) == (0, "", 1)


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("yes\n", 0), ("\n", 1), ("n\n", 1), ("\x04", 1)])
def test_at_a_terminal_it_asks_with_the_title(run_here: Run, command: Command, answer: str, left: int) -> None:
    saved(run_here, "A fine title")

    result = answer_at_a_terminal(command, answer, "delete", "last")

    assert result.code == 0 and "“A fine title”" in result.err
    assert len(listed(run_here)) == left


def test_several_are_named_one_by_one_and_ctrl_c_deletes_none(run_here: Run, command: Command) -> None:
    saved(run_here, "One", "Two")

    result = answer_at_a_terminal(command, "\x03", "delete", "One", "Two")

    assert "  One\n  Two\n" in result.err and "these 2 conversations" in result.err
    assert result.code == 130 and "Traceback" not in result.err
    assert len(listed(run_here)) == 2


def test_yes_does_not_ask(run_here: Run, command: Command) -> None:
    saved(run_here, "One")
    primary, secondary = pty.openpty()

    process = command.start("delete", "--yes", "last", stdin=secondary)

    out, err = process.communicate(timeout=PATIENCE_S)
    os.close(primary)
    os.close(secondary)
    assert (process.returncode, err) == (0, b"") and out.startswith(b"deleted ")


def test_no_file_holds_what_was_deleted(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "A secret plan")

    assert run_here("delete", "last").err == ""

    for path in command.data.rglob("*"):
        assert not path.is_file() or b"secret plan" not in path.read_bytes(), path
