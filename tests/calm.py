"""Textual's pilot, by what the app does and not by how busy the machine is.

It takes a process that gets no processor for one that has nothing to do, and waits a second for one that streams.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
import textual.app
import textual.pilot
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot

_TURNS: Final = 10
"""Turns of the event loop without a message, after which there will be none by itself."""
_ROUNDS: Final = 100
"""Messages after which somebody sends them all the time."""
_MOMENT_S: Final = 0.02
"""What Textual gives its own timers, such as the one that paints."""


async def calm(app: App[Any]) -> None:
    """Wait until every message was handled, and what its handling sent on, however long that takes."""
    for _ in range(_ROUNDS):
        if await _is_quiet(list(_pumps(app))):
            return


async def _is_quiet(pumps: list[MessagePump]) -> bool:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        if any(not pump._message_queue.empty() for pump in pumps):
            return False
    return True


def _pumps(app: App[Any]) -> Iterator[MessagePump]:
    yield app
    for screen in app.screen_stack:
        yield from screen.walk_children(with_self=True)


@pytest.fixture(autouse=True)
def calm_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pilot wait, after every key and in every pause, until the app has done what follows from it."""
    press, pause = App._press_keys, Pilot.pause

    async def moment(*_: float) -> None:
        await asyncio.sleep(_MOMENT_S)

    async def press_calmly(self: App[Any], keys: Iterable[str]) -> None:
        for key in keys:
            await press(self, [key])
            await calm(self)

    async def pause_calmly(self: Pilot[Any], delay: float | None = None) -> None:
        await pause(self, delay)
        await calm(self.app)

    monkeypatch.setattr(textual.app, "wait_for_idle", moment)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", moment)
    monkeypatch.setattr(App, "_press_keys", press_calmly)
    monkeypatch.setattr(Pilot, "pause", pause_calmly)
