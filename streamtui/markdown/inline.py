"""Inline Markdown to styled runs of text; knows no blocks and no widths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.formulas import set_formula
from streamtui.markdown.inline_rules import MATHS, new_parser
from streamtui.markdown.links import is_openable
from streamtui.markdown.maths import Formula
from streamtui.markdown.reflow import joins_without_space
from streamtui.markdown.styles import Colors, Styles
from streamtui.markdown.wrap import Span

Run = tuple[str, Style]

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff\ufeff]")
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


def inline_runs(
    source: str, references: Mapping[str, Any], styles: Styles, base: Style, *, reflows: bool = False
) -> list[Run]:
    """Return the text of `source` as the user sees it, in runs of one style; a break is a newline.

    `reflows`: soft breaks join their lines.
    """
    return _Runs(styles, base, reflows=reflows).of(tokens_of(source, references))


def cell_runs(source: str, references: Mapping[str, Any], styles: Styles, base: Style) -> list[Run]:
    """Return the text of a table's cell, in which `<br>` is a break, unless it is all there is."""
    if len(source) > _LONGEST_NOISE and is_noise(source):
        return [(_shown(source), base)]
    is_tag = _BREAK_TAG.fullmatch(source.strip()) is not None
    return _Runs(styles, base, is_cell=True, breaks_at_tags=not is_tag).of(tokens_of(source, references))


def tokens_of(source: str, references: Mapping[str, Any]) -> list[Token]:
    """Return the inline tokens of `source`."""
    [token] = parser().parseInline(source, {"references": references})
    return token.children or []


def cell_text(source: str, references: Mapping[str, Any]) -> str:
    """Return the text of a table's cell as the user sees it, without its styles."""
    return "".join([text for text, _ in cell_runs(source, references, _unseen(), Style.null())])


@cache
def _unseen() -> Styles:
    return Styles.of(Colors())


_LONGEST_NOISE = 512
_DATA = re.compile(r"data:([\w/.+-]+);base64,([A-Za-z\d+/=]*)(?:~(\d+)~)?")
"""An embedded image, `~number~` for the characters that its paragraph has folded."""
_BREAK_TAG = re.compile(r"<br\s*/?>", re.I)

_OPENERS = re.compile(
    r"\*(?=[^\s*]|$)|(?<!\w)_+(?=[^\s_]|$)|~~(?=\S|$)|`"
    r"|\[(?![^\[\]]*\])|\]\([^()]*(?:\([^()]*\)[^()]*)*$|\]\(<[^<>]*$|\[[^\[\]]*\]$"  # a link's text, its target
    r"|\\[(\[]|\$\$|\$(?=\S)[^\n$]*$|<[a-z/!][^<>]*$",  # maths, a tag
    re.I,
)

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
    tokens = tokens_of(source, references)
    if tokens and tokens[-1].type == MATHS and not _formula(tokens[-1]).is_complete:
        return True
    return any(_OPENERS.search(text) for text in _texts(tokens))


