"""The one gate for foreign text: what passes here can be drawn, stored and sent on, and is never a terminal command.

Models, servers, files, pastes, names and configuration all come in through `sanitize` or a `Sanitizer`. The rule works
on single characters, never on escape sequences, so no fragmentation of the input can slip one through.
"""

import re
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands where a control character or a lone surrogate stood."""

_FLAG: Final = "\N{WAVING BLACK FLAG}"
_CANCEL_TAG: Final = "\U000e007f"
_LONGEST_FLAG: Final = 7
"""Tag characters in the longest subdivision flag: six of the region's name and the cancel tag (UTS #51, ED-14a)."""

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_DROPPED = "\u202a-\u202e\u2066-\u2069\ufeff"
_TAGS = "\U000e0000-\U000e007f"
_FOREIGN = re.compile(f"[{_CONTROL}\r\u2028\u2029\ud800-\udfff{_DROPPED}{_TAGS}{_FLAG}]")
_SIMPLE = re.compile(f"[{_CONTROL}\ud800-\udfff]|[{_DROPPED}]")
_SEPARATORS = str.maketrans({"\u2028": "\n", "\u2029": "\n"})
_RARE = re.compile(f"{_FLAG}[{_TAGS}]*|[{_TAGS}]")
_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")


class Sanitizer:
    """Clean a stream of text fragments.

    The joined output equals `sanitize` of the joined input, for every fragmentation. At most one character (a high
    surrogate that waits for its partner) is held back between calls; `close` gives it up.
    """

    __slots__ = ("_after_cr", "_flag_room", "_high")

    def __init__(self) -> None:
        self._after_cr = False
        self._high = ""
        self._flag_room = 0

    def feed(self, text: str) -> str:
        """Return what of `text` may pass."""
        return text if self.passes(text) else self._feed_slowly(text)

    def passes(self, text: str) -> bool:
        """Return whether `feed` would return `text` as it is, and keep nothing of it."""
        return not (self._after_cr or self._high or self._flag_room) and _FOREIGN.search(text) is None

    def close(self) -> str:
        """Return the replacement for a surrogate that stayed alone, and start afresh."""
        held, self._high = self._high, ""
        self._after_cr, self._flag_room = False, 0
        return REPLACEMENT if held else ""

    def _feed_slowly(self, text: str) -> str:
        if not text:
            return text
        text = self._newlines(self._surrogates(text))
        return _SIMPLE.sub(_replace, self._tags(text))

    def _surrogates(self, text: str) -> str:
        text, self._high = self._high + text, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return _PAIR.sub(_join, text)

    def _newlines(self, text: str) -> str:
        if not text:
            return text
        if self._after_cr and text[0] == "\n":
            text = text[1:]
            self._after_cr = False
        if text:
            self._after_cr = text[-1] == "\r"
        return text.replace("\r\n", "\n").replace("\r", "\n").translate(_SEPARATORS)

    def _tags(self, text: str) -> str:
        if not text:
            return text
        head = 0
        while self._flag_room and head < len(text) and _is_tag(text[head]):
            self._flag_room = 0 if text[head] == _CANCEL_TAG else self._flag_room - 1
            head += 1
        kept = text[:head]
        if head < len(text):
            self._flag_room = 0
        return kept + _RARE.sub(self._flag, text[head:])

    def _flag(self, match: re.Match[str]) -> str:
        """Keep a flag with its tags, at most up to the cancel tag; drop tags that belong to no flag."""
        run = match[0]
        if run[0] != _FLAG:
            return ""
        end = run.find(_CANCEL_TAG) + 1 or len(run)
        end = min(end, _LONGEST_FLAG + 1)
        at_the_end = match.end() == len(match.string)
        if at_the_end and end == len(run) and run[-1] != _CANCEL_TAG:
            self._flag_room = _LONGEST_FLAG + 1 - end
        return run[:end]


def sanitize(text: str) -> str:
    """Return `text` with nothing left in it that a terminal, a bidi algorithm or a database would trip over.

    Control characters and lone surrogates become U+FFFD (tab and newline stay; CR, CRLF and the Unicode line and
    paragraph separators become newline); bidi embeddings, overrides and isolates, the byte order mark, and tag
    characters outside a flag are dropped; surrogate pairs are joined.
    """
    if _FOREIGN.search(text) is None:
        return text
    cleaner = Sanitizer()
    return cleaner.feed(text) + cleaner.close()


def sanitize_line(text: str, limit: int = 400) -> str:
    """Return `text` as one cleaned line of at most `limit` characters: for titles, names and error messages."""
    line = " ".join(sanitize(text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _is_tag(character: str) -> bool:
    return "\U000e0000" <= character <= "\U000e007f"


def _join(match: re.Match[str]) -> str:
    return (match[1] + match[2]).encode("utf-16", "surrogatepass").decode("utf-16")


def _replace(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\ufeff" or "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069":
        return ""
    return REPLACEMENT
