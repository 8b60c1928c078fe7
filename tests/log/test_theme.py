"""Every theme that comes with Textual can be read, and another one shows at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import partial

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from streamtui.log.paint.palette import ACCENT_CONTRAST, TEXT_CONTRAST, ColorDepth, contrast, from_theme
from streamtui.log.paint.theme import HeadStyles, Look, RoleStyles, look
from streamtui.markdown import Styles
from streamtui.tui.paper import PAPER
from tests.log.conftest import Reader, conversation, reading

THEMES = [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi]
FAINT = {"bar", "bar_current"}


def _look(name: str) -> Look:
    return look(from_theme(BUILTIN_THEMES[name].to_color_system().generate()))


def _painted(tone: RoleStyles) -> Iterator[tuple[str, Style]]:
    """Yield every style that text is painted in, laid over what it is laid over."""
    for part in fields(tone):
        value = getattr(tone, part.name)
        if isinstance(value, Style) and part.name not in FAINT:
            yield part.name, value
        if isinstance(value, HeadStyles):
            for inner in fields(value):
                yield f"{part.name}.{inner.name}", getattr(value, inner.name)
        if isinstance(value, Styles):
            for inner in fields(value):
                style = getattr(value, inner.name)
                if isinstance(style, Style):
                    base = value.fence if inner.name == "wrap_mark" else value.text
                    yield f"{part.name}.{inner.name}", base + style
            for kind in value.tokens:
                yield f"{part.name}.{kind}", value.token(kind)


def _ratio(style: Style) -> float:
    assert style.color is not None and style.bgcolor is not None
    return contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))


def _has(reader: Reader, expected: Look) -> bool:
    return reader.log._view.look is expected


@pytest.mark.parametrize("name", THEMES)
def test_every_text_has_contrast_in(name: str) -> None:
    styles = _look(name)
    for tone in (styles.user, styles.assistant):
        for part, style in _painted(tone):
            assert _ratio(style) >= ACCENT_CONTRAST - 0.01, f"{part}: {_ratio(style):.2f}"
        assert _ratio(tone.text) >= TEXT_CONTRAST - 0.01
    assert _ratio(styles.pill) >= ACCENT_CONTRAST
    assert _ratio(styles.selection) >= ACCENT_CONTRAST


@pytest.mark.parametrize("name", THEMES)
def test_replies_stand_on_the_plain_ground_and_only_the_users_own_messages_are_tinted_in(name: str) -> None:
    styles = _look(name)
    assert styles.assistant.text.bgcolor == styles.background.bgcolor
    grounds = [styles.background, styles.user.text, styles.assistant.markdown.fence, styles.assistant.head_current.name]
    assert len({style.bgcolor for style in grounds}) == len(grounds)


@pytest.mark.parametrize("name", THEMES)
def test_code_in_a_line_is_plain_text_on_the_ground_of_code_in(name: str) -> None:
    markdown = _look(name).assistant.markdown
    assert markdown.code.color == markdown.text.color
    assert markdown.code.bgcolor == markdown.fence.bgcolor


@pytest.mark.parametrize("name", THEMES)
def test_sixteen_colors_are_enough_in(name: str) -> None:
    palette = from_theme(BUILTIN_THEMES[name].to_color_system().generate(), ColorDepth.SIXTEEN)
    styles = look(palette)
    for tone in (styles.user, styles.assistant):
        for part, style in _painted(tone):
            for color in (style.color, style.bgcolor):
                assert color is not None and (color.is_default or (color.number or 0) < 16), part
        assert tone.markdown.code.color not in (tone.error.color, tone.warning.color)


@pytest.mark.parametrize("name", [*THEMES, "paper"])
def test_tints_stay_apart_and_colourless_in_256_colors_in(name: str) -> None:
    theme = PAPER if name == "paper" else BUILTIN_THEMES[name]
    palette = from_theme(theme.to_color_system().generate(), ColorDepth.CUBE)
    if palette.user == "default":
        return
    for tint in (palette.user, palette.fence, palette.user_fence, palette.cursor):
        shown = RichColor.parse(tint).downgrade(ColorSystem.EIGHT_BIT)
        assert shown.number is not None and 232 <= shown.number <= 255
    assert palette.fence != palette.user != palette.user_fence


def test_a_light_terminal_gets_no_yellow_cyan_or_green() -> None:
    faint = {f"{shade}{name}" for shade in ("", "bright_") for name in ("yellow", "cyan", "green", "white")}
    styles = _look("ansi-light")
    for tone in (styles.user, styles.assistant):
        for part, style in _painted(tone):
            assert style.color is not None and style.color.name not in faint, part
        assert tone.bar.color is not None and tone.bar.color.name not in faint
        assert tone.bar_current.color is not None and tone.bar_current.color.name not in faint
    assert styles is not _look("ansi-dark")


async def test_another_theme_shows_at_once_and_keeps_the_place() -> None:
    async with reading(conversation(20)) as reader:
        reader.log.scroll_to(y=30)
        before = reader.rows
        for name in ("textual-light", "ansi-dark", "ansi-light", "nord"):
            reader.app.theme = name
            expected = look(from_theme(BUILTIN_THEMES[name].to_color_system().generate()))
            await reader.until(partial(_has, reader, expected), name)
            await reader.pilot.pause()
            assert reader.rows == before
            rows = reader.log.render_lines(reader.log.size.region)
            answer, question = (rows[reader.row_of(text)] for text in ("answer", "question"))
            background = expected.background.bgcolor
            assert {segment.style.bgcolor for segment in answer if segment.style} == {background}
            margin, *bubble, edge = [segment.style.bgcolor for segment in question if segment.style]
            assert set(bubble) == {expected.user.text.bgcolor}
            assert margin == edge == background


async def test_a_terminal_of_sixteen_colors_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "linux")
    async with reading(conversation(2)) as reader:
        strips = reader.log.render_lines(reader.log.size.region)
        colors = {segment.style.bgcolor for strip in strips for segment in strip if segment.style}
        assert all(color is not None and color.number is not None and color.number < 16 for color in colors)
