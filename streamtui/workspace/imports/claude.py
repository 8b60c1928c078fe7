"""Claude's export: `conversations.json`, in which each conversation is a list of messages."""

from collections.abc import Mapping
from typing import Any, Final

from streamtui.workspace.imports.building import (
    ForeignConversation,
    ForeignFile,
    ForeignMessage,
    built,
    in_a_row,
)
from streamtui.workspace.imports.values import Imported, JsonFormat, list_of, mapping_of, moment_of, text_of

_NO_PARENT: Final = "00000000-0000-4000-8000-000000000000"
"""What stands for the parent of the first message."""


def _has(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("chat_messages"), list)


def _read(value: Mapping[str, Any], otherwise: float) -> Imported:
    rows = [mapping_of(row) for row in list_of(value.get("chat_messages"))]
    messages = [_message(row, number) for number, row in enumerate(rows)]
    keys = {message.key for message in messages}
    if not any(message.parent in keys for message in messages):
        messages = in_a_row(messages)
    key = text_of(value.get("uuid")) or "".join((text_of(value.get("name")), *(m.text for m in messages[:1])))
    return built(
        ForeignConversation(
            "claude",
            key,
            text_of(value.get("name")),
            messages,
            model=_model(value.get("model")),
            created=moment_of(value.get("created_at")),
            updated=moment_of(value.get("updated_at")),
            leaf=text_of(value.get("current_leaf_message_uuid")) or None,
        ),
        otherwise,
    )


def _model(value: object) -> str | None:
    name = text_of(value)
    return f"anthropic:{name}" if name else None


def _message(row: Mapping[str, Any], number: int) -> ForeignMessage:
    blocks = [mapping_of(block) for block in list_of(row.get("content"))]
    texts = [text_of(block.get("text")) for block in blocks if block.get("type") == "text"]
    thoughts = [text_of(block.get("thinking")) for block in blocks if block.get("type") == "thinking"]
    text = "\n\n".join(filter(None, texts)) or text_of(row.get("text"))
    attachments = [mapping_of(attachment) for attachment in list_of(row.get("attachments"))]
    names = [text_of(mapping_of(file).get("file_name")) for file in list_of(row.get("files"))]
    names += [text_of(a.get("file_name")) for a in attachments if not text_of(a.get("extracted_content"))]
    parent = text_of(row.get("parent_message_uuid"))
    return ForeignMessage(
        text_of(row.get("uuid")) or f"number {number}",
        None if parent in ("", _NO_PARENT) else parent,
        "user" if row.get("sender") in ("human", "user") else "assistant",
        "\n\n".join([*filter(None, [text]), *(f"[file: {name}]" for name in dict.fromkeys(names) if name)]),
        "\n\n".join(filter(None, thoughts)),
        created=moment_of(row.get("created_at")),
        files=tuple(_file(attachment) for attachment in attachments if text_of(attachment.get("extracted_content"))),
    )


def _file(attachment: Mapping[str, Any]) -> ForeignFile:
    content = text_of(attachment.get("extracted_content")).encode("utf-8", "replace")
    return ForeignFile(text_of(attachment.get("file_name")) or "pasted.txt", "text/plain", content)


FORMAT: Final = JsonFormat("Claude", _has, _read)
