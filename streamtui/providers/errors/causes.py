"""Why a request was refused: what the server says goes before the status it says it with."""

import re
from enum import Enum
from typing import Final

from streamtui.chat.messages import ChatRequest
from streamtui.providers.errors.error_body import ServerWords


class Cause(Enum):
    """What is wrong, as far as somebody can do something about it."""

    KEY = "the API key"
    FORBIDDEN = "not allowed"
    REGION = "not allowed from here"
    FLAGGED = "what the prompt says"
    PAYMENT = "the account's balance"
    QUOTA = "the account's quota"
    RATE = "too many requests"
    LARGE_FOR_RATE = "more tokens at once than the account may send in a minute"
    BETWEEN = "something on the way that is no API"
    PROXY_LOGIN = "the proxy's user name and password"
    TLS = "https is needed"
    ADDRESS = "the path"
    MODEL = "no such model"
    DEPLOYMENT = "no such deployment or version"
    INTERFACE = "a model that is not for this interface"
    NOTHING_FITS = "nothing that fits the request"
    CONTEXT = "the conversation is too long"
    LIMIT = "the limit of tokens is too high"
    MEMORY = "too little memory"
    OVERLOADED = "overloaded"
    REQUEST = "the request as it is"
    PASSING = "something that may pass"
    SERVER = "a fault of the server's"


_READ: Final = 1500
"""Characters of a server's words that are searched: what is wrong stands at their beginning."""
_SENTENCE: Final = r"[^.\n]{0,80}?"
_MISSING: Final = (
    r"(not found|not exist|n't exist|no longer (exists|available)|no such|unknown|unrecogni[sz]ed"
    r"|not (a )?valid|invalid|not available|not loaded|not (been )?deployed|not have access|no access)"
)
_PLACE: Final = r"(country|countries|region|territor|location)"
_UNAVAILABLE: Final = r"(not|unsupported|unavailable|restrict)"
_WORDS: Final = {
    Cause.TLS: r"plain http request was sent to https",
    Cause.QUOTA: r"\binsufficient_quota\b",
    Cause.KEY: r"api[ _-]?key|x-api-key|auth_?token|bearer|unauthori[sz]ed|unauthenticated|authenticat|authori[sz]ation"
    r"|credential|(invalid|expired|missing|incorrect|no) (access |api )?token\b|no_db_connection|no connected db"
    r"|token_not_found|permission_error|PERMISSION_DENIED",
    Cause.PAYMENT: r"\bcredits?\b|\bbalance\b|\bbilling\b|\bpayment\b|\bpaid\b|\bprepaid\b"
    r"|\btop[- ]?up\b|overdue|arrears",
    Cause.REGION: r"(country|countries|region|territor|location)"
    + _SENTENCE
    + r"(not|unsupported|unavailable|restrict)"
    r"|(not|unsupported|unavailable|restrict)" + _SENTENCE + r"(country|countries|region|territor|location)",
    Cause.FLAGGED: r"flagged|moderation|content[_ ](policy|filter)|safety|usage polic|responsible ai",
    Cause.MEMORY: r"(more|not enough|insufficient|too little|out of) "
    + _SENTENCE
    + r"(memory|vram)|out of memory|\boom\b",
    Cause.INTERFACE: r"not a chat model|v1/responses|v1/completions\b|responses api|(only|not) "
    + _SENTENCE
    + r"chat[ /]completions?|does not support chat",
    Cause.DEPLOYMENT: r"deployment" + _SENTENCE + _MISSING + r"|DeploymentNotFound|api[- ]version",
    Cause.MODEL: r"model_not_found|\bmodels?\b" + _SENTENCE + _MISSING + "|" + _MISSING + r"[^.\n]{0,20}\bmodels?\b",
    Cause.ADDRESS: r"unexpected endpoint|no route|(unknown|invalid|no such|unsupported) (url|path|endpoint|route)"
    r"|(url|path|endpoint|route)\b[^.\n]{0,40}(not found|not exist|unknown)|cannot (post|get) /|method not allowed"
    r"|^\W*(404|405)?\W*(page |resource |url )?not found\W*$",
    Cause.OVERLOADED: r"overloaded_error|\boverloaded\b|engine_overloaded",
    Cause.RATE: r"rate[_ ]limit|too many requests|RESOURCE_EXHAUSTED|tokens per minute|requests per (minute|day)",
}
_PATTERNS: Final = {cause: re.compile(pattern, re.IGNORECASE | re.MULTILINE) for cause, pattern in _WORDS.items()}
_BEHIND_A_FAULT: Final = {
    Cause.KEY: r"(invalid|incorrect|expired|missing|no) (\w+ )?(api[ _-]?key|access token)\b|AuthenticationError"
    r"|api[ _-]?key\b[^.\n]{0,20}(not valid|invalid|incorrect|expired|missing|required)",
    Cause.QUOTA: r"quota\b[^.\n]{0,30}(exceeded|exhausted|used up)|(exceeded|exhausted)[^.\n]{0,30}\bquota",
    Cause.PAYMENT: r"insufficient (account )?(balance|credits?|funds)|credit balance|payment required",
    Cause.MODEL: r"model_not_found|\bmodels?\b[^.\n]{0,60}(not found|not exist|n't exist)|no such model"
    r"|is not a valid model",
    Cause.MEMORY: _WORDS[Cause.MEMORY],
    Cause.OVERLOADED: _WORDS[Cause.OVERLOADED],
}
"""What a fault of the server's (5xx) must say to be something else: relays pass refusals on as faults of their own."""
_PATTERNS_BEHIND_A_FAULT: Final = [
    (cause, re.compile(words, re.IGNORECASE)) for cause, words in _BEHIND_A_FAULT.items()
]
_TOO_LONG: Final = re.compile(
    r"context[_ ](length|window|size|limit)|available context|(prompt|input|request)\b[^.\n]{0,30} (is )?too long"
    r"|too many (input )?tokens|reduce the length|exceeds? the (model'?s )?(maximum )?(context|input|number of tokens)"
    r"|exceed context limit|maximum (prompt|input) length|string_above_max_length",
    re.IGNORECASE,
)
_LIMIT: Final = re.compile(r"max_(completion_|output_|new_)?tokens|max(imum)? (output|completion|new) tokens", re.I)
_SPLIT: Final = re.compile(
    r"(\d+) (?:tokens )?(?:in|from) (?:the )?(?:messages?|prompt|input)\b.*?(\d+) (?:tokens )?(?:in|for) the completion"
)
"""Tokens of the conversation and of the limit, which both have to fit in."""
_REQUESTED: Final = re.compile(r"limit:? (\d+).*?requested:? (\d+)", re.IGNORECASE | re.DOTALL)


