"""The whole app without a terminal, on the demo model and a store of its own."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from textual.pilot import Pilot

from streamtui.chat.conversation import Options
from streamtui.chat.credentials import KeySetup
from streamtui.chat.retry import Policy
from streamtui.chat.statistics import Prices
from streamtui.settings.config import Config
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.named_texts import NamedTexts
from streamtui.settings.paths import Paths
from streamtui.store import Store
from streamtui.tui.options import Choices, CompactChoice, Looks, Opening
from streamtui.tui.terminal import environment
from streamtui.workspace import Defaults, Workspace
from tests.calm import calm_pilot
from tests.patience import PATIENCE_S

__all__ = ["calm_pilot"]

environment.prepare()

from streamtui.tui.app import StreamtuiApp  # noqa: E402


def last_word(text: str) -> int:
    """Return the highest number of the words `w0 w1 …` in a text, -1 where there are none."""
    return max((int(number) for number in re.findall(r"\bw(\d+)\b", text)), default=-1)


@dataclass
class Reader:
    """Someone in front of the app."""

    app: StreamtuiApp
    pilot: Pilot[None]
    remembered: dict[str, str] = field(default_factory=dict)
    """The settings that were kept for the next start."""

    @property
    def lines(self) -> list[str]:
        """The screen, line by line, dialogs and toasts included."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def screen(self) -> str:
        return "\n".join(self.lines)

    async def until(self, wanted: str | Callable[[], object], what: str = "") -> None:
        """Wait until a text is on the screen or a condition is true."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            began = time.monotonic()
            if wanted() if callable(wanted) else wanted in self.screen:
                break
            assert began < deadline, f"never came: {what or wanted}. On the screen:\n{self.screen}"
            await asyncio.sleep(max(0.005, time.monotonic() - began))  # looking is work too
        await self.pilot.pause()

    async def until_word(self, number: int) -> None:
        """Wait until the words `w0 w1 …` that the server writes have come so far, however many a frame brings."""
        await self.until(lambda: last_word(self.screen) >= number, f"w{number}")

    async def until_gone(self, text: str) -> None:
        await self.until(lambda: text not in self.screen, f"{text} gone")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*({" ": "space", "/": "slash"}.get(char, char) for char in text))

    async def send(self, prompt: str) -> None:
        """Put a prompt into the box and press Enter."""
        self.app.chat.composer.prompt.put(prompt)
        await self.pilot.pause()
        await self.press("enter")

    async def talk(self, prompt: str) -> None:
        """Send a prompt to the demo and wait for its whole reply."""
        await self.send(prompt)
        await self.until("✓")

    @property
    def box(self) -> str:
        return self.app.chat.composer.prompt.text


class Open(Protocol):
    def __call__(
        self, size: tuple[int, int] = ..., *, notices: Sequence[str] = ...
    ) -> AbstractAsyncContextManager[Reader]: ...


@asynccontextmanager
async def opened(
    folder: Path,
    variables: Mapping[str, str],
    *,
    demo: bool = False,
    policy: Policy | None = None,
    size: tuple[int, int] = (100, 30),
    notices: Sequence[str] = (),
    opening: Opening | None = None,
    prices: Prices | None = None,
    compact: CompactChoice = "offer",
    finds_servers: bool = False,
    keys: Mapping[str, Sequence[str]] | None = None,
    key_setup: Callable[[SettingsCatalog], KeySetup] | None = None,
) -> AsyncIterator[Reader]:
    """Open the app with nothing but these variables set, its data in `folder`."""
    config = Config.read(Paths(folder / "data", folder / "config"), variables, folder=folder)
    with Store.open(config.paths.data) as store:
        remembered: dict[str, str] = {}
        catalog = SettingsCatalog(config, store.memory, demo=demo, finds_servers=finds_servers)
        defaults = Defaults(options=Options(None, None, policy or Policy()))
        choices = Choices(prices or {}, remembered.__setitem__, NamedTexts(folder / "config"), compact=compact)
        if key_setup is not None:
            choices = replace(choices, keys=partial(key_setup, catalog))
        app = StreamtuiApp(
            Workspace(catalog, store.recorder, store.library, defaults),
            store,
            choices,
            opening=opening or Opening(notices=notices),
            looks=Looks(config.settings.theme, keys=keys or {}),
            report=lambda error: f"it crashed: {error!r}",
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            reader = Reader(app, pilot, remembered)
            await reader.until(lambda: (app.is_running and "╰──" in reader.screen) or size[1] < 10)
            yield reader


@pytest.fixture
def open_app(tmp_path: Path) -> Open:
    """Return what opens the app; apps opened in one test share their saved conversations."""

    def open_app(
        size: tuple[int, int] = (100, 30), *, notices: Sequence[str] = ()
    ) -> AbstractAsyncContextManager[Reader]:
        return opened(tmp_path, {}, demo=True, size=size, notices=notices)

    return open_app
