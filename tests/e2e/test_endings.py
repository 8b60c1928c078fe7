"""However the process ends, the words that arrived are kept and the terminal is left as it was found."""

import re
import signal
import sqlite3
import sys
import termios
import time
from contextlib import closing

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch
from tests.e2e.terminal import Terminal
from tests.e2e.test_turns import said_until_told, wait_for_word, words_in
from tests.server import ScriptedServer

GONE_S = 10 * 3.0
"""Three seconds are promised; tests allow ten times that."""
LOST_S = 10 * 0.5
"""So is half a second of text."""
LEFT_ON = re.compile(rb"\x1b\[\?(1049|25|1000|1002|1003|1006|2004)([hl])")
"""Modes that a full-screen program sets: the last word on each must leave the terminal as a shell wants it."""


def modes(raw: bytes) -> dict[int, bool]:
    """Return which modes are on after all of `raw`."""
    return {int(mode): end == b"h" for mode, end in LEFT_ON.findall(raw)}


def assert_restored(terminal: Terminal) -> None:
    left = modes(terminal.raw)
    assert left[1049] is False, "still on the alternate screen"
    assert left[25] is True, "the cursor is hidden"
    assert not any(left[mode] for mode in left if mode not in (25, 1049)), left
    assert terminal.raw.count(b"\x1b[<u") >= terminal.raw.count(b"\x1b[>1u"), "kitty's keys are on"


def assert_same_line_settings(terminal: Terminal) -> None:
    assert terminal.line_settings() == terminal.modes, "echo and line editing are not back"


@pytest.fixture
def streaming(launch: Launch, endpoint: ScriptedServer, home: Home) -> Terminal:
    """An app in the middle of a reply of a word every 5 ms, for more than a second."""
    home.environment["CHAT_MODEL"] = "slow-5"
    terminal = launch()
    terminal.send("count for me")
    wait_for_word(terminal, 200)
    return terminal


def assert_saved(home: Home, status: str, least: int) -> None:
    reply = home.messages()[1]
    numbers = words_in(reply["text"])
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= least
    assert reply["status"] == status


def test_kill_9_loses_at_most_half_a_second_and_is_marked_on_reopening(
    streaming: Terminal, launch: Launch, home: Home, endpoint: ScriptedServer
) -> None:
    seen, shown = words_in(streaming.screen)[-1], time.monotonic()
    kept = streaming.wait_for(lambda: home.files_holding(f"w{seen} "), what="on disk what is on the screen")
    assert kept - shown < LOST_S
    print(f"\nwhat was on the screen was on disk within {kept - shown:.2f} s")  # noqa: T201
    streaming.signal(signal.SIGKILL)
    assert streaming.exit_code() == 137

    again = launch("-c", ready=None)
    again.wait_for("◌ interrupted")
    numbers = words_in(again.screen)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert_saved(home, "interrupted", seen)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_saves_restores_and_ends(streaming: Terminal, home: Home, number: int, code: int) -> None:
    seen = words_in(streaming.screen)[-1]
    sent = time.monotonic()
    streaming.signal(number)
    assert streaming.exit_code() == code
    assert time.monotonic() - sent < GONE_S
    assert_restored(streaming)
    assert_same_line_settings(streaming)
    assert_saved(home, "stopped", seen)


def test_more_signals_lose_nothing_while_the_database_is_locked(streaming: Terminal, home: Home) -> None:
    with closing(sqlite3.connect(home.database, isolation_level=None, timeout=20)) as another:
        another.execute("BEGIN EXCLUSIVE")
        seen = words_in(streaming.screen)[-1]
        sent = time.monotonic()

        def is_gone() -> bool:
            streaming.signal(signal.SIGTERM)
            return not streaming.is_running

        streaming.wait_for(is_gone, what="the end")
        assert streaming.exit_code() == 143
        assert streaming.ended - sent < GONE_S
        assert list(home.data.glob("spill-*.jsonl"))
    assert_restored(streaming)
    assert_saved(home, "stopped", seen)


