"""Where requests go, and everything that goes with them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.http.base_url import BaseUrl
from streamtui.providers.redaction import Secret

_HEADER_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_CREDENTIAL: Final = re.compile(r"authorization|cookie|key|token|secret|passw", re.IGNORECASE)
"""How headers are called that prove who sends them."""
_NOT_TO_BE_SET: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL and what came with it. Key, headers and query never go to another host."""

    provider: str
    """The row of the registry whose API it speaks."""
    url: BaseUrl | None
    """`None` for one that needs no network."""
    key: Secret | None = None
    name: str = ""
    """The prefix of its models' ids; empty for the provider's own."""
    api: str = "chat"
    """`chat`, `responses` or `anthropic`."""
    fetch_key: Callable[[], Secret | None] | None = None
    """Asks a command or the keyring for the key, which may take seconds. Raises `ConfigError`."""
    key_variable: str = ""
    """What holds the key, for messages."""
    key_header: str | None = None
    """The header that carries the key; otherwise the provider's own."""
    withheld: str | None = None
    """Why a key that there is does not go here, in one line."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields sent with every request."""
    stream: bool = True
    models: tuple[str, ...] = ()
    """The models on offer, where the endpoint lists none."""

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_TO_BE_SET:
                raise ConfigError(f"The header {sanitize_line(name, 40)!r} can't be set for an endpoint.")
            if not value.isascii() or not value.isprintable():
                raise ConfigError(f"The header {name} has a value with characters that no header may have.")

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What is sent besides the key that nobody may read; of `Basic …` and the like, what follows the scheme."""
        return tuple(Secret(value.split()[-1]) for value in self.headers.values() if value.strip())

    @property
    def prefix(self) -> str:
        return self.name or self.provider

    @property
    def host(self) -> str:
        return self.url.host if self.url else "offline"

    @property
    def is_exposed(self) -> bool:
        """Whether a key would travel in the clear, or a password in a header."""
        has_key = self.key is not None or self.fetch_key is not None or any(map(_CREDENTIAL.search, self.headers))
        return has_key and self.url is not None and self.url.scheme == "http" and not self.url.is_loopback
