"""The gate that every request passes before any route sees it, and every response on its way out.

Plain ASGI: Starlette's own base class for middleware buffers between stream and client and hides disconnects.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamtui.web.access import Access
from streamtui.web.http_errors import HTTPError
from streamtui.web.limits import TokenBucket
from streamtui.web.origin import Hosts, refusal
from streamtui.web.settings import ServeLimits

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_API: Final = "/api/"
_SESSION: Final = "/api/session"


class SecurityMiddleware:
    """Wraps the application; refuses what has no business here."""

    def __init__(self, app: ASGIApp, access: Access, hosts: Hosts, limits: ServeLimits) -> None:
        self._app = app
        self._access = access
        self._hosts = hosts
        self._limits = limits
        self._rate = TokenBucket(limits.requests_per_s, limits.burst)
        self._failures = TokenBucket(limits.requests_per_s, limits.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = _Body(receive, self._limits)
        try:
            self._check(scope["method"], scope["path"], scope["headers"])
            await self._app(scope, body.receive, _with_headers(send, scope["path"]))
        except HTTPError as refused:
            await refused.response()(scope, receive, _with_headers(send, _API))

    def _check(self, method: str, path: str, raw: list[tuple[bytes, bytes]]) -> None:
        names = Counter(name for name, _ in raw)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        if names[b"host"] != 1 or not self._hosts.know(headers["host"]):
            raise HTTPError(400, "forbidden", "This server does not answer to that name.")
        if not path.startswith(_API):
            return
        if (why := refusal(headers)) is not None:
            raise HTTPError(403, "forbidden", why)
        self._check_size(headers)
        self._check_token(method, path, headers)
        if method not in ("GET", "HEAD", "DELETE") and _media_type(headers) != "application/json":
            raise HTTPError(415, "bad_request", "Send JSON: Content-Type: application/json.")

    def _check_size(self, headers: Mapping[str, str]) -> None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:18]) > self._limits.body_bytes:
            raise HTTPError(413, "too_large", f"A request may have {self._limits.body_bytes:,} bytes.")

    def _check_token(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        if method == "POST" and path == _SESSION:  # which brings a one-time code instead
            _spend(self._failures)
        elif self._access.allows(headers):
            _spend(self._rate)
        else:
            _spend(self._failures)
            raise HTTPError(401, "auth", "This needs the token, or the cookie that the printed address gives.")


class _Body:
    """A request's body as it is read: no larger than allowed, and no slower."""

    def __init__(self, receive: Receive, limits: ServeLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._size = 0
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()  # waits for the client to leave
        try:
            async with asyncio.timeout(self._limits.body_s):
                message = await self._receive()
        except TimeoutError:
            raise HTTPError(408, "timeout", "The request took too long to arrive.") from None
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._limits.body_bytes:
            raise HTTPError(413, "too_large", f"A request may have {self._limits.body_bytes:,} bytes.")
        return message


def _spend(rate: TokenBucket) -> None:
    if wait := rate.take():
        raise HTTPError(429, "rate_limit", "Too many requests: slow down.", retry_after_s=wait)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _with_headers(send: Send, path: str) -> Send:
    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store" if path.startswith(_API) else "no-cache")
        await send(message)

    return forward
