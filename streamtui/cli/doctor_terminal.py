"""What `doctor` finds about the terminal: what its environment says, and what it answers when it is asked."""

import os
import re
import select
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.terminal.terminal_modes import QUERIES

ANSWER_S: Final = 0.2
"""How long the terminal may take to answer."""
_ATTRIBUTES_QUERY: Final = "\x1b[c"
"""Every terminal answers this one, after the others: then no more answers come."""
_EMOJI: Final = ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}")
"""Two cells wide each; terminals that count characters make four of the first, or one of the second."""
_COLOUR_QUERY: Final = "\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m"
_WIDTH_QUERIES: Final = "".join(f"\r{emoji}\x1b[6n" for emoji in _EMOJI) + "\r\x1b[K"
"""Where the cursor is behind each; then the line is empty again."""
_COLOUR: Final = re.compile(rb"\x1bP1\$r[^\x1b]*48[:;]2[:;]+1[:;]2[:;]3")
_NO_COLOUR: Final = re.compile(rb"\x1bP[01]\$r")
_PLACE: Final = re.compile(rb"\x1b\[\d+;(\d+)R")
_ATTRIBUTES: Final = re.compile(rb"\x1b\[\?([\d;]*)c")
_WHOLE_FRAMES: Final = re.compile(rb"\x1b\[\?2026;([0-4])\$y")
_KITTY_KEYS: Final = re.compile(rb"\x1b\[\?\d+u")
_CLIPBOARD: Final = b"52"
"""The device attribute of terminals that take OSC 52."""
_LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "tmux": (
        "in ~/.tmux.conf, for the clipboard, Shift+Enter, colours and whole frames:",
        "  set -g set-clipboard on",
        "  set -g extended-keys on",
        "  set -as terminal-features 'xterm*:extkeys'",
        "  set -as terminal-features 'xterm*:RGB'",
        "  set -as terminal-features 'xterm*:sync'",
    ),
    "screen": (
        "in ~/.screenrc, for UTF-8 and the screen as it was; screen passes on no Shift+Enter (Ctrl+J is a newline):",
        "  defutf8 on",
        "  altscreen on",
    ),
}
Multiplexer = Literal["tmux", "screen"]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the terminal answered; `None` where that does not tell."""

    kitty_keys: bool | None = None
    synchronized_output: bool | None = None
    clipboard: bool | None = None
    """Whether it says that it takes the clipboard's text (OSC 52). Many that do don't say so."""
    true_colour: bool | None = None
    emoji_widths: tuple[int, ...] | None = None
    """Cells of a hand with a skin colour, and of a warning sign in colour: two each, where both are known."""


@dataclass(frozen=True, slots=True)
class TerminalFindings:
    """What is known about the terminal."""

    term: str
    colorterm: str
    columns: int
    rows: int
    is_input: bool
    """Whether stdin is a terminal."""
    is_output: bool
    """Whether stdout is one."""
    multiplexer: Multiplexer | None
    answers: Answers | None
    """`None` where it was not asked, or did not answer in time."""
    was_asked: bool = False

    @property
    def has_true_colour(self) -> bool:
        return self.colorterm in ("truecolor", "24bit") or self.term.endswith("-direct")

    @property
    def advice(self) -> tuple[str, ...]:
        return _LINES[self.multiplexer] if self.multiplexer else ()

    def wire(self) -> dict[str, Any]:
        answers = self.answers or Answers()
        return {
            "term": self.term,
            "colorterm": self.colorterm,
            "columns": self.columns,
            "rows": self.rows,
            "stdin": self.is_input,
            "stdout": self.is_output,
            "multiplexer": self.multiplexer,
            "truecolor": self.has_true_colour,
            "asked": self.was_asked,
            "answered": self.answers is not None,
            "kitty_keys": answers.kitty_keys,
            "synchronized_output": answers.synchronized_output,
            "clipboard": answers.clipboard,
            "truecolor_answered": answers.true_colour,
            "emoji_widths": answers.emoji_widths,
            "advice": [line.strip() for line in self.advice],
        }

    def lines(self) -> list[str]:
        is_tty = {(True, True): "a terminal", (False, False): "neither stdin nor stdout is a terminal"}.get(
            (self.is_input, self.is_output), f"{'stdin' if self.is_input else 'stdout'} alone is a terminal"
        )
        colours = "true colour" if self.has_true_colour else "no true colour announced"
        return [
            f"TERM {self.term or 'not set'}, COLORTERM {self.colorterm or 'not set'} ({colours}), "
            f"{self.columns} × {self.rows}, {is_tty}",
            self._answered_line(),
            *self._colour_advice(),
            *([f"inside {self.multiplexer}"] if self.multiplexer else []),
            *self.advice,
        ]

    def _colour_advice(self) -> list[str]:
        is_hidden = self.answers is not None and self.answers.true_colour and not self.has_true_colour
        return ["true colour works, but is not announced: export COLORTERM=truecolor"] if is_hidden else []

    def _answered_line(self) -> str:
        if self.answers is None:
            return f"no answer within {ANSWER_S * 1000:.0f} ms" if self.was_asked else "its abilities: not asked"
        abilities = {
            "kitty's keys": self.answers.kitty_keys,
            "synchronised output": self.answers.synchronized_output,
            "clipboard by OSC 52": self.answers.clipboard,
            "true colour": self.answers.true_colour,
        }
        widths = self.answers.emoji_widths
        emoji = "not told" if widths is None else f"{' and '.join(map(str, widths))} cells (2 and 2 are right)"
        return ", ".join([*(f"{name}: {_WORDS[has]}" for name, has in abilities.items()), f"emoji widths: {emoji}"])


_WORDS: Final = {True: "yes", False: "no", None: "not told"}


def examine() -> TerminalFindings:
    """Look at the environment; ask the terminal where stdin and stdout are both one. Blocks for up to `ANSWER_S`."""
    size = shutil.get_terminal_size()
    is_input, is_output = _is_terminal(sys.stdin), _is_terminal(sys.stdout)
    is_asked = is_input and is_output and sys.platform != "win32" and os.environ.get("TERM") != "dumb"
    is_asked = is_asked and _is_in_foreground(sys.stdin.fileno())
    return TerminalFindings(
        sanitize_line(os.environ.get("TERM", "")),
        sanitize_line(os.environ.get("COLORTERM", "")),
        size.columns,
        size.lines,
        is_input,
        is_output,
        _multiplexer(os.environ),
        _ask(sys.stdin.fileno(), sys.stdout.fileno()) if is_asked else None,
        is_asked,
    )


def answers_in(data: bytes) -> Answers | None:
    """Return what the terminal's bytes say; `None` where they hold no answer at all."""
    attributes, frames = _ATTRIBUTES.search(data), _WHOLE_FRAMES.search(data)
    kitty = _KITTY_KEYS.search(data)
    places = _PLACE.findall(data)
    if not (attributes or frames or kitty):
        return None
    return Answers(
        kitty_keys=True if kitty else False if attributes else None,
        synchronized_output=frames[1] in b"123" if frames else False if attributes else None,
        clipboard=True if attributes and _CLIPBOARD in attributes[1].split(b";") else None,
        true_colour=True if _COLOUR.search(data) else False if _NO_COLOUR.search(data) else None,
        emoji_widths=tuple(int(place) - 1 for place in places) if len(places) == len(_EMOJI) else None,
    )


