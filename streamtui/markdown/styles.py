"""How each part of a Markdown document is painted; knows no theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from pygments.token import Token, _TokenType
from rich.style import Style


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Styles:
    """One Rich style per part; compared and hashed by identity, so build one per theme and keep it.

    `text` should carry a foreground and the background of the bubble: every other part is laid over it.
    `fence` likewise for code. No style may have a link: links travel as meta only.
    """

    text: Style
    em: Style
    strong: Style
    strike: Style
    code: Style
    h1: Style
    h2: Style
    h3: Style
    h4: Style
    h5: Style
    h6: Style
    link: Style
    bullet: Style
    task_open: Style
    task_done: Style
    quote: Style
    """The bar at the left of a quote."""
    rule: Style
    table_head: Style
    table_border: Style
    dim: Style
    fence: Style
    fence_head: Style
    """Number and language above a code block, laid over `text`."""
    fence_rule: Style
    fence_copy: Style
    wrap_mark: Style
    """The mark before the continuation of a code line, laid over `fence`."""
    tokens: Mapping[_TokenType, Style]
    """Laid over `fence`; a token without a style of its own takes its nearest ancestor's."""
    _resolved: dict[_TokenType, Style] = field(default_factory=dict, init=False, repr=False)

    def heading(self, level: int) -> Style:
        """Return the style of a heading of `level` 1 to 6."""
        return (self.h1, self.h2, self.h3, self.h4, self.h5, self.h6)[level - 1]

    def token(self, kind: _TokenType) -> Style:
        """Return the whole style of a piece of code, background included."""
        style = self._resolved.get(kind)
        if style is None:
            style = self._resolved[kind] = self._resolve(kind)
        return style

    def _resolve(self, kind: _TokenType) -> Style:
        ancestor: _TokenType | None = kind
        while ancestor is not None:
            if ancestor in self.tokens:
                return self.fence + self.tokens[ancestor]
            ancestor = ancestor.parent
        return self.fence

    @classmethod
    @cache
    def dark(cls) -> Styles:
        """Return a legible set for dark terminals."""
        return _make("#e0e0e0 on #121212", "#d2d2d2 on #1c1c1c", "#57a5e2", "#7a7a7a", "#ffb454 on #262626", _DARK)

    @classmethod
    @cache
    def light(cls) -> Styles:
        """Return a legible set for light terminals."""
        return _make("#1e1e1e on #ffffff", "#24292f on #f0f0f0", "#0550ae", "#6e6e6e", "#953800 on #ececec", _LIGHT)


_DARK = ("#c586c0", "#dcdcaa", "#4ec9b0", "#ce9178", "#b5cea8", "#7fa968")
_LIGHT = ("#8250df", "#6639ba", "#116329", "#0a3069", "#0550ae", "#59636e")


def _make(text: str, fence: str, accent: str, faint: str, code: str, palette: tuple[str, ...]) -> Styles:
    parse = Style.parse
    quiet = parse(faint)
    return Styles(
        text=parse(text),
        em=parse("italic"),
        strong=parse("bold"),
        strike=parse("strike"),
        code=parse(code),
        h1=parse(f"bold underline {accent}"),
        h2=parse(f"bold {accent}"),
        h3=parse(f"bold {accent}"),
        h4=parse("bold"),
        h5=parse("bold italic"),
        h6=parse("italic"),
        link=parse(f"underline {accent}"),
        bullet=parse(accent),
        task_open=parse(accent),
        task_done=parse(accent),
        quote=parse(accent),
        rule=quiet,
        table_head=parse(f"bold {accent}"),
        table_border=quiet,
        dim=quiet,
        fence=parse(fence),
        fence_head=quiet,
        fence_rule=quiet,
        fence_copy=parse(f"{accent}"),
        wrap_mark=quiet,
        tokens=_tokens(palette),
    )


def _tokens(palette: tuple[str, ...]) -> dict[_TokenType, Style]:
    keyword, function, kind, string, number, comment = map(Style.parse, palette)
    return {
        Token.Keyword: keyword,
        Token.Operator.Word: keyword,
        Token.Name.Tag: keyword,
        Token.Name.Function: function,
        Token.Name.Decorator: function,
        Token.Name.Class: kind,
        Token.Name.Builtin: kind,
        Token.Keyword.Type: kind,
        Token.Name.Attribute: kind,
        Token.Literal.String: string,
        Token.Literal.Number: number,
        Token.Comment: comment + Style(italic=True),
        Token.Generic.Deleted: Style.parse("red"),
        Token.Generic.Inserted: Style.parse("green"),
        Token.Generic.Heading: Style(bold=True),
        Token.Generic.Prompt: comment,
        Token.Generic.Output: comment,
    }
