"""Queries, and rows as values. Whatever stands in a column becomes a value of the right type, and text is sanitized:
the file may have been damaged, or written by anybody."""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import Attachment, ChatMessage, Citation, Role, SavedNotice, Segment, Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Timing
from streamtui.chat.sanitize import sanitize, sanitize_line

_RECORD: Final = "SELECT id, title, model, system, created, updated, leaf, pinned FROM conversations"
_SEGMENT: Final = """
    s.n, s.status, s.finish_reason, s.error_kind, s.error_message,
    s.input_tokens, s.output_tokens, s.reasoning_tokens, s.estimated,
    s.connect_s, s.ttft_s, s.streaming_s, s.total_s, s.chunks, s.characters, s.characters_per_s, s.tokens_per_s,
    s.thinking_s, s.text, s.reasoning, s.notices, s.citations
"""
_HAS_ATTACHMENTS: Final = "EXISTS (SELECT 1 FROM message_attachments a WHERE a.message = m.seq)"
_MESSAGE: Final = f"m.seq, m.id, m.parent, m.role, m.model, m.created, {_HAS_ATTACHMENTS}, {_SEGMENT}"
_BRANCH: Final = f"""
WITH RECURSIVE branch (seq, parent, depth) AS (
    SELECT seq, parent, 1 FROM messages WHERE id = :leaf AND conversation = :conversation
    UNION ALL
    SELECT m.seq, m.parent, b.depth + 1 FROM branch b JOIN messages m ON m.id = b.parent
    WHERE b.depth < :limit AND m.conversation = :conversation
)
SELECT {_MESSAGE} FROM branch b JOIN messages m ON m.seq = b.seq JOIN segments s ON s.message = m.seq
ORDER BY b.depth DESC, s.n
"""
_ALL: Final = f"""
SELECT {_MESSAGE} FROM messages m JOIN segments s ON s.message = m.seq
WHERE m.conversation = ? ORDER BY m.seq, s.n
"""
_ONE: Final = f"SELECT {_MESSAGE} FROM messages m JOIN segments s ON s.message = m.seq WHERE m.id = ? ORDER BY s.n"
# CROSS JOIN keeps the order of the tables: there are always few partials, and often many messages.
_PARTIALS: Final = """
SELECT p.message, p.segment, p.text, p.reasoning FROM partials p CROSS JOIN messages m ON m.seq = p.message
WHERE m.conversation = ? ORDER BY p.message, p.segment, p.seq
"""
_SUMMARY: Final = """
SELECT c.id, c.title, c.model, (SELECT count(*) FROM messages m WHERE m.conversation = c.id),
    (SELECT s.status FROM messages m JOIN segments s ON s.message = m.seq WHERE m.id = c.leaf
     ORDER BY s.n DESC LIMIT 1), c.created, c.updated, c.pinned
FROM conversations c
"""
_ATTACHMENTS: Final = "SELECT sha256, name, media_type, size FROM message_attachments WHERE message = ? ORDER BY n"
_TIMINGS: Final = """
SELECT m.conversation, m.id, m.model, m.created, s.status, s.connect_s, s.ttft_s, s.streaming_s, s.total_s,
    s.chunks, s.characters, s.characters_per_s, s.tokens_per_s,
    s.input_tokens, s.output_tokens, s.reasoning_tokens, s.estimated
FROM messages m JOIN segments s ON s.message = m.seq
WHERE s.total_s IS NOT NULL AND m.role = 'assistant' AND (:model IS NULL OR m.model = :model)
ORDER BY m.seq DESC, s.n DESC
"""
_SENT: Final = """
SELECT m.seq, 0, m.conversation, m.id, s.text FROM messages m CROSS JOIN segments s ON s.message = m.seq
WHERE m.role = 'user' ORDER BY m.seq DESC
"""
_STASHED: Final = "SELECT after, seq, '', '', text FROM prompts ORDER BY seq DESC"

