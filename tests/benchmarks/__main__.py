"""`python -m tests.benchmarks`: all tables, or those that are named."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import opening, serving, startup, whole, widgets


def _sections(quick: bool, baseline: Path | None = None) -> dict[str, Callable[[], None]]:
    runs = 1 if quick else 5
    return {
        "startup": lambda: startup.startup(3 if quick else 9, baseline),
        "flood": lambda: whole.flood(runs, (1000, 5000, 20_000) if quick else (1000, 5000, 20_000, 50_000)),
        "paced": lambda: whole.paced(1 if quick else 3, ((1000, 100), (5000, 1000))),
        "keys": lambda: whole.keys(60 if quick else 240),
        "opening": lambda: opening.opening(runs, (10, 10_000) if quick else (10, 100, 1000, 10_000)),
        "shapes": lambda: widgets.shapes(quick),
        "history": lambda: widgets.history(quick),
        "serving": lambda: serving.serving(runs, 100),
    }


def main() -> None:
    sections = _sections(quick=False)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("section", nargs="*", metavar="SECTION", help=f"one of: {', '.join(sections)}")
    parser.add_argument("--quick", action="store_true", help="single runs and smaller sizes: minutes, not an hour")
    parser.add_argument("--baseline", metavar="FOLDER", type=Path, help="a checkout to compare start-up with")
    options = parser.parse_args()
    if unknown := set(options.section) - set(sections):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    for name, run in _sections(options.quick, options.baseline).items():
        if not options.section or name in options.section:
            run()


if __name__ == "__main__":
    main()
