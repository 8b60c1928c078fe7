"""What the providers have in common that talk through an SDK: one client, made at first use, and its models."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar

from streamtui.chat.events import ProviderEvent
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import ClosingProvider, Deadlines, QuirkStore
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.base_url import BaseUrl
from streamtui.providers.http.client import construct
from streamtui.providers.http.request import PreparedRequest, ProviderRequest, Response
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.http.surroundings import proxy_of
from streamtui.providers.models import read_models
from streamtui.providers.wire.media import refuse_empty_prompt


class Client(Protocol):
    """What is used of both SDKs' clients here."""

    async def close(self) -> None: ...


C = TypeVar("C", bound=Client)


class SDKProvider(ClosingProvider, Generic[C]):
    """One endpoint. The SDK sends the requests; the responses' bytes are decoded here, because its typed chunks cost
    eight times as much per token and lose the text of several faults."""

    def __init__(self, name: str, base: BaseUrl, endpoint: Endpoint, requests: ProviderRequest) -> None:
        self.name = endpoint.name or name
        self._base = base
        self._endpoint = endpoint
        self._requests = requests
        self._client: C | None = None
        self._making = asyncio.Lock()

    @property
    def host(self) -> str:
        return self._base.host

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        async def prepare(quirks: frozenset[str]) -> PreparedRequest:
            refuse_empty_prompt(request, quirks, self.host)
            return self.prepare(await self._connected(), request, quirks)

        return self._requests.stream(request, prepare)

    async def models(self) -> list[str]:
        return await read_models(self._requests, self.list_models(await self._connected()))

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()

    @abstractmethod
    def can_prefill(self, model: str) -> bool:
        """Do what `Provider.can_prefill` promises."""

    @abstractmethod
    def prepare(self, client: C, request: ChatRequest, quirks: frozenset[str]) -> PreparedRequest:
        """Return `request` in the endpoint's own terms."""

    @abstractmethod
    def list_models(self, client: C) -> AbstractAsyncContextManager[Response]:
        """Return the request for the list of models, not yet sent."""

    @abstractmethod
    def make_client(self, key: str | None, connect_s: float) -> C:
        """Make a client to which nothing is left to take from the environment: key, URL and headers are explicit."""

    async def _connected(self) -> C:
        async with self._making:
            if self._client is None:
                self._client = await construct(self._make, self._base)
            return self._client

    def _make(self) -> C:
        key = self._endpoint.key.reveal() if self._endpoint.key else None
        return self.make_client(key, self._requests.deadlines.connect)

    def _body(self, request: ChatRequest, fields: dict[str, Any], quirks: frozenset[str]) -> dict[str, Any]:
        """Return all fields of the body but model and messages: the endpoint's, then the request's, then what the user
        put into it in the endpoint's own terms."""
        stream = self._endpoint.stream and "no:stream" not in quirks
        return {**self._endpoint.body, "stream": stream, **fields, **request.extra}


def requests_to(
    base: BaseUrl,
    endpoint: Endpoint,
    key_variable: str,
    check_url: str,
    deadlines: Deadlines,
    memory: QuirkStore,
    limits: SSELimits,
    sdk_error: type[Exception],
) -> ProviderRequest:
    """Return how `endpoint` is talked to; `key_variable` is where its key is set by default."""
    peer = EndpointInfo(
        base.host,
        endpoint.key_variable or key_variable,
        endpoint.key,
        check_url,
        proxy_of(base),
        endpoint.withheld,
        endpoint.secrets,
    )
    return ProviderRequest(peer, base.url, deadlines, limits, memory, sdk_error)


def auth_headers(endpoint: Endpoint, key: str | None, default: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """Return the headers of every request: the key's, in the provider's own way where the endpoint names none, and
    the endpoint's."""
    own = {name.lower(): value for name, value in endpoint.headers.items()}
    if key is None:
        return own
    named = endpoint.key_header
    if named is None or named.lower() == "authorization":
        keyed = {"authorization": f"Bearer {key}"} if named else default(key)
    else:
        keyed = {named.lower(): key}
    return {**keyed, **own}
