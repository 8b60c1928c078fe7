"""What a long conversation costs the whole program: to open, to stream below, to resize."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streamtui.chat.messages import ChatMessage, Segment
from streamtui.store import Store
from tests.benchmarks.table import show
from tests.benchmarks.whole import Bench, bench
from tests.markdown.corpus import shape
from tests.store.samples import chain, record

LAST = "LASTMESSAGE"
_STREAM, _RATE = 3000, 500
_CALM_S = 3.0
"""By then the program has also tidied up its memory."""


@dataclass(frozen=True, slots=True)
class _Cost:
    painted_ms: float
    cpu_s: float
    resize_s: float
    token_ms: float
    rss_mib: float


def opening(runs: int, sizes: Sequence[int]) -> None:
    """Print what a conversation of each size costs."""
    with bench() as program:
        rows: list[list[object]] = []
        for size in sizes:
            # One for each run: it goes on from what it opened.
            names = [asyncio.run(_fill(program.folder / "data", size, run)) for run in range(runs)]
            costs = [_open(program, name) for name in names]
            middle = [
                statistics.median(getattr(cost, field) for cost in costs)
                for field in ("painted_ms", "cpu_s", "resize_s", "token_ms", "rss_mib")
            ]
            rows.append([f"{size:,}", *middle])
    head = ["messages", "start to last message ms", "CPU s", "resize CPU s", "stream ms/token", "RSS MiB"]
    note = f"Medians of {runs}; streaming {_STREAM:,} tokens at {_RATE} a second; memory after all that."
    show("A long conversation in the whole program", head, rows, note)


async def _fill(folder: Path, size: int, run: int) -> str:
    """Save a conversation and return its id."""
    messages: list[ChatMessage] = []
    for number, message in enumerate(chain(size, "word")):
        text = shape("mixed", 20 + number % 97, number) if message.role == "assistant" else f"Question {number}?"
        if number == size - 1:
            text = LAST
        name, parent = f"{size}-{run}-{message.id}", message.parent and f"{size}-{run}-{message.parent}"
        messages.append(replace(message, id=name, parent=parent, segments=(Segment(text),)))
    row = record(messages[-1], f"of {size}, {run}")
    with Store.open(folder) as store:
        await store.recorder.begin(row, messages)
    return row.id


def _open(program: Bench, conversation: str) -> _Cost:
    with program.app(f"mixed-{_STREAM}x{_RATE}", "--resume", conversation, ready=LAST) as terminal:
        painted, opened = terminal.wait_for(LAST), terminal.cpu()
        time.sleep(_CALM_S)
        calm = terminal.cpu()
        terminal.resize(100, 40)
        time.sleep(1.0)
        resized = terminal.cpu()
        start = terminal.position
        terminal.send("go\r")
        # The request carries the whole conversation; what it costs to send is not what a token costs.
        streaming = terminal.wait_for("tok/s", start)
        before = terminal.cpu()
        count = max(1.0, (program.last_byte() - streaming) * _RATE)
        time.sleep(0.3)
        per_token = (terminal.cpu() - before) / count
        return _Cost((painted - terminal.started) * 1000, opened, resized - calm, per_token * 1000, terminal.rss_mib())
