"""Chat Completions and Responses, at OpenAI and at every server that speaks like it, through the openai SDK."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Final

import openai

from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, QuirkStore
from streamtui.providers.context_window import read_context_window
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.http.base_url import BaseUrl, parse_base_url
from streamtui.providers.http.client import NO_KEY, idle_http_client, make_http_client
from streamtui.providers.http.quirks import NO_EFFORT, NO_PREFILL, USE_RESPONSES
from streamtui.providers.http.request import PreparedRequest, ProviderRequest, Response
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.sdk import SDKProvider, auth_headers, requests_to
from streamtui.providers.wire.completions import CompletionsParser, request_messages
from streamtui.providers.wire.media import sent_kinds, unheard
from streamtui.providers.wire.responses import ResponsesParser, request_input

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
_OPENAI: Final = "api.openai.com"
_OPENROUTER: Final = "openrouter.ai"


def preload() -> None:
    """Touch what the SDK itself imports late: 50 ms that would fall into the first request."""
    client = openai.AsyncOpenAI(api_key=NO_KEY, base_url=DEFAULT_BASE_URL, http_client=idle_http_client())
    _ = client.chat.completions.with_streaming_response, client.models.with_streaming_response


def create(endpoint: Endpoint, *, deadlines: Deadlines, memory: QuirkStore, limits: SSELimits) -> "OpenAIProvider":
    base = endpoint.url or parse_base_url(DEFAULT_BASE_URL)
    base = replace(base, url=base.url.removesuffix("/responses"))
    check_url = "Check the base URL: most end in /v1."
    if endpoint.query:
        check_url = "Check the base URL, the deployment in it and the query."
    requests = requests_to(base, endpoint, "OPENAI_API_KEY", check_url, deadlines, memory, limits, openai.OpenAIError)
    return OpenAIProvider(base, endpoint, requests)


class OpenAIProvider(SDKProvider[openai.AsyncOpenAI]):
    """One OpenAI-compatible endpoint."""

    def __init__(self, base: BaseUrl, endpoint: Endpoint, requests: ProviderRequest) -> None:
        super().__init__("openai", base, endpoint, requests)
        self._http = idle_http_client()
        """What the SDK's client sends with, once it is made."""

    def can_prefill(self, model: str) -> bool:
        quirks = self._requests.quirks(model)
        return "prefill" in quirks and NO_PREFILL not in quirks

    def prepare(self, client: openai.AsyncOpenAI, request: ChatRequest, quirks: frozenset[str]) -> PreparedRequest:
        if self._endpoint.api == "responses" or USE_RESPONSES in quirks:
            return self._responses(client, request, quirks)
        messages = request_messages(request, quirks)
        fields = {**_settings(request, quirks, limit_name(self._base, quirks)), **self._effort(request, quirks)}
        if self._endpoint.stream and quirks.isdisjoint(("no:stream", "no:stream_options")):
            fields["stream_options"] = {"include_usage": True}
        body = self._body(request, fields, quirks)
        context = client.chat.completions.with_streaming_response.create(
            model=request.model,
            messages=(),  # the SDK walks through these for a second per 10,000 turns, blocking the event loop
            stream=bool(body.get("stream")),
            extra_body={"messages": messages, **body},
        )
        return PreparedRequest(
            context,
            CompletionsParser(self._requests.peer, request),
            body,
            [
                *(message["role"] for message in messages[:1]),
                *(["prefill"] if request.prefill else []),
                *sent_kinds(request, quirks),
            ],
            _unheard(request, quirks),
            may_use_responses=True,
        )

    async def context_window(self, model: str) -> int | None:
        """Do what `LazyProvider.context_window` promises."""
        if self._base.hostname == _OPENAI:
            return None
        await self._connected()
        return await read_context_window(self._http, self._base, self._endpoint.query, model)

    def list_models(self, client: openai.AsyncOpenAI) -> AbstractAsyncContextManager[Response]:
        return client.models.with_streaming_response.list()

    def make_client(self, key: str | None, connect_s: float) -> openai.AsyncOpenAI:
        headers = auth_headers(self._endpoint, key, lambda key: {"authorization": f"Bearer {key}"})
        self._http = make_http_client(self._base, connect_s, headers)
        return openai.AsyncOpenAI(
            api_key=key or NO_KEY,
            base_url=self._base.url,
            default_query=dict(self._endpoint.query),
            max_retries=0,
            timeout=openai.Timeout(None, connect=connect_s),
            http_client=self._http,
        )

    def _responses(self, client: openai.AsyncOpenAI, request: ChatRequest, quirks: frozenset[str]) -> PreparedRequest:
        fields: dict[str, Any] = {"store": False, **_settings(request, quirks, "max_output_tokens")}
        if request.effort is not None and NO_EFFORT not in quirks:
            fields["reasoning"] = {"effort": request.effort, "summary": "auto"}
        body = self._body(request, fields, quirks)
        context = client.responses.with_streaming_response.create(
            model=request.model,
            stream=bool(body.get("stream")),
            extra_body={"input": request_input(request, quirks), **body},
        )
        parser = ResponsesParser(self._requests.peer, request)
        return PreparedRequest(context, parser, body, sent_kinds(request, quirks), _unheard(request, quirks))

    def _effort(self, request: ChatRequest, quirks: frozenset[str]) -> dict[str, Any]:
        """Return how hard to think as this endpoint takes it; servers of one's own are told by the chat template too,
        and pass over what they don't know."""
        effort = request.effort
        if effort is None or NO_EFFORT in quirks:
            return {}
        if self._base.hostname.endswith(_OPENROUTER):
            return {"reasoning": {"enabled": False} if effort == "none" else {"effort": effort}}
        fields: dict[str, Any] = {"reasoning_effort": effort}
        if self._base.is_loopback and "no:chat_template_kwargs" not in quirks:
            fields["chat_template_kwargs"] = {"enable_thinking": effort != "none", "reasoning_effort": effort}
        return fields


def limit_name(base: BaseUrl, quirks: Collection[str]) -> str:
    """Return what the limit of tokens is called there: OpenAI itself takes the newer name alone."""
    is_swapped = "swap:max_tokens" in quirks
    return "max_tokens" if (base.hostname == _OPENAI) is is_swapped else "max_completion_tokens"


def _settings(request: ChatRequest, quirks: frozenset[str], limit_name: str) -> dict[str, Any]:
    """Return the user's settings as far as this endpoint and model are known to take them."""
    fields: dict[str, Any] = {}
    if request.temperature is not None and "no:temperature" not in quirks:
        fields["temperature"] = request.temperature
    if request.max_tokens is not None and "no:max_tokens" not in quirks:
        fields[limit_name] = request.max_tokens
    return fields


def _unheard(request: ChatRequest, quirks: frozenset[str]) -> set[str]:
    """Return the quirks that keep a setting of the user's from being sent."""
    wishes = {
        "no:temperature": request.temperature,
        "no:max_tokens": request.max_tokens,
        NO_EFFORT: request.effort,
    }
    return {quirk for quirk, wish in wishes.items() if wish is not None and quirk in quirks} | unheard(request, quirks)
