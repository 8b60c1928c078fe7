"""`streamtui import`: conversations of other programs, and our own, out of files."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import Library
from streamtui.cli import output
from streamtui.cli.args import ImportArgs
from streamtui.cli.exit_codes import DONE, FAILED
from streamtui.cli.stdio import complain
from streamtui.workspace.imports.importer import Importer, Tally
from streamtui.workspace.imports.values import UnreadableError

_PERIOD_S: Final = 0.5
"""How often a terminal is told how far it is."""


async def run(args: ImportArgs, library: Library, model: str) -> int:
    """Import the files and return the exit code: 1 where something could not be read. Raises `StoreError`."""
    importer, progress, code = Importer(library, model), _Progress(), DONE
    for name in args.files:
        tally = Tally()
        try:
            await importer.take_in(Path(name), tally, progress.show)
        except asyncio.CancelledError:
            progress.clear()
            complain(f"interrupted: {tally.line}; importing it again goes on from there")
            raise
        except (UnreadableError, StoreError) as error:
            progress.clear()
            complain(str(error) if not tally.imported else f"{error} Until then: {tally.line}.")
            code = FAILED
            continue
        progress.clear()
        await output.print_text(f"{Path(name).name}: {tally.line}\n" if len(args.files) > 1 else f"{tally.line}\n")
        code = FAILED if tally.refused else code
    return code


class _Progress:
    """One line on a terminal, written over as it changes."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._said_at = time.monotonic()
        self._width = 0

    def show(self, tally: Tally) -> None:
        now = time.monotonic()
        if not self._is_terminal or now - self._said_at < _PERIOD_S:
            return
        self._said_at = now
        line = f"{tally.imported + tally.known:,} conversations so far, Ctrl+C stops"
        self._write(f"\r{line:<{self._width}}")
        self._width = len(line)

    def clear(self) -> None:
        if self._width:
            self._write(f"\r{'':{self._width}}\r")
            self._width = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
