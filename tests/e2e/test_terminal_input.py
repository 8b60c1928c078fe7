"""Whatever a terminal or a link sends: what is a key acts, what is text is kept, and the rest does nothing."""

import time

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch
from tests.e2e.terminal import Terminal
from tests.e2e.test_keys import prompts
from tests.e2e.test_turns import wait_for_word
from tests.server import ScriptedServer

ESCAPE_S = 0.06
"""Longer than a lone Escape waits."""


@pytest.fixture
def app(launch: Launch, endpoint: ScriptedServer) -> Terminal:
    return launch()


@pytest.fixture
def streaming(launch: Launch, endpoint: ScriptedServer, home: Home) -> Terminal:
    home.environment["CHAT_MODEL"] = "slow-10"
    app = launch()
    app.send("count")
    wait_for_word(app, 9)
    return app


def send_apart(app: Terminal, *pieces: bytes) -> None:
    """Send pieces as a link does that stutters: the gap is what is tested."""
    for piece in pieces:
        app.send_bytes(piece)
        time.sleep(ESCAPE_S)


@pytest.mark.parametrize(
    "report",
    [
        b"\x1b[97;1:3u",
        b"\x1b[99999999;1u",
        b"\x1b[57358;1:3u",
        b"\x1b[97;1;99999999u",
        b"\x1b[1;1:3A",
        b"\x1b[?1;2c",
        b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1bP>|xterm(390)\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b[24;80R",
        b"\x1b[8;30;100t",
    ],
)
def test_what_is_no_key_leaves_the_draft_alone(app: Terminal, report: bytes) -> None:
    app.type("my precious draft")
    app.wait_for("│ my precious draft")
    app.send_bytes(report + b" is whole")
    app.wait_for("│ my precious draft is whole  ")


def test_key_reports_with_alternates_and_repeats_are_keys(app: Terminal) -> None:
    app.send_bytes(b"\x1b[113::64;1;64u\x1b[97:65;2;65u\x1b[98;1:2;98u\x1b[98;1:3u")
    app.wait_for("│ @Ab  ")


def test_a_paste_whose_end_is_lost_does_not_deafen_it(app: Terminal) -> None:
    app.send_bytes(b"\x1b[200~hello\nyou")
    app.wait_for("│ you")
    app.type(" there")
    app.wait_for("│ you there")
    app.press("ctrl+c")
    app.wait_for(EMPTY_BOX)


def test_a_second_paste_ends_the_first(app: Terminal) -> None:
    app.send_bytes(b"\x1b[200~one \x1b[200~two\x1b[201~")
    app.wait_for("│ one two  ")


def test_several_lines_that_nothing_marks_as_a_paste_are_one_draft(app: Terminal, endpoint: ScriptedServer) -> None:
    app.send_bytes(b"one\rtwo\rthree")
    app.wait_for("│ three")
    assert prompts(endpoint) == []
    app.press("enter")
    app.wait_for("Hello, world!")
    assert prompts(endpoint) == ["one\ntwo\nthree"]


@pytest.mark.parametrize("report", [b"\x1b[13;2u", b"\x1b[13;5u", b"\x1b[27;2;13~", b"\x1b[27;5;13~"])
def test_enter_with_a_modifier_is_a_newline(app: Terminal, endpoint: ScriptedServer, report: bytes) -> None:
    app.send_bytes(b"one" + report + b"two")
    app.wait_for("│ two")
    assert prompts(endpoint) == []


def test_xterm_and_tmux_are_asked_to_tell_enter_apart(app: Terminal) -> None:
    assert b"\x1b[>4;1m" in app.raw
    app.press("ctrl+d")
    app.exit_code()
    assert app.raw.rindex(b"\x1b[>4m") > app.raw.rindex(b"\x1b[>4;1m")


@pytest.mark.parametrize("tail", [b"[<35;20;10M", b"[I", b"[O", b"OA", b"[1;5C"])
def test_the_rest_of_a_cut_sequence_is_not_typed(app: Terminal, tail: bytes) -> None:
    app.type("a draft")
    app.wait_for("│ a draft")
    send_apart(app, b"\x1b", tail)
    app.type("!")
    app.wait_for("│ a draft!  ")


@pytest.mark.parametrize("pieces", [(b"\x1b[<35;2", b"0;10M"), (b"\x1b[", b"I"), (b"\x1b[1;", b"5C")])
def test_a_sequence_that_is_cut_in_the_middle_stops_nothing(streaming: Terminal, pieces: tuple[bytes, ...]) -> None:
    send_apart(streaming, *pieces)
    streaming.type("on")
    streaming.wait_for("│ on  ")
    assert "stopped" not in streaming.screen


def test_with_kittys_keys_a_lone_escape_byte_is_no_key(streaming: Terminal) -> None:
    streaming.send_bytes(b"\x1b[?25u")
    send_apart(streaming, b"\x1b", b"[<35;20;10M")
    streaming.type("on")
    streaming.wait_for("│ on  ")
    assert "stopped" not in streaming.screen
    streaming.send_bytes(b"\x1b[27u")
    streaming.wait_for("■ stopped")


def test_alt_with_a_digit_types_nothing(app: Terminal) -> None:
    app.send_bytes(b"a\x1b1\x1b9b")
    app.wait_for("│ ab  ")


def test_the_mouse_is_asked_for_clicks_and_not_for_every_movement(app: Terminal) -> None:
    assert b"\x1b[?1002h" in app.raw
    assert b"\x1b[?1003h" not in app.raw
