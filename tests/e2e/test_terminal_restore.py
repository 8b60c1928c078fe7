"""A terminal is given back whole: every mode that was set, below the last frame, whatever state it is in."""

import re
import signal
import sys

import pyte
import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch
from tests.e2e.terminal import Terminal
from tests.e2e.test_endings import assert_same_line_settings, in_a_shell
from tests.e2e.test_turns import wait_for_word
from tests.server import ScriptedServer

MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
AS_A_SHELL_WANTS_IT = {7: True, 25: True}
"""Modes that are on in a shell; all others are off."""


def assert_given_back(raw: bytes) -> None:
    modes = {int(number): state == b"h" for number, state in MODE.findall(raw)}
    assert modes == {number: AS_A_SHELL_WANTS_IT.get(number, False) for number in modes}
    for taken, given in (
        (b"\x1b[>25u", b"\x1b[<u"),
        (b"\x1b[>4;1m", b"\x1b[>4m"),
        (b"\x1b[22;0t", b"\x1b[23;0t"),
    ):
        assert raw.rindex(given) > raw.rindex(taken), (taken, given)
    assert re.findall(rb"\x1b\[[\d;]*m", raw)[-1] == b"\x1b[m"
    assert b"\x1b]22;" not in raw, "the pointer has another shape"


@pytest.fixture
def app(launch: Launch, endpoint: ScriptedServer) -> Terminal:
    return launch()


def test_every_mode_is_given_back_on_quitting(app: Terminal) -> None:
    app.press("ctrl+d")
    assert app.exit_code() == 0
    assert_given_back(app.raw)
    assert_same_line_settings(app)


def test_the_windows_title_is_the_apps_and_then_the_old_one(app: Terminal) -> None:
    assert b"\x1b]2;streamtui\x1b\\" in app.raw
    app.press("ctrl+d")
    app.exit_code()
    assert app.raw.index(b"\x1b[22;0t") < app.raw.index(b"\x1b]2;") < app.raw.index(b"\x1b[23;0t")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_had_stopped_reading_is_given_back_too(
    launch: Launch, endpoint: ScriptedServer, home: Home, number: int
) -> None:
    home.environment["CHAT_MODEL"] = "slow-5"
    app = launch()
    app.send("count")
    wait_for_word(app, 50)
    app.stop_reading()
    app.wait_until_full(1.0)
    app.signal(number)
    assert app.exit_code() == 128 + number
    assert_given_back(app.raw)
    assert_same_line_settings(app)


def test_without_another_screen_the_shell_goes_on_below_the_last_frame(launch: Launch) -> None:
    """As in GNU screen with its defaults, which ignores mode 1049."""
    shell = in_a_shell(launch)
    shell.press("ctrl+d")
    shell.wait_for(lambda: shell.screen.rstrip().endswith("ready>"), what="the shell")
    shell.type("echo below the $((40 + 2))\r")
    shell.wait_for("below the 42")
    screen = pyte.Screen(100, 30)
    pyte.ByteStream(screen).feed(re.sub(rb"\x1b\[[<=>?][\d;]*[a-zA-Z$]+|\x1b\[[\d;]*t", b"", shell.raw))
    lines = [line.rstrip() for line in screen.display]
    assert lines.index("below the 42") > max(index for index, line in enumerate(lines) if line.endswith("╯"))


def test_the_mouse_stays_with_the_terminal_over_a_suspension(launch: Launch) -> None:
    shell = in_a_shell(launch)
    shell.press("f2")
    shell.wait_for("F2 takes it back")
    shell.press("ctrl+z")
    shell.wait_for("Stopped")
    assert_given_back(shell.raw[: shell.raw.rindex(b"Stopped")])
    before = len(shell.raw)
    shell.type("fg\r")
    shell.wait_for(EMPTY_BOX)
    assert b"\x1b[?1000h" not in shell.raw[before:]
    shell.press("f2")
    shell.wait_for("ours again")
    assert b"\x1b[?1000h" in shell.raw[before:]


def test_after_a_suspension_the_screen_is_whole(launch: Launch, endpoint: ScriptedServer) -> None:
    shell = in_a_shell(launch)
    shell.send("hi")
    shell.wait_for("Hello, world!")
    shell.wait_for("✓")
    shell.wait_for_quiet(0.3)
    before = shell.lines
    shell.press("ctrl+z")
    shell.wait_for("Stopped")
    shell.type("clear; echo $((40 + 2)) things over it\r")
    shell.wait_for("42 things")
    shell.type("fg\r")
    shell.wait_for(EMPTY_BOX)
    shell.wait_for(lambda: shell.lines == before, what="the screen as it was")


BREAK = """
import sys
from streamtui.tui.terminal import environment
environment.prepare()
from streamtui.tui.terminal.{module} import {owner}
whole = {owner}.{method}
def broken(self, text, *rest):
    if "{trigger}" in text:
        raise ValueError("broken on purpose")
    return whole(self, text, *rest)
{owner}.{method} = broken
from streamtui.__main__ import main
sys.argv[1:] = ["--demo"]
sys.exit(main())
"""


def test_a_failure_over_one_key_costs_that_key_alone(launch: Launch, home: Home) -> None:
    code = BREAK.format(module="input_messages", owner="InputMessages", method="_read_sequence", trigger="[1;9A")
    app = launch(program=[sys.executable, "-c", code])
    app.send_bytes(b"a\x1b[1;9Ab")
    app.wait_for("│ ab  ")


def test_a_failure_to_read_at_all_ends_in_one_line_and_a_report(launch: Launch, home: Home) -> None:
    code = BREAK.format(module="tokenizer", owner="Tokenizer", method="feed", trigger="x")
    app = launch(program=[sys.executable, "-c", code])
    app.type("x")
    assert app.exit_code() == 70
    assert_given_back(app.raw)
    assert_same_line_settings(app)
    assert "Traceback" not in app.screen
    assert home.files_holding("broken on purpose")
