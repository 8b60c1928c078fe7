"""What the provider tests share: the server, providers made for it, and a reply as the list of its events."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from streamtui import providers
from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Turn, Usage
from streamtui.chat.ports import Deadlines, InMemoryQuirks, Provider, QuirkStore
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server, server, tls_server

__all__ = ["closed_port", "scripted_server", "server", "tls_server"]

KEY = "sk-test-0123456789abcdef"
PATIENT = Deadlines(
    connect=PATIENCE_S, first_byte=PATIENCE_S, content=PATIENCE_S, silence_after_text=0.5, silence_before_text=1.0
)
"""But for the silence after a finish reason, which tests that mean it don't have all day for."""


@dataclass
class Heard:
    """All that came of one request."""

    events: list[ProviderEvent] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def usage(self) -> Usage | None:
        return next((event for event in self.events if isinstance(event, Usage)), None)

    @property
    def notices(self) -> list[str]:
        return [event.kind for event in self.events if isinstance(event, Notice)]

    @property
    def said(self) -> str:
        return " ".join(event.text for event in self.events if isinstance(event, Notice))

    @property
    def finish_reason(self) -> str | None:
        return next((event.finish_reason for event in self.events if isinstance(event, Finished)), None)


def ask(model: str, prompt: str = "hi", **more: object) -> ChatRequest:
    return ChatRequest(model, (Turn("user", prompt),), **more)  # type: ignore[arg-type]  # for brevity in tests


async def hear(provider: Provider, request: ChatRequest | str) -> Heard:
    """Send a request and take everything in, a failure included."""
    heard = Heard()
    try:
        async with aclosing(provider.stream(ask(request) if isinstance(request, str) else request)) as stream:
            async for event in stream:
                heard.events.append(event)
    except ProviderError as error:
        heard.error = error
    return heard


Make = Callable[..., Provider]


def make_at(
    name: str,
    base_url: str | None,
    api_key: str | None,
    deadlines: Deadlines,
    memory: QuirkStore,
    limits: providers.SSELimits | None = None,
    **more: Any,
) -> Provider:
    """Make a provider; one of the name "responses" is openai's that speaks the Responses interface."""
    key = providers.Secret(api_key) if api_key else None
    url = providers.parse_base_url(base_url) if base_url else None
    if name == "responses":
        name, more = "openai", {**more, "api": "responses"}
    endpoint = providers.Endpoint(name, url, key, **more)
    return providers.create_at(endpoint, deadlines=deadlines, memory=memory, limits=limits)


@pytest.fixture
async def make(server: ScriptedServer) -> AsyncIterator[Make]:
    """Make providers that talk to the scripted server, and close them afterwards."""
    made: list[Provider] = []

    def make(name: str = "openai", **more: object) -> Provider:
        urls = {"openai": server.url, "responses": server.url, "anthropic": server.anthropic_url, "demo": None}
        options = {"base_url": urls[name], "api_key": KEY, "deadlines": PATIENT, "memory": InMemoryQuirks(), **more}
        made.append(make_at(name, **options))  # type: ignore[arg-type]  # for brevity in tests
        return made[-1]

    yield make
    for provider in made:
        await provider.aclose()
