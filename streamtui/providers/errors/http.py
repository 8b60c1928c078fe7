"""Failures of endpoints as `ProviderError`: one line that says what happened and what to do next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from streamtui.chat.errors import ErrorKind, ProviderError
from streamtui.chat.messages import ChatRequest
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.providers.errors.causes import Cause, cause_of
from streamtui.providers.errors.error_body import ServerWords, words_of, words_of_body
from streamtui.providers.redaction import Secret, redact

_QUOTED: Final = 200
"""Characters of a server's own words that are shown."""
_READ: Final = 16 * 1024
"""Characters of a server's own words that are looked at."""
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_DELAY_FIELD: Final = re.compile(r'"retryDelay"\s*:\s*"([0-9.]+)s"')
_DELAY_WORDS: Final = re.compile(
    r"(?:try again|retry)[^.\n]{0,20}? in (?:([0-9]+)m)?\s?([0-9]+(?:\.[0-9]+)?)\s?(ms|s|sec|seconds?)\b", re.IGNORECASE
)
_LONGEST_DELAY: Final = 1e9


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """Who is talked to, for error messages."""

    host: str
    key_variable: str
    """Where this endpoint's key is set: an environment variable, as a rule."""
    key: Secret | None = None
    check_url: str = "Check the base URL: most end in /v1."
    """What to do if the answer looks like another API's."""
    proxy: str | None = None
    """Through which proxy it is talked to, as host and port."""
    withheld: str | None = None
    """Why a key that there is does not go there, in one line."""
    secrets: tuple[Secret, ...] = ()
    """What else is sent that nobody may read: values of headers."""

    @property
    def key_advice(self) -> str:
        """What to do about a key that is wanted."""
        if self.key is not None:
            return f"Check {self.key_variable}."
        return self.withheld or f"Set {self.key_variable}."

    def quote(self, text: str) -> str:
        """Return a server's own words as one short line without keys, ending like a sentence."""
        line = self.name(text, _QUOTED)
        return line if not line or line.endswith((".", "!", "?", "…")) else f"{line}."

    def name(self, text: str, limit: int) -> str:
        """Return what a server calls something as one line of at most `limit` characters, without keys.

        In this order: cleaning may join a key together, and cutting may leave a part of one that nobody recognises.
        """
        line = " ".join(sanitize(text[:_READ]).split())
        if len(text) > _READ:
            line = line.rpartition(" ")[0]
        secrets = [*self.secrets, *([self.key] if self.key else [])]
        return sanitize_line(redact(line, secrets), limit)


def status_error(
    peer: EndpointInfo, request: ChatRequest, status: int, headers: Mapping[str, str], body: str, now: float
) -> ProviderError:
    """Return the error for an HTTP status of 400 or more; `now` is the wall clock, for dates in Retry-After."""
    words = words_of_body(body)
    cause = cause_of(status, words, request)
    delay = retry_after(headers, now)
    if delay is None:
        delay = delay_in(body)
    retryable = _KINDS[cause][1]
    if retryable and headers.get("x-should-retry") in ("true", "false"):
        retryable = headers["x-should-retry"] == "true"
    message = _Line(peer, request, status, words, delay or 0.0).of(cause)
    return ProviderError(_KINDS[cause][0], message, status=status, retry_after=delay, retryable=retryable)


def stream_error(peer: EndpointInfo, request: ChatRequest, payload: object, *, is_begun: bool = False) -> ProviderError:
    """Return the error for an error object (or string) that came with status 200, in the stream or as the body;
    `is_begun` says that a part of the reply had come."""
    words = words_of(payload)
    status = _status_in(payload)
    cause = cause_of(status, words, request)
    kind, retryable = _KINDS[cause]
    line = _Line(peer, request, status, words)
    return ProviderError(kind, line.of_stream(cause, is_begun=is_begun), retryable=retryable)


def is_about_interface(status: int, body: str) -> bool:
    """Return whether a refusal says that the model is for another interface of the same server: Responses."""
    words = words_of_body(body)
    return status in (400, 404) and re.search(r"v1/responses|responses (api|endpoint)", words.text, re.I) is not None


def _status_in(payload: object) -> int:
    if isinstance(payload, dict) and isinstance(payload.get("error"), dict):
        payload = payload["error"]
    if not isinstance(payload, dict):
        return 0
    for name in ("status", "status_code", "code"):
        value = payload.get(name)
        if isinstance(value, int | str) and re.fullmatch(r"[45]\d\d", str(value)):
            return int(value)
    return 0


