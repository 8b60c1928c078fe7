"""The styles of the log, made once per theme from its palette. Knows no widget and no message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from streamtui.log.palette import Palette
from streamtui.markdown import Colors, Styles


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoleStyles:
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
    user: RoleStyles
    assistant: RoleStyles


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


def _tone(palette: Palette, tint: str, fence: str, accent: str) -> RoleStyles:
    def on(color: str, **attributes: bool) -> Style:
        return Style(color=color, bgcolor=tint, **attributes)  # type: ignore[arg-type]

    return RoleStyles(
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
    return Styles.of(
        Colors(
            text=text,
            tint=tint,
            fence_text=palette.text,
            fence=fence,
            code=palette.warning if text == palette.text else text,
            accent=accent,
            muted=palette.muted,
            success=palette.success,
            error=palette.error,
            tokens=palette.tokens,
        )
    )
