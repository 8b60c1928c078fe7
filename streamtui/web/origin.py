"""Under which names the server may be addressed, and from which pages.

A page of somebody else's that has its name point at 127.0.0.1 (DNS rebinding) still sends its own name as `Host`.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(host: str) -> bool:
    """Return whether a server bound to `host` is reachable from this machine only."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that count, without ports: a tunnel may well use another one."""

    names: frozenset[str]
    any_address: bool
    """Whether every numerical address counts: for a server that listens on several. No name can be rebound to it."""

    @classmethod
    def of(cls, bound: str, further: tuple[str, ...]) -> "Hosts":
        names = LOOPBACK | {name.lower().strip("[]") for name in (bound, *further)}
        if is_loopback(bound):
            return cls(names, any_address=False)
        own = socket.gethostname().lower()
        return cls(names | {own, f"{own}.local"}, any_address=True)

    def know(self, host: str) -> bool:
        """Return whether the value of a `Host` header names this server."""
        name = _hostname(f"//{host}")
        if name is None or "@" in host or "/" in host:
            return False
        return name in self.names or (self.any_address and _address(name) is not None)


def refusal(headers: Mapping[str, str]) -> str | None:
    """Return why a request must come from somebody else's page; `None` if it need not.

    Programs send neither header. Pages on another port of this machine are the "same site", but not ours.
    """
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return "This request comes from another site's page."
    origin = headers.get("origin")
    if origin is not None and (_netloc(origin) or "").lower() != headers.get("host", "").lower():
        return "This request comes from another origin."
    if "prefetch" in headers.get("sec-purpose", "") or "prefetch" in headers.get("purpose", ""):
        return "Nothing is fetched ahead here."
    return None


def _netloc(url: str) -> str | None:
    """Return the host and port of a web address, `None` for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") and parts.netloc else None


def _hostname(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
        return parts.hostname
    except ValueError:
        return None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
