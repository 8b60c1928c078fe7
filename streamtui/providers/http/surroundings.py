"""What the environment says about ways out of here: proxies, and the authorities whose certificates count.

Looked up for one endpoint, so that a variable which is not about its way stops nothing.
"""

import os
import ssl
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from streamtui.chat.errors import ConfigError
from streamtui.providers.http.base_url import BaseUrl

_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name a file or folder of authorities; the first one that is set counts."""
_PORTS: Final = {"http": 80, "https": 443}


def proxy_url(base: BaseUrl) -> str | None:
    """Return the URL of the proxy that the environment names for `base`; `None` where it names none."""
    if base.is_loopback or _is_direct(base):
        return None
    proxies = getproxies()
    url = proxies.get(base.scheme) or proxies.get("all")
    if not url:
        return None
    return url if "://" in url else f"http://{url}"


def proxy_of(base: BaseUrl) -> str | None:
    """Return host and port of the proxy for `base`, for messages: its URL may hold a password."""
    try:
        return urlsplit(proxy_url(base) or "").netloc.rpartition("@")[2] or None
    except ValueError:
        return None


def proxy_variable(base: BaseUrl) -> str:
    """Return the variable that names the proxy for `base`."""
    names = (f"{base.scheme}_proxy", f"{base.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return next((name for name in names if os.environ.get(name)), "The system's settings").upper()


def proxy(base: BaseUrl) -> httpx2.Proxy | None:
    """Return the proxy for `base` as the HTTP library takes it. Raises what `tls_context` does, `ValueError` for a URL
    that is none of a proxy."""
    url = proxy_url(base)
    if url is None:
        return None
    return httpx2.Proxy(url, ssl_context=tls_context() if url.startswith("https:") else None)


def tls_context() -> ssl.SSLContext:
    """Return what checks certificates; this reads some megabytes.

    Raises `ConfigError` for authorities that can't be read.
    """
    name = next((name for name in _AUTHORITIES if os.environ.get(name)), None)
    if name is None:
        return httpx2.create_ssl_context(trust_env=False)
    path = os.environ[name]
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError:
        raise ConfigError(f"The certificates named in {name} can't be read.") from None


def _is_direct(base: BaseUrl) -> bool:
    """Return whether `NO_PROXY`, or the system's settings, want no proxy for `base`."""
    entries = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
    if any(_covers(entry.strip().lower(), base) for entry in entries):
        return True
    return bool(proxy_bypass(base.hostname))


def _covers(entry: str, base: BaseUrl) -> bool:
    """Return whether an entry of `NO_PROXY` is about `base`: a host, a domain, an address, a network, or all."""
    if not entry:
        return False
    if entry == "*":
        return True
    hostname = base.hostname.strip("[]").lower()
    entry = entry.partition("://")[2] or entry
    with suppress(ValueError):
        return ip_address(hostname) in ip_network(entry.strip("[]"), strict=False)
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit():
        if int(port) != (base.port or _PORTS[base.scheme]):
            return False
        entry = host
    domain = entry.strip("[]").removeprefix("*").removeprefix(".")
    return bool(domain) and (hostname == domain or hostname.endswith(f".{domain}"))
