"""What an endpoint's refusal teaches: which field to leave out or to spell differently next time."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from streamtui.providers.http.client import StatusError

_REFUSED = re.compile(
    r"unsupported|n't support|not (be )?(supported|permitted|allowed|recognized|accepted)|does not (support|accept)"
    r"|unrecogni[sz]ed|unknown|unexpected|extra_forbidden|additional propert|deprecated|only the default|may only be"
    r"|instead|(should|must) not be|invalid (field|parameter|argument|role)|is not one of|should be (one of|')"
    r"|cannot be (used|set)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class QuirkRule:
    """A quirk to remember, and what to tell the reader."""

    names: str
    """Pattern of the words by which a refusal names what it doesn't want."""
    fields: frozenset[str]
    """One of these was sent."""
    quirk: str
    text: str


NO_PREFILL: Final = "no:prefill"
_LIMIT = frozenset({"max_tokens", "max_completion_tokens"})
_LESSONS = (
    QuirkRule("stream_options|include_usage", frozenset({"stream_options"}), "no:stream_options",
           "does not take stream_options, so it may not count tokens."),
    QuirkRule("max_completion_tokens|max_tokens", _LIMIT, "swap:max_tokens",
           "wants the limit of tokens under its other name."),
    QuirkRule("max_completion_tokens|max_tokens", _LIMIT, "no:max_tokens",
           "takes no limit of tokens; it was left out."),
    QuirkRule("temperature", frozenset({"temperature"}), "no:temperature",
           "takes no temperature; it was left out."),
    QuirkRule("system role|system'? ?message", frozenset({"system"}), "no:system",
           "takes no system message; it was put before the first prompt."),
    QuirkRule("system|role", frozenset({"system"}), "swap:system",
           "wants the system message as a developer message."),
    QuirkRule("developer|role", frozenset({"developer"}), "no:system",
           "takes no system message; it was put before the first prompt."),
    QuirkRule("prefill|(last|final|assistant) message", frozenset({"prefill"}), NO_PREFILL,
           "does not go on writing a text; it was asked to in words."),
)  # fmt: skip


def lesson_of(refusal: StatusError, sent: Collection[str], known: Collection[str]) -> QuirkRule | None:
    """Return what `refusal` says about one of the fields that were `sent`, `None` where it is about something else.

    A field counts only if the answer names it and says that it is not wanted: "max_tokens is too large" teaches
    nothing. A lesson that is `known` and didn't help isn't given again.
    """
    if refusal.status not in (400, 422, 500, 501) or not _REFUSED.search(refusal.body):
        return None
    for lesson in _LESSONS:
        if lesson.quirk in known or lesson.fields.isdisjoint(sent):
            continue
        if re.search(lesson.names, refusal.body, re.IGNORECASE):
            return lesson
    return None
