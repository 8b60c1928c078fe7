"""What is saved, as `chat` asks for it: the rows on disk with the overlay of what is not on disk yet."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import merge
from typing import Final, TypeVar

from streamtui.chat.clean import clean, clean_line
from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Timing
from streamtui.store import rows
from streamtui.store.operations import Change, Hide, KeepDraft, Learn, Rename, Stash
from streamtui.store.overlay import Overlay
from streamtui.store.reader import Reader
from streamtui.store.writer import Writer

T = TypeVar("T")
_CATCH_UP_S: Final = 0.1
"""How long a read waits for the writer, which is cheaper than an overlay; exact it is in any case."""
_CHEAP: Final = (tuple, KeepDraft, Stash, Learn)
"""Operations that cost nothing to lay over."""


class SavedLibrary:
    """Implements `chat.ports.Library`."""

    def __init__(self, writer: Writer, reader: Reader, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def conversations(self, limit: int | None = None) -> list[ConversationSummary]:
        return await self._ask(lambda connection, overlay: _summaries(connection, overlay, limit))

    async def find(self, prefix: str) -> str:
        return await self._ask(lambda connection, overlay: _find(connection, overlay, prefix))

    async def latest(self) -> str | None:
        newest = await self.conversations(limit=1)
        return newest[0].id if newest else None

    async def tail(self, conversation: str, limit: int) -> tuple[ConversationRecord, list[ChatMessage]]:
        return await self._ask(lambda connection, overlay: _tail(connection, overlay, conversation, limit))

    async def load(self, conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
        return await self._ask(lambda connection, overlay: _load(connection, overlay, conversation))

    async def message(self, message: str) -> ChatMessage:
        """Return one message, a streaming one with the text written down so far. Raises `NotFoundError`.

        A cheap thing to ask again and again: text only ever grows at its end while the message is streaming.
        """
        return await self._ask(lambda connection, overlay: _one(connection, overlay, message))

    async def rename(self, conversation: str, title: str) -> None:
        await self._change(conversation, Rename(conversation, clean_line(title)))

    async def delete(self, conversation: str) -> None:
        await self._change(conversation, Hide(conversation, self._clock()))

    async def restore(self, conversation: str) -> bool:
        number = self._writer.unhide(conversation)
        if number is None:
            return False
        await asyncio.wrap_future(self._writer.written(number))
        return True

    async def prompts(self, limit: int) -> list[str]:
        return await self._ask(lambda connection, overlay: _prompts(connection, overlay, limit))

    def remember_prompt(self, text: str) -> None:
        if text.strip():
            self._writer.add(Stash(text), hurry=False)

    async def draft(self, conversation: str | None) -> str:
        return await self._ask(lambda connection, overlay: _draft(connection, overlay, conversation or ""))

    def keep_draft(self, conversation: str | None, text: str) -> None:
        self._writer.add(KeepDraft(conversation or "", text), hurry=False)

    async def timings(self, model: str | None = None, limit: int = 1000) -> list[Timing]:
        return await self._ask(lambda connection, overlay: _timings(connection, overlay, model, limit))

    async def _change(self, conversation: str, change: Change) -> None:
        await self._ask(lambda connection, overlay: _existing(connection, overlay, conversation))
        await asyncio.wrap_future(self._writer.written(self._writer.add(change)))

    async def _ask(self, query: Callable[[sqlite3.Connection | None, Overlay], T]) -> T:
        done, operations = self._writer.pending()
        if self._writer.trouble is None and any(not isinstance(operation, _CHEAP) for operation in operations):
            caught_up = self._writer.written(done + len(operations))
            with suppress(StoreError, TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(caught_up), _CATCH_UP_S)

        def read(connection: sqlite3.Connection | None) -> T:
            if connection is None:
                return query(None, Overlay(operations))
            applied = rows.applied(connection, self._writer.run_id)
            self._writer.check_alive(rows.streaming_runs(connection))
            return query(connection, Overlay(operations[max(0, applied - done) :]))

        return await asyncio.wrap_future(self._reader.ask(read))


def _existing(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> ConversationRecord:
    below = None
    if connection is not None:
        below = rows.record(connection, conversation, hidden=overlay.shows_again(conversation))
    record = overlay.record(conversation, below)
    if record is None:
        raise NotFoundError(f"There is no conversation {clean_line(conversation, 60)}.")
    return record


def _load(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str
) -> tuple[ConversationRecord, list[ChatMessage]]:
    record = _existing(connection, overlay, conversation)
    below = [] if connection is None else rows.everything(connection, conversation)
    return record, overlay.everything(conversation, below)


def _tail(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str, limit: int
) -> tuple[ConversationRecord, list[ChatMessage]]:
    record = _existing(connection, overlay, conversation)
    leaf = record.leaf
    if leaf is None:
        leaf = None if connection is None else rows.newest(connection, conversation)
    newest: list[ChatMessage] = []
    while leaf is not None and len(newest) < limit and overlay.messages.get(leaf, ("", None))[0] == conversation:
        newest.append(overlay.message(overlay.messages[leaf][1]))
        leaf = newest[-1].parent
    newest.reverse()
    if leaf is None or connection is None or len(newest) >= limit:
        return record, newest
    below = rows.branch(connection, conversation, leaf, limit - len(newest))
    return record, [overlay.message(message) for message in below] + newest


def _one(connection: sqlite3.Connection | None, overlay: Overlay, message: str) -> ChatMessage:
    found = overlay.messages.get(message) or (None if connection is None else rows.message(connection, message))
    if found is None or message in overlay.withdrawn:
        raise NotFoundError(f"There is no message {clean_line(message, 60)}.")
    _existing(connection, overlay, found[0])
    return overlay.message(found[1])


def _summaries(connection: sqlite3.Connection | None, overlay: Overlay, limit: int | None) -> list[ConversationSummary]:
    if not overlay.changed:
        return [] if connection is None else rows.summaries(connection, limit)
    below = [] if connection is None else rows.summaries(connection, None)
    known = {summary.id: summary for summary in below}
    order = [*reversed(overlay.active), *(summary.id for summary in below if summary.id not in overlay.active)]
    shown: list[ConversationSummary] = []
    for conversation in order[:]:
        if limit is not None and len(shown) >= limit:
            break
        if conversation not in overlay.changed:
            shown.append(known[conversation])
            continue
        with suppress(NotFoundError):
            record, messages = _load(connection, overlay, conversation)
            if messages:
                shown.append(_summary(record, messages))
    return shown


def _summary(record: ConversationRecord, messages: list[ChatMessage]) -> ConversationSummary:
    leaf = next((message for message in messages if message.id == record.leaf), messages[-1])
    return ConversationSummary(
        record.id, record.title, record.model, len(messages), leaf.status.value, record.created, record.updated
    )


def _find(connection: sqlite3.Connection | None, overlay: Overlay, prefix: str) -> str:
    found = set() if connection is None else set(rows.ids(connection, prefix))
    found.update(conversation for conversation in overlay.active if conversation.startswith(prefix))
    shown = []
    for conversation in found:
        with suppress(NotFoundError):
            shown.append(_existing(connection, overlay, conversation).id)
    if len(shown) == 1:
        return shown[0]
    if prefix in shown:
        return prefix
    name = clean_line(prefix, 60)
    if not shown:
        raise NotFoundError(f"There is no conversation {name}. `streamtui list` shows them all.")
    raise NotFoundError(f"Several conversations start with {name!r}. Give more of the id.")


def _prompts(connection: sqlite3.Connection | None, overlay: Overlay, limit: int) -> list[str]:
    """Return distinct prompts, newest first, reading no more rows than it takes."""
    texts: dict[str, None] = {}
    for text in _all_prompts(connection, overlay):
        if len(texts) >= limit:
            break
        if text.strip():
            texts.setdefault(clean(text))
    return list(texts)


def _all_prompts(connection: sqlite3.Connection | None, overlay: Overlay) -> Iterator[str]:
    yield from (text for _, text in reversed(overlay.prompts))
    if connection is None:
        return
    for _, _, message, text in merge(
        rows.sent(connection), rows.stashed(connection), key=lambda row: row[:2], reverse=True
    ):
        if message not in overlay.withdrawn:
            yield text


def _draft(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> str:
    if conversation in overlay.drafts:
        return clean(overlay.drafts[conversation])
    return "" if connection is None else rows.draft(connection, conversation)


def _timings(connection: sqlite3.Connection | None, overlay: Overlay, model: str | None, limit: int) -> list[Timing]:
    fresh = [
        Timing(
            message.model or "",
            message.created,
            segment.status.value,
            segment.metrics,
            segment.usage.output_tokens if segment.usage else None,
            segment.usage.input_tokens if segment.usage else None,
        )
        for _, message in reversed(overlay.messages.values())
        for segment in reversed(message.segments)
        if segment.metrics is not None and message.role == "assistant" and model in (None, message.model)
    ]
    below = [] if connection is None else rows.timings(connection, model, limit)
    settled = [timing for message, timing in below if message not in overlay.messages]
    return [*fresh, *settled][:limit]
