"""The whole program in a terminal of 120x40, against a server on the same machine."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.benchmarks.replay import END
from tests.benchmarks.startup import READY
from tests.benchmarks.table import show
from tests.benchmarks.terminal import Terminal

_ECHO = [chr(code) for code in range(0x100, 0x17F)]
"""Letters that nothing else on screen has."""
_CALM_S = 2.0
"""After the first paint the program imports what it needs later; measuring begins once that is done."""


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_s: float
    rss_mib: float
    lag_ms: float
    """From the server's last byte to the last word on screen."""


class Bench:
    """Runs the program against one server."""

    def __init__(self, folder: Path, server: subprocess.Popen[str], port: int) -> None:
        self.folder = folder
        self._server = server
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "OPENAI_API_KEY": "benchmark",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }

    @contextmanager
    def app(self, model: str, *words: str, ready: str = READY) -> Iterator[Terminal]:
        """Run the program until it is calm."""
        command = [sys.executable, "-m", "streamtui", "-m", model, "--data-dir", str(self.folder / "data"), *words]
        os.chdir(Path(__file__).parents[2])
        with Terminal(command, self.environment) as terminal:
            terminal.wait_for(ready)
            time.sleep(_CALM_S)
            yield terminal

    def stream(self, model: str, *words: str) -> Cost:
        """Ask once and wait for the end."""
        with self.app(model, *words) as terminal:
            start = terminal.position
            terminal.send("go")
            time.sleep(0.3)
            before = terminal.cpu()
            terminal.send("\r")
            last_byte = self.last_byte()
            seen = terminal.wait_for(END, start)
            time.sleep(0.5)
            return Cost(terminal.cpu() - before, terminal.rss_mib(), max(0.0, seen - last_byte) * 1000)

    def last_byte(self) -> float:
        """Wait for the server to finish a reply; return when that was."""
        return self._moment("done ")

    def connection_closed(self) -> float:
        """Wait until a reply's reader has gone; return when that was."""
        return self._moment("closed ")

    def _moment(self, what: str) -> float:
        assert self._server.stdout is not None
        while not (line := _line(self._server.stdout)).startswith(what):
            pass
        return float(line.removeprefix(what))

    def echo(self, model: str, keys: int) -> list[float]:
        """Type while a reply streams; return for each key the milliseconds until it was on screen."""
        delays: list[float] = []
        with self.app(model) as terminal:
            terminal.send("go\r")
            time.sleep(1.0)
            for number in range(keys):
                letter = _ECHO[number % len(_ECHO)]
                start = terminal.position
                sent = terminal.send(letter)
                delays.append((terminal.wait_for(letter, start, 10) - sent) * 1000)
                if number % len(_ECHO) == len(_ECHO) - 1:
                    start = terminal.position
                    terminal.send("\x7f" * len(_ECHO))
                    terminal.wait_for(READY, start)
                time.sleep(0.02 + 0.003 * (number % 7))
        return delays


def _line(stream: IO[str]) -> str:
    return stream.readline().strip()


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.replay"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                yield Bench(Path(folder), server, int(_line(server.stdout)))
            finally:
                server.kill()


def flood(runs: int, sizes: Sequence[int]) -> None:
    """Print the cost of replies that come as fast as they are read."""
    with bench() as program:
        rows: list[list[object]] = []
        first: tuple[int, float] | None = None
        for size in sizes:
            costs = [program.stream(f"mixed-{size}") for _ in range(runs)]
            cpu = statistics.median(cost.cpu_s for cost in costs)
            marginal = None if first is None else (cpu - first[1]) / (size - first[0]) * 1000
            first = first or (size, cpu)
            rss = statistics.median(cost.rss_mib for cost in costs)
            rows.append([f"{size:,}", cpu, marginal, rss, statistics.median(cost.lag_ms for cost in costs)])
    head = ["tokens", "CPU s", "marginal ms/token", "RSS MiB", "last byte to screen ms"]
    show(
        "Flood: the whole program, Markdown of all shapes",
        head,
        rows,
        f"Medians of {runs}; marginal against the first row.",
    )


def paced(runs: int, plan: Sequence[tuple[int, int]]) -> None:
    """Print the cost of replies at a steady rate."""
    with bench() as program:
        rows: list[list[object]] = []
        for size, rate in plan:
            costs = [program.stream(f"mixed-{size}x{rate}") for _ in range(runs)]
            cpu = statistics.median(cost.cpu_s for cost in costs)
            lag = statistics.median(cost.lag_ms for cost in costs)
            rows.append([f"{size:,}", f"{rate:,}", cpu, cpu / size * 1000, lag])
    head = ["tokens", "a second", "CPU s", "ms/token", "last byte to screen ms"]
    show("Paced: the whole program", head, rows, f"Medians of {runs}.")


def keys(count: int) -> None:
    """Print how long a typed key waits for its echo."""
    with bench() as program:
        rows: list[list[object]] = []
        for label, model in (("100", "mixed-100000x100"), ("1,000", "mixed-100000x1000")):
            delays = sorted(program.echo(model, count))
            p50, p99 = delays[len(delays) // 2], delays[min(len(delays) - 1, int(len(delays) * 0.99))]
            rows.append([label, len(delays), p50, p99, delays[-1]])
    show("Key echo while a reply streams", ["tokens a second", "keys", "p50 ms", "p99 ms", "worst ms"], rows)
