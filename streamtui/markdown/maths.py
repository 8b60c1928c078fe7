r"""Find delimited maths: `\(x\)`, `\[x\]`, `$$x$$`, `$x$` and bare `\begin{…}` environments.

Within maths nothing is Markdown: `*`, `_`, `\` and lines of `=` or `-` belong to the formula. A dollar sign is taken
for a currency where what follows reads like prose or an amount.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OPENER = re.compile(r"\\\(|\\\[|\$\$?|\\begin\{([A-Za-z]+\*?)\}")
_DISPLAY = re.compile(r"(?<!\\)\\\[|\$\$|\\begin\{([A-Za-z]+\*?)\}")
_CLOSERS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$", "$": "$"}
_PROSE = re.compile(r"[\w\s,.;:'’!?/&-]*")
_WORD = re.compile(r"[^\W\d_]{3,}")
_AMOUNT = re.compile(r"\d[\d.,]*(?:[kKmMbB]\b)?(?=[\s,.;:!?)*–—-]|$)(?!\s*[-+*/=<>^_\\])")
_PLAIN_WORDS = re.compile(r"(?<![\\\w{])[^\W\d_]{2,}\s+[^\W\d_]{2,}")
_LATER_WORD = re.compile(r"^\d.*\s[^\W\d_]{2,}\b(?!\s*\{)", re.S)


class Formula(NamedTuple):
    """A formula within a text: offsets of the whole, and of what stands between its delimiters."""

    start: int
    end: int
    inner: tuple[int, int]
    is_display: bool
    """Whether it has lines of its own: then it may be set in rows."""
    is_complete: bool
    """Whether its closing delimiter has come."""


def formula_at(text: str, start: int, end: int) -> Formula | None:
    """Return the formula that begins at `start`, if one does; it goes to `end` at most.

    Display maths at the start of a line whose end is still to come takes all that follows, so nothing in it is read as
    Markdown for a while.
    """
    opener = _OPENER.match(text, start, end)
    if opener is None:
        return None
    mark, first = opener[0], opener.end()
    closer = f"\\end{{{opener[1]}}}" if opener[1] else _CLOSERS[mark]
    is_display = mark in ("\\[", "$$") or bool(opener[1])
    starts_line = is_display and _starts_line(text, start)
    last = _find_closer(text, closer, first, end)
    if last < 0:
        if starts_line:
            return Formula(start, end, (first, end), is_display=True, is_complete=False)
        return None
    inner = text[first:last]
    if not inner.strip() or not _is_maths(mark, inner, text, start, last):
        return None
    span = (start, last + len(closer)) if opener[1] else (first, last)
    stop = last + len(closer)
    return Formula(start, stop, span, starts_line and _ends_line(text, stop, end), is_complete=True)


def _find_closer(text: str, closer: str, first: int, end: int) -> int:
    """Return where the closing delimiter is, -1 if it isn't there; an escaped dollar closes nothing."""
    at = text.find(closer, first, end)
    while at > 0 and closer == "$" and text[at - 1] == "\\":
        at = text.find(closer, at + 1, end)
    return at


def _is_maths(mark: str, inner: str, text: str, start: int, last: int) -> bool:
    if mark == "$":
        return _is_dollar_maths(inner, text, start, last)
    if mark == "$$":
        return not inner.startswith("$")
    if mark == "\\(":
        follows_word = start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_")
        return not follows_word and not _is_escaped_prose(inner, digits=False)
    return mark != "\\[" or "\n" in inner or not _is_escaped_prose(inner, digits=True)


def _is_escaped_prose(inner: str, *, digits: bool) -> bool:
    r"""Whether brackets were only escaped, as in `\[sic\]` or `\[1\]`."""
    if not _PROSE.fullmatch(inner):
        return False
    return bool(_WORD.search(inner)) or (digits and inner.strip().isdigit()) or not inner.strip()


def _is_dollar_maths(inner: str, text: str, start: int, last: int) -> bool:
    if inner[0].isspace() or inner[-1].isspace() or inner[-1] == "\\" or "\n" in inner:
        return False
    after = text[last + 1 : last + 2]
    before = text[start - 1 : start] if start else ""
    if after.isalnum() or after == "$" or before.isalnum() or before in ("\\", "$"):
        return False
    if _AMOUNT.match(inner) and not inner.replace(".", "").isdigit():
        return False
    return not _PLAIN_WORDS.search(inner) and not _LATER_WORD.search(inner)


def _starts_line(text: str, start: int) -> bool:
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()


def closed_at(text: str, closer: str) -> int:
    """Return the offset after the `closer` of maths that `text` begins in, its length if that is not in it."""
    at = text.find(closer)
    return len(text) if at < 0 else at + len(closer)


def _ends_line(text: str, at: int, end: int) -> bool:
    stop = text.find("\n", at, end)
    return not text[at : end if stop < 0 else stop].strip(" .,;")


def awaited(line: str, closer: str = "") -> str:
    """Return the closing delimiter of display maths that is open at the end of `line`, "" if none is.

    `closer` is the one that was awaited before the line. Only an opener at the start or the end of a line opens maths
    of several lines, and none within a span of code.
    """
    at = 0
    while True:
        if closer:
            at = line.find(closer, at)
            if at < 0:
                return closer
            at += len(closer)
            closer = ""
        opener = _DISPLAY.search(line, at)
        if opener is None:
            return ""
        at = opener.end()
        if line.count("`", 0, opener.start()) % 2:
            continue
        closer = f"\\end{{{opener[1]}}}" if opener[1] else _CLOSERS[opener[0]]
        stands_out = not line[: opener.start()].strip() or not line[at:].strip()
        if not stands_out and closer not in line[at:]:
            closer = ""
