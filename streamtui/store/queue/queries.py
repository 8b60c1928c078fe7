"""Questions to what is saved: the rows on disk with the overlay of what is not on disk yet.

Every function runs in the reading thread and takes the connection, or `None` where there is nothing to read.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from heapq import merge
from itertools import islice

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Timing
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.store.queue.overlay import Overlay
from streamtui.store.sqlite import read


def existing(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> ConversationRecord:
    record = overlay.record(conversation, None if connection is None else read.record(connection, conversation))
    hidden = conversation in _hidden(connection, overlay)
    if (
        record is None
        or hidden
        or (conversation in overlay.thinned and not _messages(connection, overlay, conversation))
    ):
        raise NotFoundError(f"There is no conversation {sanitize_line(conversation, 60)}.")
    return record


def _hidden(connection: sqlite3.Connection | None, overlay: Overlay) -> set[str]:
    below = set() if connection is None else read.hidden(connection)
    return (below - overlay.shown) | overlay.hidden


def load(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str
) -> tuple[ConversationRecord, list[ChatMessage]]:
    return existing(connection, overlay, conversation), _messages(connection, overlay, conversation)


def _messages(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> list[ChatMessage]:
    below = [] if connection is None else read.everything(connection, conversation)
    return overlay.everything(conversation, below)


def tail(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str, limit: int
) -> tuple[ConversationRecord, list[ChatMessage]]:
    record = existing(connection, overlay, conversation)
    leaf = record.leaf
    if leaf is None:
        leaf = None if connection is None else read.newest(connection, conversation)
    limit = min(limit, 1_000_000)
    unwritten = {message.id: message for owner, message in overlay.messages.values() if owner == conversation}
    newest, leaf = _branch(unwritten, leaf, limit)
    if leaf is not None and connection is not None and len(newest) < limit:
        newest = read.branch(connection, conversation, leaf, limit - len(newest)) + newest
        leaf = newest[0].parent if newest else leaf
    newest = _branch(overlay.earlier.get(conversation, {}), leaf, limit - len(newest))[0] + newest
    return record, [overlay.message(message) for message in newest]


def _branch(messages: Mapping[str, ChatMessage], leaf: str | None, limit: int) -> tuple[list[ChatMessage], str | None]:
    """Return at most `limit` of the messages that lead to `leaf`, oldest first, and what the first of them follows."""
    found: list[ChatMessage] = []
    most = min(limit, len(messages))  # a ring of parents must end
    while leaf is not None and len(found) < most and leaf in messages:
        found.append(messages[leaf])
        leaf = found[-1].parent
    found.reverse()
    return found, leaf


def message(connection: sqlite3.Connection | None, overlay: Overlay, message: str) -> ChatMessage:
    found = overlay.messages.get(message) or (None if connection is None else read.message(connection, message))
    if found is None or message in overlay.withdrawn:
        raise NotFoundError(f"There is no message {sanitize_line(message, 60)}.")
    existing(connection, overlay, found[0])
    return overlay.message(found[1])


def summaries(connection: sqlite3.Connection | None, overlay: Overlay, limit: int | None) -> list[ConversationSummary]:
    hidden = _hidden(connection, overlay)
    if not overlay.changed:
        most = None if limit is None else limit + len(hidden)
        below = [] if connection is None else read.summaries(connection, most)
        return [summary for summary in below if summary.id not in hidden][:limit]
    below = [] if connection is None else read.summaries(connection, None)
    known = {summary.id: summary for summary in below}
    order = [*reversed(overlay.active), *(summary.id for summary in below if summary.id not in overlay.active)]
    shown: list[ConversationSummary] = []
    for conversation in order:
        if limit is not None and len(shown) >= limit:
            break
        if conversation not in overlay.changed and conversation not in hidden:
            shown.append(known[conversation])
            continue
        with suppress(NotFoundError):
            shown.append(_summary(*load(connection, overlay, conversation)))
    return shown


def _summary(record: ConversationRecord, messages: list[ChatMessage]) -> ConversationSummary:
    leaf = next((message for message in messages if message.id == record.leaf), messages[-1])
    return ConversationSummary(
        record.id, record.title, record.model, len(messages), leaf.status.value, record.created, record.updated
    )


def find(connection: sqlite3.Connection | None, overlay: Overlay, prefix: str) -> str:
    found = set() if connection is None else set(read.ids(connection, prefix))
    found.update(conversation for conversation in overlay.active if conversation.startswith(prefix))
    shown = []
    for conversation in found:
        with suppress(NotFoundError):
            shown.append(existing(connection, overlay, conversation).id)
    if len(shown) == 1 and prefix:
        return shown[0]
    if prefix in shown:
        return prefix
    name = sanitize_line(prefix, 60)
    if not shown or not prefix:
        raise NotFoundError(f"There is no conversation {name}. `streamtui list` shows them all.")
    raise NotFoundError(f"Several conversations start with {name!r}. Give more of the id.")


def prompts(connection: sqlite3.Connection | None, overlay: Overlay, limit: int) -> list[str]:
    """Return distinct prompts, newest first, reading no more rows than it takes."""
    texts: dict[str, None] = {}
    for text in _all_prompts(connection, overlay):
        if len(texts) >= limit:
            break
        if text.strip():
            texts.setdefault(sanitize(text))
    return list(texts)


def _all_prompts(connection: sqlite3.Connection | None, overlay: Overlay) -> Iterator[str]:
    hidden = _hidden(connection, overlay)
    for conversation, _, text in reversed(overlay.prompts):
        if conversation not in hidden:
            yield text
    if connection is None:
        return
    sources = read.sent(connection), read.stashed(connection)
    for _, _, conversation, message, text in merge(*sources, key=lambda row: row[:2], reverse=True):
        if conversation not in hidden and message not in overlay.withdrawn:
            yield text


def draft(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> str:
    if conversation in overlay.drafts:
        return sanitize(overlay.drafts[conversation])
    return "" if connection is None else read.draft(connection, conversation)


def timings(connection: sqlite3.Connection | None, overlay: Overlay, model: str | None, limit: int) -> list[Timing]:
    """Return the figures of at most `limit` replies, newest first."""
    return list(islice(_all_timings(connection, overlay, model), limit))


def _all_timings(connection: sqlite3.Connection | None, overlay: Overlay, model: str | None) -> Iterator[Timing]:
    hidden = _hidden(connection, overlay)
    for conversation, message in reversed(overlay.messages.values()):
        if conversation not in hidden and message.role == "assistant" and model in (None, message.model):
            yield from _timings(message)
    if connection is None:
        return
    for conversation, identity, timing in read.timings(connection, model):
        if conversation not in hidden and identity not in overlay.messages and identity not in overlay.withdrawn:
            yield timing


def _timings(message: ChatMessage) -> Iterator[Timing]:
    for segment in reversed(message.segments):
        if segment.metrics is not None:
            yield Timing.of(message.model or "", message.created, segment.status.value, segment.metrics, segment.usage)
