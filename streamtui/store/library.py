"""What is saved, as `chat` asks for it."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from streamtui.chat.errors import StoreError
from streamtui.chat.messages import ChatMessage, DraftAttachment, new_id
from streamtui.chat.ports import ConversationRecord, ConversationSummary, ForeignDatabase, SearchHit, Timing
from streamtui.chat.sanitize import sanitize_line
from streamtui.store.draft_attachments import to_json
from streamtui.store.foreign import opened_foreign
from streamtui.store.operations import (
    Add,
    AddPromptHistory,
    Change,
    Forget,
    KeepDraft,
    Learn,
    Pin,
    PutAttachment,
    Rename,
    SoftDelete,
)
from streamtui.store.queue import queries
from streamtui.store.queue.overlay import Overlay
from streamtui.store.queue.writer import QueueWriter
from streamtui.store.reader import Reader
from streamtui.store.sqlite import read
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.errors import DamagedError

T = TypeVar("T")
_CATCH_UP_S: Final = 0.1
"""How long a read waits for the writer, which is cheaper than an overlay; exact it is in any case."""
_CHEAP: Final = (tuple, KeepDraft, AddPromptHistory, Learn, Forget)
"""Operations that cost nothing to lay over."""


class SavedLibrary:
    """Implements `chat.ports.Library`."""

    def __init__(self, writer: QueueWriter, reader: Reader, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def conversations(self, limit: int | None = None, offset: int = 0) -> list[ConversationSummary]:
        return await self._ask(lambda connection, overlay: queries.summaries(connection, overlay, limit, offset))

    async def count(self) -> int:
        return await self._ask(queries.count)

    async def pinned(self) -> list[ConversationSummary]:
        return await self._ask(queries.pinned)

    async def older_than(self, moment: float) -> list[ConversationSummary]:
        summaries = await self.conversations()
        return [summary for summary in summaries if summary.updated < moment and not summary.pinned]

    async def find(self, reference: str, *, at_least: int = 1) -> str:
        return await self._ask(lambda connection, overlay: queries.find(connection, overlay, reference, at_least))

    async def latest(self) -> str | None:
        newest = await self.conversations(limit=1)
        return newest[0].id if newest else None

    async def tail(self, conversation: str, limit: int) -> tuple[ConversationRecord, list[ChatMessage]]:
        return await self._ask(lambda connection, overlay: queries.tail(connection, overlay, conversation, limit))

    async def load(self, conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
        return await self._ask(lambda connection, overlay: queries.load(connection, overlay, conversation))

    async def message(self, message: str) -> ChatMessage:
        """Return one message, a streaming one with the text written down so far. Raises `NotFoundError`.

        A cheap thing to ask again and again: text only ever grows at its end while the message is streaming.
        """
        return await self._ask(lambda connection, overlay: queries.message(connection, overlay, message))

    async def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        return await self._ask(lambda connection, overlay: queries.search(connection, overlay, text, limit))

    async def add(self, record: ConversationRecord, messages: Sequence[ChatMessage]) -> bool:
        if await self._ask(partial(queries.is_saved, conversation=record.id)):
            return False
        if await self._ask(partial(queries.is_hidden, conversation=record.id)):
            record = replace(record, id=new_id())
        if await self._ask(partial(queries.saved_messages, ids=[message.id for message in messages])):
            record, messages = _renamed(record, messages)
        await self._written(Add(record, tuple(messages)))
        return True

    def open_database(self, path: Path) -> AbstractContextManager[ForeignDatabase]:
        return opened_foreign(path)

    async def rename(self, conversation: str, title: str) -> None:
        await self._change(Rename(conversation, sanitize_line(title)))

    async def pin(self, conversation: str, pinned: bool) -> None:
        await self._change(Pin(conversation, pinned))

    async def delete(self, *conversations: str) -> None:
        await self._change(*(SoftDelete(conversation, self._clock()) for conversation in conversations))

    async def restore(self, conversation: str) -> bool:
        number = self._writer.undelete(conversation)
        if number is None:
            return False
        await asyncio.wrap_future(self._writer.pending.written(number))
        return True

    async def prompts(self, limit: int) -> list[str]:
        return await self._ask(lambda connection, overlay: queries.prompts(connection, overlay, limit))

    async def search_prompts(self, text: str, limit: int) -> list[str]:
        return await self._ask(lambda connection, overlay: queries.prompts(connection, overlay, limit, text))

    async def put_attachment(self, content: bytes) -> str:
        import hashlib  # 3 ms that those who attach nothing are spared

        sha256 = hashlib.sha256(content).hexdigest()
        await self._written(PutAttachment(sha256, content, self._clock()))
        return sha256

    async def attachment(self, sha256: str) -> bytes:
        return await self._ask(lambda connection, overlay: queries.attachment(connection, overlay, sha256))

    def remember_prompt(self, text: str) -> None:
        if text.strip():
            self._writer.add(AddPromptHistory(text), hurry=False)

    async def draft(self, conversation: str | None) -> str:
        return await self._ask(lambda connection, overlay: queries.draft(connection, overlay, conversation or ""))

    async def draft_attachments(self, conversation: str | None) -> tuple[DraftAttachment, ...]:
        return await self._ask(
            lambda connection, overlay: queries.draft_attachments(connection, overlay, conversation or "")
        )

    def keep_draft(self, conversation: str | None, text: str, attachments: Sequence[DraftAttachment] = ()) -> None:
        self._writer.add(KeepDraft(conversation or "", text, to_json(attachments)), hurry=False)

    async def timings(self, model: str | None = None, limit: int = 1000) -> list[Timing]:
        return await self._ask(lambda connection, overlay: queries.timings(connection, overlay, model, limit))

    async def _change(self, *changes: Rename | Pin | SoftDelete) -> None:
        """Write down changes of conversations that exist. Raises `NotFoundError` where one doesn't."""
        for change in changes:
            await self._ask(partial(queries.existing, conversation=change.conversation))
        for change in changes[:-1]:
            self._writer.add(change, hurry=False)
        for change in changes[-1:]:
            await self._written(change)

    async def _written(self, change: Change) -> None:
        await asyncio.wrap_future(self._writer.pending.written(self._writer.add(change)))

    async def _ask(self, query: Callable[[sqlite3.Connection | None, Overlay], T]) -> T:
        """Answer from what is on disk and what is not there yet. Raises `StoreError` where it can't be read."""
        with suppress(StoreError, TimeoutError):  # opening it may take a while: a new format, a rescue
            await asyncio.shield(asyncio.wrap_future(self._writer.opened))
        try:
            return await self._ask_once(query)
        except DamagedError as error:
            replacing = partial(Database.replace_damaged, identity=error.identity)
            await asyncio.shield(asyncio.wrap_future(self._writer.request(replacing)))
            return await self._ask_once(query)

    async def _ask_once(self, query: Callable[[sqlite3.Connection | None, Overlay], T]) -> T:
        done, operations = self._writer.pending.snapshot()
        if self._writer.trouble is None and any(not isinstance(operation, _CHEAP) for operation in operations):
            caught_up = self._writer.pending.written(done + len(operations))
            with suppress(StoreError, TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(caught_up), _CATCH_UP_S)

        def answer(connection: sqlite3.Connection | None) -> T:
            if connection is None:
                return query(None, Overlay(operations))
            applied = read.applied(connection, self._writer.run_id)
            self._writer.check_alive(read.streaming_runs(connection))
            return query(connection, Overlay(operations[max(0, applied - done) :]))

        return await asyncio.wrap_future(self._reader.ask(answer))


def _renamed(
    record: ConversationRecord, messages: Sequence[ChatMessage]
) -> tuple[ConversationRecord, list[ChatMessage]]:
    """Return the conversation with new ids for its messages."""
    ids = {message.id: new_id() for message in messages}
    renamed = [replace(message, id=ids[message.id], parent=ids.get(message.parent or "")) for message in messages]
    return replace(record, leaf=ids.get(record.leaf or "")), renamed
