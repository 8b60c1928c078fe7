"""What a request brings to be let in, and what that is good for."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from streamtui.web.sessions import AGE_S, Cookie, Sessions

KEY_HEADER: Final = "x-streamtui-key"
"""Sent by our page with every request. Another page can't: a browser asks first for a header like this, in vain."""


class Credential(Enum):
    """Who asks."""

    TOKEN = "token"
    """A program of the user's: may do everything."""
    PAGE = "page"
    """Our page, with cookie and key. Its addresses never ask a model: links and pictures are addresses too."""
    READER = "reader"
    """A cookie alone that was given to no page: may read."""
    FOLLOWER = "follower"
    """A page's cookie alone, as an `EventSource` sends it: may follow a reply whose id it knows."""

    def may(self, method: str, path: str) -> bool:
        """Return whether this is enough for a request."""
        if self is Credential.TOKEN:
            return True
        if method == "GET" and path == "/api/chat":
            return False
        if self is Credential.PAGE:
            return True
        if self is Credential.READER:
            return method in ("GET", "HEAD")
        return method == "GET" and path.endswith("/events")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Reads the headers that let a request in. `headers` have names in lower case."""

    token: str
    sessions: Sessions

    @property
    def cookie_name(self) -> str:
        """The name has the port, which cookies don't know: servers on one machine must not replace each other's."""
        return f"streamtui-{self.sessions.port}"

    def set_cookie(self, cookie: Cookie | None, *, secure: bool) -> str:
        """Return the header that gives a cookie, or takes it away.

        It names no path, so the browser sends it wherever the API is, whatever a proxy puts before that.
        """
        value, age = (str(cookie), AGE_S) if cookie else ("", 0)
        return f"{self.cookie_name}={value}; Max-Age={age}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"

    def credential(self, headers: Mapping[str, str]) -> Credential | None:
        """Return what the request may do; `None` for nothing."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Credential.TOKEN if _same(given.strip(), self.token) else None
        cookie = next(filter(self.sessions.is_open, self._cookies(headers)), None)
        if cookie is None:
            return None
        is_bound = not self.sessions.proves(cookie, "")
        key = headers.get(KEY_HEADER)
        if key is None:
            return Credential.FOLLOWER if is_bound else Credential.READER
        return Credential.PAGE if not is_bound or self.sessions.proves(cookie, key) else None

    def end_session(self, headers: Mapping[str, str]) -> None:
        """Log out the browser that sent these headers."""
        for cookie in self._cookies(headers):
            self.sessions.end(cookie)

    def _cookies(self, headers: Mapping[str, str]) -> Iterator[Cookie]:
        """Yield what stands under our name. Other servers of this host put what they like beside it."""
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.cookie_name:
                yield Cookie.parse(value.strip())


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
