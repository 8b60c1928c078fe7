"""What is done at the start for processes that ended without doing it themselves."""

import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamtui.store.operations import Purge
from streamtui.store.queue.spill import read_spill, run_of, spills, unfinished
from streamtui.store.sqlite import erasure, read
from streamtui.store.sqlite.apply import apply, apply_all
from streamtui.store.writer_process import WriterProcess

_UNREFERENCED_S: Final = 24 * 3600.0


@dataclass(slots=True)
class Recovery:
    """What a recovery found; acted upon by `finish` once its transaction is on disk."""

    folded: list[Path] = field(default_factory=list)
    """Files whose content is in the database, or was never whole."""
    unreadable: list[Path] = field(default_factory=list)
    is_unerased: bool = False
    """Whether there is deleted text that files may still hold."""
    interrupted: int = 0

    def finish(self) -> list[str]:
        """Remove the spill files that are in the database now; return what the user should know."""
        for path in self.folded:
            path.unlink(missing_ok=True)
        for path in self.unreadable:
            with suppress(OSError):
                path.rename(path.with_name(f"{path.name}.corrupt"))
        return [
            f"{path.name} could not be read in full. It is kept with the ending .corrupt." for path in self.unreadable
        ]


def recover(connection: sqlite3.Connection, folder: Path, run: WriterProcess) -> Recovery:
    """Fold in spill files, mark replies of dead processes interrupted, finish what they had begun to delete.

    Runs in a transaction of the caller. Done twice or killed half-way, it comes to the same.
    """
    recovery = Recovery()
    alive = _Alive(run)
    left = [path for path in spills(folder) if not alive(run_of(path))]
    for path in left:
        _fold(connection, path, recovery)
    for other in read.streaming_runs(connection):
        if not alive(other):
            recovery.interrupted += _interrupt(connection, other)
    for conversation, other in connection.execute(
        "SELECT id, deleted_by FROM conversations WHERE deleted IS NOT NULL"
    ).fetchall():
        if not alive(other or ""):
            apply(connection, Purge(conversation), run.id)
    _collect_attachments(connection)
    recovery.is_unerased = erasure.is_pending(connection)
    spilled = {run_of(path) for path in left}
    for (other,) in connection.execute("SELECT id FROM runs").fetchall():
        # A row outlives its spill file: killed between commit and unlink, the next start must know what it has.
        if other not in spilled and not alive(other):
            connection.execute("DELETE FROM runs WHERE id = ?", (other,))
    recovery.folded += [path for path in unfinished(folder) if not alive(run_of(path))]
    run.sweep()
    return recovery


def _collect_attachments(connection: sqlite3.Connection) -> None:
    """Remove content that no message has referred to for long."""
    connection.execute(
        "DELETE FROM attachments WHERE created < ?"
        " AND NOT EXISTS (SELECT 1 FROM message_attachments m WHERE m.sha256 = attachments.sha256)",
        (time.time() - _UNREFERENCED_S,),
    )


class _Alive:
    """Asks once per run."""

    def __init__(self, run: WriterProcess) -> None:
        self._run = run
        self._known: dict[str, bool] = {}

    def __call__(self, other: str) -> bool:
        if other not in self._known:
            self._known[other] = self._run.is_alive(other)
        return self._known[other]


def _fold(connection: sqlite3.Connection, path: Path, recovery: Recovery) -> None:
    try:
        spill = read_spill(path)
    except (ValueError, OSError):
        recovery.unreadable.append(path)
        return
    row = connection.execute("SELECT applied FROM runs WHERE id = ?", (spill.run,)).fetchone()
    done = max(0, (row[0] if row else 0) - spill.first + 1)
    skipped = apply_all(connection, spill.operations[done:], spill.first + done, spill.run)
    last = max(spill.first + len(spill.operations) - 1, row[0] if row else 0)
    count_applied(connection, spill.run, last)
    (recovery.unreadable if spill.unreadable or skipped else recovery.folded).append(path)


def count_applied(connection: sqlite3.Connection, run: str, applied: int) -> None:
    """Write down that the first `applied` operations of `run` are in the database."""
    connection.execute("INSERT OR REPLACE INTO runs (id, applied) VALUES (?, ?)", (run, applied))


def _interrupt(connection: sqlite3.Connection, run: str) -> int:
    """Fold what arrived of the replies that `run` was streaming; return how many there were."""
    streaming = connection.execute("SELECT message, n FROM segments WHERE owner = ?", (run,)).fetchall()
    for message, n in streaming:
        pieces = connection.execute(
            "SELECT text, reasoning FROM partials WHERE message = ? AND segment = ? ORDER BY seq", (message, n)
        ).fetchall()
        connection.execute(
            "UPDATE segments SET text = text || ?, reasoning = reasoning || ?, status = 'interrupted', owner = NULL"
            " WHERE message = ? AND n = ?",
            ("".join(text for text, _ in pieces), "".join(reasoning for _, reasoning in pieces), message, n),
        )
        connection.execute("DELETE FROM partials WHERE message = ? AND segment = ?", (message, n))
    return len(streaming)