def cause_of(status: int, words: ServerWords, request: ChatRequest) -> Cause:
    """Return why a request was refused; `status` is 0 where the answer had none."""
    text = f"{words.text[:_READ]}\n{words.codes[:_READ]}"
    if words.is_page:
        return _of_page(status, text)
    if status == 407:
        return Cause.PROXY_LOGIN
    cause = _by_words(status, text, request)
    return cause if cause is not None else _by_status(status, words)


def _of_page(status: int, text: str) -> Cause:
    """Return what a web page means: somebody else than the API has answered."""
    if _says(Cause.TLS, text):
        return Cause.TLS
    match status:
        case 401:
            return Cause.KEY
        case 404 | 405 | 410:
            return Cause.ADDRESS
        case 407:
            return Cause.PROXY_LOGIN
        case _ if 400 <= status < 500:
            return Cause.BETWEEN
        case _:
            return Cause.SERVER


def _by_words(status: int, text: str, request: ChatRequest) -> Cause | None:
    if _says(Cause.TLS, text):
        return Cause.TLS
    if _says(Cause.QUOTA, text):
        return Cause.QUOTA
    if status == 429 or _says(Cause.RATE, text):
        return _rate(status, text)
    if status == 401:
        return Cause.KEY
    if (limited := _length(status, text, request)) is not None:
        return limited
    if status >= 500:
        return next((cause for cause, words in _PATTERNS_BEHIND_A_FAULT if words.search(text)), None)
    candidates = _CANDIDATES.get(status, _CANDIDATES[400])
    return next((cause for cause in candidates if _says(cause, text)), None)


_CANDIDATES: Final[dict[int, tuple[Cause, ...]]] = {
    0: (Cause.KEY, Cause.PAYMENT, Cause.REGION, Cause.MEMORY, Cause.OVERLOADED, Cause.ADDRESS, Cause.MODEL),
    400: (
        Cause.INTERFACE,
        Cause.KEY,
        Cause.PAYMENT,
        Cause.REGION,
        Cause.FLAGGED,
        Cause.DEPLOYMENT,
        Cause.MODEL,
        Cause.ADDRESS,
        Cause.MEMORY,
        Cause.OVERLOADED,
    ),
    402: (),
    403: (Cause.FLAGGED, Cause.REGION, Cause.PAYMENT, Cause.KEY, Cause.MODEL),
    404: (Cause.INTERFACE, Cause.DEPLOYMENT, Cause.MODEL, Cause.ADDRESS, Cause.KEY),
    405: (),
    413: (),
}
"""What the words of a refusal are searched for, in this order."""


def _says(cause: Cause, text: str) -> bool:
    return _PATTERNS[cause].search(text) is not None


def _rate(status: int, text: str) -> Cause:
    sizes = _REQUESTED.search(text)
    if status == 413 or (sizes and int(sizes[2]) > int(sizes[1])):
        return Cause.LARGE_FOR_RATE
    return Cause.RATE


def _length(status: int, text: str, request: ChatRequest) -> Cause | None:
    """Return whether the conversation is too long, or only the limit of tokens too high that was asked for with it."""
    if status >= 500 and "context_length_exceeded" not in text:
        return None
    if not _TOO_LONG.search(text):
        return None
    if request.max_tokens is not None:
        if sizes := _SPLIT.search(text):
            return Cause.LIMIT if int(sizes[2]) > int(sizes[1]) else Cause.CONTEXT
        if _LIMIT.search(text):
            return Cause.LIMIT
    return Cause.CONTEXT


def _by_status(status: int, words: ServerWords) -> Cause:
    match status:
        case 0:
            return Cause.REQUEST if "invalid_request_error" in words.codes else Cause.SERVER
        case 402:
            return Cause.PAYMENT
        case 403:
            return Cause.FORBIDDEN
        case 404 | 405:
            return Cause.NOTHING_FITS if words.text else Cause.ADDRESS
        case 413:
            return Cause.CONTEXT
        case 408 | 409 | 425:
            return Cause.PASSING
        case 529:
            return Cause.OVERLOADED
        case _ if 400 <= status < 500:
            return Cause.REQUEST
        case _:
            return Cause.SERVER
