"""What it takes to start: the app beside the least that Textual can do, commands beside scripts that do the same.

Every round runs each program once, so that whatever else the machine does meanwhile weighs on all of them alike.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.table import show
from tests.benchmarks.terminal import Terminal
from tests.server.server import ScriptedServer

ROOT: Final = Path(__file__).parents[2]
READY: Final = "sk anything"
"""Of the prompt's placeholder; the cursor stands on its first letter."""
_CALM_S: Final = 2.0
_REST_S: Final = 0.15
"""After the first paint; what is needed later is imported later still."""
_KEY: Final = "ž"
_TOKENS: Final = 100
_SDK_SCRIPT: Final = """\
import asyncio, sys
from openai import AsyncOpenAI

async def main():
    client = AsyncOpenAI()
    messages = [{"role": "user", "content": sys.argv[2]}]
    stream = await client.chat.completions.create(model=sys.argv[1], messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Cost:
    wall_ms: float
    cpu_ms: float
    rest_mib: float | None = None
    """Memory at rest, before the SDK is in."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something to start; `source` is the checkout it runs from."""

    label: str
    words: tuple[str, ...]
    source: Path = ROOT
    has_screen: bool = False


def startup(runs: int, baseline: Path | None) -> None:
    """Print what starting costs; beside it, what it costs in the checkout `baseline`."""
    with tempfile.TemporaryDirectory() as folder, ScriptedServer() as server:
        programs = _programs(Path(folder), baseline)
        costs = _measured(programs, runs, Path(folder), f"http://127.0.0.1:{server.port}/v1")
    floor = costs[programs[0].label].cpu_ms
    rows: list[list[object]] = [
        [label, round(cost.wall_ms), round(cost.cpu_ms), cost.cpu_ms / floor, cost.rest_mib]
        for label, cost in costs.items()
    ]
    head = ["program", "wall ms", "CPU ms", "× bare", "RSS MiB at rest"]
    note = f"Medians of {runs} rounds; with a screen: until a key typed into the prompt is shown."
    show("Start-up", head, rows, note)


def _programs(folder: Path, baseline: Path | None) -> list[Program]:
    script = folder / "script.py"
    script.write_text(_SDK_SCRIPT)
    model = f"flood-{_TOKENS}"
    commands = {
        "streamtui": ("-m", "streamtui", "-m", model),
        "streamtui --version": ("-m", "streamtui", "--version"),
        "streamtui list": ("-m", "streamtui", "list"),
        "streamtui ask --demo": ("-m", "streamtui", "ask", "--demo", "-m", "demo:fast", "long"),
        f"streamtui ask, {_TOKENS} tokens": ("-m", "streamtui", "ask", "-m", model, "hi"),
    }
    programs = [
        Program("bare Textual app with an Input", (str(Path(__file__).with_name("bare.py")),), has_screen=True),
        Program("ten-line SDK script, 100 tokens", (str(script), model, "hi")),
        Program("python -c pass", ("-c", "pass")),
    ]
    for label, words in commands.items():
        programs.append(Program(label, words, has_screen=label == "streamtui"))
        if baseline is not None:
            programs.append(Program(f"{label} (baseline)", words, baseline, has_screen=label == "streamtui"))
    return programs


def _measured(programs: list[Program], runs: int, folder: Path, base_url: str) -> dict[str, Cost]:
    """Return the medians for each program, by its label."""
    costs: dict[str, list[Cost]] = {program.label: [] for program in programs}
    for _ in range(runs):
        for program in programs:
            home = folder / f"home{abs(hash(program.source))}"
            home.mkdir(exist_ok=True)
            environment = _environment(program.source, home, base_url)
            measure: Callable[[Program, Mapping[str, str]], Cost] = _on_screen if program.has_screen else _to_its_end
            costs[program.label].append(measure(program, environment))
    return {label: _median(values) for label, values in costs.items()}


def _environment(source: Path, home: Path, base_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "OPENAI_API_KEY": "benchmark",
        "OPENAI_BASE_URL": base_url,
        "PYTHONPATH": str(source),
        "PYTHONSAFEPATH": "1",
    }


def _on_screen(program: Program, environment: Mapping[str, str]) -> Cost:
    with Terminal([sys.executable, *program.words], environment) as terminal:
        terminal.wait_for(READY)
        start = terminal.position
        terminal.send(_KEY)
        taken = terminal.wait_for(_KEY, start)
        cpu_s = terminal.cpu()
        time.sleep(_REST_S)
        rest = terminal.rss_mib()
        return Cost((taken - terminal.started) * 1000, cpu_s * 1000, rest)


def _to_its_end(program: Program, environment: Mapping[str, str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, *program.words],
        env=environment,
        cwd=environment["HOME"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall_s = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s * 1000, cpu_s * 1000)


def _median(costs: list[Cost]) -> Cost:
    rest = [cost.rest_mib for cost in costs if cost.rest_mib is not None]
    return Cost(
        statistics.median(cost.wall_ms for cost in costs),
        statistics.median(cost.cpu_ms for cost in costs),
        statistics.median(rest) if rest else None,
    )
