"""Operations as SQL. Runs in the database thread, inside a transaction that the caller owns."""

import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from streamtui.chat.messages import Attachment, ChatMessage, Segment, Status
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.store.operations import (
    Add,
    AddPromptHistory,
    Append,
    Begin,
    Change,
    Forget,
    KeepDraft,
    Learn,
    Operation,
    Pin,
    Purge,
    PutAttachment,
    Rename,
    Settle,
    SoftDelete,
    Undelete,
    Update,
    Withdraw,
)
from streamtui.store.sqlite import erasure, search

RECOVERED: Final = "Recovered conversation"
"""The title where nothing is left but a reply that was streaming when the file was damaged or lost."""
_HOPELESS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    ArithmeticError,
    AttributeError,
    TypeError,
    ValueError,
)
"""What does not get better by trying again."""

_log = logging.getLogger(__name__)

_TOUCH = "(SELECT coalesce(max(touched), 0) + 1 FROM conversations)"
_PUT_RECORD = f"""
INSERT INTO conversations (id, title, model, system, leaf, created, updated, touched)
VALUES (?, ?, ?, ?, ?, ?, ?, {_TOUCH})
ON CONFLICT (id) DO UPDATE SET
    title = excluded.title, model = excluded.model, system = excluded.system, leaf = excluded.leaf,
    updated = max(updated, excluded.updated), touched = {_TOUCH}, deleted = NULL, deleted_by = NULL
"""
# `touched` orders by activity: right behind the last one active before, by a fraction that leaves room for a million.
_PUT_IN_ORDER = """
UPDATE conversations SET pinned = :pinned, touched = coalesce(
    (SELECT max(touched) + 1.0 / (1 << 20) FROM conversations WHERE updated <= :updated AND id <> :id),
    (SELECT min(touched) - 1 FROM conversations WHERE id <> :id),
    1
) WHERE id = :id
"""
_UPDATE_RECORD = """
UPDATE conversations SET title = ?, model = ?, system = ?, leaf = ? WHERE id = ?
"""
# Whoever holds only the end of a branch that another process deleted has no parent for its first message.
_PUT_MESSAGE = """
INSERT INTO messages (id, conversation, parent, role, model, created)
VALUES (
    :id, :conversation, (SELECT id FROM messages WHERE id = :parent AND conversation = :conversation),
    :role, :model, :created
)
ON CONFLICT (id) DO UPDATE SET
    conversation = excluded.conversation, parent = excluded.parent, role = excluded.role, model = excluded.model,
    created = excluded.created
"""
_PUT_SEGMENT = """
INSERT INTO segments (
    message, n, status, owner, finish_reason, error_kind, error_message,
    input_tokens, output_tokens, reasoning_tokens, estimated,
    connect_s, ttft_s, streaming_s, total_s, chunks, characters, characters_per_s, tokens_per_s, thinking_s,
    text, reasoning, notices, citations
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_PUT_PARTIAL = """
INSERT OR REPLACE INTO partials (message, segment, seq, text, reasoning)
SELECT seq, ?, ?, ?, ? FROM messages WHERE id = ?
"""
_PUT_ATTACHMENT = """
INSERT INTO attachments (sha256, created, content) VALUES (?, ?, ?)
ON CONFLICT (sha256) DO UPDATE SET created = max(created, excluded.created)
"""
_FORGET_PROMPTS = """
DELETE FROM prompts WHERE text IN (
    SELECT s.text FROM messages m JOIN segments s ON s.message = m.seq WHERE m.conversation = ? AND m.role = 'user'
)
"""
_SETTLED = f"""
UPDATE conversations SET updated = max(updated, ?), touched = {_TOUCH} WHERE id = ?
"""


def apply_all(connection: sqlite3.Connection, operations: Sequence[Operation], first: int, run: str) -> int:
    """Apply `operations`, the first of which has the number `first` among those of the run `run`.

    An operation that no database would take must not keep the others from it: it is skipped. Return how many were.
    """
    connection.execute("SAVEPOINT all_of_them")
    try:
        _apply_all(connection, operations, first, run)
    except _HOPELESS:
        connection.execute("ROLLBACK TO all_of_them")
        return sum(
            not _is_applied(connection, operation, number, run) for number, operation in enumerate(operations, first)
        )
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE all_of_them")
    return 0


def _is_applied(connection: sqlite3.Connection, operation: Operation, number: int, run: str) -> bool:
    connection.execute("SAVEPOINT one")
    try:
        _apply_all(connection, [operation], number, run)
    except _HOPELESS:
        connection.execute("ROLLBACK TO one")
        _log.exception("skipped a %s", type(operation).__name__)
        return False
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE one")
    return True


def _apply_all(connection: sqlite3.Connection, operations: Iterable[Operation], first: int, run: str) -> None:
    pieces: dict[tuple[str, int], list[Append]] = {}
    number = first
    for operation in operations:
        if isinstance(operation, tuple):
            pieces.setdefault(operation[:2], []).append(operation)
        else:
            _append(connection, pieces, number)
            pieces.clear()
            apply(connection, operation, run)
        number += 1
    _append(connection, pieces, number)


def _append(connection: sqlite3.Connection, pieces: dict[tuple[str, int], list[Append]], seq: int) -> None:
    """Write the pieces of each segment as one row. Rows of one segment never share a `seq`, and it only grows."""
    for (message, segment), parts in pieces.items():
        text = sanitize("".join(part[2] for part in parts))
        reasoning = sanitize("".join(part[3] for part in parts))
        connection.execute(_PUT_PARTIAL, (segment, seq, text, reasoning, message))


def apply(connection: sqlite3.Connection, change: Change, run: str) -> None:
    match change:
        case Begin():
            _begin(connection, change, run)
        case Add(record, messages):
            _add(connection, record, messages, run)
        case Settle():
            _settle(connection, change, run)
        case Withdraw(record, messages):
            _withdraw(connection, record, messages)
        case Update(record):
            _update(connection, record)
        case Rename(conversation, title):
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (sanitize(title), conversation))
        case Pin(conversation, pinned):
            connection.execute("UPDATE conversations SET pinned = ? WHERE id = ?", (pinned, conversation))
        case PutAttachment(sha256, content, at):
            connection.execute(_PUT_ATTACHMENT, (sha256, at, content))
        case SoftDelete(conversation, at):
            _hide(connection, conversation, at, run)
        case Undelete(conversation):
            _hide(connection, conversation, None, None)
        case Purge(conversation):
            _purge(connection, conversation)
        case KeepDraft():
            _keep_draft(connection, change)
        case AddPromptHistory(text):
            after = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0)"
            connection.execute(f"INSERT INTO prompts (after, text) VALUES ({after}, ?)", (sanitize(text),))
        case Learn(endpoint, model, quirk, at):
            row = (endpoint, sanitize(model), quirk, at)
            connection.execute("INSERT OR REPLACE INTO quirks VALUES (?, ?, ?, ?)", row)
        case Forget(endpoint):
            connection.execute("DELETE FROM quirks WHERE endpoint = ?", (endpoint,))
        case _:
            assert_never(change)


def _begin(connection: sqlite3.Connection, begin: Begin, run: str) -> None:
    record, lost = begin.record, _lost(connection, begin)
    connection.execute("DELETE FROM purged WHERE id = ?", (record.id,))
    connection.execute(
        _PUT_RECORD,
        (record.id, *_texts(record), record.created, record.updated),
    )
    for message in (*lost, *begin.messages):
        _put_message(connection, record.id, message, run)


def _add(connection: sqlite3.Connection, record: ConversationRecord, messages: Sequence[ChatMessage], run: str) -> None:
    _begin(connection, Begin(record, tuple(messages)), run)
    connection.execute(_PUT_IN_ORDER, {"id": record.id, "updated": record.updated, "pinned": record.pinned})


def _lost(connection: sqlite3.Connection, begin: Begin) -> list[ChatMessage]:
    """Return what has to be written again, where another process deleted what the new messages follow."""
    parents = {message.parent for message in begin.messages[:1] if message.parent is not None}
    conversation = begin.record.id
    row = connection.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is not None and parents <= _ids(connection, conversation, parents):
        return []
    known = _ids(connection, conversation, {message.id for message in begin.earlier})
    return [message for message in begin.earlier if message.id not in known]


def _ids(connection: sqlite3.Connection, conversation: str, wanted: set[str]) -> set[str]:
    """Return which of the ids are those of messages of the conversation."""
    query = "SELECT 1 FROM messages WHERE id = ? AND conversation = ?"
    return {id for id in wanted if connection.execute(query, (id, conversation)).fetchone()}


def _texts(record: ConversationRecord) -> tuple[str, str, str | None, str | None]:
    system = None if record.system is None else sanitize(record.system)
    return sanitize(record.title), sanitize(record.model), system, record.leaf


def _put_message(connection: sqlite3.Connection, conversation: str, message: ChatMessage, run: str) -> None:
    model = None if message.model is None else sanitize(message.model)
    row = {
        "id": message.id,
        "conversation": conversation,
        "parent": message.parent,
        "role": message.role,
        "model": model,
        "created": message.created,
    }
    search.forget(connection, _seqs(connection, [message.id]))
    connection.execute(_PUT_MESSAGE, row)
    (seq,) = connection.execute("SELECT seq FROM messages WHERE id = ?", (message.id,)).fetchone()
    connection.execute("DELETE FROM partials WHERE message = ?", (seq,))
    connection.execute("DELETE FROM segments WHERE message = ?", (seq,))
    segments = message.segments or (Segment(),)
    connection.executemany(_PUT_SEGMENT, [_segment(seq, n, segment, run) for n, segment in enumerate(segments)])
    _put_attachments(connection, seq, message.attachments)


def _seqs(connection: sqlite3.Connection, messages: Iterable[str]) -> list[int]:
    rows = (connection.execute("SELECT seq FROM messages WHERE id = ?", (message,)).fetchone() for message in messages)
    return [row[0] for row in rows if row is not None]


def _put_attachments(connection: sqlite3.Connection, message: int, attachments: Sequence[Attachment]) -> None:
    connection.execute("DELETE FROM message_attachments WHERE message = ?", (message,))
    rows = [
        (message, n, part.sha256, sanitize_line(part.name), sanitize_line(part.media_type), part.size)
        for n, part in enumerate(attachments)
    ]
    connection.executemany("INSERT INTO message_attachments VALUES (?, ?, ?, ?, ?, ?)", rows)


def _segment(message: int, n: int, segment: Segment, run: str) -> tuple[object, ...]:
    error, usage, metrics = segment.error, segment.usage, segment.metrics
    return (
        message,
        n,
        segment.status.value,
        run if segment.status is Status.STREAMING else None,
        None if segment.finish_reason is None else sanitize(segment.finish_reason),
        *((None, None) if error is None else (sanitize(error.kind), sanitize(error.message))),
        *(
            (None, None, None, None)
            if usage is None
            else (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.estimated)
        ),
        *((None,) * 9 if metrics is None else _metrics(metrics)),
        sanitize(segment.text),
        sanitize(segment.reasoning),
        _json([[notice.kind, notice.text] for notice in segment.notices]),
        _json([[source.number, source.url, source.title] for source in segment.citations]),
    )


def _json(values: list[list[object]]) -> str | None:
    return json.dumps(values) if values else None


def _metrics(metrics: Metrics) -> tuple[float | None, ...]:
    return (
        metrics.connect_s,
        metrics.ttft_s,
        metrics.streaming_s,
        metrics.total_s,
        metrics.chunks,
        metrics.characters,
        metrics.characters_per_s,
        metrics.tokens_per_s,
        metrics.thinking_s,
    )


def _settle(connection: sqlite3.Connection, settle: Settle, run: str) -> None:
    """Write the message; where its conversation is missing but nobody deleted it, the file was lost: keep the text."""
    conversation, message = settle.conversation, settle.message
    if connection.execute("SELECT 1 FROM purged WHERE id = ?", (conversation,)).fetchone():
        return
    if not connection.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation,)).fetchone():
        row = (conversation, RECOVERED, sanitize(message.model or ""), None, message.id, message.created, settle.at)
        connection.execute(_PUT_RECORD, row)
    _put_message(connection, conversation, message, run)
    connection.execute(_SETTLED, (settle.at, conversation))


def _withdraw(connection: sqlite3.Connection, record: ConversationRecord, messages: Sequence[str]) -> None:
    search.forget(connection, _seqs(connection, messages))
    connection.executemany(
        "DELETE FROM messages WHERE id = ? AND conversation = ?", [(message, record.id) for message in messages]
    )
    _update(connection, record)
    left = connection.execute("SELECT 1 FROM messages WHERE conversation = ? LIMIT 1", (record.id,)).fetchone()
    if left is None:
        connection.execute("DELETE FROM conversations WHERE id = ?", (record.id,))
        connection.execute("DELETE FROM drafts WHERE conversation = ?", (record.id,))


def _update(connection: sqlite3.Connection, record: ConversationRecord) -> None:
    """Write the row again, but for the time of activity: looking at another branch is none."""
    connection.execute(_UPDATE_RECORD, (*_texts(record), record.id))


def _hide(connection: sqlite3.Connection, conversation: str, at: float | None, run: str | None) -> None:
    connection.execute(
        "UPDATE conversations SET deleted = ?, deleted_by = ? WHERE id = ?",
        (at, run, conversation),
    )


def _purge(connection: sqlite3.Connection, conversation: str) -> None:
    """Give the conversation up for good, if it is still hidden. Its rows go in steps: see `erasure.delete_rows`."""
    row = connection.execute(
        "SELECT 1 FROM conversations WHERE id = ? AND deleted IS NOT NULL", (conversation,)
    ).fetchone()
    if row is None:
        return
    connection.execute(_FORGET_PROMPTS, (conversation,))
    connection.execute("INSERT OR REPLACE INTO purged (id, scrubbed) VALUES (?, 0)", (conversation,))
    erasure.start_over(connection)


def _keep_draft(connection: sqlite3.Connection, draft: KeepDraft) -> None:
    if not (draft.text or draft.attachments):
        connection.execute("DELETE FROM drafts WHERE conversation = ?", (draft.conversation,))
        return
    purged = connection.execute("SELECT 1 FROM purged WHERE id = ?", (draft.conversation,)).fetchone()
    if purged is None:
        row = (draft.conversation, sanitize(draft.text), draft.attachments or None)
        connection.execute("INSERT OR REPLACE INTO drafts (conversation, text, attachments) VALUES (?, ?, ?)", row)
