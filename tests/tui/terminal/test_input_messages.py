"""Tokens become Textual's messages; what nobody knows becomes none."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events, messages
from textual.message import Message

if sys.platform == "win32":
    pytest.skip("there is no termios", allow_module_level=True)

from streamtui.tui.terminal.input_messages import InputMessages, TerminalBackground
from streamtui.tui.terminal.tokenizer import Tokenizer


def messages_of(sent: str) -> list[Message]:
    tokenizer, reader = Tokenizer(), InputMessages()
    tokens = list(tokenizer.feed(sent, 0.0))
    while tokenizer.due is not None:
        tokens += tokenizer.expire(tokenizer.due)
    return [message for token in tokens for message in reader.read(token)]


def keys_of(sent: str) -> list[tuple[str, str | None]]:
    return [(message.key, message.character) for message in messages_of(sent) if isinstance(message, events.Key)]


@pytest.mark.parametrize(
    ("sent", "key", "character"),
    [
        ("a", "a", "a"),
        ("é", "é", "é"),
        ("\r", "enter", "\r"),
        ("\x03", "ctrl+c", "\x03"),
        ("\x1b", "escape", "\x1b"),
        ("\x1b[A", "up", None),
        ("\x1bOA", "up", None),
        ("\x1b[1;3A", "alt+up", None),
        ("\x1b\x1b[A", "alt+up", None),
        ("\x1b[5~", "pageup", None),
        ("\x1b[1;2R", "shift+f3", None),
        ("\x1b1", "alt+1", None),
        ("\x1b-", "alt+minus", None),
        ("\x1bc", "alt+c", None),
        ("\x1bC", "alt+shift+c", None),
        ("\x1bb", "ctrl+left", None),
        ("\x1b\r", "alt+enter", None),
        ("\x1b[27;2;13~", "shift+enter", None),
        ("\x1b[13;2u", "shift+enter", None),
        ("\x1b[27;5;13~", "ctrl+enter", None),
        ("\x1b[13;5u", "ctrl+enter", None),
        ("\x1b[49;3u", "alt+1", None),
        ("\x1b[97;1:2u", "a", None),
        ("\x1b[97:65;2;65u", "A", "A"),
        ("\x1b[27u", "escape", None),
        ("\x1b[27;3u", "alt+escape", None),
        ("\x1b[[A", "f1", None),
    ],
)
def test_keys(sent: str, key: str, character: str | None) -> None:
    assert keys_of(sent) == [(key, character)] or (character is None and [name for name, _ in keys_of(sent)] == [key])
    assert len(messages_of(sent)) == 1


def test_a_space_right_behind_escape_is_typed() -> None:
    assert keys_of("\x1b goes") == [("escape", "\x1b"), ("space", " "), *((letter, letter) for letter in "goes")]


@pytest.mark.parametrize("sent", ["\x1b1", "\x1b[49;3u", "\x1bx", "\x1b[A", "\x1b[13;5u"])
def test_such_keys_type_nothing(sent: str) -> None:
    (message,) = messages_of(sent)
    assert isinstance(message, events.Key)
    assert not message.is_printable


@pytest.mark.parametrize(
    "sent",
    [
        "\x1b[97;1:3u",
        "\x1b[99999999;1u",
        "\x1b[?1;2c",
        "\x1b[>41;390;0c",
        "\x1b[24;80R",
        "\x1b[?24;80R",
        "\x1b[8;40;100t",
        "\x1b[99~",
        "\x1b[201~",
        "\x1b[?2026;0$y",
        "\x1b[?2048;2$y",
        "\x1b[35;20;10M",
        "\x1b[<-5;2;1M",
        "\x1b[u",
        "\x1b[57999u",
        "\x1b]10;rgb:0/0/0\x07",
        "\x1bP>|xterm(390)\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
    ],
)
def test_what_nobody_asked_for_vanishes(sent: str) -> None:
    assert messages_of(sent) == []


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("\x1b[I", events.AppFocus),
        ("\x1b[O", events.AppBlur),
        ("\x1b[?2026;2$y", messages.TerminalSupportsSynchronizedOutput),
        ("\x1b[<0;3;4M", events.MouseDown),
        ("\x1b[<0;3;4m", events.MouseUp),
        ("\x1b[<64;3;4M", events.MouseScrollUp),
        ("\x1b[200~x\x1b[201~", events.Paste),
    ],
)
def test_reports(sent: str, kind: type[Message]) -> None:
    (message,) = messages_of(sent)
    assert type(message) is kind


@pytest.mark.parametrize(
    ("answer", "color", "is_light"),
    [
        ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", (255, 255, 255), True),
        ("\x1b]11;rgb:1e1e/1e1e/2e2e\x07", (30, 30, 46), False),
        ("\x1b]11;rgb:ff/f/0\x07", (255, 255, 0), True),
        ("\x1b]11;rgba:0000/0000/0000/ffff\x07", (0, 0, 0), False),
    ],
)
def test_the_background_is_read(answer: str, color: tuple[int, int, int], is_light: bool) -> None:
    (message,) = messages_of(answer)
    assert isinstance(message, TerminalBackground)
    assert (message.red, message.green, message.blue) == color
    assert message.is_light is is_light


@given(st.text(st.sampled_from("\x1b[]OP<>?;:0123456789uMmARcty$~\x07\\ aé"), max_size=40))
def test_nothing_that_comes_makes_it_fail(sent: str) -> None:
    messages_of(sent)
