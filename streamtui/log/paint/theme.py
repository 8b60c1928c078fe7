"""The styles of the log, made once per theme from its palette. Knows no widget and no message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from streamtui.log.paint.palette import Palette
from streamtui.markdown import Colors, Styles


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HeadStyles:
    """How the row that says who speaks is painted. Every style has a background."""

    ground: Style
    name: Style
    quiet: Style
    accent: Style


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoleStyles:
    """How the bubbles of one role are painted. Every style has a background."""

    text: Style
    bar: Style
    bar_current: Style
    head: HeadStyles
    head_current: HeadStyles
    """Under the message cursor."""
    quiet: Style
    accent: Style
    warning: Style
    error: Style
    link: Style
    markdown: Styles
    reasoning: Styles
    """The same, toned down."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Look:
    """Everything the log paints with; compared by identity."""

    background: Style
    selection: Style
    match: Style
    """A place that a search has found; laid over what is there."""
    match_current: Style
    pill: Style
    user: RoleStyles
    assistant: RoleStyles


@lru_cache(8)
def look(palette: Palette) -> Look:
    """Return the styles of `palette`; the same object for the same one."""
    return Look(
        background=Style(color=palette.text, bgcolor=palette.background),
        selection=Style(color=palette.selection_text, bgcolor=palette.selection),
        match=Style(underline=True, bold=True),
        match_current=Style(color=palette.selection_text, bgcolor=palette.selection, bold=True),
        pill=Style(color=palette.pill_text, bgcolor=palette.pill, bold=True, meta={"pill": True}),
        user=_role(palette, palette.user, palette.user_fence),
        assistant=_role(palette, palette.background, palette.fence),
    )


def _role(palette: Palette, ground: str, fence: str) -> RoleStyles:
    def on(color: str) -> Style:
        return Style(color=color, bgcolor=ground)

    return RoleStyles(
        text=on(palette.text),
        bar=on(palette.accent),
        bar_current=on(palette.secondary),
        head=_head(palette, ground),
        head_current=_head(palette, palette.cursor),
        quiet=on(palette.muted),
        accent=on(palette.accent),
        warning=on(palette.warning),
        error=on(palette.error),
        link=on(palette.accent) + Style(underline=True),
        markdown=_markdown(palette, palette.text, ground, fence, palette.accent),
        reasoning=_markdown(palette, palette.muted, ground, fence, palette.muted),
    )


def _head(palette: Palette, ground: str) -> HeadStyles:
    return HeadStyles(
        ground=Style(color=palette.text, bgcolor=ground),
        name=Style(color=palette.accent, bgcolor=ground, bold=True),
        quiet=Style(color=palette.muted, bgcolor=ground),
        accent=Style(color=palette.accent, bgcolor=ground),
    )


def _markdown(palette: Palette, text: str, ground: str, fence: str, accent: str) -> Styles:
    return Styles.of(
        Colors(
            text=text,
            tint=ground,
            fence_text=palette.text,
            fence=fence,
            code=text,
            accent=accent,
            muted=palette.muted,
            success=palette.success,
            error=palette.error,
            tokens=palette.tokens,
        )
    )
