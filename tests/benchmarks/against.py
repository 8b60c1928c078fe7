"""`python -m tests.benchmarks.against DIR`: this checkout beside another one, run in turns, so that what else the
machine does falls on both alike. CPU seconds are the figures to trust; times need a machine of one's own."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.replay import END
from tests.benchmarks.startup import READY
from tests.benchmarks.table import show
from tests.benchmarks.terminal import Terminal
from tests.benchmarks.whole import Bench, bench

_HERE = Path(__file__).parents[2]
_CALM_S = 0.25
_LETTERS = [chr(code) for code in range(0x100, 0x17F)]

Measure = Callable[[Bench, Path], dict[str, float]]


@contextmanager
def _app(program: Bench, checkout: Path, model: str) -> Iterator[Terminal]:
    """Run the program of `checkout` until it has imported all it imports ahead."""
    data = program.folder / checkout.name
    command = [sys.executable, "-m", "streamtui", "-m", model, "--data-dir", str(data)]
    with Terminal(command, {**program.environment, "PYTHONPATH": str(checkout)}, folder=checkout) as terminal:
        terminal.wait_for(READY)
        time.sleep(1.5)
        calm = 0
        while calm < 4:
            before = terminal.cpu()
            time.sleep(_CALM_S)
            calm = calm + 1 if terminal.cpu() - before <= 0.01 else 0
        yield terminal


def _stream(model: str) -> Measure:
    def measure(program: Bench, checkout: Path) -> dict[str, float]:
        with _app(program, checkout, model) as terminal:
            terminal.send("go")
            time.sleep(0.3)
            before, start = terminal.cpu(), terminal.position
            terminal.send("\r")
            last_byte = program.last_byte()
            end = terminal.wait_for(END, start)
            time.sleep(0.5)
            lag = max(0.0, end - last_byte) * 1000
            return {"CPU s": terminal.cpu() - before, "MB": (terminal.position - start) / 1e6, "lag ms": lag}

    return measure


def _keys(program: Bench, checkout: Path) -> dict[str, float]:
    with _app(program, checkout, "mixed-100000x1000") as terminal:
        terminal.send("go\r")
        time.sleep(1.0)
        delays = []
        for number, letter in enumerate(_LETTERS):
            start = terminal.position
            sent = terminal.send(letter)
            delays.append((terminal.wait_for(letter, start) - sent) * 1000)
            time.sleep(0.02 + 0.003 * (number % 7))
        delays.sort()
        return {"p50 ms": delays[len(delays) // 2], "p99 ms": delays[int(len(delays) * 0.99)]}


def _escape(keys: str) -> Measure:
    def measure(program: Bench, checkout: Path) -> dict[str, float]:
        with _app(program, checkout, "mixed-100000x1000") as terminal:
            terminal.send("go\r")
            time.sleep(1.0)
            sent = terminal.send(keys)
            while (closed := program.connection_closed()) < sent:  # of a run that was ended before
                pass
            return {"closed ms": (closed - sent) * 1000}

    return measure


PLAN: dict[str, Measure] = {
    "1,000 tokens at 100/s": _stream("mixed-1000x100"),
    "5,000 tokens at 1,000/s": _stream("mixed-5000x1000"),
    "flood of 5,000, one write each": _stream("mixed-5000x1000000"),
    "flood of 50,000, one write each": _stream("mixed-50000x1000000"),
    "keys at 1,000/s": _keys,
    "Esc at 1,000/s": _escape("\x1b"),
    "Esc at 1,000/s, kitty keys": _escape("\x1b[27u"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.against", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the other checkout")
    parser.add_argument("only", nargs="*", help="beginnings of the rows to run")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    other = options.checkout.resolve()
    rows: list[list[object]] = []
    with bench() as program:
        for name, measure in PLAN.items():
            if options.only and not name.startswith(tuple(options.only)):
                continue
            taken = [(measure(program, other), measure(program, _HERE)) for _ in range(options.runs)]
            for figure in taken[0][0]:
                theirs, ours = (statistics.median(pair[side][figure] for pair in taken) for side in (0, 1))
                rows.append([name, figure, theirs, ours, ours / theirs if theirs else None])
    head = ["what", "figure", other.name, "here", "ratio"]
    show(f"Against {other}", head, rows, f"Medians of {options.runs}, in turns.")


if __name__ == "__main__":
    main()
