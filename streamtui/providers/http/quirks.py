"""What an endpoint's refusal teaches: which field to leave out or to spell differently next time."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from streamtui.providers.errors.error_body import words_of_body
from streamtui.providers.http.client import StatusError

_REFUSED: Final = re.compile(
    r"unsupported|n't support|not (be )?(supported|permitted|allowed|recogni[sz]ed|accepted)|does not (support|accept)"
    r"|unrecogni[sz]ed|(unknown|no such) (parameter|field|argument|name|key)"
    r"|extra inputs"
    r"|unexpected (keyword|argument|field|parameter|propert)|additional propert|deprecated|only the default|may only be"
    r"|(should|must) not be"
    r"|invalid (field|parameter|argument|role)|is not one of|should be (one of|')|cannot be (used|set)",
    re.IGNORECASE,
)
"""How a field is refused as such."""
_REFUSED_CODES: Final = frozenset(
    {"unsupported_parameter", "unknown_parameter", "unsupported_value", "extra_forbidden", "unrecognized_parameter"}
)
_OUT_OF_RANGE: Final = re.compile(
    r"(<=?|>=?|[≤≥]|at (most|least)|(less|greater|more|lower|higher|larger|smaller) than|between|maximum|minimum|exceed"
    r"|above|below|range|up to|limit of)[^.\n]{0,60}\d|too (large|high|small|low|big|many)"
    r"|out of range|_(max|min)_value",
    re.IGNORECASE,
)
"""How a value is refused: the error is shown, and teaches nothing."""
_SENTENCES: Final = re.compile(r"(?<=[.;!?])\s+|\n")
_NUMBERS: Final = re.compile(r"\d{1,9}")
_READ: Final = 1500
"""Characters of a server's words that are searched."""


@dataclass(frozen=True, slots=True)
class QuirkRule:
    """A quirk to remember, and what to tell the user."""

    names: str
    """Pattern of the words by which a refusal names what it doesn't want."""
    fields: frozenset[str]
    """One of these was sent."""
    quirk: str
    text: str
    says_always: bool = False
    """Whether a wish of the user's goes unheard, which is said with every reply."""


NO_PREFILL: Final = "no:prefill"
NO_STREAM: Final = "no:stream"
NO_EFFORT: Final = "no:effort"
USE_RESPONSES: Final = "api:responses"
LIMIT_PREFIX: Final = "limit:"
"""Begins a quirk that names the most output tokens a model can write, where the API wants a limit."""
_LIMIT: Final = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
_LIMIT_NAMES: Final = r"max_(completion_|output_)?tokens"
_RULES: Final = (
    QuirkRule("stream_options|include_usage", frozenset({"stream_options"}), "no:stream_options",
              "does not take stream_options, so it may not count tokens."),
    QuirkRule(_LIMIT_NAMES, _LIMIT - {"max_output_tokens"}, "swap:max_tokens",
              "wants the limit of tokens under its other name."),
    QuirkRule(_LIMIT_NAMES, _LIMIT, "no:max_tokens",
              "takes no limit of tokens; it was left out.", says_always=True),
    QuirkRule("temperature", frozenset({"temperature"}), "no:temperature",
              "takes no temperature; it was left out.", says_always=True),
    QuirkRule("chat_template_kwargs|enable_thinking", frozenset({"chat_template_kwargs"}), "no:chat_template_kwargs",
              "takes no chat_template_kwargs, so thinking may not be switched."),
    QuirkRule("reasoning|effort", frozenset({"reasoning_effort", "reasoning"}), NO_EFFORT,
              "takes no effort; it was left out.", says_always=True),
    QuirkRule("thinking|budget", frozenset({"thinking"}), "swap:thinking",
              "takes no budget for thinking; it was asked for by effort."),
    QuirkRule("output_config|effort|thinking", frozenset({"output_config"}), NO_EFFORT,
              "takes no effort; it was left out.", says_always=True),
    QuirkRule("system role|system'? ?message", frozenset({"system"}), "no:system",
              "takes no system message; it was put before the first prompt."),
    QuirkRule(r"\bsystem\b|\brole\b", frozenset({"system"}), "swap:system",
              "wants the system message as a developer message."),
    QuirkRule(r"\bdeveloper\b|\brole\b", frozenset({"developer"}), "no:system",
              "takes no system message; it was put before the first prompt."),
    QuirkRule("prefill|(last|final|assistant) message", frozenset({"prefill"}), NO_PREFILL,
              "does not go on writing a text; it was asked to in words."),
    QuirkRule(r"\bstream(ing)?\b", frozenset({"stream"}), NO_STREAM,
              "does not stream; the reply came in one piece."),
)  # fmt: skip
MOST_LESSONS: Final = 6
"""Of one request: a server that refuses more is not understood."""


def lesson_of(refusal: StatusError, sent: Collection[str], known: Collection[str]) -> QuirkRule | None:
    """Return what `refusal` says about one of the fields that were `sent`, `None` where it is about something else.

    A field counts only if the answer's own words name it and say that it is not wanted: "max_tokens is too large"
    teaches nothing, nor does a request that is echoed. A lesson that is `known` and didn't help isn't given again.
    """
    if refusal.status not in (400, 422, 500, 501):
        return None
    words = words_of_body(refusal.body)
    text = words.text[:_READ]
    text = text if text.startswith(("{", "[")) else text.partition("{")[0]
    if words.is_page or _OUT_OF_RANGE.search(f"{text}\n{words.codes}"):
        return None
    codes = words.codes.split()
    about = [sentence for sentence in _SENTENCES.split(text) if _REFUSED.search(sentence)]
    if not _REFUSED_CODES.isdisjoint(codes):
        about += [code for code in codes if code not in _REFUSED_CODES] + _SENTENCES.split(text)[:1]
    for rule in _RULES:
        if rule.quirk in known or rule.fields.isdisjoint(sent):
            continue
        if any(re.search(rule.names, sentence, re.IGNORECASE) for sentence in about):
            return rule
    return None


def limit_in(refusal: StatusError, asked: int) -> int | None:
    """Return the most output tokens that a refusal of a limit of `asked` names, `None` where it is about something
    else. One that names none is taken to mean half."""
    words = words_of_body(refusal.body)
    if refusal.status not in (400, 422) or not re.search(
        _LIMIT_NAMES + "|output tokens", words.text[:_READ], re.IGNORECASE
    ):
        return None
    numbers = [int(number) for number in _NUMBERS.findall(words.text[:_READ])]
    smaller = [number for number in numbers if 256 <= number < asked]
    return max(smaller, default=asked // 2 if asked > 1024 else None)


def texts_of(quirks: Collection[str]) -> list[str]:
    """Return what is said each time that these quirks keep a wish of the user's from being sent."""
    return list(dict.fromkeys(rule.text for rule in _RULES if rule.says_always and rule.quirk in quirks))
