"""Styles for the parts of a Markdown document; knows no theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pygments.token import Token, _TokenType
from rich.style import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Colors:
    """The colours of a document: names or hex codes, as Rich reads them."""

    text: str = "default"
    tint: str = "default"
    """The background of the bubble."""
    fence_text: str = "default"
    fence: str = "default"
    """The background of code."""
    code: str = "default"
    """Code within a line of text."""
    accent: str = "default"
    muted: str = "default"
    success: str = "default"
    error: str = "default"
    tokens: tuple[str, str, str, str, str, str] = ("default",) * 6
    """Code: keyword, function, type, string, number, comment."""


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
    def of(cls, colors: Colors) -> Styles:
        """Return the styles that these colours make."""
        quiet = Style(color=colors.muted)
        marked = Style(color=colors.accent)
        return cls(
            text=Style(color=colors.text, bgcolor=colors.tint),
            em=Style(italic=True),
            strong=Style(bold=True),
            strike=Style(strike=True),
            code=Style(color=colors.code, bgcolor=colors.fence),
            h1=marked + Style(bold=True),
            h2=Style(bold=True),
            h3=Style(bold=True),
            h4=Style(bold=True, italic=True),
            h5=Style(italic=True),
            h6=Style(italic=True),
            link=Style(color=colors.accent, underline=True),
            bullet=marked,
            task_open=quiet,
            task_done=Style(color=colors.success),
            quote=marked,
            rule=quiet,
            table_head=Style(bold=True),
            table_border=quiet,
            dim=quiet,
            fence=Style(color=colors.fence_text, bgcolor=colors.fence),
            fence_head=quiet,
            fence_rule=quiet,
            fence_copy=marked,
            wrap_mark=quiet,
            tokens=_tokens(colors),
        )


def _tokens(colors: Colors) -> dict[_TokenType, Style]:
    keyword, function, kind, string, number, comment = (Style(color=color) for color in colors.tokens)
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
        Token.Generic.Deleted: Style(color=colors.error),
        Token.Generic.Inserted: Style(color=colors.success),
        Token.Generic.Heading: Style(bold=True),
        Token.Generic.Prompt: comment,
        Token.Generic.Output: comment,
    }