_KINDS: Final[dict[Cause, tuple[ErrorKind, bool]]] = {
    Cause.KEY: ("auth", False),
    Cause.FORBIDDEN: ("auth", False),
    Cause.REGION: ("auth", False),
    Cause.FLAGGED: ("bad_request", False),
    Cause.PAYMENT: ("bad_request", False),
    Cause.QUOTA: ("rate_limit", False),
    Cause.RATE: ("rate_limit", True),
    Cause.LARGE_FOR_RATE: ("rate_limit", False),
    Cause.BETWEEN: ("bad_request", False),
    Cause.PROXY_LOGIN: ("connect", False),
    Cause.TLS: ("connect", False),
    Cause.ADDRESS: ("not_found", False),
    Cause.MODEL: ("not_found", False),
    Cause.DEPLOYMENT: ("not_found", False),
    Cause.INTERFACE: ("not_found", False),
    Cause.NOTHING_FITS: ("not_found", False),
    Cause.CONTEXT: ("context_length", False),
    Cause.LIMIT: ("bad_request", False),
    Cause.MEMORY: ("server", False),
    Cause.OVERLOADED: ("overloaded", True),
    Cause.REQUEST: ("bad_request", False),
    Cause.PASSING: ("bad_request", True),
    Cause.SERVER: ("server", True),
}
"""The kind of error, and whether the same request may succeed a moment later."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Puts a cause into words: who, what happened, the server's own words, what to do next."""

    peer: EndpointInfo
    request: ChatRequest
    status: int
    words: ServerWords
    delay: float = 0.0
    """For how many seconds the server asks to be left alone."""

    def of(self, cause: Cause) -> str:
        host, model = self.peer.host, self.request.model
        number = f" ({self.status})" if self.status else ""
        match cause:
            case Cause.KEY if self.peer.key is None:
                what = f"{host} wants an API key{number}."
            case Cause.KEY:
                what = f"{host} does not accept the API key{number}."
            case Cause.FORBIDDEN | Cause.REGION | Cause.FLAGGED:
                what = f"{host} does not allow this{number}."
            case Cause.PAYMENT:
                what = f"{host} wants to be paid first{number}."
            case Cause.QUOTA:
                what = f"The account's quota at {host} is used up{number}."
            case Cause.RATE | Cause.LARGE_FOR_RATE:
                what = f"{host} limits the rate{number}."
            case Cause.BETWEEN:
                what = f"Something between here and {host} (a firewall, a proxy) turned the request away{number}."
            case Cause.PROXY_LOGIN:
                what = f"The proxy {self.peer.proxy or 'on the way'} to {host} wants a user name and password{number}."
            case Cause.TLS:
                what = f"{host} expects TLS{number}."
            case Cause.ADDRESS:
                what = f"{host} has nothing at this address{number}."
            case Cause.MODEL:
                what = f"{host} has no model {model}{number}." if model else f"{host} has no such model{number}."
            case Cause.DEPLOYMENT:
                what = f"{host} has no deployment for {model or 'this'}{number}."
            case Cause.INTERFACE:
                what = f"{host} does not offer {model} for chat{number}."
            case Cause.NOTHING_FITS:
                what = f"{host} has nothing that fits the request{number}."
            case Cause.CONTEXT:
                what = f"The {'prompt' if self._is_first else 'conversation'} is too long for {model}{number}."
            case Cause.LIMIT:
                what = f"{host} takes no limit of {self.request.max_tokens} tokens{number}."
            case Cause.MEMORY:
                what = f"{host} has too little memory for {model}{number}."
            case Cause.OVERLOADED:
                what = f"{host} is overloaded{number}."
            case Cause.REQUEST | Cause.PASSING:
                what = f"{host} refuses the request{number}."
            case Cause.SERVER:
                what = f"{host} has a problem of its own{number}."
        return " ".join(filter(None, (what, self._told, self._advice(cause))))

    def of_stream(self, cause: Cause, *, is_begun: bool) -> str:
        """Return the line for an error without a status of the response's own."""
        if not is_begun or cause not in (Cause.SERVER, Cause.OVERLOADED, Cause.REQUEST, Cause.PASSING):
            return self.of(cause)
        reason = self._told or "it gave no reason."
        advice = "" if cause is Cause.REQUEST else "Try again in a moment."
        return f"{self.peer.host} broke the reply off: {reason} {advice}".rstrip()

    @property
    def _is_first(self) -> bool:
        return sum(turn.role == "user" for turn in self.request.turns) <= 1

    @property
    def _told(self) -> str:
        reason = self.peer.quote(self.words.text)
        if self.delay >= 1:
            reason = f"{reason} It asks for a pause of {_duration(self.delay)}.".lstrip()
        return reason

    def _advice(self, cause: Cause) -> str:
        match cause:
            case Cause.KEY:
                return self.peer.key_advice
            case Cause.FORBIDDEN if self.peer.key is not None:
                return f"Check what the key in {self.peer.key_variable} may use."
            case Cause.FORBIDDEN:
                return self.peer.withheld or f"If it wants a key, set {self.peer.key_variable}."
            case Cause.REGION:
                return "Another endpoint may offer it here."
            case Cause.FLAGGED:
                return "Word the prompt differently."
            case Cause.PAYMENT:
                return "Check the account's balance."
            case Cause.QUOTA:
                return "Check the account's plan and quota."
            case Cause.RATE:
                return f"{'Wait that long' if self.delay >= 1 else 'Wait a moment'}, or check the account's quota."
            case Cause.LARGE_FOR_RATE:
                return "Send less at once, or check the account's limits."
            case Cause.BETWEEN:
                return "Ask whoever runs the network, or use another one."
            case Cause.PROXY_LOGIN:
                return "Put them into its URL: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT."
            case Cause.TLS:
                return "Write https:// in the base URL."
            case Cause.ADDRESS:
                return self.peer.check_url
            case Cause.MODEL | Cause.INTERFACE:
                return "Choose another one with /model or -m."
            case Cause.DEPLOYMENT:
                return "Check the deployment's name and the api-version."
            case Cause.NOTHING_FITS:
                return "Choose another model with /model or -m, or check the account's settings there."
            case Cause.CONTEXT if self._is_first:
                return "Shorten it, or choose a model with a larger context."
            case Cause.CONTEXT:
                return "Leave out old turns, or start a new one."
            case Cause.LIMIT:
                return "Set a lower one: --max-tokens."
            case Cause.MEMORY:
                return "Choose a smaller model, or free some memory there."
            case Cause.REQUEST:
                return self._advice_on_settings()
            case Cause.OVERLOADED | Cause.PASSING | Cause.SERVER:
                again = "Try again after that." if self.delay >= 1 else "Try again in a moment."
                return " ".join(filter(None, (again, self.peer.withheld if cause is Cause.SERVER else None)))

    def _advice_on_settings(self) -> str:
        """Return what to look at: the setting that the server names, where the user has set it."""
        text = self.words.text.lower()
        if self.request.temperature is not None and "temperature" in text:
            return "Set another one: --temperature."
        if self.request.max_tokens is not None and re.search(r"max_\w*tokens", text):
            return "Set another one: --max-tokens."
        key = "the key" if self.peer.key is not None else "whether it wants a key"
        return f"Check {key}, the model's name and the settings."


