"""What a terminal sent, as Textual's messages.

Private Textual names used here, checked on 8.2.8: `textual._xterm_parser.XTermParser` (its tables of keys and its
arithmetic of mouse reports; its own reading of the stream is not used, since it types what it doesn't know),
`textual._ansi_sequences`, `textual._keyboard_protocol`.
"""

import re
from collections.abc import Iterator
from typing import Final, assert_never

from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import Keys, _character_to_key
from textual.message import Message

from streamtui.tui.terminal.tokenizer import ControlString, Escape, Paste, Sequence, Text, Token

_MODE_REPORT: Final = re.compile(r"\x1b\[\?2026;([1-4])\$y")
_MOUSE_REPORT: Final = re.compile(r"\x1b\[<\d+;\d+;\d+[Mm]")
_KEY_REPORT: Final = re.compile(r"\x1b\[(\d*)(?:;\d*){0,2}([u~ABCDEFHPQRS])")
_BACKGROUND: Final = re.compile(r"11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})(?:/.*)?")
_PRIVATE_USE: Final = range(0xE000, 0xF900)
"""Where kitty's keyboard protocol puts keys that make no character."""


class TerminalBackground(Message):
    """The terminal's background colour, as it answered when asked; parts are 0 to 255."""

    bubble = False

    def __init__(self, red: int, green: int, blue: int) -> None:
        super().__init__()
        self.red = red
        self.green = green
        self.blue = blue

    @property
    def is_light(self) -> bool:
        """Whether dark text is the readable one (ITU-R BT.601 luma)."""
        return 0.299 * self.red + 0.587 * self.green + 0.114 * self.blue > 127.5


class ModifiedEnterReported(Message):
    """The terminal tells Shift+Enter and Ctrl+Enter from Enter: posted once, when that is known."""

    bubble = False


class InputMessages:
    """Turns tokens into messages; a token that nobody knows becomes none."""

    def __init__(self) -> None:
        self._parser = XTermParser()

    def read(self, token: Token) -> Iterator[Message]:
        match token:
            case Text(text):
                for character in text:
                    yield from self._keys(character)
            case Escape():
                yield events.Key("escape", "\x1b")
            case Paste(text):
                yield events.Paste(text)
            case Sequence(text):
                yield from self._read_sequence(text)
            case ControlString(introducer, body):
                if introducer == "]" and (match := _BACKGROUND.fullmatch(body)):
                    yield TerminalBackground(*(_scale(part) for part in match.groups()))
            case _:
                assert_never(token)

    def _read_sequence(self, text: str) -> Iterator[Message]:
        if text == "\x1b[I":
            yield events.AppFocus()
        elif text == "\x1b[O":
            yield events.AppBlur()
        elif _MODE_REPORT.fullmatch(text):
            yield messages.TerminalSupportsSynchronizedOutput()
        elif _MOUSE_REPORT.fullmatch(text):
            if (report := self._parser.parse_mouse_code(text)) is not None:
                yield report
        elif text == "\x1b ":  # Esc, and right behind it a word: nothing is bound to Alt with the space bar
            yield events.Key("escape", "\x1b")
            yield events.Key("space", " ")
        elif len(text) == 2 and not isinstance(ANSI_SEQUENCES_KEYS.get(text), tuple):
            yield events.Key(_alt(text[1]), None)
        elif _is_key(text):
            yield from self._keys(text)

    def _keys(self, sequence: str) -> Iterator[Message]:
        return (key for key in self._parser._sequence_to_key_events(sequence) if key.key != Keys.Ignore)


def _is_key(text: str) -> bool:
    """Whether a sequence stands for a key. Textual would take the parameters of some that don't for characters."""
    if text in ANSI_SEQUENCES_KEYS:
        return True
    report = _KEY_REPORT.fullmatch(text)
    if report is None:
        return False
    code, final = report[1] or "1", report[2]
    return code + final in FUNCTIONAL_KEYS or (final == "u" and int(code) not in _PRIVATE_USE)


def _alt(character: str) -> str:
    """Return the name of Alt with a character. It types nothing, whatever macOS makes of Option with that key."""
    name = _character_to_key(character)
    return f"alt+shift+{name.lower()}" if len(name) == 1 and name.isupper() else f"alt+{name}"


def _scale(digits: str) -> int:
    """Return a colour's part, of one to four hexadecimal digits, as 0 to 255."""
    return round(int(digits, 16) * 255 / int("f" * len(digits), 16))
