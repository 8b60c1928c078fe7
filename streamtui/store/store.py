"""The store: one data folder, opened by one process."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import HealthReport
from streamtui.store.library import SavedLibrary
from streamtui.store.maintenance import back_up, examine, mend
from streamtui.store.queue.writer import QueueWriter
from streamtui.store.quirks import SavedMemory
from streamtui.store.reader import Reader
from streamtui.store.recorder import SavedRecorder
from streamtui.store.sqlite import read
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import RefusedError
from streamtui.store.sqlite.schema import SCRIPTS
from streamtui.store.writer_process import WriterProcess

FILE_NAME: Final = "streamtui.db"
GRACE_S: Final = 10.0
"""For how long a deletion can be taken back."""
CLOSE_S: Final = 1.5
"""For how long closing tries; a signal has to be obeyed within three seconds in all."""
_OPEN_S: Final = 1.0


class Store:
    """Everything that is saved. While nothing can be saved, all of it works from memory and `trouble` says why.

    `recorder`, `library` and `memory` are what `chat` asks for. Their coroutines may run on any event loop; none of
    their methods blocks it.
    """

    def __init__(self, writer: QueueWriter, reader: Reader, database: Database, clock: Callable[[], float]) -> None:
        """For `open` alone."""
        self._writer = writer
        self._reader = reader
        self._database = database
        self.recorder = SavedRecorder(writer, clock)
        self.library = SavedLibrary(writer, reader, clock)
        self.memory = SavedMemory(writer, self._known(), clock)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        grace_s: float = GRACE_S,
        scripts: Sequence[str] = SCRIPTS,
        vfs: str | None = None,
    ) -> "Store":
        """Open the store in `folder`, which is created as needed; fold in what processes that died left behind.

        Blocks for some milliseconds, for a second at the most: call it before the event loop starts, or in a thread.
        Raises `StoreError` where the saved conversations belong to a newer version or to another program; for
        everything else the store works from memory, and saves as soon as it can.
        """
        folder = folder.expanduser().absolute()
        run = WriterProcess(folder / "runs")
        database = Database(folder / FILE_NAME, run, scripts=scripts, vfs=vfs)
        writer = QueueWriter(database, run, grace_s, monotonic)
        reader = Reader(database.path, scripts, vfs)
        writer.start()
        reader.start()
        try:
            writer.opened.result(_OPEN_S)
        except RefusedError:
            writer.close(0)
            reader.close(0)
            raise
        except (StoreError, TimeoutError):
            pass  # the writer goes on trying
        return cls(writer, reader, database, clock)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._database.path

    @property
    def trouble(self) -> str | None:
        """Why nothing can be saved now and what to do, in one line; `None` while all is well."""
        return self._writer.trouble

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know about how opening went, one line each."""
        return tuple(self._database.notices)

    def on_trouble(self, callback: Callable[[str | None], None]) -> None:
        """Have `callback` called whenever `trouble` changes, with its new value.

        It is called on the event loop that runs now; where none does, on the database thread.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._writer.on_trouble = callback
            return

        def hand_over(trouble: str | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(callback, trouble)

        self._writer.on_trouble = hand_over

    def flush_or_spill(self, timeout: float = CLOSE_S) -> bool:
        """Get everything on disk now, into the spill file where the database can't take it within `timeout` seconds.

        Return whether it is. Blocks; may be called from a signal handler. The store goes on working.
        """
        return self._writer.flush_or_spill(timeout)

    def erase(self, timeout: float, on_progress: Callable[[float], None] = lambda part: None) -> bool:
        """Make deletions final now and wait until no file holds deleted text, as `chat.ports.Storage.erase` has it."""
        return self._writer.erase(timeout, on_progress)

    def check(self) -> HealthReport:
        """Look through all that is saved, and mend what can be, as `chat.ports.Storage.check` has it."""
        self._writer.flush_or_spill(CLOSE_S)
        findings = examine(self.path)
        if findings.report.is_healthy:
            return findings.report
        if findings.is_damaged:
            self._writer.request(partial(Database.replace_damaged, identity=self._database.identity)).result()
            mended = self.notices[-1:]
        else:
            self._writer.request(lambda database, patience: database.write(mend, patience)).result()
            mended = ("Its indexes were made anew.",) if findings.is_index_wrong else ()
            mended += (f"{findings.lost} conversations have a row again.",) if findings.lost else ()
        return replace(examine(self.path).report, problems=findings.report.problems, mended=mended)

    def backup(self, path: Path) -> None:
        """Copy all that is saved to the file `path`. Blocks. Raises `StoreError`."""
        self._writer.flush_or_spill(CLOSE_S)
        back_up(self.path, path.expanduser())

    def close(self, timeout: float = CLOSE_S) -> bool:
        """Write everything down, finish deletions, let go of the files; return whether nothing was lost.

        Blocks for about `timeout` seconds at the most. What the database can't take goes to the spill file.
        """
        self._reader.close(timeout / 4)
        return self._writer.close(timeout)

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _known(self) -> list[tuple[str, str, str, float]]:
        question = self._reader.ask(lambda connection: [] if connection is None else read.quirks(connection))
        try:
            return question.result(_OPEN_S)
        except (StoreError, TimeoutError):
            return []
