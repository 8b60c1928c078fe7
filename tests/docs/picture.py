"""`python -m tests.docs.picture` takes the README's picture anew: the app itself, while the demo streams.

The demo is held in mid-sentence, so that every run shows the same; what a clock says is made the same too.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from streamtui.providers import demo
from tests.tui.conftest import opened

PICTURE: Final = Path(__file__).parents[2] / "streamtui" / "docs" / "streaming.svg"
_SIZE: Final = (92, 33)
_PROMPT: Final = "show me some code"
_TOKENS: Final = 112
"""After which the reply is held."""
_LAST_WORDS: Final = "numbers.length"
"""What is on the screen then."""
_GROUND: Final = "#121212"
_COLOURS: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
_RATE: Final = r"~?[\d,.]+&#160;tok/s"
_COUNT: Final = r"&#160;·&#160;~?[\d,.]+&#160;tokens"
_FIGURES: Final = "84 tok/s · ~112 tokens"
_CELL: Final = 12.2
"""The width of a cell in pixels, as the export has it."""
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


async def take() -> str:
    """Return the picture as SVG."""
    held, colours = patch.object(demo._Pace, "wait", _held_after(_TOKENS)), patch.dict(os.environ, _COLOURS)
    with TemporaryDirectory() as folder, held, colours:
        os.environ.pop("NO_COLOR", None)
        async with opened(Path(folder), {}, demo=True, size=_SIZE) as reader:
            await reader.send(_PROMPT)
            await reader.until(_LAST_WORDS)
            await reader.until("tok/s")
            await reader.until(lambda: not reader.app.chat.view.log_view.has_idle_work)
            picture = steady(reader.app.export_screenshot(title="streamtui"))
            reader.app.leave()
    return picture


def _held_after(tokens: int) -> Callable[[object], Awaitable[None]]:
    spoken = 0

    async def wait(pace: object) -> None:
        nonlocal spoken
        spoken += 1
        await (asyncio.Event().wait() if spoken > tokens else asyncio.sleep(0.002))

    return wait


def steady(svg: str) -> str:
    """Replace what differs from run to run and from machine to machine: names, the time of day, the rate, the font."""
    svg = re.sub(r"terminal-\d+-", "terminal-", svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*;", f"font-family: {_FONT};", svg)
    svg = re.sub(r"\d\d:\d\d<", "14:02<", svg)
    # One ground for all rows, instead of a piece for each text, of which some are as wide as a figure happens to be.
    svg = re.sub(rf'<rect fill="{_GROUND}"[^>]*/>', "", svg)
    svg = re.sub(
        r'(<g transform="translate\(9, 41\)"[^>]*>)', rf'\1<rect fill="{_GROUND}" width="100%" height="100%"/>', svg
    )
    (bar,) = set(re.findall(r'class="(terminal-r\d+)"[^>]*>▌<', svg))
    svg = re.sub(r'class="terminal-r\d+"([^>]*>)●', rf'class="{bar}"\1●', svg)  # it blinks
    width = len(_FIGURES) * _CELL
    figures = rf'textLength="{width:g}"\g<1>{_FIGURES.replace(" ", "&#160;")}</text>'
    return re.sub(rf'textLength="[\d.]+"([^>]*>){_RATE}</text><text[^>]*>{_COUNT}</text>', figures, svg)


if __name__ == "__main__":
    PICTURE.write_text(asyncio.run(take()), encoding="utf-8")
