"""Saves what files hold: each conversation whole or not at all, and none twice."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from streamtui.chat.errors import NotFoundError
from streamtui.chat.ports import Library
from streamtui.workspace.imports.sources import Reading, Refused, opened
from streamtui.workspace.imports.values import Imported


@dataclass(slots=True)
class Tally:
    """What became of the conversations so far."""

    imported: int = 0
    known: int = 0
    """Saved already: they stay as they are."""
    refused: int = 0
    reason: str = ""
    """Why the last one was refused."""
    last: str | None = None
    """The id of the conversation imported last."""

    @property
    def line(self) -> str:
        """What to say about it."""
        parts = [f"{_count(self.imported)} imported"]
        if self.known:
            parts.append(f"{self.known:,} already here")
        if self.refused:
            parts.append(f"{self.refused:,} left out ({self.reason.rstrip('.')})")
        return ", ".join(parts)


def _count(number: int) -> str:
    return f"{number:,} conversation" if number == 1 else f"{number:,} conversations"


class Importer:
    """Reads files and saves what they hold. Cancelling between two conversations leaves whole ones behind."""

    def __init__(self, library: Library, model: str) -> None:
        """`model` answers where a conversation comes without a model."""
        self._library = library
        self._model = model

    async def take_in(
        self, path: Path, tally: Tally, on_progress: Callable[[Tally], None] = lambda tally: None
    ) -> None:
        """Save what a file holds, and count it. Files that turn out unreadable somewhere leave nothing behind.

        `on_progress` is called after each conversation. Raises `UnreadableError` and `StoreError`.
        """
        async with aclosing(self._readings(path)) as readings:
            async for _ in readings:  # what is wrong at its end is known before anything of it is saved
                pass
        async with aclosing(self._readings(path)) as readings:
            async for reading in readings:
                await self._save(reading, tally)
                on_progress(tally)

    async def _readings(self, path: Path) -> AsyncGenerator[Reading, None]:
        with ExitStack() as stack:
            readings = await asyncio.to_thread(stack.enter_context, opened(path, self._library.open_database))
            while (reading := await asyncio.to_thread(next, readings, None)) is not None:
                yield reading

    async def _save(self, reading: Reading, tally: Tally) -> None:
        match reading:
            case Refused(reason=reason):
                tally.refused, tally.reason = tally.refused + 1, reason
            case Imported(record=record, messages=messages, files=files):
                if files and await self._is_saved(record.id):
                    tally.known += 1
                    return
                for content in files.values():
                    await self._library.put_attachment(content)
                record = record if record.model else replace(record, model=self._model)
                if await self._library.add(record, messages):
                    tally.imported, tally.last = tally.imported + 1, record.id
                else:
                    tally.known += 1

    async def _is_saved(self, conversation: str) -> bool:
        try:
            await self._library.tail(conversation, 1)
        except NotFoundError:
            return False
        return True