_STATUSES: Final = frozenset(status.value for status in Status)

Row = tuple[Any, ...]
Partials = dict[tuple[int, int], tuple[str, str]]


def hidden(connection: sqlite3.Connection) -> set[str]:
    """Return the conversations that are being deleted. The other queries know nothing of it."""
    return {row[0] for row in connection.execute("SELECT id FROM conversations WHERE deleted IS NOT NULL")}


def record(connection: sqlite3.Connection, conversation: str) -> ConversationRecord | None:
    row = connection.execute(f"{_RECORD} WHERE id = ?", (conversation,)).fetchone()
    return None if row is None else record_of(row)


def record_of(row: Row) -> ConversationRecord:
    """Return the row of a conversation, without the time of its deletion, as a value."""
    identity, title, model, system, created, updated, leaf, pinned = row
    return ConversationRecord(
        identity,
        text_of(title),
        text_of(model),
        None if system is None else text_of(system),
        _moment(created),
        _moment(updated),
        None if leaf is None else str(leaf),
        bool(pinned),
    )


def newest(connection: sqlite3.Connection, conversation: str) -> str | None:
    """Return the id of the message created last."""
    query = "SELECT id FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1"
    row = connection.execute(query, (conversation,)).fetchone()
    return None if row is None else str(row[0])


