"""The log against Textual's stock Markdown widget and against doing nothing, each in the same small program."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.table import show
from tests.benchmarks.terminal import Terminal

_SHAPES = ("mixed", "python", "table", "paragraph", "list")
_PATIENCE_S = 90.0
"""A design that takes longer for a cell is given up there."""


def measure(design: str, **plan: int | str) -> dict[str, float] | None:
    """Run one cell in a process and a terminal of its own; None if it was given up."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_FPS": "120"}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "tests.benchmarks.subject", design, json.dumps(plan), str(out)]
        with Terminal(command, environment) as terminal:
            deadline = time.monotonic() + _PATIENCE_S
            while time.monotonic() < deadline:
                time.sleep(0.1)
                figures = json.loads(out.read_text() or "{}") if out.exists() else {}
                if figures.pop("done", False):
                    return {name: float(value) for name, value in figures.items()}
                if figures.pop("ready", False) and plan.get("history"):
                    terminal.resize(100, 40)
    return None


def shapes(quick: bool) -> None:
    """Print CPU per token inside replies of one shape that are long already."""
    sizes = (0, 5_000) if quick else (0, 5_000, 20_000, 50_000, 100_000)
    count = 200 if quick else 300
    floor = measure("nothing", shape="mixed", tokens=count)
    base = None if floor is None else floor["stream"] / count * 1000
    rows: list[list[object]] = []
    for design in ("log", "stock"):
        for name in _SHAPES:
            cells: list[object] = []
            for size in sizes:
                too_dear = design == "stock" and (size > 5_000 or (name != "mixed" and size > 1_000))
                figures = None if too_dear else measure(design, shape=name, tokens=count, prefill=size)
                cells.append(None if figures is None else figures["stream"] / count * 1000)
            rows.append([design, name, *cells])
    head = ["widget", "shape", *(f"at {size:,}" for size in sizes)]
    note = f"At 100 tokens a second; pacing alone is {base:.3f} of it. – : not run, or not done in {_PATIENCE_S:.0f} s."
    show("CPU ms per token, by the reply's length so far", head, rows, note)


def history(quick: bool) -> None:
    """Print what a long conversation above costs."""
    sizes = (10, 1_000, 10_000) if quick else (10, 100, 1_000, 10_000)
    count = 200
    rows: list[list[object]] = []
    for design in ("log", "stock"):
        for size in sizes:
            if design == "stock" and size > 1_000:
                rows.append([design, f"{size:,}", None, None, None, None])
                continue
            figures = measure(design, shape="mixed", tokens=count, history=size)
            if figures is None:
                rows.append([design, f"{size:,}", None, None, None, None])
                continue
            rows.append(
                [
                    design,
                    f"{size:,}",
                    figures["open"],
                    figures["stream"] / count * 1000,
                    figures.get("resize"),
                    figures["rss"],
                ]
            )
    head = ["widget", "messages", "open CPU s", "stream ms/token", "resize CPU s", "RSS MiB"]
    show("Conversation length", head, rows, "Open includes making the messages and two idle seconds.")
