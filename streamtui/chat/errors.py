"""What can go wrong, as one small tree.

StreamtuiError            shown as one line, never as a traceback
├── ConfigError           nothing was sent: usage, settings, credentials        (exit code 2)
├── StoreError            the conversations can't be read or written
├── MisuseError           the library is used in a way that would lose text
└── ProviderError         a reply failed: the endpoint, the network, the model  (exit code 1)
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from streamtui.chat.sanitize import sanitize_line

ErrorKind = Literal[
    "auth",  # 401, 403: the key is wrong or missing
    "not_found",  # 404: no such model or path
    "bad_request",  # 400, 422: the endpoint refuses the request as it is
    "context_length",  # the conversation is too long for the model
    "rate_limit",  # 429
    "server",  # 5xx, or an error object in the stream
    "overloaded",  # 529, or the provider says so
    "connect",  # refused, DNS, TLS
    "timeout",  # one of the deadlines passed
    "dropped",  # the connection was lost in mid-stream
    "protocol",  # the answer is not what the API promises
    "too_large",  # a cap was reached
    "redirect",  # the endpoint sends the request elsewhere
    "missing_extra",  # an optional package is not installed
    "internal",  # a defect, of ours or of a provider that is not
]


class StreamtuiError(Exception):
    """Base of all expected failures; `str()` is one clean line for the reader."""

    def __init__(self, message: str) -> None:
        super().__init__(sanitize_line(message))


class ConfigError(StreamtuiError):
    """The command line, a settings file or a credential is not usable; nothing was sent."""


class StoreError(StreamtuiError):
    """The saved conversations can't be read or written."""


class PlaintextKeyError(ConfigError):
    """A key would travel unencrypted to another machine."""

    def __init__(self, host: str) -> None:
        super().__init__(f"The key would travel in the clear to {host}: use https, or allow it: --insecure-http.")


class NotFoundError(StoreError):
    """There is no such conversation."""


class MisuseError(StreamtuiError, RuntimeError):
    """The library is used in a way that would lose text without a word."""


class ProviderError(StreamtuiError):
    """A request failed at or on the way to the endpoint.

    `message` says what happened and what to do next. `retry_after` is the server's own wish in seconds.
    `retryable` says whether the same request may well succeed a moment later, provided nothing has arrived yet.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.status = status
        self.retry_after = retry_after
        self.retryable = retryable


_CONFIG: Final = "config"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A failure as a value: what a `Failed` event, a saved segment and the wire carry."""

    kind: str
    """An `ErrorKind`; a string, since a newer version may have saved another."""
    message: str
    status: int | None = field(default=None, compare=False)
    """Of the HTTP response. This and what follows is known while the reply is fresh, and not saved."""
    retry_after: float | None = field(default=None, compare=False)
    """Seconds that the server asks to wait."""
    retryable: bool = field(default=False, compare=False)
    """Whether the same request may well succeed a moment later."""

    def wire(self) -> dict[str, str]:
        """Return the error as the contract has it in JSON."""
        return {"kind": self.kind, "message": self.message}

    @property
    def is_config(self) -> bool:
        """Whether settings or credentials are not usable, and nothing was sent."""
        return self.kind == _CONFIG

    @classmethod
    def of(cls, error: BaseException, provider: object = None) -> "ErrorInfo":
        """Return the value form of `error`; anything unexpected counts as a defect of ours, unless it came out of a
        `provider` that is not."""
        match error:
            case ProviderError():
                return cls(error.kind, str(error), error.status, error.retry_after, error.retryable)
            case StreamtuiError():
                return cls(_CONFIG, str(error))
        what = ": ".join(filter(None, (type(error).__name__, str(error))))
        if provider is None or _is_ours(type(provider)):
            return cls("internal", sanitize_line(f"{what}. This is a defect of streamtui."))
        return cls("internal", sanitize_line(f"The provider {type(provider).__name__} failed with {what}."))


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == __name__.partition(".")[0]