def _is_terminal(stream: Any) -> bool:
    with suppress(ValueError, OSError, AttributeError):  # closed, or none
        return bool(stream.isatty())
    return False


def _is_in_foreground(descriptor: int) -> bool:
    """Whether the terminal is this job's: it would stop one in the background that changes its settings."""
    with suppress(OSError):  # the terminal controls no jobs
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    return True


def _multiplexer(environment: Mapping[str, str]) -> Multiplexer | None:
    if environment.get("TMUX"):
        return "tmux"
    return "screen" if environment.get("STY") else None


def _ask(source: int, target: int) -> Answers | None:
    with _unechoed(source):
        os.write(target, (QUERIES + _COLOUR_QUERY + _WIDTH_QUERIES + _ATTRIBUTES_QUERY).encode())
        return answers_in(_read_answers(source))


def _read_answers(source: int) -> bytes:
    data = b""
    deadline = time.monotonic() + ANSWER_S
    while not _ATTRIBUTES.search(data) and (left := deadline - time.monotonic()) > 0:
        if not select.select((source,), (), (), left)[0] or not (piece := os.read(source, 1024)):
            break
        data += piece
    return data


@contextmanager
def _unechoed(descriptor: int) -> Iterator[None]:
    """Have what the terminal sends neither shown nor kept until the end of a line."""
    import termios  # not on every system
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
