"""The whole screen as text. `STREAMTUI_SNAPSHOTS=write pytest tests/tui/test_snapshots.py` takes the pictures anew."""

import os
import re
from pathlib import Path

import pytest

from tests.tui.conftest import Open

PICTURES = Path(__file__).with_name("snapshots")
SIZES = [(120, 40), (80, 24)]


def steady(screen: str) -> str:
    """Replace what differs from run to run: the time of day, durations, and rates, which only slower replies have."""
    screen = re.sub(r"\d\d:\d\d", "HH:MM", screen)
    screen = re.sub(r" · [\d,.]+ tok/s", "", screen)
    return re.sub(r"[\d,.]+ s\b", "N s", screen)


def assert_looks_like(name: str, screen: str) -> None:
    picture = PICTURES / f"{name}.txt"
    if os.environ.get("STREAMTUI_SNAPSHOTS") == "write":
        PICTURES.mkdir(exist_ok=True)
        picture.write_text(steady(screen) + "\n", encoding="utf-8")
    assert steady(screen) + "\n" == picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_first_screen(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size) as reader:
        assert_looks_like(f"first-{size[0]}x{size[1]}", reader.screen)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_finished_reply(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size) as reader:
        await reader.talk("table fast")
        await reader.until(lambda: not reader.app.chat.view.log_view.has_idle_work, "everything is painted")
        assert_looks_like(f"reply-{size[0]}x{size[1]}", reader.screen)
