"""Under which names the server may be addressed, and from which pages.

A page of somebody else's that has its name point at 127.0.0.1 (DNS rebinding) still sends its own name as `Host`.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streamtui.web.http_errors import HTTPError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PLAIN_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?")
"""A host name that can be shown, and typed, as it is."""


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


def check_host(host: str, hosts: Hosts) -> None:
    """Raise `HTTPError` for a `Host` header that names another server."""
    if hosts.know(host):
        return
    name = _hostname(f"//{host}") or ""
    cure = f" To allow it: streamtui serve --allow-host {name}" if _PLAIN_NAME.fullmatch(name) else ""
    raise HTTPError(400, "forbidden", f"This server does not answer to that name.{cure}")


def check_origin(headers: Mapping[str, str], hosts: Hosts) -> None:
    """Raise `HTTPError` for a request that somebody else's page must have made.

    Programs send none of these headers. Browsers leave `Sec-Fetch-Site` out where the page came over plain HTTP by a
    name: then what else there is has to fit. Pages on another port of this machine are the "same site", but not ours.
    """
    site = headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise HTTPError(403, "forbidden", "This request comes from another site's page.")
    if "prefetch" in headers.get("sec-purpose", "") or "prefetch" in headers.get("purpose", ""):
        raise HTTPError(403, "forbidden", "Nothing is fetched ahead here.")
    origin = headers.get("origin")
    if origin is None:
        if site is None and "referer" in headers and not _is_own(headers["referer"], headers):
            raise HTTPError(403, "forbidden", "This request comes from another site's page.")
    elif not _is_own(origin, headers):
        _check_rewritten(origin, site, hosts)


def is_https(headers: Mapping[str, str]) -> bool:
    """Return whether the browser sees our page over TLS, which a proxy in front adds."""
    return headers.get("origin", "").lower().startswith("https://")


def _is_own(url: str, headers: Mapping[str, str]) -> bool:
    return (_netloc(url) or "").lower() == headers.get("host", "").lower()


def _check_rewritten(origin: str, site: str | None, hosts: Hosts) -> None:
    """Let our own page through a proxy that has changed `Host`. The browser's word `same-origin` can't be forged.

    Raises `HTTPError` that names the cure.
    """
    netloc = _netloc(origin) or ""
    if site == "same-origin" and hosts.know(netloc):
        return
    name = _hostname(f"//{netloc}") or ""
    cure = ""
    if site == "same-origin" and _PLAIN_NAME.fullmatch(name):
        cure = f" If a proxy stands between: streamtui serve --allow-host {name}"
    elif hosts.know(netloc):
        cure = " If a proxy stands between, let it pass Host on (nginx: proxy_set_header Host $http_host)."
    raise HTTPError(403, "forbidden", f"This request comes from another origin.{cure}")


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
