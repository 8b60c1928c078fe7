"""Chat Completions, at OpenAI and at every server that speaks like it, through the openai SDK.

The SDK sends the request; the response's bytes are decoded here, because its typed chunks cost eight times as much
per token and lose the text of several faults.
"""

import importlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Final, cast

import openai
from openai.types.chat import ChatCompletionMessageParam

from streamtui.chat.events import Connected, ProviderEvent
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, EndpointMemory
from streamtui.providers.catalogue import read_models
from streamtui.providers.completions import ReplyParser, request_fields, request_messages
from streamtui.providers.endpoint import BaseUrl, parse_base_url
from streamtui.providers.exchange import Draft, Exchange
from streamtui.providers.failures import Peer
from streamtui.providers.foreign import is_foreign, nothing_error, read_foreign
from streamtui.providers.secret import Secret
from streamtui.providers.sse import Limits
from streamtui.providers.transport import client_options, construct

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
_PLACEHOLDER: Final = "none"
"""Sent as the key where there is none: the SDK and some local servers want one."""


def preload() -> None:
    """Import what the SDK itself imports late."""
    importlib.import_module("openai.resources.chat.completions")
    importlib.import_module("openai.resources.models")


def create(
    *, base_url: str | None, api_key: Secret | None, deadlines: Deadlines, memory: EndpointMemory, limits: Limits
) -> "OpenAIProvider":
    base = parse_base_url(base_url or DEFAULT_BASE_URL)
    peer = Peer(base.host, "OPENAI_API_KEY", api_key)
    return OpenAIProvider(base, Exchange(peer, base.url, deadlines, limits, memory, openai.OpenAIError))


class OpenAIProvider:
    """One OpenAI-compatible endpoint."""

    name: Final = "openai"

    def __init__(self, base: BaseUrl, exchange: Exchange) -> None:
        self._base = base
        self._exchange = exchange
        self._client: openai.AsyncOpenAI | None = None

    @property
    def host(self) -> str:
        return self._base.host

    def can_prefill(self, model: str) -> bool:
        return "prefill" in self._exchange.quirks(model)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        client, peer = await self._connected(), self._exchange.peer
        async with AsyncExitStack() as stack:
            reader, notices = await self._exchange.open(stack, request.model, lambda q: self._draft(client, request, q))
            yield Connected()
            for notice in notices:
                yield notice
            parser = ReplyParser(peer, request.model)
            if is_foreign(head := await reader.peek()):
                for event in await read_foreign(reader, head, parser, peer):
                    yield event
                return
            while not parser.done and (batch := await reader.next_batch()) is not None:
                for kind, data in batch:
                    for event in parser.feed(kind, data, at_end=reader.at_end):
                        reader.content_arrived()
                        yield event
                if parser.finished:
                    reader.wind_down()
            if not parser.recognised:
                raise nothing_error(peer, empty=not head)
            for event in parser.close():
                yield event
            await reader.drain()

    async def models(self) -> list[str]:
        client = await self._connected()
        return await read_models(self._exchange, client.models.with_streaming_response.list())

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _draft(self, client: openai.AsyncOpenAI, request: ChatRequest, quirks: frozenset[str]) -> Draft:
        fields = request_fields(request, quirks, at_openai=self._base.hostname == "api.openai.com")
        messages = request_messages(request, quirks)
        context = client.chat.completions.with_streaming_response.create(
            model=request.model,
            # Plain dicts of the same shape: typed ones would tie every turn's role to a class of its own.
            messages=cast(list[ChatCompletionMessageParam], messages),
            stream=True,
            extra_body=fields,
        )
        return Draft(context, {*fields, *(message["role"] for message in messages[:1])})

    async def _connected(self) -> openai.AsyncOpenAI:
        """Return the client, made at first use."""
        if self._client is None:
            self._client = await construct(self._make_client)
        return self._client

    def _make_client(self) -> openai.AsyncOpenAI:
        """Key, URL and headers are all explicit: what is unset, the SDK would take from the environment."""
        key = self._exchange.peer.key.reveal() if self._exchange.peer.key else _PLACEHOLDER
        timeout = openai.Timeout(None, connect=self._exchange.deadlines.connect)
        http_client = openai.DefaultAsyncHttpx2Client(
            timeout=timeout, **client_options(self._base, {"authorization": f"Bearer {key}"})
        )
        return openai.AsyncOpenAI(
            api_key=key, base_url=self._base.url, timeout=timeout, max_retries=0, http_client=http_client
        )
