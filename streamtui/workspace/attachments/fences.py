"""Text of a file as a prompt shows it to a model: its name, and a fence that nothing in the text can close."""

import re
from typing import Final

from streamtui.chat.sanitize import sanitize, sanitize_line

_TICKS: Final = re.compile("`{3,}")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#_-]{1,12}")


def fenced(name: str, text: str, language: str | None = None) -> str:
    """Return the text under its name, in a fence longer than any in it; its language is that of the name's ending."""
    text = sanitize(text)
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in _TICKS.findall(text)), default=0))
    end = "" if text.endswith("\n") else "\n"
    return f"{sanitize_line(name)}:\n{fence}{_language(name) if language is None else language}\n{text}{end}{fence}"


def _language(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot and _LANGUAGE.fullmatch(ending) else ""
