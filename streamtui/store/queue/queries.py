"""Questions to what is saved: the rows on disk with the overlay of what is not on disk yet.

Every function runs in the reading thread and takes the connection, or `None` where there is nothing to read.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import merge
from itertools import islice
from typing import Final, TypeAlias

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage, DraftAttachment
from streamtui.chat.ports import ConversationRecord, ConversationSummary, SearchHit, Timing
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.store.draft_attachments import from_json
from streamtui.store.queue.overlay import Overlay
from streamtui.store.sqlite import read
from streamtui.store.sqlite.search import Words, matches, titles

LATEST: Final = "last"
"""What stands for the conversation updated last wherever one is named."""


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


def is_saved(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> bool:
    """Return whether there is such a conversation; one that is being deleted is none."""
    try:
        existing(connection, overlay, conversation)
    except NotFoundError:
        return False
    return True


def is_hidden(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> bool:
    """Return whether such a conversation is being deleted."""
    return conversation in _hidden(connection, overlay)


def saved_messages(connection: sqlite3.Connection | None, overlay: Overlay, ids: Sequence[str]) -> set[str]:
    """Return which of these ids messages have."""
    below = set() if connection is None else read.known(connection, ids)
    return below | (overlay.messages.keys() & set(ids))


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
    branch: list[ChatMessage] = []
    most = min(limit, len(messages))  # a ring of parents must end
    while leaf is not None and len(branch) < most and leaf in messages:
        branch.append(messages[leaf])
        leaf = branch[-1].parent
    branch.reverse()
    return branch, leaf


def message(connection: sqlite3.Connection | None, overlay: Overlay, message: str) -> ChatMessage:
    row = overlay.messages.get(message) or (None if connection is None else read.message(connection, message))
    if row is None or message in overlay.withdrawn:
        raise NotFoundError(f"There is no message {sanitize_line(message, 60)}.")
    existing(connection, overlay, row[0])
    return overlay.message(row[1])


def summaries(
    connection: sqlite3.Connection | None, overlay: Overlay, limit: int | None = None, offset: int = 0
) -> list[ConversationSummary]:
    if not overlay.changed:
        return [] if connection is None else read.summaries(connection, limit, offset)
    page = _all_summaries(connection, overlay)
    return list(islice(page, offset, None if limit is None else offset + limit))


def pinned(connection: sqlite3.Connection | None, overlay: Overlay) -> list[ConversationSummary]:
    if not overlay.changed:
        return [] if connection is None else read.pinned(connection)
    return [summary for summary in _all_summaries(connection, overlay) if summary.pinned]


def _all_summaries(connection: sqlite3.Connection | None, overlay: Overlay) -> Iterator[ConversationSummary]:
    hidden = _hidden(connection, overlay)
    below = {} if connection is None else {summary.id: summary for summary in read.all_summaries(connection)}
    for conversation in (*reversed(overlay.active), *(id for id in below if id not in overlay.active)):
        if conversation not in overlay.changed and conversation not in hidden:
            yield below[conversation]
            continue
        with suppress(NotFoundError):
            yield _summary(*load(connection, overlay, conversation))


def count(connection: sqlite3.Connection | None, overlay: Overlay) -> int:
    if not overlay.changed and connection is not None:
        return read.count(connection)
    return sum(1 for _ in _all_summaries(connection, overlay))


def _summary(record: ConversationRecord, messages: list[ChatMessage]) -> ConversationSummary:
    leaf = next((message for message in messages if message.id == record.leaf), messages[-1])
    return ConversationSummary(
        record.id,
        record.title,
        record.model,
        len(messages),
        leaf.status.value,
        record.created,
        record.updated,
        record.pinned,
    )


def find(connection: sqlite3.Connection | None, overlay: Overlay, reference: str, at_least: int = 1) -> str:
    name = sanitize_line(reference, 60)
    if reference == LATEST:
        newest = summaries(connection, overlay, 1)
        if not newest:
            raise NotFoundError("There is no saved conversation.")
        return newest[0].id
    matches = [] if not reference else list(_matches(connection, overlay, reference, at_least))
    if reference in matches:
        return reference
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise NotFoundError(f"There is no conversation {name}. `streamtui list` shows them all.")
    raise NotFoundError(f"Several conversations are meant by {name!r}. Give more of the id.")


def _matches(connection: sqlite3.Connection | None, overlay: Overlay, reference: str, at_least: int) -> Iterator[str]:
    """Iterate over the conversations that `reference` may mean, by id or by title."""
    candidates = set() if connection is None else set(read.matching(connection, reference))
    title = sanitize_line(reference).casefold()
    for conversation in sorted(candidates | overlay.changed.keys()):
        with suppress(NotFoundError):
            record = existing(connection, overlay, conversation)
            by_id = len(reference) >= at_least and (record.id.startswith(reference) or record.id.endswith(reference))
            if by_id or record.id == reference or record.title.casefold() == title:
                yield record.id


def search(connection: sqlite3.Connection | None, overlay: Overlay, text: str, limit: int) -> list[SearchHit]:
    """Return hits in titles, then in messages, newest first. What is not on disk yet is read message by message."""
    words = Words(text)
    if not words.terms:
        return []
    hits: list[SearchHit] = []
    summaries: dict[str, ConversationSummary | None] = {}
    for conversation, message, snippet, spans in _places(connection, overlay, words):
        if conversation not in summaries:
            summaries[conversation] = _summary_of(connection, overlay, conversation)
        summary = summaries[conversation]
        if summary is not None:
            hits.append(SearchHit(summary, message, snippet, spans))
        if len(hits) >= limit:
            break
    return hits


_Place: TypeAlias = tuple[str, str | None, str, tuple[tuple[int, int], ...]]


def _places(connection: sqlite3.Connection | None, overlay: Overlay, words: Words) -> Iterator[_Place]:
    """Iterate over conversation, message, snippet and the words' places in it."""
    for conversation in reversed(overlay.changed):
        title = _title(connection, overlay, conversation)
        if words.find(title) is not None:
            yield conversation, None, *words.snippet(title, 0)
    for conversation, title in () if connection is None else titles(connection, words):
        if conversation not in overlay.changed:
            yield conversation, None, *words.snippet(title, 0)
    hidden = _hidden(connection, overlay)
    for conversation, message in reversed(overlay.messages.values()):
        body = "\n".join((overlay.message(message).text, *(part.name for part in message.attachments)))
        at = words.find(body)
        if at is not None and conversation not in hidden:
            yield conversation, message.id, *words.snippet(body, at)
    for match in () if connection is None else matches(connection, words):
        if match.id not in overlay.messages and match.id not in overlay.withdrawn and match.conversation not in hidden:
            yield match.conversation, match.id, match.snippet, match.spans


