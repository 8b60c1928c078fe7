"""Queries, and rows as values. All text is cleaned on the way in: the file may have been written by anybody."""

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import ChatMessage, Role, Segment, Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Timing
from streamtui.chat.sanitize import sanitize, sanitize_line

_RECORD: Final = "SELECT id, title, model, system, created, updated, leaf FROM conversations"
_SEGMENT: Final = """
    s.n, s.status, s.finish_reason, s.error_kind, s.error_message,
    s.input_tokens, s.output_tokens, s.reasoning_tokens, s.estimated,
    s.connect_s, s.ttft_s, s.streaming_s, s.total_s, s.chunks, s.characters, s.characters_per_s, s.tokens_per_s,
    s.thinking_s, s.text, s.reasoning
"""
_MESSAGE: Final = f"m.seq, m.id, m.parent, m.role, m.model, m.created, {_SEGMENT}"
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
_SUMMARIES: Final = """
SELECT c.id, c.title, c.model, (SELECT count(*) FROM messages m WHERE m.conversation = c.id),
    (SELECT s.status FROM messages m JOIN segments s ON s.message = m.seq WHERE m.id = c.leaf
     ORDER BY s.n DESC LIMIT 1), c.created, c.updated
FROM conversations c ORDER BY c.touched DESC LIMIT ?
"""
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

Row = tuple[Any, ...]
Partials = dict[tuple[int, int], tuple[str, str]]


def hidden(connection: sqlite3.Connection) -> set[str]:
    """Return the conversations that are being deleted. The other queries know nothing of it."""
    return {row[0] for row in connection.execute("SELECT id FROM conversations WHERE deleted IS NOT NULL")}


