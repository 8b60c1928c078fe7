"""Colours of the log, taken from a Textual theme and bent until they can be read. Knows not how they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from textual.color import Color

TEXT_CONTRAST: Final = 7.0
"""Running text, where the theme's colours allow it at all (WCAG 2.2, AAA)."""
ACCENT_CONTRAST: Final = 4.5
"""Everything else that is read (WCAG 2.2, AA)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Rich colour names or hex codes; a background may be "default", the terminal's own."""

    background: str
    """What replies stand on."""
    user: str
    """Background of the user's own messages."""
    cursor: str
    """Background of the head of the message under the cursor."""
    fence: str
    """Background of code in replies."""
    user_fence: str
    selection: str
    text: str
    selection_text: str
    muted: str
    accent: str
    secondary: str
    """The bar of the message under the cursor."""
    success: str
    warning: str
    error: str
    tokens: tuple[str, str, str, str, str, str]
    """Code: keyword, function, type, string, number, comment."""
    pill: str
    pill_text: str


class ColorDepth(Enum):
    """What a terminal can show. What it can't is rounded, and would say what its author did not mean."""

    SIXTEEN = "standard"
    """The ANSI colours only."""
    CUBE = "256"
    """Few colours, but 24 greys."""
    ALL = "truecolor"


def from_theme(variables: Mapping[str, str], depth: ColorDepth = ColorDepth.ALL) -> Palette:
    """Return the palette of a theme, given the variables that Textual makes of it."""
    if variables["background"].startswith("ansi"):
        return ANSI_LIGHT if variables["ansi-background"] in _LIGHT_ANSI else ANSI_DARK
    background = Color.parse(variables["background"])
    dark = background.brightness < 0.5
    if depth is ColorDepth.SIXTEEN:
        return _SIXTEEN_DARK if dark else _SIXTEEN_LIGHT
    foreground = _legible(Color.parse(variables["foreground"]), [background], TEXT_CONTRAST)
    primary = Color.parse(variables["primary"])
    user = background.blend(primary, 0.16 if dark else 0.12)
    cursor = background.blend(foreground, 0.12)
    fence, user_fence = background.blend(foreground, 0.06), user.blend(foreground, 0.06)
    if depth is ColorDepth.CUBE:
        fence, user, user_fence, cursor = (_grey(background, steps, dark=dark) for steps in (1, 2, 3, 3))
    selection = background.blend(primary, 0.55 if dark else 0.35)
    grounds = [background, user, cursor, fence, user_fence]

    def hue(name: str) -> str:
        return _legible(Color.parse(variables[name]), grounds, ACCENT_CONTRAST).hex6

    accent = hue("primary")
    pill = Color.parse(accent)
    return Palette(
        background=background.hex6,
        user=user.hex6,
        cursor=cursor.hex6,
        fence=fence.hex6,
        user_fence=user_fence.hex6,
        selection=selection.hex6,
        text=_legible(foreground, grounds, TEXT_CONTRAST).hex6,
        selection_text=_legible(foreground, [selection], TEXT_CONTRAST).hex6,
        muted=_legible(background.blend(foreground, 0.55), grounds, ACCENT_CONTRAST).hex6,
        accent=accent,
        secondary=hue("accent"),
        success=hue("success"),
        warning=hue("warning"),
        error=hue("error"),
        tokens=_tokens(dark, grounds),
        pill=pill.hex6,
        pill_text=_legible(background, [pill], ACCENT_CONTRAST).hex6,
    )


def _grey(background: Color, steps: int, *, dark: bool) -> Color:
    """Return one of the 24 greys among the 256 colours, so many steps from the background: what tints are blended to
    would be rounded to it, or to a blue or yellow."""
    at = round((sum(background.rgb) / 3 - 8) / 10) + (steps if dark else -steps)
    level = 8 + 10 * max(0, min(23, at))
    return Color(level, level, level)


def _tokens(dark: bool, grounds: list[Color]) -> tuple[str, str, str, str, str, str]:
    names = _DARK_CODE if dark else _LIGHT_CODE
    first, second, third, fourth, fifth, sixth = (
        _legible(Color.parse(name), grounds, ACCENT_CONTRAST).hex6 for name in names
    )
    return first, second, third, fourth, fifth, sixth


_DARK_CODE: Final = ("#c792ea", "#82aaff", "#5fd3bc", "#c3d98b", "#f7a072", "#8a93a6")
_LIGHT_CODE: Final = ("#8250df", "#0550ae", "#0a6b5c", "#3f6212", "#a33d00", "#667085")


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _legible(color: Color, grounds: list[Color], ratio: float) -> Color:
    """Return the colour nearest to `color` that has `ratio` on all of `grounds`: lighter or darker, as they ask."""
    white, black = Color(255, 255, 255), Color(0, 0, 0)
    pole = max((white, black), key=lambda pole: min(contrast(pole, ground) for ground in grounds))
    for step in range(21):
        bent = color.blend(pole, step / 20)
        if all(contrast(bent, ground) >= ratio for ground in grounds):
            return bent
    return pole


_LIGHT_ANSI: Final = ("ansi_white", "ansi_bright_white")

ANSI_DARK: Final = Palette(
    background="default",
    user="default",
    cursor="default",
    fence="default",
    user_fence="default",
    selection="bright_blue",
    text="default",
    selection_text="black",
    muted="bright_black",
    accent="bright_blue",
    secondary="cyan",
    success="green",
    warning="yellow",
    error="red",
    tokens=("magenta", "bright_blue", "cyan", "green", "yellow", "bright_black"),
    pill="blue",
    pill_text="bright_white",
)

ANSI_LIGHT: Final = replace(
    ANSI_DARK,
    accent="blue",
    secondary="magenta",
    success="blue",
    warning="magenta",
    tokens=("magenta", "blue", "blue", "red", "magenta", "bright_black"),
)
"""Without yellow, cyan and green: terminals that have them legible on white are rare."""

_SIXTEEN_DARK: Final = replace(
    ANSI_DARK, background="black", user="black", cursor="black", fence="black", user_fence="black", text="white"
)
"""For a theme that is not the terminal's own: the ground that its background is rounded to."""
_SIXTEEN_LIGHT: Final = replace(
    ANSI_LIGHT,
    background="bright_white",
    user="bright_white",
    cursor="bright_white",
    fence="bright_white",
    user_fence="bright_white",
    text="black",
)
