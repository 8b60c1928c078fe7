"""Who may come in: the token, the cookie made from it, and the one-time codes that a browser trades for the cookie.

All of it lives in a folder that only the user can read, so that several workers agree. A code is a file named after
its hash: whoever deletes it has used it, and nobody else can.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.system.atomic import write_atomically
from streamtui.system.private import is_private, private_file, private_folder

_TOKEN_BYTES: Final = 32
_SHORTEST_TOKEN: Final = 16
_COOKIE_AGE_S: Final = 30 * 24 * 3600


def load_token(folder: Path, chosen: str | None) -> str:
    """Return the chosen token, or the one kept in the folder, which is made on first use.

    Raises `ConfigError` for a chosen one that is too short to be a secret, or when the folder can't be used.
    """
    if chosen is not None:
        if len(chosen) < _SHORTEST_TOKEN or not chosen.isascii() or not chosen.isprintable() or " " in chosen:
            raise ConfigError(f"The token must be {_SHORTEST_TOKEN} or more ASCII characters without spaces.")
        return chosen
    path = folder / "token"
    try:
        private_folder(folder)
        return _read_token(path) or _write_token(path)
    except OSError as error:
        raise ConfigError(f"The token can't be kept in {folder}: {error.strerror}.") from None


def _read_token(path: Path) -> str | None:
    """Return the kept token; `None` for none, and for one that somebody else may have read."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode) or not is_private(path):
        return None
    token = path.read_text("ascii", "replace").strip()
    return token if len(token) >= _SHORTEST_TOKEN and token.isascii() else None


def _write_token(path: Path) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    write_atomically(path, token.encode("ascii"))
    return token


@dataclass(frozen=True, slots=True)
class Access:
    """Checks what requests bring along."""

    token: str
    folder: Path
    port: int

    @property
    def cookie_name(self) -> str:
        """Cookies don't know ports, so the name does: servers on one machine must not replace each other's."""
        return f"streamtui-{self.port}"

    @property
    def cookie_value(self) -> str:
        """Made from the token, not the token: browsers show cookies to every server on the same host."""
        return hmac.new(self.token.encode(), f"cookie {self.port}".encode(), hashlib.sha256).hexdigest()

    @property
    def set_cookie(self) -> str:
        return f"{self.cookie_name}={self.cookie_value}; Max-Age={_COOKIE_AGE_S}; Path=/api; HttpOnly; SameSite=Strict"

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Return whether the request carries the token or the cookie. `headers` have names in lower case."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _same(given.strip(), self.token)
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        cookie = cookies.get(self.cookie_name)
        return cookie is not None and _same(cookie.value, self.cookie_value)

    def new_code(self) -> str:
        """Return a code that can be traded for the cookie once."""
        private_folder(self.folder / "codes")
        code = secrets.token_urlsafe(24)
        os.close(private_file(self._path(code)))
        return code

    def trade(self, code: str) -> bool:
        """Use a code up; return whether it was good."""
        try:
            self._path(code).unlink()
        except OSError:
            return False
        return True

    def forget_codes(self) -> None:
        """Void the codes of servers that ran on this port before."""
        for path in (self.folder / "codes").glob(f"{self.port}-*"):
            path.unlink(missing_ok=True)

    def _path(self, code: str) -> Path:
        digest = hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
        return self.folder / "codes" / f"{self.port}-{digest}"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
