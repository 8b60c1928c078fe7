"""Browsers that were let in: each traded a one-time code for a cookie, and its page keeps a key beside it.

Cookies don't know ports: a browser shows them to every server on the same host. So the cookie of a page is worth
nothing without the page's key, which is in the page's own storage, where no other port reads it.

Codes and sessions are empty files in a folder that only the user can read, so that several workers agree. They are
named after hashes. Trading renames the one to the other, which succeeds once, and not at all on a full disk.
"""

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from streamtui.system.private import private_file, private_folder

AGE_S: Final = 30 * 24 * 3600
"""How long a session lasts."""
_RETRY_S: Final = 600.0
"""For how long a code that was traded gives the same page the same cookie again: the first answer may be lost."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """The value of a session's cookie: where it comes from, and the signature of that and the page's key."""

    origin: str
    signature: str

    @classmethod
    def parse(cls, value: str) -> Self:
        origin, _, signature = value.partition(".")
        return cls(origin, signature)

    def __str__(self) -> str:
        return f"{self.origin}.{self.signature}"


@dataclass(frozen=True, slots=True)
class Sessions:
    """The codes and sessions of one port. Another token makes all of them void."""

    token: str
    folder: Path
    port: int

    def new_code(self) -> str:
        """Return a code that can be traded once. Raises `OSError`."""
        private_folder(self.folder / "codes")
        code = secrets.token_urlsafe(24)
        os.close(private_file(self._code(code)))
        return code

    def has_code(self, code: str) -> bool:
        """Return whether a code can still be traded."""
        return self._code(code).exists()

    def trade(self, code: str, key: str = "") -> Cookie | None:
        """Use a code up; return the cookie, bound to the key where there is one, `None` for a code that is not good.

        The same code and key give the same cookie again for a while. Raises `OSError`: then the code is still good.
        """
        origin = self._sign("origin", code)[:32]
        cookie = Cookie(origin, self._sign("cookie", origin, key))
        path = self._session(cookie)
        private_folder(path.parent)
        try:
            os.utime(self._code(code))  # its age is now the session's
            self._code(code).rename(path)
        except FileNotFoundError:
            return cookie if key and _age(path) < _RETRY_S else None
        return cookie

    def is_open(self, cookie: Cookie) -> bool:
        """Return whether this is the cookie of a browser that was let in."""
        return _age(self._session(cookie)) < AGE_S

    def proves(self, cookie: Cookie, key: str) -> bool:
        """Return whether a page's key belongs to its cookie."""
        return hmac.compare_digest(self._sign("cookie", cookie.origin, key), cookie.signature)

    def end(self, cookie: Cookie) -> None:
        """End one session."""
        self._session(cookie).unlink(missing_ok=True)

    def end_all(self) -> None:
        """End every session of this port."""
        for path in (self.folder / "sessions").glob(f"{self.port}-*"):
            path.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Void the codes of servers that ran on this port before, and remove sessions that are too old."""
        for path in (self.folder / "codes").glob(f"{self.port}-*"):
            path.unlink(missing_ok=True)
        for path in (self.folder / "sessions").glob(f"{self.port}-*"):
            if _age(path) >= AGE_S:
                path.unlink(missing_ok=True)

    def _code(self, code: str) -> Path:
        return self.folder / "codes" / f"{self.port}-{self._sign('code', code)}"

    def _session(self, cookie: Cookie) -> Path:
        return self.folder / "sessions" / f"{self.port}-{self._sign('session', str(cookie))}"

    def _sign(self, *parts: str) -> str:
        text = "\n".join((str(self.port), *parts)).encode("utf-8", "replace")
        return hmac.new(self.token.encode(), text, hashlib.sha256).hexdigest()


def _age(path: Path) -> float:
    """Return for how many seconds a file has been there; endlessly where it is not."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
