"""Every fault, what a provider makes of it, and what is kept: the table that README links to.

`python -m tests.providers.faults` prints it as Markdown.
"""

from dataclasses import dataclass

from streamtui.chat.errors import ErrorKind
from tests.server import HELLO, SCENARIOS, words

THREE = "".join(words(3))
FEW = "".join(words(5))


@dataclass(frozen=True, slots=True)
class Fault:
    """A model of the scripted server, and the failure that it ends in."""

    model: str
    kind: ErrorKind
    says: str
    """A part of the message."""
    kept: str = ""
    """The text that arrived before."""
    status: int | None = None
    retryable: bool = False
    only: str = ""
    """The one provider this is about."""

    def of(self, providers: list[str]) -> list[str]:
        """Return those of `providers` that this is about."""
        return [name for name in providers if self.only in ("", name)]


FAULTS = (
    Fault("400", "bad_request", "refuses the request", status=400),
    Fault("401", "auth", "does not accept the API key", status=401),
    Fault("402", "bad_request", "paid", status=402),
    Fault("403", "auth", "does not allow", status=403),
    Fault("404", "not_found", "has no model", status=404),
    Fault("no-such-scenario", "not_found", "has no model no-such-scenario", status=404),
    Fault("404-html", "not_found", "Check the base URL", status=404),
    Fault("408", "bad_request", "refuses", status=408, retryable=True),
    Fault("409", "bad_request", "refuses", status=409, retryable=True),
    Fault("413", "context_length", "too long", status=413),
    Fault("422", "bad_request", "refuses", status=422),
    Fault("429", "rate_limit", "limits the rate", status=429, retryable=True),
    Fault("429-never", "rate_limit", "limits the rate", status=429),
    Fault("quota", "rate_limit", "quota", status=429),
    Fault("500", "server", "a problem of its own", status=500, retryable=True),
    Fault("502-html", "server", "a problem of its own", status=502, retryable=True),
    Fault("error-endless", "server", "a problem of its own", status=500, retryable=True),
    Fault("503", "server", "a problem of its own", status=503, retryable=True),
    Fault("529", "overloaded", "is overloaded", status=529, retryable=True),
    Fault("context-length", "context_length", "too long", status=400),
    Fault("bad-temperature", "bad_request", "less than or equal to 2", status=400),
    Fault("redirect-cross", "redirect", "redirects to http://localhost", status=307),
    Fault("redirect-same", "redirect", "another of its own addresses", status=302),
    Fault("html", "protocol", "web page"),
    Fault("json-error", "server", "on fire", retryable=True),
    Fault("json-other", "protocol", "no chat reply"),
    Fault("ndjson", "protocol", "JSON lines"),
    Fault("ndjson-crlf", "protocol", "JSON lines"),
    Fault("empty", "protocol", "empty answer", retryable=True),
    Fault("other-events", "protocol", "no chat reply"),
    Fault("reset-first", "connect", "closed the connection", retryable=True),
    Fault("garbage", "connect", "closed the connection", retryable=True),
    Fault("huge-header", "connect", "closed the connection", retryable=True),
    Fault("mute", "timeout", "does not answer"),
    Fault("slow-headers", "timeout", "does not answer"),
    Fault("stall-first", "timeout", "sends no reply"),
    Fault("stall", "timeout", "silent in mid-reply", THREE),
    Fault("stall-ping", "timeout", "silent in mid-reply", THREE),
    Fault("flood-ping", "timeout", "silent in mid-reply", THREE),
    Fault("flood-newline", "timeout", "silent in mid-reply", THREE),
    Fault("flood-empty", "timeout", "silent in mid-reply", THREE),
    Fault("drop-after-5", "dropped", "lost in mid-reply", FEW, retryable=True),
    Fault("truncated-after-5", "dropped", "lost in mid-reply", FEW, retryable=True),
    Fault("bad-chunk", "dropped", "lost in mid-reply", THREE, retryable=True),
    Fault("short-length", "dropped", "lost in mid-reply", THREE, retryable=True),
    Fault("error-object", "server", "on fire", THREE, retryable=True),
    Fault("error-string", "server", "on fire", THREE, retryable=True),
    Fault("event-error", "server", "on fire", THREE, retryable=True),
    Fault("event-error-string", "server", "off: The model is on fire.", THREE, retryable=True),
    Fault("event-error-text", "server", "off: The model is on fire.", THREE, retryable=True),
    Fault("error-list", "server", "off: The model is on fire; 1.", THREE, retryable=True),
    Fault("choice-error", "server", "off: The model is on fire.", THREE, retryable=True, only="openai"),
    Fault("overloaded", "overloaded", "Overloaded", THREE, retryable=True),
    Fault("bad-json", "protocol", "no JSON", THREE),
    Fault("deep-json", "protocol", "no JSON", THREE),
    Fault("big-int", "protocol", "no JSON", THREE),
    Fault("bad-gzip", "protocol", "can't be unpacked"),
    Fault("gzip-bomb", "too_large", "more than 4 MiB"),
    Fault("endless-line", "too_large", "more than 4 MiB"),
    Fault("big-event-5000", "too_large", "more than 4 MiB"),
)


def as_table() -> str:
    """Return the faults as a Markdown table."""
    tells = {entry.name: entry.tells for entry in SCENARIOS}
    rows = ["| fault | what happens | kind | the message says | text kept |", "|---|---|---|---|---|"]
    for fault in FAULTS:
        told = tells.get(fault.model) or next((e.tells for e in SCENARIOS if e.match(fault.model) is not None), "")
        rows.append(
            f"| `{fault.model}` | {told} | {fault.kind} | … {fault.says} … | {'all of it' if fault.kept else ''} |"
        )
    return "\n".join(rows)


WHOLE = "".join(HELLO)

if __name__ == "__main__":
    print(as_table())  # noqa: T201