def known(connection: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Return which of these ids messages have."""
    query = "SELECT 1 FROM messages WHERE id = ?"
    return {id for id in ids if connection.execute(query, (id,)).fetchone()}


def branch(connection: sqlite3.Connection, conversation: str, leaf: str, limit: int) -> list[ChatMessage]:
    """Return at most `limit` messages that lead to `leaf`, oldest first."""
    limit = min(limit, _count(connection, conversation)) if limit > 1000 else limit  # a ring of parents must end
    keys = {"leaf": leaf, "conversation": conversation, "limit": limit}
    return _messages(connection, connection.execute(_BRANCH, keys), _partials(connection, conversation))


def _count(connection: sqlite3.Connection, conversation: str) -> int:
    query = "SELECT count(*) FROM messages WHERE conversation = ?"
    return int(connection.execute(query, (conversation,)).fetchone()[0])


def everything(connection: sqlite3.Connection, conversation: str) -> list[ChatMessage]:
    return _messages(connection, connection.execute(_ALL, (conversation,)), _partials(connection, conversation))


def message(connection: sqlite3.Connection, identity: str) -> tuple[str, ChatMessage] | None:
    """Return one message and the id of its conversation."""
    query = "SELECT conversation FROM messages WHERE id = ?"
    row = connection.execute(query, (identity,)).fetchone()
    if row is None:
        return None
    conversation = str(row[0])
    messages = _messages(connection, connection.execute(_ONE, (identity,)), _partials(connection, conversation))
    return (conversation, messages[0]) if messages else None


def _partials(connection: sqlite3.Connection, conversation: str) -> Partials:
    pieces: dict[tuple[int, int], tuple[list[str], list[str]]] = {}
    for number, segment, text, reasoning in connection.execute(_PARTIALS, (conversation,)):
        texts, reasonings = pieces.setdefault((number, segment), ([], []))
        texts.append(text_of(text))
        reasonings.append(text_of(reasoning))
    return {key: ("".join(texts), "".join(reasonings)) for key, (texts, reasonings) in pieces.items()}


def _messages(connection: sqlite3.Connection, rows: Iterable[Row], partials: Partials) -> list[ChatMessage]:
    messages: list[ChatMessage] = []
    ids: dict[str, str] = {}  # a message's id and its being another's parent are one string
    for _, group in groupby(rows, key=itemgetter(0)):
        segments = list(group)
        seq, identity, parent, role, model, created = segments[0][:6]
        identity = ids.setdefault(identity, identity)
        parent = ids.get(parent, parent)
        name = None if model is None else sys.intern(text_of(model))  # one for a conversation's thousand replies
        attachments = _attachments(connection, seq) if segments[0][6] else ()
        parts = tuple(_segment(row, partials) for row in segments)
        messages.append(ChatMessage(identity, parent, role_of(role), parts, name, _moment(created), attachments))
    return messages


def _attachments(connection: sqlite3.Connection, message: int) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(str(sha256), sanitize_line(text_of(name)), sanitize_line(text_of(kind)), int(size))
        for sha256, name, kind, size in connection.execute(_ATTACHMENTS, (message,))
    )


def segment_of(message: int, row: Row, partials: Partials) -> Segment:
    """Return a whole row of the table of segments, as of any version, as a value."""
    values = (*row[1:3], *row[4:], None, None)
    return _segment((message, *(None,) * 6, *values), partials)


def _segment(row: Row, partials: Partials) -> Segment:
    n, status, finish_reason, kind, error = row[7:12]
    text, reasoning = text_of(row[25]), text_of(row[26])
    if partials:
        more, more_reasoning = partials.get((row[0], n), ("", ""))
        text, reasoning = text + more, reasoning + more_reasoning
    return Segment(
        text,
        reasoning,
        _status(status),
        None if finish_reason is None else sys.intern(sanitize_line(text_of(finish_reason))),
        None if kind is None else ErrorInfo(sanitize_line(text_of(kind)), sanitize_line(text_of(error))),
        _usage(*row[12:16]),
        _metrics(row[16:25]),
        tuple(SavedNotice(kind, text) for kind, text in _lines(row[27], str, str)),
        tuple(Citation(url, title, number) for number, url, title in _lines(row[28], int, str, str)),
    )


def _lines(value: object, *kinds: type) -> Iterator[list[Any]]:
    """Iterate over the lists in a JSON list whose values are of these kinds, their texts sanitized."""
    try:
        lines = json.loads(value) if isinstance(value, str) else []
    except (ValueError, RecursionError):
        return
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, list) and [type(part) for part in line] == list(kinds):
            yield [sanitize_line(part) if isinstance(part, str) else part for part in line]


def _metrics(row: Row) -> Metrics | None:
    """Return the figures of a reply; `None` where there are none, or damage made something else of them."""
    if row[3] is None or not all(value is None or isinstance(value, int | float) for value in row):
        return None
    return Metrics(*row)


def _usage(input_tokens: Any, output_tokens: Any, reasoning_tokens: Any, estimated: Any) -> Usage | None:
    counts = (input_tokens, output_tokens, reasoning_tokens)
    if estimated is None or not all(value is None or isinstance(value, int) for value in counts):
        return None
    return Usage(*counts, bool(estimated))


def _status(value: str) -> Status:
    try:
        return Status(value)
    except ValueError:
        return Status.INTERRUPTED


def text_of(value: object) -> str:
    """Return a column's value as sanitized text."""
    if isinstance(value, str):
        return sanitize(value)
    if isinstance(value, bytes):
        return sanitize(value.decode("utf-8", "replace"))
    return "" if value is None else sanitize(str(value))


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def role_of(value: object) -> Role:
    return "user" if value == "user" else "system" if value == "system" else "assistant"


def summaries(connection: sqlite3.Connection, limit: int | None = None, offset: int = 0) -> list[ConversationSummary]:
    """Return a page of the conversations that are not being deleted, most recently active first."""
    query = f"{_SUMMARY} WHERE c.deleted IS NULL ORDER BY c.touched DESC LIMIT ? OFFSET ?"
    return _summaries(connection.execute(query, (-1 if limit is None else limit, offset)))


def pinned(connection: sqlite3.Connection) -> list[ConversationSummary]:
    """Return the pinned conversations that are not being deleted, most recently active first."""
    query = f"{_SUMMARY} WHERE c.deleted IS NULL AND c.pinned <> 0 ORDER BY c.touched DESC"
    return _summaries(connection.execute(query))


def all_summaries(connection: sqlite3.Connection) -> list[ConversationSummary]:
    """Return the conversations, those that are being deleted among them, most recently active first."""
    return _summaries(connection.execute(f"{_SUMMARY} ORDER BY c.touched DESC"))


def summary(connection: sqlite3.Connection, conversation: str) -> ConversationSummary | None:
    summaries = _summaries(connection.execute(f"{_SUMMARY} WHERE c.id = ?", (conversation,)))
    return summaries[0] if summaries else None


def _summaries(rows: Iterable[Row]) -> list[ConversationSummary]:
    return [
        ConversationSummary(
            identity,
            text_of(title),
            sys.intern(text_of(model)),
            messages,
            status if status in _STATUSES else _status(status or "complete").value,
            _moment(created),
            _moment(updated),
            bool(pinned),
        )
        for identity, title, model, messages, status, created, updated, pinned in rows
    ]


def count(connection: sqlite3.Connection) -> int:
    """Return how many conversations are not being deleted."""
    return int(connection.execute("SELECT count(*) FROM conversations WHERE deleted IS NULL").fetchone()[0])


def matching(connection: sqlite3.Connection, reference: str) -> list[str]:
    """Return the ids that begin or end with `reference`, which is no pattern, or whose title it is in any case."""
    query = """
        SELECT id FROM conversations
        WHERE substr(id, 1, :n) = :text OR substr(id, -:n) = :text OR title = :text COLLATE NOCASE
    """
    return [row[0] for row in connection.execute(query, {"n": len(reference), "text": reference})]


def attachment(connection: sqlite3.Connection, sha256: str) -> bytes | None:
    row = connection.execute("SELECT content FROM attachments WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else bytes(row[0])


def draft(connection: sqlite3.Connection, conversation: str) -> tuple[str, str]:
    """Return an unsent text, and what goes along with it as `draft_attachments` writes that."""
    query = "SELECT text, attachments FROM drafts WHERE conversation = ?"
    row = connection.execute(query, (conversation,)).fetchone()
    return ("", "") if row is None else (text_of(row[0]), text_of(row[1] or ""))


def sent(connection: sqlite3.Connection) -> Iterator[Row]:
    """Iterate over user messages, newest first: place, 0, conversation, id, text."""
    return iter(connection.execute(_SENT))


def stashed(connection: sqlite3.Connection) -> Iterator[Row]:
    """Iterate over stashed prompts, newest first: place, order within the place, nothing, nothing, text."""
    return iter(connection.execute(_STASHED))


def timings(connection: sqlite3.Connection, model: str | None) -> Iterator[tuple[str, str, Timing]]:
    """Iterate over the figures of replies with the ids of conversation and message, newest first."""
    for row in connection.execute(_TIMINGS, {"model": model}):
        conversation, message, name, created, status = row[:5]
        usage = _usage(*row[13:17])
        metrics = _metrics(row[5:13])
        if metrics is not None:
            yield (
                conversation,
                message,
                Timing.of(text_of(name), _moment(created), _status(status).value, metrics, usage),
            )


def quirks(connection: sqlite3.Connection) -> list[tuple[str, str, str, float]]:
    """Return endpoint, model, quirk, and when it was learned, in seconds since the epoch."""
    return connection.execute("SELECT endpoint, model, quirk, learned FROM quirks").fetchall()


def applied(connection: sqlite3.Connection, run: str) -> int:
    """Return how many operations of `run` are in the database."""
    row = connection.execute("SELECT applied FROM runs WHERE id = ?", (run,)).fetchone()
    return 0 if row is None else int(row[0])


def streaming_runs(connection: sqlite3.Connection) -> set[str]:
    """Return the runs that own a segment which is still streaming."""
    query = "SELECT DISTINCT owner FROM segments WHERE owner IS NOT NULL"
    return {row[0] for row in connection.execute(query)}
