"""Conversations as files for people and programs: pure functions over values."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from streamtui.chat.messages import ChatMessage, Segment, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary

FORMAT: Final = 1
"""The value of `streamtui` in an exported file."""


def iso_time(moment: float) -> str:
    """Return seconds since the epoch as UTC in ISO 8601; a moment that no calendar has becomes the epoch."""
    try:
        value = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        value = datetime.fromtimestamp(0, UTC)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summary_json(summary: ConversationSummary) -> dict[str, Any]:
    """Return a line of `list --json` as the contract has it (DESIGN.md, section 2)."""
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "messages": summary.messages,
        "status": summary.status,
        "created": iso_time(summary.created),
        "updated": iso_time(summary.updated),
    }


def transcript(record: ConversationRecord, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    """Return a conversation with the messages of all its branches as the contract's JSON object."""
    return {
        "streamtui": FORMAT,
        "conversation": {
            "id": record.id,
            "title": record.title,
            "model": record.model,
            "system": record.system,
            "leaf": record.leaf,
            "created": iso_time(record.created),
            "updated": iso_time(record.updated),
        },
        "messages": [message_json(message) for message in messages],
    }


def message_json(message: ChatMessage) -> dict[str, Any]:
    """Return a message as the contract's JSON object; the segments of a continued reply count as one text."""
    last = message.last
    usage, metrics = _usage(message.segments), _metrics(message.segments)
    return {
        "id": message.id,
        "parent": message.parent,
        "role": message.role,
        "model": message.model,
        "status": last.status.value,
        "finish_reason": last.finish_reason,
        "text": message.text,
        "reasoning": message.reasoning,
        "created": iso_time(message.created),
        "usage": None if usage is None else asdict(usage),
        "metrics": None if metrics is None else metrics.wire(),
    }


def export_json(record: ConversationRecord, messages: Sequence[ChatMessage]) -> str:
    """Return a conversation as a JSON document, which ends in a newline."""
    return json.dumps(transcript(record, messages), indent=2, ensure_ascii=False) + "\n"


def export_markdown(record: ConversationRecord, messages: Sequence[ChatMessage]) -> str:
    """Return the branch in view as a Markdown document; reasoning is folded away in `<details>`."""
    head = [f"# {_line(record.title) or 'Conversation'}", f"{_line(record.model)} · {_minute(record.created)} UTC"]
    if record.system:
        head.append(_quote(f"System: {record.system}"))
    parts = [*head, *(_markdown(message, record.model) for message in _branch(record, messages))]
    return "\n\n".join(parts) + "\n"


def _branch(record: ConversationRecord, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    by_id = {message.id: message for message in messages}
    leaf = record.leaf if record.leaf in by_id else messages[-1].id if messages else None
    branch: list[ChatMessage] = []
    while leaf is not None and leaf in by_id:
        message = by_id.pop(leaf)  # popped, so that a ring of parents ends
        branch.append(message)
        leaf = message.parent
    return branch[::-1]


def _markdown(message: ChatMessage, model: str) -> str:
    author = "You" if message.role == "user" else _line(message.model or model)
    parts = [f"## {author} · {_minute(message.created)}"]
    if message.reasoning.strip():
        parts.append(f"<details>\n<summary>Reasoning</summary>\n\n{message.reasoning.strip()}\n\n</details>")
    if message.text.strip():
        parts.append(message.text.strip("\n"))
    ending = _ending(message.last)
    if message.role == "assistant" and ending:
        parts.append(_quote(ending))
    return "\n\n".join(parts)


def _ending(segment: Segment) -> str:
    """Return why a reply is not whole, nothing for one that is."""
    if segment.error is not None:
        return f"{segment.status.value}: {segment.error.message}"
    if segment.status.value != "complete":
        return segment.status.value
    return "" if segment.finish_reason in (None, "stop", "end_turn") else f"ended early: {segment.finish_reason}"


def _usage(segments: Sequence[Segment]) -> Usage | None:
    usages = [segment.usage for segment in segments if segment.usage is not None]
    if len(usages) < 2:
        return usages[0] if usages else None
    return Usage(
        _sum([usage.input_tokens for usage in usages]),
        _sum([usage.output_tokens for usage in usages]),
        _sum([usage.reasoning_tokens for usage in usages]),
        any(usage.estimated for usage in usages),
    )


def _metrics(segments: Sequence[Segment]) -> Metrics | None:
    several = [segment.metrics for segment in segments if segment.metrics is not None]
    if len(several) < 2:
        return several[0] if several else None
    streaming = sum(metrics.streaming_s or 0.0 for metrics in several)
    characters = sum(metrics.characters for metrics in several)
    rated = [(m.tokens_per_s, m.streaming_s) for m in several if m.tokens_per_s is not None and m.streaming_s]
    tokens, rated_s = sum(rate * span for rate, span in rated), sum(span for _, span in rated)
    return Metrics(
        connect_s=several[0].connect_s,
        ttft_s=several[0].ttft_s,
        streaming_s=streaming,
        total_s=sum(metrics.total_s for metrics in several),
        chunks=sum(metrics.chunks for metrics in several),
        characters=characters,
        characters_per_s=characters / streaming if streaming else None,
        tokens_per_s=tokens / rated_s if rated_s else None,
    )


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())


def _minute(moment: float) -> str:
    return iso_time(moment)[:16].replace("T", " ")
