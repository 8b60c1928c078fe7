"""Markdown as text: its fenced code, and how to put several texts into one document without one swallowing another."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_PROBE: Final = "\ue000"
"""A paragraph that stands after a text as what follows would."""
_HTML_CLOSERS: Final = ("-->", "?>", "]]>", ">", "</script>", "</style>", "</pre>", "</textarea>")
"""Ends of the HTML blocks that a blank line doesn't end (CommonMark 4.6, kinds 1 to 5)."""
_FOLDING_TAG: Final = re.compile(r"<(?=(/?)(?:details|summary)\b)", re.IGNORECASE)
_BACKTICKS: Final = re.compile(r"`{3,}")
_MAY_STAY_OPEN: Final = re.compile(r"<|`{3}|~{3}")
"""What every block has that goes on behind a blank line and a line without indentation: HTML, or a fence."""


def last_fence(text: str) -> str | None:
    """Return what the last fenced code block holds, its last newline included; `None` where there is none."""
    codes = [token.content for token in _parse(text) if token.type == "fence"]
    return codes[-1] if codes else None


def closed(text: str) -> str:
    """Return the text so that whatever follows it, after a blank line, is no part of it.

    A fence or an HTML block that is open gets its end; `<details>` that don't match are shown as they are written.
    """
    if not _MAY_STAY_OPEN.search(text):
        return text
    text = _with_folds_matched(text)
    if _is_closed(text):
        return text
    fences = [token.markup for token in _parse(text) if token.type == "fence"]
    for closer in (*fences[-1:], *_HTML_CLOSERS):
        if _is_closed(candidate := f"{text.rstrip()}\n{closer}"):
            return candidate
    return _fenced(text)


def _parse(text: str) -> "list[Token]":
    return _parser().parse(text)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # 20 ms that commands without Markdown are spared

    return MarkdownIt("commonmark")


def _is_closed(text: str) -> bool:
    tokens = _parse(f"{text}\n\n{_PROBE}")
    if len(tokens) < 3:
        return False
    start, inline, _ = tokens[-3:]
    return start.type == "paragraph_open" and start.level == 0 and inline.content == _PROBE


def _with_folds_matched(text: str) -> str:
    """Return the text with the tags of its `<details>` escaped, unless each one that opens is closed after it."""
    depth = 0
    for html in _html(_parse(text)):
        for tag in re.finditer(r"<(/?)details\b", html, re.IGNORECASE):
            depth += -1 if tag[1] else 1
            if depth < 0:
                return _escaped(text)
    return text if depth == 0 else _escaped(text)


def _html(tokens: "Sequence[Token]") -> list[str]:
    inline = [child for token in tokens for child in token.children or ()]
    return [token.content for token in (*tokens, *inline) if token.type in ("html_block", "html_inline")]


def _escaped(text: str) -> str:
    lines = text.split("\n")
    code = {
        number
        for token in _parse(text)
        if token.type in ("fence", "code_block") and token.map
        for number in range(*token.map)
    }
    return "\n".join(line if number in code else _FOLDING_TAG.sub("&lt;", line) for number, line in enumerate(lines))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"
