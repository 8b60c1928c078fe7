"""Link reference definitions: `[label]: target "title"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference

References = dict[str, Any]
"""As markdown-it keeps them: by normalised label."""

_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]", re.S)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")
_FOOTNOTE_LINE = re.compile(r"^\[\^[^\]\s]+\]:", re.M)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("zero").enable("reference")


def is_footnote(line: str) -> bool:
    """Whether `line` starts a footnote, which is shown as it is written."""
    return line.startswith("[^") and _FOOTNOTE.match(line) is not None


def labels(text: str) -> Iterator[str]:
    """Yield the labels that `text` may refer to."""
    for match in _LABEL.finditer(text):
        yield normalizeReference(match[1])


def definitions(text: str, *, final: bool) -> tuple[References, int]:
    """Return the definitions that a paragraph starts with, and how many of its characters they take.

    Unless `final`, a definition counts only if a title on the next line could no longer belong to it.
    """
    footnote = _FOOTNOTE_LINE.search(text)
    head = text[: footnote.start()] if footnote else text
    if not head.startswith("[") or "]:" not in head:
        return {}, 0
    env: dict[str, Any] = {}
    tokens = _parser().parse(head, env)
    entries: References = env.get("references", {})
    if not entries:
        return {}, 0
    ends = [entry["map"][1] for entry in (*entries.values(), *env.get("duplicate_refs", ()))]
    end = max(ends) if not tokens else min(tokens[0].map[0] if tokens[0].map else 0, max(ends))
    if not final:
        lines = text.count("\n")
        settled = [stop for stop in ends if stop < lines]
        end = max(settled, default=0)
        entries = {label: entry for label, entry in entries.items() if entry["map"][1] <= end}
    return entries, _offset(text, end)


def _offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return at
