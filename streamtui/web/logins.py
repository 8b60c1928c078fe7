"""The addresses with which browsers log in and out."""

from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response

from streamtui.web.credentials import Credentials
from streamtui.web.http_errors import HTTPError
from streamtui.web.limits import TokenBucket
from streamtui.web.origin import is_https
from streamtui.web.schemas import CodeBody
from streamtui.web.sessions import Cookie


class Logins:
    """Trades one-time codes for cookies, and takes cookies back."""

    def __init__(self, credentials: Credentials, failures: TokenBucket, announce: Callable[[str], None]) -> None:
        """`failures` is the rate of wrong codes; `announce` tells the user a fresh one-time code."""
        self._credentials = credentials
        self._failures = failures
        self._announce = announce

    async def trade(self, request: Request, body: CodeBody) -> Response:
        """Give the cookie for a one-time code; to a page that brings a key, one that is worth nothing without it."""
        sessions = self._credentials.sessions
        try:
            is_fresh = sessions.has_code(body.code)
            cookie = sessions.trade(body.code, body.key or "")
            if is_fresh and cookie is not None:
                self._announce(sessions.new_code())
        except OSError as error:
            raise HTTPError(503, "store", f"The session can't be kept: {error.strerror}. Try again.") from None
        if cookie is None:
            self._failures.spend()
            raise HTTPError(403, "auth", "This address has been used: streamtui prints the next one.")
        return self._with_cookie(request, cookie)

    async def end(self, request: Request) -> Response:
        """Log this browser out."""
        self._credentials.end_session(request.headers)
        return self._with_cookie(request, None)

    async def end_all(self, request: Request) -> Response:
        """Log every browser out."""
        self._credentials.sessions.end_all()
        return self._with_cookie(request, None)

    def _with_cookie(self, request: Request, cookie: Cookie | None) -> Response:
        header = self._credentials.set_cookie(cookie, secure=is_https(request.headers))
        return Response(status_code=204, headers={"Set-Cookie": header})
