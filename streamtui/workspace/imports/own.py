"""Our own JSON, as `streamtui export --format json` writes it. What was exported comes back as it was."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import (
    Attachment,
    ChatMessage,
    Citation,
    Role,
    SavedNotice,
    Segment,
    Status,
    Usage,
)
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.workspace.imports.values import (
    Imported,
    JsonFormat,
    UnreadableError,
    list_of,
    mapping_of,
    moment_of,
    text_of,
)
from streamtui.workspace.transcript import FORMAT as VERSION

_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_LARGEST: Final = 2**62
_FIGURES: Final = ("connect_s", "ttft_s", "streaming_s", "characters_per_s", "tokens_per_s", "thinking_s")


def _has(value: Mapping[str, Any]) -> bool:
    return "streamtui" in value and isinstance(value.get("messages"), list)


def _read(value: Mapping[str, Any], otherwise: float) -> Imported:
    if value["streamtui"] != VERSION:
        raise UnreadableError("It was written by a newer version: update streamtui.")
    head = mapping_of(value.get("conversation"))
    messages: dict[str, ChatMessage] = {}
    for row in list_of(value["messages"]):
        message = _message(mapping_of(row), otherwise)
        if message.id in messages:
            raise UnreadableError(f"Two of its messages have the id {message.id}.")
        if message.parent is not None and message.parent not in messages:
            raise UnreadableError(f"What message {message.id} follows does not come before it.")
        messages[message.id] = message
    if not messages:
        raise UnreadableError("It has no messages.")
    created = _moment(head.get("created"), otherwise)
    leaf = text_of(head.get("leaf"))
    record = ConversationRecord(
        _id(head.get("id")),
        sanitize_line(text_of(head.get("title"))),
        sanitize_line(text_of(head.get("model"))),
        sanitize(text_of(head.get("system"))) if isinstance(head.get("system"), str) else None,
        created,
        _moment(head.get("updated"), created),
        leaf if leaf in messages else None,
        head.get("pinned") is True,
    )
    return Imported(record, tuple(messages.values()), _files(value, messages.values()))


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise UnreadableError("Something in it has no id.")
    return value


def _message(row: Mapping[str, Any], otherwise: float) -> ChatMessage:
    role = row.get("role")
    if role not in ("user", "assistant", "system"):
        raise UnreadableError("One of its messages has no role.")
    parts = [mapping_of(part) for part in list_of(row.get("segments"))] or [row]
    model = row.get("model")
    as_role: Role = role
    return ChatMessage(
        _id(row.get("id")),
        None if row.get("parent") is None else _id(row.get("parent")),
        as_role,
        tuple(_segment(part) for part in parts),
        sanitize_line(model) if isinstance(model, str) else None,
        _moment(row.get("created"), otherwise),
        tuple(_attachment(mapping_of(part)) for part in list_of(row.get("attachments"))),
    )


def _segment(part: Mapping[str, Any]) -> Segment:
    error = mapping_of(part.get("error"))
    reason = part.get("finish_reason")
    return Segment(
        sanitize(_text(part.get("text"))),
        sanitize(text_of(part.get("reasoning"))),
        _status(part.get("status")),
        sanitize_line(reason) if isinstance(reason, str) else None,
        ErrorInfo(sanitize_line(text_of(error.get("kind"))), sanitize_line(text_of(error.get("message"))))
        if error
        else None,
        _usage(part.get("usage")),
        _metrics(part.get("metrics")),
        tuple(
            SavedNotice(sanitize_line(text_of(notice.get("kind"))), sanitize_line(text_of(notice.get("text"))))
            for notice in map(mapping_of, list_of(part.get("notices")))
        ),
        tuple(
            Citation(
                sanitize_line(text_of(source.get("url"))),
                sanitize_line(text_of(source.get("title"))),
                _count(source.get("number")) or 0,
            )
            for source in map(mapping_of, list_of(part.get("citations")))
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnreadableError("One of its messages has no text.")
    return value


def _status(value: object) -> Status:
    """Return the status; what was streaming when it was exported streams no more."""
    try:
        status = Status(text_of(value))
    except ValueError:
        raise UnreadableError("One of its messages has no known status.") from None
    return Status.INTERRUPTED if status is Status.STREAMING else status


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    read, written, thought = (_count(value.get(f"{name}_tokens")) for name in ("input", "output", "reasoning"))
    return Usage(read, written, thought, value.get("estimated") is True)


def _metrics(value: object) -> Metrics | None:
    if not isinstance(value, dict):
        return None
    figures = {name: _figure(value.get(name)) for name in _FIGURES}
    return Metrics(
        total_s=_figure(value.get("total_s")) or 0.0,
        chunks=_count(value.get("chunks")) or 0,
        characters=_count(value.get("characters")) or 0,
        **figures,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST else None


def _figure(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        return None
    return float(value)


def _moment(value: object, otherwise: float) -> float:
    moment = moment_of(value)
    return otherwise if moment is None else moment


def _attachment(part: Mapping[str, Any]) -> Attachment:
    digest = text_of(part.get("sha256"))
    if not _SHA256.match(digest):
        raise UnreadableError("One of its attachments has no SHA-256.")
    name, kind = (sanitize_line(text_of(part.get(field))) for field in ("name", "media_type"))
    return Attachment(digest, name, kind, _count(part.get("size")) or 0)


def _files(value: Mapping[str, Any], messages: Any) -> dict[str, bytes]:
    wanted = {attachment.sha256 for message in messages for attachment in message.attachments}
    files: dict[str, bytes] = {}
    for digest, encoded in mapping_of(value.get("files")).items():
        try:
            content = b64decode(text_of(encoded), validate=True)
        except (Error, ValueError):
            raise UnreadableError("One of its attachments is damaged.") from None
        if sha256(content).hexdigest() != digest:
            raise UnreadableError("One of its attachments is damaged.")
        if digest in wanted:
            files[digest] = content
    return files


FORMAT: Final = JsonFormat("streamtui", _has, _read)
