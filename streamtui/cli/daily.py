"""Warnings that nobody wants to read at every start: once a day each."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_DAY_S: Final = 24 * 3600.0
_FILE: Final = "warned"
"""In the data folder, a line for each warning of the last day: when, in seconds since the epoch, and its digest."""


def due(warnings: Iterable[str], folder: Path | None) -> list[str]:
    """Return the warnings that were not given within the last day."""
    given = _given(folder)
    return [warning for warning in warnings if _digest(warning) not in given]


def remember(warnings: Sequence[str], folder: Path | None) -> None:
    """Write down that the warnings were given, if there is a folder to do so in."""
    if folder is None or not warnings or not folder.is_dir():
        return
    given = _given(folder) | {_digest(warning): time.time() for warning in warnings}
    lines = "".join(f"{int(moment)} {digest}\n" for digest, moment in given.items())
    with suppress(OSError):
        (folder / _FILE).write_text(lines, encoding="ascii")


def _given(folder: Path | None) -> dict[str, float]:
    """Return when each warning of the last day was given, by its digest."""
    given: dict[str, float] = {}
    if folder is None:
        return given
    with suppress(OSError, ValueError):
        for line in (folder / _FILE).read_text(encoding="ascii").splitlines():
            moment, _, digest = line.partition(" ")
            if 0 <= time.time() - float(moment) < _DAY_S:
                given[digest] = float(moment)
    return given


def _digest(warning: str) -> str:
    from hashlib import sha256  # 3 ms that those without a warning are spared

    return sha256(warning.encode("utf-8", "replace")).hexdigest()[:16]
