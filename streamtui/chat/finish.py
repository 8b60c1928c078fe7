"""Finish reasons: what the words mean by which endpoints say why a reply ended. Compared without regard to case."""

import re
from enum import Enum
from typing import Final


class FinishKind(Enum):
    """What a finish reason says about a reply."""

    GOOD = "good"
    LIMIT = "limit"
    """The limit of tokens was reached; the model could go on."""
    CONTEXT_FULL = "context full"
    FILTERED = "filtered"
    REFUSED = "refused"
    PAUSED = "paused"
    """The endpoint expects to be asked to go on."""
    BROKEN = "broken"
    """Something failed; what arrived is a part of a reply."""
    UNKNOWN = "unknown"


_KINDS: Final = {
    FinishKind.GOOD: r"stop|end|end_turn|eos|eos_token|stop_sequence|stop_token|stop_str|tool_calls?|tool_use"
    r"|function_call|complete|completed|finished|finish_reason_unspecified|finish_reason_stop",
    FinishKind.LIMIT: r"length|max_(output_|new_|completion_)?tokens|token_limit|max_length|model_length",
    FinishKind.CONTEXT_FULL: r"(model_)?context_(window|length)_exceeded|context_length",
    FinishKind.FILTERED: r"content_filter(ed)?\b.*|(image_)?safety|sensitive|prohibited_content|blocklist|spii"
    r"|recitation|moderation|guardrail_intervened",
    FinishKind.REFUSED: r"refusal",
    FinishKind.PAUSED: r"pause_turn",
    FinishKind.BROKEN: r".*(error|exception|overload|unavailable|abort|cancel|timed?_?out|interrupt|disconnect|crash).*"
    r"|fail(ed|ure)?|insufficient_\w+|malformed_\w+|out_of_(memory|resources)|oom|preempted|killed",
}
_PATTERNS: Final = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS.items()]


def finish_kind(reason: str) -> FinishKind:
    """Return what `reason` means; one that no list has is `UNKNOWN`, never taken for a good end."""
    reason = reason.strip().replace("-", "_")
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(reason)), FinishKind.UNKNOWN)
