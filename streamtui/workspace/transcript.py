"""Conversations as files for programs: pure functions over values."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from streamtui.chat.messages import ChatMessage, Segment, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary
from streamtui.chat.timestamps import iso_time

FORMAT: Final = 1
"""The value of `streamtui` in an exported file."""


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
    conversation: dict[str, Any] = {
        "id": record.id,
        "title": record.title,
        "model": record.model,
        "system": record.system,
        "leaf": record.leaf,
        "created": iso_time(record.created),
        "updated": iso_time(record.updated),
    }
    if record.pinned:
        conversation["pinned"] = True
    return {
        "streamtui": FORMAT,
        "conversation": conversation,
        "messages": [message_json(message) for message in messages],
    }


def message_json(message: ChatMessage) -> dict[str, Any]:
    """Return a message as the contract's JSON object. The segments of a continued reply count as one text, and are
    added one by one as `segments`."""
    last = message.last
    usage, metrics = _usage(message.segments), _metrics(message.segments)
    body: dict[str, Any] = {
        "id": message.id,
        "parent": message.parent,
        "role": message.role,
        "model": message.model,
        "status": last.status.value,
        "finish_reason": last.finish_reason,
        "error": None if last.error is None else last.error.wire(),
        "text": message.text,
        "reasoning": message.reasoning,
        "created": iso_time(message.created),
        "usage": None if usage is None else asdict(usage),
        "metrics": None if metrics is None else _metrics_json(metrics),
    }
    if len(message.segments) > 1:
        body["segments"] = [_segment_json(segment) for segment in message.segments]
    else:
        body |= _remarks_json(last)
    if message.attachments:
        body["attachments"] = [asdict(attachment) for attachment in message.attachments]
    return body


def _segment_json(segment: Segment) -> dict[str, Any]:
    return {
        "status": segment.status.value,
        "finish_reason": segment.finish_reason,
        "error": None if segment.error is None else segment.error.wire(),
        "text": segment.text,
        "reasoning": segment.reasoning,
        "usage": None if segment.usage is None else asdict(segment.usage),
        "metrics": None if segment.metrics is None else _metrics_json(segment.metrics),
        **_remarks_json(segment),
    }


def _remarks_json(segment: Segment) -> dict[str, Any]:
    """Return what is said under a reply for good, and its sources, where there are any."""
    remarks: dict[str, Any] = {}
    if segment.notices:
        remarks["notices"] = [asdict(notice) for notice in segment.notices]
    if segment.citations:
        remarks["citations"] = [asdict(citation) for citation in segment.citations]
    return remarks


def _metrics_json(metrics: Metrics) -> dict[str, float | None]:
    if metrics.thinking_s is None:
        return metrics.wire()
    return {**metrics.wire(), "thinking_s": round(metrics.thinking_s, 6)}


def export_json(
    record: ConversationRecord, messages: Sequence[ChatMessage], files: Mapping[str, bytes] | None = None
) -> str:
    """Return a conversation as a JSON document, which ends in a newline.

    `files` is the content of its attachments by SHA-256; with it, nothing is lost by importing the document.
    """
    document = transcript(record, messages)
    if files:
        document["files"] = {sha256: b64encode(content).decode("ascii") for sha256, content in sorted(files.items())}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


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
    several = [_as_written(segment.metrics) for segment in segments if segment.metrics is not None]
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


def _as_written(metrics: Metrics) -> Metrics:
    """Return the figures with the digits they are written with: what is made of them is the same after an import."""
    return Metrics(**_metrics_json(metrics))  # type: ignore[arg-type]  # each one of the type it had


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
