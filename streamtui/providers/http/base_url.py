"""Base URLs: checked before anything is sent, and shown as the host the user knows."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from streamtui.chat.errors import ConfigError

_EXAMPLE = "such as https://api.openai.com/v1 or http://localhost:11434/v1"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A checked base URL, without a slash at its end."""

    url: str
    scheme: str
    hostname: str
    port: int | None
    """`None` where the URL names none."""

    @property
    def host(self) -> str:
        """Host, and port where it is named: what the status bar shows."""
        name = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return name if self.port is None else f"{name}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine: no proxy is asked, and plain http is no risk."""
        return _is_loopback(self.hostname)


def parse_base_url(text: str) -> BaseUrl:
    """Check and normalise `text`. Raises `ConfigError`, which quotes no part that may be a password or a key."""
    text = text.strip()
    if not text.isprintable() or " " in text or "\\" in text:
        raise ConfigError(f"The base URL has a space or another character that no URL has. Expected one {_EXAMPLE}.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ConfigError(
            f"The base URL's host or port is malformed (ports are 1-65535). Expected one {_EXAMPLE}."
        ) from None
    _check(parts, port)
    hostname = _ascii(parts.hostname or "")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    base = BaseUrl("", parts.scheme, hostname, port)
    return BaseUrl(f"{parts.scheme}://{base.host}{path}", parts.scheme, hostname, port)


def _check(parts: SplitResult, port: int | None) -> None:
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"The base URL must start with http:// or https://, {_EXAMPLE}.")
    if "@" in parts.netloc:
        raise ConfigError(
            "The base URL holds a user name or password. Take it out: an API key goes into its variable,"
            " a reverse proxy's password into the headers of an [endpoints.NAME] table."
        )
    if not parts.hostname:
        raise ConfigError(f"The base URL names no host. Expected one {_EXAMPLE}.")
    if port == 0:
        raise ConfigError("The base URL's port must be 1-65535.")
    if parts.query or parts.fragment:
        raise ConfigError("The base URL ends in a query (?…) or fragment (#…). Leave that off.")


def _ascii(hostname: str) -> str:
    if (bare := hostname.rstrip(".")) == "localhost" or bare.endswith(".localhost"):
        return bare  # a name of this machine's own, which no resolver knows with a dot at its end
    if hostname.isascii():
        return hostname
    try:
        return hostname.encode("idna").decode("ascii")
    except UnicodeError:
        raise ConfigError("The base URL's host name is not a valid one.") from None


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
