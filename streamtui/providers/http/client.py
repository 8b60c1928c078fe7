"""What both SDKs' HTTP clients have in common: what may leave, what may come back, and how long it may take.

Knows no SDK. The hooks go into the `httpx2` client that is handed to an SDK, so they have the last word.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2

from streamtui import __version__
from streamtui.chat.errors import ConfigError
from streamtui.providers.http.base_url import BaseUrl
from streamtui.providers.http.surroundings import proxy, proxy_variable, tls_context

C = TypeVar("C")

_LIMITS: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=10, keepalive_expiry=60)
"""People think between prompts; the library's default of 5 s would mean a new handshake for almost every one."""

NO_KEY: Final = "none"
"""What an SDK is given as the key where there is none, since it wants one; it is not sent."""

_KEPT_HEADERS: Final = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding"}
)
_RAW_RESPONSE: Final = "x-stainless-raw-response"
"""Both SDKs look at it again when the response is here; on the way there it says nothing to anybody."""
_ERROR_BYTES: Final = 64 * 1024
_ERROR_S: Final = 5.0


class StatusError(Exception):
    """The endpoint answered with something other than a 2xx status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str, target: str | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body
        self.target = target
        """Scheme and host that a redirect leads to, empty where it stays at the same ones; the rest may be secret."""


def make_http_client(base: BaseUrl, connect_s: float, headers: dict[str, str]) -> httpx2.AsyncClient:
    """Return the HTTP client to hand to an SDK.

    `headers` are sent instead of whatever the SDK adds on its own or reads from the environment (custom headers,
    organisation, telemetry), which may belong to another endpoint. Redirects are not followed, since they would carry
    the prompt along. The only timeout is for connecting; `EventReader` watches the rest.
    """

    async def only_ours(request: httpx2.Request) -> None:
        request.extensions[_RAW_RESPONSE] = request.headers.get(_RAW_RESPONSE)
        for name in [name for name in request.headers if name.lower() not in _KEPT_HEADERS]:
            del request.headers[name]
        request.headers.update({"user-agent": f"streamtui/{__version__}", **headers})

    async def watched(request: httpx2.Request) -> None:
        request.extensions["trace"] = _Handshake().trace

    way = proxy(base)
    # Plain http never speaks TLS (no redirect is followed), so no certificates (3 MiB) are read for it.
    verify = tls_context() if base.scheme == "https" else False
    return httpx2.AsyncClient(
        verify=verify,
        proxy=way,
        trust_env=False,
        limits=_LIMITS,
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=connect_s),
        event_hooks={"request": [only_ours, watched], "response": [_refuse, _restore]},
    )


class _Handshake:
    """Closes a connection whose TLS handshake is cancelled: the HTTP library leaves it open.

    https://www.python-httpx.org/advanced/extensions/#trace
    """

    def __init__(self) -> None:
        self._stream: Any = None

    async def trace(self, step: str, info: Mapping[str, Any]) -> None:
        if step.endswith("connect_tcp.complete"):
            self._stream = info["return_value"]
        elif step.endswith("start_tls.failed") and self._stream is not None:
            await self._stream.aclose()


def idle_http_client() -> httpx2.AsyncClient:
    """Return a client that will never send anything, and so reads no certificates, for having the HTTP library
    imported in full."""
    return httpx2.AsyncClient(trust_env=False, verify=False)


async def _restore(response: httpx2.Response) -> None:
    if (value := response.request.extensions.get(_RAW_RESPONSE)) is not None:
        response.request.headers[_RAW_RESPONSE] = value


async def _refuse(response: httpx2.Response) -> None:
    """Raise `StatusError` unless the status is 2xx, before an SDK reads an error body of any length."""
    if 200 <= response.status_code < 300:
        return
    target = None
    if 300 <= response.status_code < 400:
        target = _redirect_target(response)
    body = await _start_of(response)
    raise StatusError(response.status_code, response.headers, body.decode("utf-8", "replace"), target)


def _redirect_target(response: httpx2.Response) -> str:
    try:
        target = urlsplit(urljoin(str(response.url), response.headers.get("location", "")))
    except ValueError:
        return "an address that is none"
    origin = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"
    return "" if origin == f"{response.url.scheme}://{response.url.netloc.decode()}" else origin


async def _start_of(response: httpx2.Response) -> bytes:
    """Read the first part of an error's body, for a moment; whatever breaks meanwhile, the status is what counts."""
    body = bytearray()
    with suppress(httpx2.HTTPError, OSError):
        async with asyncio.timeout(_ERROR_S):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ERROR_BYTES:
                    break
    return bytes(body[:_ERROR_BYTES])


async def construct(make: Callable[[], C], base: BaseUrl) -> C:
    """Run an SDK client's constructor, which reads certificates, in a thread.

    Raises `ConfigError` for what the constructor finds wrong in the environment. The values there aren't quoted,
    since a proxy's URL may hold a password.
    """
    try:
        return await asyncio.to_thread(make)
    except ConfigError:
        raise
    except ImportError:
        raise ConfigError(
            f"{proxy_variable(base)} names a SOCKS proxy: pip install 'streamtui[socks]', or unset it, or name an"
            " http:// proxy."
        ) from None
    except Exception as error:
        raise ConfigError(f"{proxy_variable(base)} is not the URL of a proxy ({type(error).__name__}).") from None


def refusal_in(error: BaseException) -> StatusError | None:
    """Return the refusal that an SDK wrapped into an error of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StatusError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