def _duration(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    value = headers.get("retry-after-ms", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value) / 1000, _LONGEST_DELAY)
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_DELAY)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def delay_in(body: str) -> float | None:
    """Return the seconds that the server asks to wait in the body of a refusal."""
    if match := _DELAY_FIELD.search(body):
        return float(match[1]) if _SECONDS.fullmatch(match[1]) else None
    if match := _DELAY_WORDS.search(body):
        seconds = float(match[2]) / (1000 if match[3] == "ms" else 1)
        return min(60 * float(match[1] or 0) + seconds, _LONGEST_DELAY)
    return None


def redirect_error(peer: EndpointInfo, status: int, target: str) -> ProviderError:
    """Return the error for a redirect to `target`, which is never followed: it would take the prompt along."""
    if not target:
        message = f"{peer.host} redirects to another of its own addresses ({status}). {peer.check_url}"
    else:
        message = (
            f"{peer.host} redirects to {peer.name(target, 80)} ({status}). Nothing was sent there;"
            " if that is where the model lives, set the base URL to it."
        )
    return ProviderError("redirect", message, status=status)


def broken_event_error(peer: EndpointInfo, text: str) -> ProviderError:
    """Return the error for an event that is no JSON, which it quotes."""
    quoted = f": «{quote}»" if (quote := peer.name(text[:1000], 80)) else ""
    return ProviderError("protocol", f"{peer.host} sent something in mid-reply that is no JSON{quoted}. Try again.")


def wall_clock() -> float:
    return datetime.now(UTC).timestamp()
