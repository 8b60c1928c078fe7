"""Providers that stand for one that isn't there yet, or can't be."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from streamtui import providers
from streamtui.chat.errors import ConfigError, ProviderError
from streamtui.chat.events import ProviderEvent, TextDelta
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import ClosingProvider, Deadlines, Provider, QuirkStore
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.http.base_url import parse_base_url
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.redaction import Secret

_IN_THE_WAY_OF_ANY_MODEL: Final = frozenset({"connect", "redirect", "missing_extra"})
"""Kinds of failure that a model's name would not help against."""

_NOT_FOR_CHAT: Final = re.compile(
    r"embed|rerank|colbert|minilm|mxbai|voyage|\b(bge|e5|gte|paraphrase)\b|clip\b|text-(search|similarity)"
    r"|whisper|transcri|parakeet|wav2vec|\b(tts|asr|stt)\b|-tts|speech|audio|realtime|kokoro|orpheus|musicgen|lyria"
    r"|dall-e|image|\bsora|\bveo\b|\bveo-|stable-?diffusion|\bsd(xl|-?\d)|flux|recraft|ideogram|\bkling"
    r"|moderation|guard|shield|reward|classif|\bocr\b|\baqa\b|babbage|davinci|\bada\b|turbo-instruct",
    re.IGNORECASE,
)
"""Names of models that write no replies: they are listed, but never picked by themselves."""


@runtime_checkable
class TellsWindow(Protocol):
    """A provider whose endpoint may tell how many tokens a model's window holds."""

    async def context_window(self, model: str) -> int | None: ...


class LazyProvider(ClosingProvider):
    """A provider whose SDK is not imported, and whose key is not fetched, before it is needed: it has a name and a
    host at once."""

    def __init__(
        self,
        endpoint: Endpoint,
        deadlines: Deadlines,
        memory: QuirkStore,
        *,
        limits: SSELimits | None = None,
        complete: Callable[[ChatRequest], ChatRequest] = lambda request: request,
        learned: Callable[[Secret], None] = lambda key: None,
    ) -> None:
        """`complete` fills in what the settings say of the request's model; `learned` hears of a fetched key."""
        self.endpoint = endpoint
        self._deadlines = deadlines
        self._memory = memory
        self._limits = limits
        self._complete = complete
        self._learned = learned
        self._loading = asyncio.Lock()
        self._provider: Provider | None = None

    @property
    def name(self) -> str:
        return self.endpoint.prefix

    @property
    def host(self) -> str:
        return self.endpoint.host

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        provider = await self.load()
        if not request.model:
            request = replace(request, model=await first_model(self))
        async with aclosing(provider.stream(self._complete(request))) as stream:
            async for event in stream:
                yield event

    def can_prefill(self, model: str) -> bool:
        return self._provider is not None and self._provider.can_prefill(model)

    async def models(self) -> list[str]:
        try:
            listed = await (await self.load()).models()
        except ProviderError:
            if not self.endpoint.models:
                raise
            listed = []
        return listed or list(self.endpoint.models)

    async def context_window(self, model: str) -> int | None:
        """Ask the endpoint how many tokens a model's window holds; `None` where it does not tell."""
        provider = await self.load()
        return await provider.context_window(model) if isinstance(provider, TellsWindow) else None

    async def aclose(self) -> None:
        if self._provider is not None:
            await self._provider.aclose()

    async def load(self) -> Provider:
        """Import the SDK and fetch the key, in a thread, and make the real provider; once.

        Raises `ConfigError` and `ProviderError`.
        """
        async with self._loading:
            if self._provider is None:
                await asyncio.to_thread(providers.preload, self.endpoint.provider)
                endpoint = await asyncio.to_thread(self._with_key)
                self._provider = providers.create_at(
                    endpoint, deadlines=self._deadlines, memory=self._memory, limits=self._limits
                )
            return self._provider

    def _with_key(self) -> Endpoint:
        endpoint = self.endpoint
        if endpoint.key is not None or endpoint.fetch_key is None:
            return endpoint
        key = endpoint.fetch_key()
        if key is not None:
            self._learned(key)
        return replace(endpoint, key=key)


async def first_model(provider: Provider) -> str:
    """Return the first model on offer that can chat. Raises `ProviderError`."""
    try:
        names = await provider.models()
    except ProviderError as error:
        if error.kind in _IN_THE_WAY_OF_ANY_MODEL or error.status == 401:
            raise
        raise ProviderError(
            error.kind,
            f"{error} Or name a model: -m or CHAT_MODEL.",
            status=error.status,
            retry_after=error.retry_after,
            retryable=error.retryable,
        ) from None
    name = first_for_chat(names)
    if name is None:
        raise no_model_error(provider.host, names)
    return name


def no_model_error(host: str, others: Sequence[str] = ()) -> ProviderError:
    """Return the error for an endpoint that lists no model, or only `others` that are not for chatting: a server of
    one's own has to be given one."""
    is_local = host != "offline" and parse_base_url(f"http://{host}").is_loopback
    load = " pull or load one there, or" if is_local else ""
    what = f"no model for chatting ({others[0]} is none)" if others else "no model"
    return ProviderError("not_found", f"{host} offers {what}:{load} name one with -m or CHAT_MODEL.")


class UnreachableProvider:
    """Stands for the provider of a saved conversation that can't be asked under the present settings."""

    host: Final = "not configured"

    def __init__(self, name: str, reason: ConfigError) -> None:
        self.name = name
        self.reason = reason

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        for name in await self.models():
            yield TextDelta(name)

    def can_prefill(self, model: str) -> bool:
        return False

    async def models(self) -> list[str]:
        raise self.reason

    async def aclose(self) -> None:
        return


def is_for_chat(name: str) -> bool:
    """Return whether a model writes replies, by its name."""
    return not _NOT_FOR_CHAT.search(name)


def first_for_chat(names: Sequence[str]) -> str | None:
    """Return the first model that can chat, by its name; `None` where none seems to."""
    return next(filter(is_for_chat, names), None)