def _title(connection: sqlite3.Connection | None, overlay: Overlay, conversation: str) -> str:
    try:
        return existing(connection, overlay, conversation).title
    except NotFoundError:
        return ""


def _summary_of(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str
) -> ConversationSummary | None:
    if conversation not in overlay.changed and connection is not None:
        return read.summary(connection, conversation)
    with suppress(NotFoundError):
        return _summary(*load(connection, overlay, conversation))
    return None


def attachment(connection: sqlite3.Connection | None, overlay: Overlay, sha256: str) -> bytes:
    content = overlay.attachments.get(sha256)
    if content is None and connection is not None:
        content = read.attachment(connection, sha256)
    if content is None:
        raise NotFoundError(f"There is no attachment {sanitize_line(sha256, 70)}.")
    return content


def prompts(connection: sqlite3.Connection | None, overlay: Overlay, limit: int, part: str = "") -> list[str]:
    """Return distinct prompts that contain `part` in any case, newest first, reading no more rows than it takes."""
    texts: dict[str, None] = {}
    part = part.casefold()
    for prompt in _all_prompts(connection, overlay):
        if len(texts) >= limit:
            break
        text = read.text_of(prompt)
        if text.strip() and part in text.casefold():
            texts.setdefault(text)
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
    if (kept := overlay.drafts.get(conversation)) is not None:
        return sanitize(kept.text)
    return "" if connection is None else read.draft(connection, conversation)[0]


def draft_attachments(
    connection: sqlite3.Connection | None, overlay: Overlay, conversation: str
) -> tuple[DraftAttachment, ...]:
    if (kept := overlay.drafts.get(conversation)) is not None:
        return from_json(kept.attachments)
    return () if connection is None else from_json(read.draft(connection, conversation)[1])


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
