"""Inline Markdown to styled runs of text; knows no blocks and no widths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.links import is_openable
from streamtui.markdown.styles import Colors, Styles
from streamtui.markdown.wrap import Span

Run = tuple[str, Style]

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufeff]")
_BLANK = re.compile(r"[\t\n]")


def displayable(text: str) -> str:
    """Return `text` without anything a terminal could obey: control and bidi characters become U+FFFD."""
    if text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", text)


@cache
def parser() -> MarkdownIt:
    """Return the event loop's one Markdown parser."""
    return new_parser()


def new_parser() -> MarkdownIt:
    markdown = MarkdownIt("gfm-like", {"html": False})
    if markdown.linkify is not None:
        # "main.py" and "readme.md" are file names here, not hosts in Paraguay and Moldova.
        markdown.linkify.set({"fuzzy_link": False, "fuzzy_ip": False})
    return markdown


def inline_runs(source: str, references: Mapping[str, Any], styles: Styles, base: Style) -> list[Run]:
    """Return the text of `source` as the user sees it, in runs of one style; a hard break is a newline."""
    [token] = parser().parseInline(source, {"references": references})
    return _runs(token.children or [], styles, base)


def inline_text(source: str, references: Mapping[str, Any]) -> str:
    """Return the text of `source` as the user sees it, without its styles."""
    return "".join([text for text, _ in inline_runs(source, references, _unseen(), Style.null())])


@cache
def _unseen() -> Styles:
    return Styles.of(Colors())


_OPENERS = re.compile(r"\*(?=[^\s*]|$)|(?<!\w)_+(?=[^\s_]|$)|~~(?=\S|$)|`|\[(?![^\[\]]*\])")


_MARKS = re.compile(r"[*_~`\[]+")
_DENSE = 8
_NO_WORDS = re.compile(r"[*_~`\[\]()<>!:/\\]+")


def leaves_open(source: str, references: Mapping[str, Any]) -> bool:
    """Whether something in `source` could still turn out to be markup if more text followed.

    Taken for granted where nearly everything is a mark: that takes long to parse, and hardly ever is markup.
    """
    marks = len(_MARKS.findall(source))
    if not marks:
        return False
    if marks * _DENSE > len(source) > 256:
        return True
    [token] = parser().parseInline(source, {"references": references})
    return any(child.type == "text" and _OPENERS.search(child.content) for child in token.children or ())


def is_noise(source: str) -> bool:
    """Whether `source` is marks and next to no words: that takes the square of its length to parse."""
    return sum(map(len, _NO_WORDS.findall(source))) * 4 >= len(source) * 3


def _runs(tokens: list[Token], styles: Styles, base: Style) -> list[Run]:
    runs: list[Run] = []
    stack: list[Style] = []
    links: list[tuple[str, int]] = []
    style = base
    for token in tokens:
        kind = token.type
        if kind == "text":
            if token.content:
                runs.append((_shown(token.content), style))
        elif kind == "softbreak":
            runs.append((" ", style))
        elif kind == "hardbreak":
            runs.append(("\n", style))
        elif kind == "code_inline":
            runs.append((_shown(token.content), style + styles.code))
        elif kind == "image":
            runs += _image(token, styles, style)
        elif token.nesting == 1:
            stack.append(style)
            if kind == "link_open":
                href = str(token.attrs.get("href", ""))
                links.append((href, len(runs)))
                style = style + _link(styles.link, href) if is_openable(href) else style
            else:
                style += _part(kind, styles)
        elif token.nesting == -1:
            style = stack.pop()
            if kind == "link_close":
                runs += _target(*links.pop(), runs, style, styles)
        else:
            runs.append((_shown(token.content), style))
    return runs


def _part(kind: str, styles: Styles) -> Style:
    if kind == "em_open":
        return styles.em
    if kind == "strong_open":
        return styles.strong
    return styles.strike


def _shown(text: str) -> str:
    """Clean what entities and percent codes have brought back."""
    return text if text.isprintable() else displayable(_BLANK.sub(" ", text))


@lru_cache(1024)
def _link(style: Style, href: str) -> Style:
    return style + Style(meta={"href": href})


def _target(href: str, first: int, runs: list[Run], style: Style, styles: Styles) -> list[Run]:
    """Return what is shown after a link that can't be opened: where it points, unless its text says so."""
    if is_openable(href) or not href:
        return []
    if "".join(text for text, _ in runs[first:]) in (href, href.removeprefix("mailto:")):
        return []
    return [(f" ({_shown(href)})", style + styles.dim)]


def _image(token: Token, styles: Styles, style: Style) -> list[Run]:
    source = str(token.attrs.get("src", ""))
    host = _host(source)
    alt = _shown(token.content).replace("\n", " ")
    label = f"🖼 {alt} ({host})" if alt else f"🖼 {host}"
    if is_openable(source):
        style += _link(styles.link, source)
    return [(label, style)]


def _host(target: str) -> str:
    if not is_openable(target):
        return _shown(target)
    try:
        return _shown(urlsplit(target).hostname or target)
    except ValueError:
        return _shown(target)


def cut_runs(runs: list[Run], spans: list[Span]) -> list[list[Segment]]:
    """Return the segments of each span of the runs' joined text."""
    rows: list[list[Segment]] = []
    index = offset = 0  # offset: where runs[index] starts in the joined text
    for start, end, _ in spans:
        row: list[Segment] = []
        while index < len(runs) and offset + len(runs[index][0]) <= start:
            offset += len(runs[index][0])
            index += 1
        at, where = index, offset
        while at < len(runs) and where < end:
            text, style = runs[at]
            row.append(Segment(text[max(0, start - where) : end - where], style))
            where += len(text)
            at += 1
        rows.append(row)
    return rows