def record(connection: sqlite3.Connection, conversation: str) -> ConversationRecord | None:
    row = connection.execute(f"{_RECORD} WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        return None
    identity, title, model, system, created, updated, leaf = row
    system = None if system is None else sanitize(system)
    return ConversationRecord(identity, sanitize(title), sanitize(model), system, created, updated, leaf)


def newest(connection: sqlite3.Connection, conversation: str) -> str | None:
    """Return the id of the message created last."""
    query = "SELECT id FROM messages WHERE conversation = ? ORDER BY seq DESC LIMIT 1"
    row = connection.execute(query, (conversation,)).fetchone()
    return None if row is None else str(row[0])


def branch(connection: sqlite3.Connection, conversation: str, leaf: str, limit: int) -> list[ChatMessage]:
    """Return at most `limit` messages that lead to `leaf`, oldest first."""
    limit = min(limit, _count(connection, conversation)) if limit > 1000 else limit  # a ring of parents must end
    keys = {"leaf": leaf, "conversation": conversation, "limit": limit}
    return _messages(connection.execute(_BRANCH, keys), _partials(connection, conversation))


def _count(connection: sqlite3.Connection, conversation: str) -> int:
    query = "SELECT count(*) FROM messages WHERE conversation = ?"
    return int(connection.execute(query, (conversation,)).fetchone()[0])


def everything(connection: sqlite3.Connection, conversation: str) -> list[ChatMessage]:
    return _messages(connection.execute(_ALL, (conversation,)), _partials(connection, conversation))


def message(connection: sqlite3.Connection, identity: str) -> tuple[str, ChatMessage] | None:
    """Return one message and the id of its conversation."""
    query = "SELECT conversation FROM messages WHERE id = ?"
    row = connection.execute(query, (identity,)).fetchone()
    if row is None:
        return None
    conversation = str(row[0])
    found = _messages(connection.execute(_ONE, (identity,)), _partials(connection, conversation))
    return (conversation, found[0]) if found else None


def _partials(connection: sqlite3.Connection, conversation: str) -> Partials:
    pieces: dict[tuple[int, int], tuple[list[str], list[str]]] = {}
    for number, segment, text, reasoning in connection.execute(_PARTIALS, (conversation,)):
        texts, reasonings = pieces.setdefault((number, segment), ([], []))
        texts.append(text)
        reasonings.append(reasoning)
    return {key: ("".join(texts), "".join(reasonings)) for key, (texts, reasonings) in pieces.items()}


def _messages(rows: Iterable[Row], partials: Partials) -> list[ChatMessage]:
    messages: list[ChatMessage] = []
    ids: dict[str, str] = {}  # a message's id and its being another's parent are one string
    head: Row | None = None
    segments: list[Segment] = []
    for row in rows:
        if head is not None and row[0] != head[0]:
            messages.append(_message(head, segments, ids))
            segments = []
        head = row
        segments.append(_segment(row, partials))
    if head is not None:
        messages.append(_message(head, segments, ids))
    return messages


def _message(row: Row, segments: list[Segment], ids: dict[str, str]) -> ChatMessage:
    _, identity, parent, role, model, created = row[:6]
    ids[identity] = identity
    parent = ids.get(parent, parent)
    name = None if model is None else sys.intern(sanitize(model))  # one string for a conversation's thousand replies
    return ChatMessage(identity, parent, _role(role), tuple(segments), name, created)


def _segment(row: Row, partials: Partials) -> Segment:
    n, status, finish_reason, kind, error = row[6:11]
    text, reasoning = row[24], row[25]
    if partials:
        more, more_reasoning = partials.get((row[0], n), ("", ""))
        text, reasoning = text + more, reasoning + more_reasoning
    return Segment(
        sanitize(text),
        sanitize(reasoning),
        _status(status),
        finish_reason and sys.intern(sanitize_line(finish_reason)),
        None if kind is None else ErrorInfo(sanitize_line(kind), sanitize_line(error or "")),
        _usage(*row[11:15]),
        None if row[18] is None else Metrics(*row[15:24]),
    )


def _usage(
    input_tokens: int | None, output_tokens: int | None, reasoning_tokens: int | None, estimated: int | None
) -> Usage | None:
    if estimated is None:
        return None
    return Usage(input_tokens, output_tokens, reasoning_tokens, bool(estimated))


def _status(value: str) -> Status:
    try:
        return Status(value)
    except ValueError:
        return Status.INTERRUPTED


def _role(value: str) -> Role:
    return "user" if value == "user" else "system" if value == "system" else "assistant"


def summaries(connection: sqlite3.Connection, limit: int | None) -> list[ConversationSummary]:
    """Return the conversations, most recently active first."""
    rows = connection.execute(_SUMMARIES, (-1 if limit is None else limit,))
    return [
        ConversationSummary(
            identity, sanitize(title), sanitize(model), messages, _status(status or "complete").value, created, updated
        )
        for identity, title, model, messages, status, created, updated in rows
    ]


def ids(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """Return the ids that start with `prefix`, which is no pattern."""
    query = "SELECT id FROM conversations WHERE substr(id, 1, ?) = ?"
    return [row[0] for row in connection.execute(query, (len(prefix), prefix))]


def draft(connection: sqlite3.Connection, conversation: str) -> str:
    row = connection.execute("SELECT text FROM drafts WHERE conversation = ?", (conversation,)).fetchone()
    return "" if row is None else sanitize(row[0])


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
        timing = Timing.of(sanitize(name or ""), created, _status(status).value, Metrics(*row[5:13]), usage)
        yield conversation, message, timing


def quirks(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return connection.execute("SELECT endpoint, model, quirk FROM quirks").fetchall()


def applied(connection: sqlite3.Connection, run: str) -> int:
    """Return how many operations of `run` are in the database."""
    row = connection.execute("SELECT applied FROM runs WHERE id = ?", (run,)).fetchone()
    return 0 if row is None else int(row[0])


def streaming_runs(connection: sqlite3.Connection) -> set[str]:
    """Return the runs that own a segment which is still streaming."""
    query = "SELECT DISTINCT owner FROM segments WHERE owner IS NOT NULL"
    return {row[0] for row in connection.execute(query)}
