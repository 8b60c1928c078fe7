"""What every request passes before any route sees it, and every response on its way out.

Plain ASGI: Starlette's own base class for middleware buffers between stream and client and hides disconnects.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamtui.web.credentials import Credential, Credentials
from streamtui.web.deadlines import RequestBody, ResponseWriter, too_large
from streamtui.web.http_errors import HTTPError
from streamtui.web.limits import TokenBucket
from streamtui.web.origin import Hosts, check_host, check_origin
from streamtui.web.settings import ServeLimits

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_API: Final = "/api/"
_SESSION: Final = "/api/session"
_WITH_JSON: Final = ("POST", "PATCH")


class SecurityMiddleware:
    """Wraps the application; refuses what has no business here. `failures` is the rate of wrong tokens and codes."""

    def __init__(
        self, app: ASGIApp, credentials: Credentials, hosts: Hosts, limits: ServeLimits, failures: TokenBucket
    ) -> None:
        self._app = app
        self._credentials = credentials
        self._hosts = hosts
        self._limits = limits
        self._rate = TokenBucket(limits.requests_per_s, limits.burst)
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = RequestBody(receive, self._limits, self._most(scope))
        writer = ResponseWriter(scope, send, self._limits.stall_s)
        try:
            await self._answer(scope, body, writer)
        except ConnectionAbortedError:
            pass  # the writer has cut it
        finally:
            writer.close()

    async def _answer(self, scope: Scope, body: RequestBody, writer: ResponseWriter) -> None:
        try:
            self._check(scope)
            await self._app(scope, body.receive, _with_headers(writer.send, scope["path"]))
        except HTTPError as refused:
            await refused.response()(scope, body.receive, _with_headers(writer.send, _API))

    def _check(self, scope: Scope) -> None:
        method, path = scope["method"], scope["path"]
        names = Counter(name for name, _ in scope["headers"])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if names[b"host"] != 1:
            raise HTTPError(400, "forbidden", "A request names one host.")
        check_host(headers["host"], self._hosts)
        if not path.startswith(_API):
            return
        check_origin(headers, self._hosts)
        _check_size(headers, self._most(scope))
        scope.setdefault("state", {})["credential"] = self._check_credential(method, path, headers)
        if method in _WITH_JSON and _media_type(headers) != "application/json":
            raise HTTPError(415, "bad_request", "Send JSON: Content-Type: application/json.")

    def _most(self, scope: Scope) -> int:
        """Return how many bytes the body of a request may have: a PUT brings a file."""
        return self._limits.upload_bytes if scope["method"] == "PUT" else self._limits.body_bytes

    def _check_credential(self, method: str, path: str, headers: Mapping[str, str]) -> Credential | None:
        if method == "POST" and path == _SESSION:
            return None  # it brings a one-time code instead
        credential = self._credentials.credential(headers)
        if credential is None:
            self._failures.spend()
            raise HTTPError(401, "auth", "This needs the token, or the cookie that the printed address gives.")
        self._rate.spend()
        if not credential.may(method, path):
            raise HTTPError(403, "forbidden", "A cookie is not enough for this: it needs the token.")
        return credential


def _check_size(headers: Mapping[str, str], most: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length[:18]) > most:
        raise too_large(most)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _with_headers(send: Send, path: str) -> Send:
    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store" if path.startswith(_API) else "no-cache")
        await send(message)

    return forward
