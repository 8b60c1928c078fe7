"""Rescue: what can still be read of a damaged database goes into a new one.

Rows are read page by page, past SQLite: whatever is wrong with a header, an index or the inside of a tree, rows on
whole pages are all there, and of a broken row what is left of it. What the rows lack, the entries of indexes know.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import Attachment, ChatMessage, Segment, Status, new_id
from streamtui.chat.ports import ConversationRecord
from streamtui.store.operations import AddPromptHistory, Begin, KeepDraft, Operation, Pin, PutAttachment
from streamtui.store.sqlite import read
from streamtui.store.sqlite.apply import RECOVERED, apply_all
from streamtui.store.sqlite.pages import PageSource, Row, Value, open_pages

_UNREADABLE: Final = ErrorInfo("damaged", "A part of this message could not be read: the file was damaged.")
_SHA256: Final = 64


@dataclass(frozen=True, slots=True)
class Tally:
    """How a rescue went."""

    rescued: int
    total: int
    """Conversations of which there was any trace, those that were being deleted left out."""
    with_gaps: int
    """Of those rescued: how many lack a message, or a part of one."""


@dataclass(slots=True)
class _Message:
    seq: int
    id: str
    conversation: str
    parent: str | None
    role: str | None
    model: Value
    created: Value


@dataclass(slots=True)
class _Content:
    """What was found, by key. The first whole row of a key counts."""

    conversations: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    messages: dict[int, _Message] = field(default_factory=dict)
    segments: dict[int, dict[int, tuple[tuple[Value, ...], bool]]] = field(default_factory=dict)
    partials: dict[int, dict[tuple[int, int], tuple[Value, Value]]] = field(default_factory=dict)
    attachments: dict[str, PutAttachment] = field(default_factory=dict)
    attached: dict[int, dict[int, Attachment]] = field(default_factory=dict)
    drafts: dict[str, KeepDraft] = field(default_factory=dict)
    prompts: dict[int, str] = field(default_factory=dict)
    conversation_of: dict[int, str] = field(default_factory=dict)
    """By message, from the index of a conversation's messages."""
    id_of: dict[str, int] = field(default_factory=dict)
    """Messages, or conversations, by id, from the indexes of ids."""


def rescue(damaged: Path, target: sqlite3.Connection) -> Tally:
    """Copy all that can be read to the new database `target`. `damaged` is only read. Raises `OSError`."""
    pages = open_pages(damaged)
    with closing(pages):
        content = _collect(pages)
    _restore_messages(content)
    wanted = {message.conversation for message in content.messages.values()} | content.conversations.keys()
    hidden = {id for id, values in content.conversations.items() if values[8] is not None}
    by_conversation: dict[str, list[_Message]] = {id: [] for id in wanted - hidden}
    for seq in sorted(content.messages):
        message = content.messages[seq]
        if message.conversation in by_conversation:
            by_conversation[message.conversation].append(message)
    rescued = gaps = total = 0
    for id in sorted(by_conversation, key=lambda id: _activity(content, id)):
        total += 1
        messages, is_whole = _messages(content, by_conversation[id])
        if messages and _write(target, content, id, messages):
            rescued += 1
            gaps += not is_whole
    _write_others(target, content)
    return Tally(rescued, total, gaps)


def _activity(content: _Content, id: str) -> tuple[float, str]:
    values = content.conversations.get(id)
    touched = values[7] if values is not None else 0
    return (touched if isinstance(touched, int | float) else 0), id


def _collect(pages: PageSource) -> _Content:
    content = _Content()
    for number in range(1, pages.count + 1):
        for row in pages.rows(number):
            if row.rowid is not None:
                _take_row(content, row, row.rowid)
            else:
                _take_entry(content, row)
    return content


def _take_row(content: _Content, row: Row, rowid: int) -> None:
    """Take in a row of a table; which one shows in its columns."""
    match row.values:
        case (str() as id, str(), str(), None | str(), None | str(), _, _, int(), *rest) if len(rest) in (2, 3):
            if row.is_whole or id not in content.conversations:
                content.conversations[id] = row.values
        case (None, str() as id, str() as conversation, parent, str() as role, model, created, *rest) if len(rest) < 2:
            parent = parent if isinstance(parent, str) else None
            content.messages[rowid] = _Message(rowid, id, conversation, parent, role, model, created)
        case (int() as message, int() as n, str(), *rest) if len(rest) in (19, 21):
            segments = content.segments.setdefault(message, {})
            if row.is_whole or n not in segments:
                segments[n] = (row.values, row.is_whole)
        case (str() as sha256, int() | float() as created, bytes() as blob) if len(sha256) == _SHA256 and row.is_whole:
            content.attachments[sha256] = PutAttachment(sha256, blob, created)
        case (str() as conversation, str() as text, *rest) if row.is_whole and len(rest) < 2:
            attached = rest[0] if rest and isinstance(rest[0], str) else ""
            content.drafts[conversation] = KeepDraft(conversation, text, attached)
        case (None, int(), str() as text) if row.is_whole:
            content.prompts[rowid] = text
        case _:
            pass


