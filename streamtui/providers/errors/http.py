"""Failures of endpoints as `ProviderError`: one line that says what happened and what to do next."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from streamtui.chat.errors import ErrorKind, ProviderError
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.providers.redaction import Secret, redact

_QUOTED: Final = 200
"""Characters of a server's own words that are shown."""
_READ: Final = 16 * 1024
"""Characters of a server's own words that are looked at."""
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_LONGEST_WISH: Final = 1e9
_MESSAGES: Final = ("message", "detail", "msg", "error", "title")
"""Where servers put what they have to say."""
_RETRYABLE: Final = frozenset({408, 409, 425, 429})
_TOO_LONG = re.compile(
    r"context[_ ]length|context[_ ]window|context[_ ]size|available context|prompt is too long|input is too long"
    r"|too many (input )?tokens|reduce the length|exceeds? the (model'?s )?(maximum )?context|exceed context limit",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """Who is talked to, for error messages."""

    host: str
    key_variable: str
    """The environment variable that holds this provider's key."""
    key: Secret | None = None
    check_url: str = "Check the base URL: most end in /v1."
    """What to do if the answer looks like another API's."""
    proxy: str | None = None
    """Through which proxy it is talked to, as host and port."""
    withheld: str | None = None
    """Why a key that there is does not go there, in one line."""

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
        return sanitize_line(redact(line, [self.key] if self.key else []), limit)


def status_error(
    peer: EndpointInfo, model: str, status: int, headers: Mapping[str, str], body: str, now: float
) -> ProviderError:
    """Return the error for an HTTP status of 400 or more; `now` is the wall clock, for dates in Retry-After."""
    said, code = said_by(body)
    kind = _kind(status, code, body)
    wish = retry_after(headers, now)
    message = _message(kind, peer, model, status, peer.quote(said), wish or 0.0)
    retryable = status >= 500 or status in _RETRYABLE
    if headers.get("x-should-retry") in ("true", "false"):
        retryable = headers["x-should-retry"] == "true"
    if code == "insufficient_quota" or kind == "context_length":
        retryable = False
    return ProviderError(kind, message, status=status, retry_after=wish, retryable=retryable)


def stream_error(peer: EndpointInfo, model: str, payload: object) -> ProviderError:
    """Return the error for an error object (or string) that came with status 200, in the stream or as the body."""
    said, code = _said({"error": payload})
    status = _status_in(payload)
    kind: ErrorKind = _kind(status, code, said) if status or code else "server"
    if kind == "server" and _TOO_LONG.search(said):
        kind = "context_length"
    if kind in ("server", "overloaded"):
        message = f"{peer.host} broke the reply off: {peer.quote(said) or 'it gave no reason.'} Try again in a moment."
    else:
        message = _message(kind, peer, model, status, peer.quote(said))
    retryable = kind in ("overloaded", "rate_limit", "server") and code != "insufficient_quota"
    return ProviderError(kind, message, retryable=retryable)


def said_by(body: str) -> tuple[str, str]:
    """Return the server's own message and error code from an error body; both empty for a web page."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ("", "") if "<" in body[:200] else (body, "")
    return _said(found[0] if isinstance(found, list) and found else found)


def _said(found: object) -> tuple[str, str]:
    """Return message and code of an error object, which may stand in an object of its own."""
    if isinstance(found, dict):
        found = found.get("error") or found
    if not isinstance(found, dict):
        return _words(found), ""
    said = next((found[name] for name in _MESSAGES if found.get(name)), "")
    code = next((c for c in (found.get("code"), found.get("type")) if isinstance(c, str)), "")
    return _words(said), code


def _words(said: object) -> str:
    """Return a message as text, of whatever type it is."""
    match said:
        case str():
            return said
        case list():
            return "; ".join(filter(None, map(_word, said)))
        case _:
            return _word(said)


def _word(said: object) -> str:
    if isinstance(said, dict):
        said = next((said[name] for name in _MESSAGES if isinstance(said.get(name), str)), said)
    if isinstance(said, str):
        return said
    try:
        return json.dumps(said, ensure_ascii=False) if said else ""
    except RecursionError:
        return ""


def _status_in(payload: object) -> int:
    if not isinstance(payload, dict):
        return 0
    for name in ("status", "status_code", "code"):
        value = payload.get(name)
        if isinstance(value, int | str) and re.fullmatch(r"[45]\d\d", str(value)):
            return int(value)
    return 0


def _kind(status: int, code: str, body: str) -> ErrorKind:
    match status:
        case 401 | 403:
            return "auth"
        case 404 | 405:
            return "not_found"
        case 413:
            return "context_length"
        case 429:
            return "rate_limit"
        case 529:
            return "overloaded"
    if code == "overloaded_error":
        return "overloaded"
    if code in ("rate_limit_error", "rate_limit_exceeded", "insufficient_quota"):
        return "rate_limit"
    if code in ("authentication_error", "permission_error", "invalid_api_key"):
        return "auth"
    if (status < 500 or code == "context_length_exceeded") and _TOO_LONG.search(body):
        return "context_length"
    if 400 <= status < 500 or (not status and code == "invalid_request_error"):
        return "bad_request"
    return "server"


def _message(kind: ErrorKind, peer: EndpointInfo, model: str, status: int, said: str, wish: float = 0.0) -> str:
    """`wish` is for how many seconds the server asks to be left alone."""
    host, told = peer.host, f" {said}" if said else ""
    wait, again = "Wait a moment", "Try again in a moment"
    if wish >= 1:
        told = f"{told} It asks for a pause of {_duration(wish)}."
        wait, again = "Wait that long", "Try again after that"
    number = f" ({status})" if status else ""
    match kind:
        case "auth" if peer.key is None:
            return f"{host} wants an API key{number}.{told} Set {peer.key_variable}."
        case "auth" if status == 403:
            return f"{host} does not allow this{number}.{told} Check what the key in {peer.key_variable} may use."
        case "auth":
            return f"{host} does not accept the API key{number}.{told} Check {peer.key_variable}."
        case "not_found" if model and ("model" in said.lower() or sanitize_line(model).lower() in said.lower()):
            return f"{host} has no model {model}{number}.{told} Choose another one with /model or -m."
        case "not_found":
            return f"{host} has nothing at this address{number}.{told} {peer.check_url}"
        case "context_length":
            return f"The conversation is too long for {model}{number}.{told} Leave out old turns, or start a new one."
        case "bad_request" if status == 402:
            return f"{host} wants to be paid first{number}.{told} Check the account's balance."
        case "bad_request":
            return f"{host} refuses the request{number}.{told} Check the model's name and the settings."
        case "rate_limit":
            return f"{host} limits the rate{number}.{told} {wait}, or check the account's quota."
        case "overloaded":
            return f"{host} is overloaded{number}.{told} {again}."
        case _:
            return f"{host} has a problem of its own{number}.{told} {again}."


def _duration(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    value = headers.get("retry-after-ms", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value) / 1000, _LONGEST_WISH)
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_WISH)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


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


def broken_event_error(peer: EndpointInfo) -> ProviderError:
    """Return the error for an event that is no JSON."""
    return ProviderError("protocol", f"{peer.host} sent something in mid-reply that is no JSON. Try again.")


def wall_clock() -> float:
    return datetime.now(UTC).timestamp()
