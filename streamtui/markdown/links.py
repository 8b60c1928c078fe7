"""Which links may be opened: one answer for what is painted as a link and for what a click does."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST = 2048


def is_openable(href: str) -> bool:
    """Tell whether `href` may be opened: http or https, a host, nobody's name or password in it."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_web and "@" not in parts.netloc and len(href) < _LONGEST