def _take_entry(content: _Content, row: Row) -> None:
    """Take in an entry of an index, or a row of a table that is one."""
    match row.values:
        case (int() as message, int() as segment, int() as seq, str() as text, str() as reasoning):
            content.partials.setdefault(message, {})[segment, seq] = (text, reasoning)
        case (int() as message, int() as n, str() as sha256, str() as name, str() as kind, int() as size):
            content.attached.setdefault(message, {})[n] = Attachment(sha256, name, kind, size)
        case (str() as conversation, int() as seq, int() as again) if seq == again:
            content.conversation_of[seq] = conversation
        case (str() as id, int() as key):
            content.id_of[id] = key
        case _:
            pass


def _restore_messages(content: _Content) -> None:
    """Make up the rows of messages that only indexes, or nothing but their own text, still know of."""
    ids = {seq: id for id, seq in content.id_of.items() if id not in content.conversations}
    unknown = new_id()
    for seq in content.segments.keys() - content.messages.keys():
        conversation = content.conversation_of.get(seq, unknown)
        content.messages[seq] = _Message(seq, ids.get(seq) or new_id(), conversation, None, None, None, None)


def _messages(content: _Content, rows: list[_Message]) -> tuple[list[ChatMessage], bool]:
    """Return the messages of a conversation, oldest first, and whether all of them are whole."""
    messages: list[ChatMessage] = []
    known: set[str] = set()
    is_whole = True
    for row in rows:
        segments, has_all = _segments(content, row.seq)
        parent = row.parent
        if row.role is None or (parent is not None and parent not in known):
            has_all = False
            parent = messages[-1].id if messages else None
        is_whole = is_whole and has_all
        created = float(row.created) if isinstance(row.created, int | float) else 0.0
        model = None if row.model is None else read.text_of(row.model)
        role = read.role_of(row.role or _role_of(segments, messages))
        attached = content.attached.get(row.seq, {})
        attachments = tuple(attached[n] for n in sorted(attached))
        messages.append(ChatMessage(row.id, parent, role, segments, model, created, attachments))
        known.add(row.id)
    return messages, is_whole


def _role_of(segments: tuple[Segment, ...], before: list[ChatMessage]) -> str:
    is_reply = any(segment.metrics is not None or segment.status is not Status.COMPLETE for segment in segments)
    return "assistant" if is_reply or (before and before[-1].role == "user") else "user"


def _segments(content: _Content, seq: int) -> tuple[tuple[Segment, ...], bool]:
    rows = content.segments.get(seq)
    if not rows:
        return (Segment(status=Status.FAILED, error=_UNREADABLE),), False
    pieces: dict[tuple[int, int], tuple[str, str]] = {}
    for (n, _), (text, reasoning) in sorted(content.partials.get(seq, {}).items()):
        before = pieces.get((seq, n), ("", ""))
        pieces[seq, n] = (before[0] + read.text_of(text), before[1] + read.text_of(reasoning))
    segments: list[Segment] = []
    for n in range(max(rows) + 1 if max(rows) < len(rows) * 2 else 0):
        values, is_whole = rows.get(n, ((), False))
        segment = read.segment_of(seq, values, pieces) if values else Segment()
        if segment.status is Status.STREAMING:
            segment = replace(segment, status=Status.INTERRUPTED)
        segments.append(segment if is_whole else replace(segment, status=Status.FAILED, error=_UNREADABLE))
    is_whole = all(whole for _, whole in rows.values()) and len(segments) == len(rows)
    return tuple(segments) or (Segment(status=Status.FAILED, error=_UNREADABLE),), is_whole


def _write(target: sqlite3.Connection, content: _Content, id: str, messages: list[ChatMessage]) -> bool:
    values = content.conversations.get(id)
    known = {message.id for message in messages}
    leaf = values[4] if values is not None and values[4] in known else messages[-1].id
    if values is None:
        record = ConversationRecord(
            id, RECOVERED, messages[-1].model or "", None, messages[0].created, 0.0, messages[-1].id
        )
    else:
        record = replace(read.record_of((*values[:4], values[5], values[6], leaf, 0)), leaf=str(leaf))
    operations: list[Operation] = [Begin(record, tuple(messages))]
    if values is not None and len(values) > 10 and values[10]:
        operations.append(Pin(id, True))
    return not _applied(target, operations)


def _write_others(target: sqlite3.Connection, content: _Content) -> None:
    others: list[Operation] = list(content.attachments.values())
    others += content.drafts.values()
    others += [AddPromptHistory(content.prompts[n]) for n in sorted(content.prompts)]
    _applied(target, others)


def _applied(target: sqlite3.Connection, operations: list[Operation]) -> int:
    """Write the operations in one transaction; return how many no database would take."""
    target.execute("BEGIN IMMEDIATE")
    try:
        skipped = apply_all(target, operations, 1, "")
        target.execute("COMMIT")
    except BaseException:
        target.execute("ROLLBACK")
        raise
    return skipped
