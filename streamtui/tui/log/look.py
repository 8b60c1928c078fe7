"""The styles of the log, made once per theme from its palette. Knows no widget and no message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pygments.token import Token, _TokenType
from rich.style import Style

from streamtui.markdown import Styles
from streamtui.tui.log.palette import Palette


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tone:
    """How the bubbles of one role are painted. Every style has a background."""

    text: Style
    bar: Style
    bar_current: Style
    name: Style
    quiet: Style
    accent: Style
    warning: Style
    error: Style
    markdown: Styles
    thoughts: Styles
    """For reasoning: the same, toned down."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Look:
    """Everything the log paints with; compared by identity."""

    background: Style
    selection: Style
    pill: Style
    user: Tone
    assistant: Tone


@lru_cache(8)
def look(palette: Palette) -> Look:
    """Return the styles of `palette`; the same object for the same one."""
    return Look(
        background=Style(color=palette.text, bgcolor=palette.background),
        selection=Style(color=palette.selection_text, bgcolor=palette.selection),
        pill=Style(color=palette.pill_text, bgcolor=palette.pill, bold=True, meta={"pill": True}),
        user=_tone(palette, palette.user, palette.user_fence, palette.secondary),
        assistant=_tone(palette, palette.assistant, palette.assistant_fence, palette.accent),
    )


def _tone(palette: Palette, tint: str, fence: str, accent: str) -> Tone:
    def on(color: str, **attributes: bool) -> Style:
        return Style(color=color, bgcolor=tint, **attributes)  # type: ignore[arg-type]

    return Tone(
        text=on(palette.text),
        bar=on(accent),
        bar_current=on(palette.warning),
        name=on(accent, bold=True),
        quiet=on(palette.muted),
        accent=on(accent),
        warning=on(palette.warning),
        error=on(palette.error),
        markdown=_markdown(palette, palette.text, tint, fence, accent),
        thoughts=_markdown(palette, palette.muted, tint, fence, palette.muted),
    )


def _markdown(palette: Palette, text: str, tint: str, fence: str, accent: str) -> Styles:
    quiet = Style(color=palette.muted)
    marked = Style(color=accent)
    heading = Style(color=accent, bold=True)
    return Styles(
        text=Style(color=text, bgcolor=tint),
        em=Style(italic=True),
        strong=Style(bold=True),
        strike=Style(strike=True),
        code=Style(color=palette.warning if text == palette.text else text, bgcolor=fence),
        h1=heading + Style(underline=True),
        h2=heading,
        h3=heading,
        h4=Style(bold=True),
        h5=Style(bold=True, italic=True),
        h6=Style(italic=True),
        link=Style(color=accent, underline=True),
        bullet=marked,
        task_open=quiet,
        task_done=Style(color=palette.success),
        quote=marked,
        rule=quiet,
        table_head=heading,
        table_border=quiet,
        dim=quiet,
        fence=Style(color=palette.text, bgcolor=fence),
        fence_head=quiet,
        fence_rule=quiet,
        fence_copy=marked,
        wrap_mark=quiet,
        tokens=_tokens(palette),
    )


def _tokens(palette: Palette) -> dict[_TokenType, Style]:
    keyword, function, kind, string, number, comment = (Style(color=color) for color in palette.tokens)
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
        Token.Generic.Deleted: Style(color=palette.error),
        Token.Generic.Inserted: Style(color=palette.success),
        Token.Generic.Heading: Style(bold=True),
        Token.Generic.Prompt: comment,
        Token.Generic.Output: comment,
    }
