"""Claude's Messages API, through the anthropic SDK (the extra `streamtui[anthropic]`).

As in the openai provider, the SDK sends the request and the bytes are decoded here: the SDK lets network faults in
mid-stream through as raw errors of its HTTP library.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import anthropic

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
from streamtui.providers.wire.messages import MessagesParser

DEFAULT_BASE_URL: Final = "https://api.anthropic.com"
API_VERSION: Final = "2023-06-01"
MAX_TOKENS: Final = 8192
"""The API wants a limit; this one is asked for where the user sets none."""


def preload() -> None:
    """Touch what the SDK itself imports late."""
    client = anthropic.AsyncAnthropic(api_key=NO_KEY, base_url=DEFAULT_BASE_URL, http_client=idle_http_client())
    _ = client.messages.with_streaming_response, client.models.with_streaming_response


def create(endpoint: Endpoint, *, deadlines: Deadlines, memory: QuirkStore, limits: SSELimits) -> "AnthropicProvider":
    base = endpoint.url or parse_base_url(DEFAULT_BASE_URL)
    # The SDK adds the version and the method to the path itself.
    base = replace(base, url=base.url.removesuffix("/messages").removesuffix("/v1"))
    variable = endpoint.key_variable or "ANTHROPIC_API_KEY"
    peer = EndpointInfo(
        base.host, variable, endpoint.key, "Check the base URL.", proxy_of(base), withheld=endpoint.withheld
    )
    exchange = ProviderRequest(peer, base.url, deadlines, limits, memory, anthropic.AnthropicError)
    return AnthropicProvider(base, endpoint, exchange)


class AnthropicProvider:
    """Anthropic, or a server that speaks like it."""

    name: Final = "anthropic"

    def __init__(self, base: BaseUrl, endpoint: Endpoint, exchange: ProviderRequest) -> None:
        self._base = base
        self._endpoint = endpoint
        self._exchange = exchange
        self._client: anthropic.AsyncAnthropic | None = None
        self._making = asyncio.Lock()

    @property
    def host(self) -> str:
        return self._base.host

    def can_prefill(self, model: str) -> bool:
        return NO_PREFILL not in self._exchange.quirks(model)

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        written = request.turns[-1].text if request.prefill else ""
        seam = written[len(written.rstrip()) :]
        parser = MessagesParser(self._exchange.peer, request.model, seam)
        return self._exchange.stream(request.model, partial(self._draft, request), parser)

    async def models(self) -> list[str]:
        client = await self._connected()
        query = dict(self._endpoint.query)
        listing = client.models.with_streaming_response.list(limit=1000, extra_query=query)
        return await read_models(self._exchange, listing)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _draft(self, request: ChatRequest, quirks: frozenset[str]) -> PreparedRequest:
        client = await self._connected()
        fields: dict[str, Any] = {}
        turns = request.turns
        if turns and turns[0].role == "system":
            fields["system"] = turns[0].text
            turns = turns[1:]
        if request.temperature is not None and "no:temperature" not in quirks:
            fields["temperature"] = request.temperature
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        if request.prefill:
            # The API refuses white space at the end of what it shall go on from.
            messages[-1]["content"] = messages[-1]["content"].rstrip()
        context = client.messages.with_streaming_response.create(
            model=request.model,
            messages=(),  # the SDK walks through these for a second per 10,000 turns, blocking the event loop
            max_tokens=request.max_tokens or MAX_TOKENS,
            stream=True,
            extra_body={"messages": messages, **self._endpoint.body, **fields},
            extra_query=dict(self._endpoint.query),
        )
        return PreparedRequest(context, {*fields} - {"system"} | ({"prefill"} if request.prefill else set()))

    async def _connected(self) -> anthropic.AsyncAnthropic:
        """Return the client, made at first use."""
        async with self._making:
            if self._client is None:
                self._client = await construct(self._make_client)
            return self._client

    def _make_client(self) -> anthropic.AsyncAnthropic:
        """Make a client to which nothing is left to take from the environment: key, URL and headers are explicit."""
        key = self._exchange.peer.key.reveal() if self._exchange.peer.key else NO_KEY
        connect_s = self._exchange.deadlines.connect
        header = self._endpoint.key_header or "x-api-key"
        headers = {header.lower(): key, "anthropic-version": API_VERSION}
        headers |= {name.lower(): value for name, value in self._endpoint.headers.items()}
        return anthropic.AsyncAnthropic(
            api_key=key,
            base_url=self._base.url,
            max_retries=0,
            open_telemetry=False,
            timeout=anthropic.Timeout(None, connect=connect_s),
            http_client=make_http_client(self._base, connect_s, headers),
        )
