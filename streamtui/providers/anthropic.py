"""Claude's Messages API, through the anthropic SDK (the extra `streamtui[anthropic]`)."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Final

import anthropic

from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, QuirkStore
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.http.base_url import BaseUrl, parse_base_url
from streamtui.providers.http.client import NO_KEY, idle_http_client, make_http_client
from streamtui.providers.http.quirks import LIMIT_PREFIX, NO_EFFORT, NO_PREFILL
from streamtui.providers.http.request import PreparedRequest, ProviderRequest, Response
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.sdk import SDKProvider, auth_headers, requests_to
from streamtui.providers.wire.media import messages_content, sent_kinds, unheard
from streamtui.providers.wire.messages import MessagesParser

DEFAULT_BASE_URL: Final = "https://api.anthropic.com"
API_VERSION: Final = "2023-06-01"
MAX_TOKENS: Final = 128_000
"""The API wants a limit; this one, the most that any model writes, is asked for where the user sets none. A model
that can write less refuses it, names its own, and is asked for that from there on."""
_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 65_536}
"""Tokens to think with, by effort."""


def preload() -> None:
    """Touch what the SDK itself imports late."""
    client = anthropic.AsyncAnthropic(api_key=NO_KEY, base_url=DEFAULT_BASE_URL, http_client=idle_http_client())
    _ = client.messages.with_streaming_response, client.models.with_streaming_response


def create(endpoint: Endpoint, *, deadlines: Deadlines, memory: QuirkStore, limits: SSELimits) -> "AnthropicProvider":
    base = endpoint.url or parse_base_url(DEFAULT_BASE_URL)
    # The SDK adds the version and the method to the path itself.
    base = replace(base, url=base.url.removesuffix("/messages").removesuffix("/v1"))
    requests = requests_to(
        base,
        endpoint,
        "ANTHROPIC_API_KEY",
        "Check the base URL.",
        deadlines,
        memory,
        limits,
        anthropic.AnthropicError,
    )
    return AnthropicProvider(base, endpoint, requests)


class AnthropicProvider(SDKProvider[anthropic.AsyncAnthropic]):
    """Anthropic, or a server that speaks like it."""

    def __init__(self, base: BaseUrl, endpoint: Endpoint, requests: ProviderRequest) -> None:
        super().__init__("anthropic", base, endpoint, requests)

    def can_prefill(self, model: str) -> bool:
        return NO_PREFILL not in self._requests.quirks(model)

    def prepare(
        self, client: anthropic.AsyncAnthropic, request: ChatRequest, quirks: frozenset[str]
    ) -> PreparedRequest:
        turns = request.turns
        fields: dict[str, Any] = {}
        if turns and turns[0].role == "system":
            fields["system"] = turns[0].text
            turns = turns[1:]
        if request.temperature is not None and "no:temperature" not in quirks:
            fields["temperature"] = request.temperature
        limit = _limit(request, quirks)
        fields |= _effort(request, quirks, limit)
        messages = [{"role": turn.role, "content": messages_content(turn, quirks)} for turn in turns]
        written = turns[-1].text if request.prefill else ""
        if request.prefill:
            # The API refuses white space at the end of what it shall go on from.
            messages[-1]["content"] = written.rstrip()
        body = {"max_tokens": limit, **self._body(request, fields, quirks)}
        context = client.messages.with_streaming_response.create(
            model=request.model,
            messages=(),  # the SDK walks through these for a second per 10,000 turns, blocking the event loop
            max_tokens=1,  # the body's own counts; the SDK refuses large ones of requests without a stream
            stream=bool(body.get("stream")),
            extra_body={"messages": messages, **body},
        )
        return PreparedRequest(
            context,
            MessagesParser(self._requests.peer, request, written[len(written.rstrip()) :]),
            {name: value for name, value in body.items() if name != "system"},
            [*(["prefill"] if request.prefill else []), *sent_kinds(request, quirks)],
            _unheard(request, quirks),
            own_limit=limit if request.max_tokens is None and body["max_tokens"] == limit else None,
        )

    def list_models(self, client: anthropic.AsyncAnthropic) -> AbstractAsyncContextManager[Response]:
        return client.models.with_streaming_response.list(limit=1000)

    def make_client(self, key: str | None, connect_s: float) -> anthropic.AsyncAnthropic:
        headers = {
            "anthropic-version": API_VERSION,
            **auth_headers(self._endpoint, key, lambda key: {"x-api-key": key}),
        }
        return anthropic.AsyncAnthropic(
            api_key=key or NO_KEY,
            base_url=self._base.url,
            default_query=dict(self._endpoint.query),
            max_retries=0,
            open_telemetry=False,
            timeout=anthropic.Timeout(None, connect=connect_s),
            http_client=make_http_client(self._base, connect_s, headers),
        )


def _limit(request: ChatRequest, quirks: frozenset[str]) -> int:
    """Return the limit of tokens: the user's, or the most that the model is known to write."""
    if request.max_tokens is not None:
        return request.max_tokens
    known = [int(quirk.removeprefix(LIMIT_PREFIX)) for quirk in quirks if quirk.startswith(LIMIT_PREFIX)]
    return min(known, default=MAX_TOKENS)


def _effort(request: ChatRequest, quirks: frozenset[str], limit: int) -> dict[str, Any]:
    """Return how hard to think: as a budget below the limit of tokens, or by name where a budget is refused."""
    effort = request.effort
    if effort is None or effort == "none" or NO_EFFORT in quirks:
        return {}
    if "swap:thinking" in quirks:
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    budget = min(_BUDGETS.get(effort, _BUDGETS["medium"]), limit - 1)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _unheard(request: ChatRequest, quirks: frozenset[str]) -> set[str]:
    """Return the quirks that keep a setting of the user's from being sent."""
    wishes = {"no:temperature": request.temperature, NO_EFFORT: request.effort}
    return {quirk for quirk, wish in wishes.items() if wish is not None and quirk in quirks} | unheard(request, quirks)
