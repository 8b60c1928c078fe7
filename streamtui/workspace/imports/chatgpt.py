"""ChatGPT's export: `conversations.json`, in which each conversation is a tree of nodes."""

from collections.abc import Mapping
from typing import Any, Final

from streamtui.workspace.imports.building import ForeignConversation, ForeignMessage, built
from streamtui.workspace.imports.values import (
    Imported,
    JsonFormat,
    UnreadableError,
    list_of,
    mapping_of,
    moment_of,
    text_of,
)

_THOUGHTS: Final = ("thoughts", "reasoning_recap")


def _has(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("mapping"), dict)


def _read(value: Mapping[str, Any], otherwise: float) -> Imported:
    nodes = mapping_of(value.get("mapping"))
    key = text_of(value.get("conversation_id")) or text_of(value.get("id"))
    messages = [_message(id, mapping_of(node)) for id, node in nodes.items()]
    if not key:
        key = "".join((text_of(value.get("title")), *(message.key for message in messages[:3])))
    if not any(not message.is_empty for message in messages):
        raise UnreadableError("It has no messages.")
    return built(
        ForeignConversation(
            "chatgpt",
            key,
            text_of(value.get("title")),
            messages,
            model=text_of(value.get("default_model_slug")) or None,
            created=moment_of(value.get("create_time")),
            updated=moment_of(value.get("update_time")),
            leaf=text_of(value.get("current_node")) or None,
        ),
        otherwise,
    )


def _message(key: str, node: Mapping[str, Any]) -> ForeignMessage:
    """Return a node as a message; one without text of user or assistant is empty, and only holds others together."""
    parent = text_of(node.get("parent")) or None
    message = mapping_of(node.get("message"))
    role = text_of(mapping_of(message.get("author")).get("role"))
    metadata = mapping_of(message.get("metadata"))
    if role not in ("user", "assistant") or metadata.get("is_visually_hidden_from_conversation") is True:
        return ForeignMessage(key, parent, "assistant", "")
    content = mapping_of(message.get("content"))
    kind = text_of(content.get("content_type"))
    return ForeignMessage(
        key,
        parent,
        "user" if role == "user" else "assistant",
        "" if kind in _THOUGHTS else _text(content, kind),
        _reasoning(content) if kind == "thoughts" else "",
        text_of(metadata.get("model_slug")) or None,
        moment_of(message.get("create_time")),
        is_whole=message.get("status") != "in_progress",
    )


def _text(content: Mapping[str, Any], kind: str) -> str:
    if kind == "user_editable_context":
        return ""
    if kind == "code":
        language = text_of(content.get("language"))
        info = language if language.isalnum() and language != "unknown" else ""
        return f"```{info}\n{text_of(content.get('text'))}\n```"
    parts = [_part(part) for part in list_of(content.get("parts"))]
    return "\n\n".join(filter(None, parts)) or text_of(content.get("text")) or text_of(content.get("result"))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    value = mapping_of(part)
    kind = text_of(value.get("content_type")).removesuffix("_asset_pointer").removesuffix("_transcription")
    return text_of(value.get("text")) or (f"[{kind.replace('_', ' ')}]" if kind else "")


def _reasoning(content: Mapping[str, Any]) -> str:
    thoughts = [mapping_of(thought) for thought in list_of(content.get("thoughts"))]
    texts = (
        text for thought in thoughts for text in (text_of(thought.get("summary")), text_of(thought.get("content")))
    )
    return "\n\n".join(filter(None, texts))


FORMAT: Final = JsonFormat("ChatGPT", _has, _read)
