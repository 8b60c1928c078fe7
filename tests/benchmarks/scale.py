"""What the app's screens cost beside many saved conversations, and beside a few: python -m tests.benchmarks.scale

CPU seconds of the whole process, threads included, until what was asked for is on the screen; medians, the two stores
in turn. `streamtui list` is run as a program of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from textual.widgets import Input

from streamtui.chat.messages import ChatMessage, Segment
from streamtui.store import Store
from tests.benchmarks.table import show
from tests.store.samples import chain, record, until
from tests.tui.conftest import Reader, opened

NEEDLE: Final = "needleword"
LONG, SHORT = "the long one", "the short one"
_TOGETHER: Final = 200


async def fill(folder: Path, conversations: int, long: int) -> None:
    """Save conversations of ten messages, and one of `long`, the newest but one."""
    with Store.open(folder / "data") as store:
        for first in range(0, conversations, _TOGETHER):
            names = range(first, min(first + _TOGETHER, conversations))
            await asyncio.gather(*(_save(store, f"conversation {n}", 10, n) for n in names))
        await _save(store, LONG, long, conversations)
        await _save(store, SHORT, 10, conversations + 1)
        await until(lambda: store._writer.housekeeping.is_indexed, "the index")


async def _save(store: Store, title: str, count: int, number: int) -> None:
    text = f"{title} is about w{number} and w{number % 97} " + (NEEDLE if number % 10 == 0 else "nothing")
    messages: list[ChatMessage] = [
        replace(
            message,
            id=f"{number}-{message.id}",
            parent=message.parent and f"{number}-{message.parent}",
            segments=(Segment(f"{text}, turn {turn}"),),
        )
        for turn, message in enumerate(chain(count, ""))
    ]
    await store.recorder.begin(record(messages[-1], title, updated=time.time() - 60 * 20_000 + 60 * number), messages)


async def measured(act: Callable[[], Awaitable[object]], clock: Callable[[], float] = time.process_time) -> float:
    """Return the CPU seconds that something takes."""
    began = clock()
    await act()
    return clock() - began


async def screens(folder: Path, opened_title: str) -> dict[str, float]:
    """Return what each of the app's screens takes."""
    costs: dict[str, float] = {}
    began = time.process_time()
    async with opened(folder, {}, demo=True, size=(110, 36)) as reader:
        costs["start"] = time.process_time() - began

        async def listing() -> None:
            reader.app.chat.action_command("open")
            await reader.until(SHORT)

        async def searching() -> None:
            reader.app.screen.query_one(Input).value = NEEDLE
            await reader.until(lambda: "In messages" in reader.screen)

        async def opening() -> None:
            await _open(reader, opened_title)

        async def switching() -> None:
            await _open(reader, SHORT)

        async def listing_beside() -> None:
            reader.app.chat.action_command("sidebar")
            await reader.until(lambda: SHORT in "\n".join(line[:32] for line in reader.lines))

        costs["list"] = await measured(listing)
        costs["search"] = await measured(searching)
        reader.app.screen.dismiss(None)
        await reader.until_gone("In messages")
        costs["open, as far as it is seen"] = await measured(opening, time.thread_time)
        await reader.until(reader.app.chat.session.ready.is_set)
        await asyncio.sleep(1.0)
        costs["switch"] = await measured(switching)
        costs["sidebar"] = await measured(listing_beside)
    return costs


async def _open(reader: Reader, title: str) -> None:
    (wanted,) = [one.id for one in await reader.app.workspace.library.conversations(limit=2) if one.title == title]
    reader.app.chat.open_saved(wanted)
    await reader.until(lambda: reader.lines[0].strip().startswith(title))


def listed(folder: Path, *words: str) -> float:
    """Return the CPU seconds of `streamtui list`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "streamtui", "list", "--data-dir", str(folder / "data"), *words]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scale(runs: int, conversations: int, long: int) -> None:
    with TemporaryDirectory() as name:
        few, many = Path(name) / "few", Path(name) / "many"
        asyncio.run(fill(few, 11, 10))
        asyncio.run(fill(many, conversations, long))
        costs: dict[str, tuple[list[float], list[float]]] = {}
        for _ in range(runs):
            for column, folder in enumerate((few, many)):
                figures = asyncio.run(screens(folder, LONG))
                figures["list --limit 20"] = listed(folder, "--limit", "20")
                figures["whole list"] = listed(folder)
                for what, cost in figures.items():
                    costs.setdefault(what, ([], []))[column].append(cost)
        rows: list[list[object]] = []
        for what, (small, large) in costs.items():
            low, high = statistics.median(small) * 1000, statistics.median(large) * 1000
            rows.append([what, low, high, high / low])
    low, high = (statistics.median(column) for column in costs["whole list"])
    note = f"Medians of {runs}. A row of the whole list: {(high - low) / conversations * 1e6:.0f} µs."
    title = f"Beside {conversations:,} conversations of ten messages and one of {long:,}"
    show(title, ["what", "a few, CPU ms", "many, CPU ms", "times"], rows, note)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--long", type=int, default=10_000)
    options = parser.parse_args()
    scale(options.runs, options.conversations, options.long)


if __name__ == "__main__":
    main()
