"""Chat Completions, at OpenAI and at every server that speaks like it, through the openai SDK.

The SDK sends the request; the response's bytes are decoded here, because its typed chunks cost eight times as much
per token and lose the text of several faults.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

import openai

from streamtui.chat.events import ProviderEvent
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, QuirkStore
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http.base_url import BaseUrl, parse_base_url
from streamtui.providers.http.client import NO_KEY, construct, idle_http_client, make_http_client, proxy_of
from streamtui.providers.http.quirks import NO_PREFILL
from streamtui.providers.http.request import PreparedRequest, ProviderRequest
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.models import read_models
from streamtui.providers.wire.completions import CompletionsParser, request_fields, request_messages

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"


def preload() -> None:
    """Touch what the SDK itself imports late: 50 ms that would fall into the first request."""
    client = openai.AsyncOpenAI(api_key=NO_KEY, base_url=DEFAULT_BASE_URL, http_client=idle_http_client())
    _ = client.chat.completions.with_streaming_response, client.models.with_streaming_response


def create(endpoint: Endpoint, *, deadlines: Deadlines, memory: QuirkStore, limits: SSELimits) -> "OpenAIProvider":
    """Raises `ConfigError` for an endpoint without an address."""
    base = endpoint.url or parse_base_url(DEFAULT_BASE_URL)
    variable = endpoint.key_variable or "OPENAI_API_KEY"
    peer = EndpointInfo(base.host, variable, endpoint.key, proxy=proxy_of(base), withheld=endpoint.withheld)
    exchange = ProviderRequest(peer, base.url, deadlines, limits, memory, openai.OpenAIError)
    return OpenAIProvider(base, endpoint, exchange)


class OpenAIProvider:
    """One OpenAI-compatible endpoint."""

    name: Final = "openai"

    def __init__(self, base: BaseUrl, endpoint: Endpoint, exchange: ProviderRequest) -> None:
        self._base = base
        self._endpoint = endpoint
        self._exchange = exchange
        self._client: openai.AsyncOpenAI | None = None
        self._making = asyncio.Lock()

    @property
    def host(self) -> str:
        return self._base.host

    def can_prefill(self, model: str) -> bool:
        quirks = self._exchange.quirks(model)
        return "prefill" in quirks and NO_PREFILL not in quirks

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        parser = CompletionsParser(self._exchange.peer, request.model)
        return self._exchange.stream(request.model, partial(self._draft, request), parser)

    async def models(self) -> list[str]:
        client = await self._connected()
        query = dict(self._endpoint.query)
        listing = client.models.with_streaming_response.list(extra_query=query)
        return await read_models(self._exchange, listing)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _draft(self, request: ChatRequest, quirks: frozenset[str]) -> PreparedRequest:
        client = await self._connected()
        fields = request_fields(request, quirks, at_openai=self._base.hostname == "api.openai.com")
        messages = request_messages(request, quirks)
        context = client.chat.completions.with_streaming_response.create(
            model=request.model,
            messages=(),  # the SDK walks through these for a second per 10,000 turns, blocking the event loop
            stream=True,
            extra_body={"messages": messages, **self._endpoint.body, **fields},
            extra_query=dict(self._endpoint.query),
        )
        roles = {message["role"] for message in messages[:1]}
        return PreparedRequest(context, {*fields, *roles} | ({"prefill"} if request.prefill else set()))

    async def _connected(self) -> openai.AsyncOpenAI:
        """Return the client, made at first use."""
        async with self._making:
            if self._client is None:
                self._client = await construct(self._make_client)
            return self._client

    def _make_client(self) -> openai.AsyncOpenAI:
        """Make a client to which nothing is left to take from the environment: key, URL and headers are explicit."""
        key = self._exchange.peer.key.reveal() if self._exchange.peer.key else NO_KEY
        connect_s = self._exchange.deadlines.connect
        header = self._endpoint.key_header
        headers = {header.lower(): key} if header else {"authorization": f"Bearer {key}"}
        headers |= {name.lower(): value for name, value in self._endpoint.headers.items()}
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=self._base.url,
            max_retries=0,
            timeout=openai.Timeout(None, connect=connect_s),
            http_client=make_http_client(self._base, connect_s, headers),
        )
