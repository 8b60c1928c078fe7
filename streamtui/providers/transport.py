"""What both SDKs' HTTP clients have in common: what may leave, what may come back, and how long it may take.

Knows no SDK. The hooks go into the `httpx2` client that is handed to an SDK, so they have the last word.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from streamtui import __version__
from streamtui.chat.errors import ConfigError
from streamtui.providers.endpoint import BaseUrl

if TYPE_CHECKING:
    import httpx2

C = TypeVar("C")

_KEPT_HEADERS: Final = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding"}
    | {"x-stainless-raw-response"}  # both SDKs look at it again when the response is here
)
_ERROR_BYTES: Final = 64 * 1024
_ERROR_S: Final = 5.0


class Refusal(Exception):
    """The endpoint answered with something other than a 2xx status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: str, target: str | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body
        self.target = target
        """Host of a redirect."""


def client_options(base: BaseUrl, headers: dict[str, str]) -> dict[str, Any]:
    """Return keyword arguments for an SDK's default `httpx2` client.

    `headers` are sent instead of whatever the SDK adds on its own or reads from the environment (custom headers,
    organisation, telemetry), which may belong to another endpoint. A machine's own servers are not asked through a
    proxy. Redirects are not followed, since they would carry the prompt along.
    """

    async def only_ours(request: "httpx2.Request") -> None:
        for name in [name for name in request.headers if name.lower() not in _KEPT_HEADERS]:
            del request.headers[name]
        request.headers.update({"user-agent": f"streamtui/{__version__}", **headers})

    return {
        "trust_env": not base.is_loopback,
        "follow_redirects": False,
        "event_hooks": {"request": [only_ours], "response": [_refuse]},
    }


async def _refuse(response: "httpx2.Response") -> None:
    """Raise `Refusal` unless the status is 2xx, before an SDK reads an error body of any length."""
    if 200 <= response.status_code < 300:
        return
    target = None
    if 300 <= response.status_code < 400:
        location = response.headers.get("location", "")
        target = _host_of(location) or response.url.netloc.decode("ascii", "replace")
    body = await _start_of(response)
    raise Refusal(response.status_code, response.headers, body.decode("utf-8", "replace"), target)


def _host_of(location: str) -> str | None:
    try:
        return urlsplit(location).netloc.rpartition("@")[2] or None
    except ValueError:
        return None


async def _start_of(response: "httpx2.Response") -> bytes:
    """Read the first part of an error's body, for a moment; whatever breaks meanwhile, the status is what counts."""
    body = bytearray()
    with suppress(Exception):
        async with asyncio.timeout(_ERROR_S):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ERROR_BYTES:
                    break
    return bytes(body[:_ERROR_BYTES])


async def construct(make: Callable[[], C]) -> C:
    """Run an SDK client's constructor, which reads certificates, in a thread.

    Raises `ConfigError` for what the constructor finds wrong in the environment. The values there aren't quoted,
    since a proxy's URL may hold a password.
    """
    try:
        return await asyncio.to_thread(make)
    except OSError:
        raise ConfigError("The certificates named in SSL_CERT_FILE or SSL_CERT_DIR can't be read.") from None
    except ImportError:
        raise ConfigError("SOCKS proxies are not supported. Unset ALL_PROXY, or name an http:// proxy.") from None
    except Exception as error:
        raise ConfigError(
            f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not the URL of a proxy ({type(error).__name__})."
        ) from None


def refusal_in(error: BaseException) -> Refusal | None:
    """Return the refusal that an SDK wrapped into an error of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refusal):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