def _texts(tokens: list[Token]) -> Iterator[str]:
    """Yield what is text between other tokens, its lines together."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "text":
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append("\n")
        else:
            yield "".join(parts)
            parts = []
    yield "".join(parts)


def is_noise(source: str) -> bool:
    """Whether `source` is marks and next to no words: that takes the square of its length to parse."""
    return sum(map(len, _NO_WORDS.findall(source))) * 4 >= len(source) * 3


class _Runs:
    """Collects the runs of inline tokens."""

    def __init__(
        self, styles: Styles, base: Style, *, reflows: bool = False, is_cell: bool = False, breaks_at_tags: bool = False
    ) -> None:
        self._styles = styles
        self._style = base
        self._reflows = reflows
        self._is_cell = is_cell
        self._breaks_at_tags = breaks_at_tags
        self._runs: list[Run] = []
        self._outer: list[Style] = []  # the styles around the open tokens
        self._links: list[tuple[str, str, int]] = []  # target and title of open links, and the first run of each
        self._joints: list[int] = []  # runs that stand for a soft break

    def of(self, tokens: list[Token]) -> list[Run]:
        """Return the runs of `tokens`."""
        for token in tokens:
            if token.nesting == 1:
                self._open(token)
            elif token.nesting == -1:
                self._close(token)
            else:
                self._add(token)
        for index in self._joints:
            self._join(index)
        return self._runs

    def _add(self, token: Token) -> None:
        runs, style = self._runs, self._style
        match token.type:
            case "text":
                if token.content:
                    runs.append((_shown(token.content), style))
            case "softbreak":
                if self._reflows:
                    self._joints.append(len(runs))
                runs.append(("\n", style))
            case "hardbreak":
                runs.append(("\n", style))
            case "code_inline":
                runs.append((_shown(token.content), style + self._styles.code))
            case "image":
                runs += _image(token, self._styles, style, is_linked=bool(self._links))
            case "maths":
                runs.append((self._maths(token), style + Style(meta={"source": token.content})))
            case "html_inline" if self._breaks_at_tags and _BREAK_TAG.fullmatch(token.content):
                runs.append(("\n", style))
            case _:
                runs.append((_with_lines(token.content), style))

    def _maths(self, token: Token) -> str:
        """Return a formula as Unicode, as written where that has no exact form or its end is still to come."""
        formula = _formula(token)
        first, last = (at - formula.start for at in formula.inner)
        text = None
        if formula.is_complete:
            text = set_formula(token.content[first:last], is_display=formula.is_display and not self._is_cell)
        return _with_lines(token.content if text is None else text)

    def _open(self, token: Token) -> None:
        self._outer.append(self._style)
        if token.type != "link_open":
            self._style += _part(token.type, self._styles)
            return
        href = str(token.attrs.get("href", ""))
        title = "" if token.meta.get("label") else str(token.attrs.get("title", ""))  # a definition shows its own
        self._links.append((href, title, len(self._runs)))
        if is_openable(href):
            self._style += _link(self._styles.link, href)

    def _close(self, token: Token) -> None:
        inner, self._style = self._style, self._outer.pop()
        if token.type != "link_close":
            return
        href, title, first = self._links.pop()
        if len(self._runs) == first:
            self._runs.append((_shown(href), inner))
        self._runs += _target(href, title, self._runs[first:], self._style, self._styles)

    def _join(self, index: int) -> None:
        """Make the soft break at `index` the joint of two lines of one paragraph."""
        style = self._runs[index][1]
        before = "".join([text for text, _ in self._runs[max(0, index - 3) : index]])[-1:]
        for at in range(index + 1, len(self._runs)):
            text, other = self._runs[at]
            self._runs[at] = (text.lstrip(" "), other)
            if self._runs[at][0]:
                break
        after = "".join([text for text, _ in self._runs[index + 1 : index + 4]])[:1]
        is_bare = joins_without_space(before, after or before) if before else True
        self._runs[index] = ("" if is_bare else " ", style)


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


def _target(href: str, title: str, runs: list[Run], style: Style, styles: Styles) -> list[Run]:
    """Return what is shown after a link: where it points, if it can't be opened and its text says else; its title."""
    text = "".join([text for text, _ in runs])
    is_told = is_openable(href) or text in (href, href.removeprefix("mailto:"))
    notes = [note for note in ("" if is_told else href, title) if note]
    return [(f" ({_shown(', '.join(notes))})", style + styles.dim)] if notes else []


def _with_lines(text: str) -> str:
    """Clean text that is shown as typed, its line ends included."""
    return "\n".join(map(_shown, text.split("\n")))


def _formula(token: Token) -> Formula:
    formula = token.meta[MATHS]
    assert isinstance(formula, Formula)
    return formula


def _image(token: Token, styles: Styles, style: Style, *, is_linked: bool) -> list[Run]:
    """Return what stands for an image; within a link it opens what the link does."""
    source = str(token.attrs.get("src", ""))
    host = _host(source)
    alt = _shown("".join(["\n" if part.type == "softbreak" else part.content for part in token.children or ()]))
    title = _shown(str(token.attrs.get("title", "")))
    about = f"{host}, {title}" if title else host
    label = f"🖼 {alt} ({about})" if alt else f"🖼 {about}"
    if is_openable(source) and not is_linked:
        style += _link(styles.link, source)
    return [(label, style)]


def _host(target: str) -> str:
    """Return what is shown of an image's address: its host, or the kind and size of embedded data."""
    if data := _DATA.match(target):
        size = (len(data[2]) + int(data[3] or 0)) * 3 // 4
        return f"data:{data[1]}, {f'{size / 1000:.0f} kB' if size >= 1000 else f'{size} B'}"
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
