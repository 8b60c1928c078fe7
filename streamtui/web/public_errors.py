"""How failures are put to somebody who may not be the one at the machine: one line of ours, no server's own words."""

from dataclasses import replace
from typing import Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Notice
from streamtui.chat.sanitize import sanitize_line

_LONGEST: Final = 300
_PLAIN: Final = {
    "auth": "The model's endpoint does not accept the API key. Check the key where streamtui runs.",
    "not_found": "The model's endpoint does not know this model or address. Choose another model.",
    "bad_request": "The model's endpoint refuses the request. Check the model and the settings.",
    "context_length": "The conversation is too long for this model. Start a new one, or choose another model.",
    "rate_limit": "The model's endpoint limits the rate. Wait a moment, or check the account's quota.",
    "server": "The model's endpoint has a problem of its own. Try again in a moment.",
    "overloaded": "The model's endpoint is overloaded. Try again in a moment.",
    "redirect": "The model's endpoint redirects elsewhere, and nothing was sent there. Check the base URL.",
    "internal": "Something went wrong inside streamtui. What arrived is kept; its log says more.",
}
"""For the kinds whose messages quote the endpoint or show our insides; the others are ours as they are."""


def plain(error: ErrorInfo) -> ErrorInfo:
    """Return `error` in words that quote nobody."""
    return ErrorInfo(error.kind, _PLAIN.get(error.kind) or sanitize_line(error.message, _LONGEST))


def shown(event: Event) -> Event:
    """Return `event` as a web client may see it."""
    match event:
        case Failed(error=error):
            return replace(event, error=plain(error))
        case Notice(kind="retry", text=text):
            return replace(event, text=text.rpartition(" · ")[2])
        case Notice(kind="reconnected", text=text):
            return replace(event, text=text.partition(":")[0])
        case _:
            return event
