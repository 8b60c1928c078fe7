"""Tell hard-wrapped prose from lines that are lines.

A line of a paragraph is a row of its own, since models write addresses, verses, `key: value` lines, logs, trees and
data without Markdown's marks. The exception is prose wrapped at a column, which flows to the width of the screen:

- Every line but the last is nearly as wide as the widest, which has 56 to 102 cells: the first word of the next line
  would not have fitted.
- None starts like an entry (a bullet, a time, a bracket, a prompt), few like `key:`, none is indented on its own.
- At least half of the breaks are within a sentence: the line has no end mark, the next starts in lower case, or in a
  script without case.

So these stay two rows:

    **Name:** Ada                 $ ls -la                    2026-11-27 12:00:01 INFO the server has started on port 80
    **Born:** 1815                total 8                     2026-11-27 12:00:02 INFO the first client is connected now

and these flow, joined by a space, or by nothing between CJK characters:

    A paragraph that somebody has wrapped at the seventy-second column, as
    mail and commit messages are, is one paragraph.
"""

from __future__ import annotations

import re
from itertools import pairwise

from rich.cells import cell_len

_LEAST, _MOST = 56, 102
"""Cells of the widest line of hard-wrapped prose."""
_WIDE_SLACK = 6
"""Cells by which wide text may fall short: two signs that must not start or end a line, and a narrow one."""
_FEWEST_WORDS = 6
_HANGING = 3
"""Spaces that all lines after the first may be indented by, as in a list item."""
_ENTRY = re.compile(
    r"""\[(?![^\]]*\][(\[]) | [*+]\s | [•◦▪‣·●○■□–—>|\#$%@{}</\\~=:;└├│╰╭☐☑✓✔✗✘→⇒]   # a bullet, a prompt, data
    |-\s | \d{1,9}[.)]\s | \(?[a-zA-Z\d]{1,2}\)\s              # an item
    |\d{1,4}[-:/.]\d | [\d#*]\ufe0f?\u20e3 | [\U0001f000-\U0001faff\u2600-\u27bf]   # a time, a keycap, an emoji
    """,
    re.X,
)
_KEY = re.compile(r"[*_]{0,2}\w[\w-]*(?: [\w-]+){0,2}:[*_]{0,2}(?:\s|$)")
_END = re.compile(r"""[.!?:;。！？：；…]["'”’)\]*_`」』）]*$""")
_UNSPACED = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_HARD_BREAK = re.compile(r"(?: {2,}|\\)$")


def is_hard_wrapped(text: str) -> bool:
    """Whether the lines of a paragraph's `text` are prose that was wrapped at a column."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) < 2:
        return False
    hard = [bool(_HARD_BREAK.search(line)) for line in lines[:-1]]
    lines = _without_hanging_indent(lines)
    widest = max(map(cell_len, lines))
    if not _LEAST <= widest <= _MOST or any(map(_is_entry, lines)):
        return False
    if sum(_KEY.match(line) is not None for line in lines) * 2 > len(lines):
        return False
    soft = [pair for pair, is_hard in zip(pairwise(lines), hard, strict=True) if not is_hard]
    if not soft or not all(_is_full(before, after, widest) for before, after in soft):
        return False
    return sum(_runs_on(before, after) for before, after in soft) * 2 >= len(soft)


def joins_without_space(before: str, after: str) -> bool:
    """Whether the characters `before` and `after` a line's end stand side by side once the lines are joined."""
    return is_unspaced(before) and is_unspaced(after)


def is_unspaced(char: str) -> bool:
    """Whether `char` belongs to a script that sets no spaces between words, or to its punctuation."""
    return _UNSPACED.match(char) is not None


def _without_hanging_indent(lines: list[str]) -> list[str]:
    rest = [line for line in lines[1:] if line.strip()]
    indent = min((len(line) - len(line.lstrip(" ")) for line in rest), default=0)
    first, *others = lines
    stripped = [line[indent:] if indent <= _HANGING else line for line in others]
    return [line.rstrip(" \\") for line in (first.lstrip(" "), *stripped)]


def _is_entry(line: str) -> bool:
    return not line or line[0] == " " or _ENTRY.match(line) is not None


def _is_full(before: str, after: str, widest: int) -> bool:
    """Whether the first word of `after` would have made the line `before` wider than `widest`."""
    width = cell_len(before)
    if is_unspaced(before[-1]) or is_unspaced(after[0]):
        return width + _WIDE_SLACK >= widest
    words = before.split()
    return len(words) >= _FEWEST_WORDS and width + 1 + cell_len(after.split(None, 1)[0]) > widest


def _runs_on(before: str, after: str) -> bool:
    first = after.lstrip("*_`([\"'“‘")[:1]
    return not _END.search(before) and first.isalpha() and (first.islower() or not first.isupper())