def test_closing_the_window_saves_and_ends(streaming: Terminal, home: Home) -> None:
    seen = words_in(streaming.screen)[-1]
    closed = time.monotonic()
    streaming.close_master()
    assert streaming.exit_code(GONE_S) == 129
    assert time.monotonic() - closed < GONE_S
    assert_saved(home, "stopped", seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_even_where_the_terminal_has_stopped_reading(
    streaming: Terminal, home: Home, endpoint: ScriptedServer, number: int
) -> None:
    seen = words_in(streaming.screen)[-1]
    streaming.stop_reading()
    before = endpoint.of("slow-5")[0]
    streaming.wait_until_full(3.0)  # the pipe to the terminal, and every queue before it
    assert before.closed is None
    sent = time.monotonic()
    streaming.signal(number)
    assert streaming.exit_code() == 128 + number
    assert streaming.ended - sent < GONE_S
    assert_saved(home, "stopped", seen)


def test_quitting_in_mid_stream_keeps_the_text_and_restores_the_screen(streaming: Terminal, home: Home) -> None:
    seen = words_in(streaming.screen)[-1]
    streaming.press("ctrl+d")
    assert streaming.exit_code() == 0
    assert_restored(streaming)
    assert_same_line_settings(streaming)
    assert_saved(home, "stopped", seen)


def test_the_way_back_stays_on_the_screen_and_leads_back(streaming: Terminal, launch: Launch) -> None:
    streaming.press("esc")
    streaming.wait_for("stopped")
    streaming.press("ctrl+d")
    assert streaming.exit_code() == 0
    line = next(line for line in streaming.lines if "--resume" in line)
    resumed = launch(*line.partition("streamtui ")[2].split(), ready="count for me")
    wait_for_word(resumed, 200)


def in_a_shell(launch: Launch) -> Terminal:
    """Start the app from an interactive shell, which has job control."""
    shell = launch(program=["bash", "--norc", "--noprofile", "-i"], ready="ready>", environment={"PS1": "ready> "})
    shell.type(f"{sys.executable} -m streamtui\r")
    shell.wait_for(EMPTY_BOX)
    return shell


@pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP"])
def test_it_suspends_to_the_shell_and_comes_back(
    launch: Launch, home: Home, endpoint: ScriptedServer, how: str
) -> None:
    home.environment["CHAT_MODEL"] = "slow-20x100"
    shell = in_a_shell(launch)
    shell.type("a draft")
    shell.wait_for("│ a draft")
    if how == "ctrl+z":
        shell.press("ctrl+z")
    else:
        for child in shell.children():
            child.send_signal(signal.SIGTSTP)
    shell.wait_for("Stopped")
    assert modes(shell.raw)[1049] is False
    assert modes(shell.raw)[25] is True
    shell.type("echo back in the $((40 + 2)) shell\r")
    shell.wait_for("back in the 42 shell")
    shell.type("fg\r")
    shell.wait_for("│ a draft")
    assert "shell" not in shell.screen
    assert modes(shell.raw)[1049] is True
    shell.press("enter")
    shell.wait_for("w99")
    shell.wait_for("✓")
    shell.press("ctrl+d")
    shell.wait_for(lambda: shell.screen.rstrip().endswith("ready>"), what="the shell")
    shell.type("echo left with $?\r")
    shell.wait_for("left with 0")


def test_a_reply_goes_on_after_a_suspension_in_mid_stream(launch: Launch, home: Home, endpoint: ScriptedServer) -> None:
    home.environment["CHAT_MODEL"] = "told-10"
    shell = in_a_shell(launch)
    shell.send("count")
    wait_for_word(shell, 30)
    shell.press("ctrl+z")
    shell.wait_for("Stopped")
    missed = endpoint.of("told-10")[0].tokens
    shell.wait_for(lambda: endpoint.of("told-10")[0].tokens > missed + 100, what="more of the reply")
    shell.type("fg\r")
    wait_for_word(shell, missed + 100)
    endpoint.end("told-10")
    shell.wait_for("✓", what="the reply is complete")
    assert home.messages()[1]["text"] == said_until_told(endpoint, "told-10")


def test_termios_is_what_it_was_after_an_ordinary_end(launch: Launch) -> None:
    terminal = launch()
    changed = terminal.line_settings()
    terminal.press("ctrl+d")
    assert terminal.exit_code() == 0
    assert changed[3] & termios.ECHO == 0
    assert_same_line_settings(terminal)
