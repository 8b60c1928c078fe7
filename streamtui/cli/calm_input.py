"""Lines from the keyboard, edited as in a shell. Nothing but the line being typed is ever written again."""

import os
import select
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

_BURST_S: Final = 0.02
"""Within which the next line of a paste is there, and no typed one."""
_CONTINUED: Final = "\\"
_SETTINGS: Final = (
    "tab: self-insert",
    "set bell-style none",
    "set show-mode-in-prompt off",
    "set enable-active-region off",
)


class LineInput:
    """Reads prompts and answers. Of several lines that are pasted at once it makes one prompt."""

    def __init__(self, history: Iterable[str] = ()) -> None:
        """`history` are earlier prompts, oldest first."""
        self._readline: Any = _readline()
        self._prefilled = ""
        self._is_reading = False
        if self._readline is None:
            return
        self._readline.set_startup_hook(self._prefill)
        self._readline.set_auto_history(False)
        for prompt in history:
            self.remember(prompt)

    def read(self, prompt: str, prefilled: str = "") -> str:
        """Return what is typed, all its lines. Raises `EOFError` at the end of the input, and `KeyboardInterrupt`."""
        self._prefilled = prefilled
        is_ahead = _is_waiting(0)
        text = self._line(prompt)
        while text.endswith(_CONTINUED) or (not is_ahead and _is_waiting(_BURST_S)):
            text = f"{text.removesuffix(_CONTINUED)}\n{self._line('')}"
        self.remember(text)
        return text

    def ask(self, question: str, prefilled: str = "") -> str:
        """Return an answer, which is no part of the history. Raises as `read` does."""
        self._prefilled = prefilled
        return self._line(question)

    def remember(self, prompt: str) -> None:
        """Put a prompt on top of the history."""
        if self._readline is not None and prompt.strip():
            self._readline.add_history(prompt)

    @property
    def is_broken_off(self) -> bool:
        """Whether a signal has ended the reading of a line."""
        return self._is_reading

    @property
    def unsent(self) -> str:
        """What stands in the line, where a signal has ended the reading."""
        return str(self._readline.get_line_buffer()) if self._is_reading and self._readline is not None else ""

    def _line(self, prompt: str) -> str:
        self._is_reading = True
        try:
            line = input(prompt)
        except EOFError:
            self._is_reading = False
            raise
        except KeyboardInterrupt:
            self.remember(self.unsent)
            self._is_reading = False
            raise
        self._is_reading = False
        return line.replace("\r\n", "\n").replace("\r", "\n")

    def _prefill(self) -> None:
        text, self._prefilled = self._prefilled, ""
        if text:
            self._readline.insert_text(text)


def _readline() -> Any:
    """Return Python's line editor, set up; `None` where it was built without one."""
    try:
        import readline
    except ImportError:
        return None
    can_bracket = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    for setting in (*_SETTINGS, f"set enable-bracketed-paste {'on' if can_bracket else 'off'}"):
        with suppress(Exception):  # other editors that stand in for it know other settings
            readline.parse_and_bind(setting)
    return readline


def _is_waiting(seconds: float) -> bool:
    """Return whether more input is there, or comes within so many seconds."""
    try:
        return bool(select.select([sys.stdin], [], [], seconds)[0])
    except (OSError, ValueError):
        return False
