"""Which endpoint and model answer: the settings' words turned into providers, each with the key that may go there."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from streamtui import providers
from streamtui.chat.catalog import ServerSearch
from streamtui.chat.errors import ConfigError, ProviderError, StreamtuiError
from streamtui.chat.messages import ChatRequest, Turn
from streamtui.chat.ports import Deadlines, Model, Provider, QuirkStore
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers import Secret
from streamtui.providers.lazy import LazyProvider, UnreachableProvider, first_for_chat, first_model
from streamtui.settings.config import Config, Settings
from streamtui.settings.configured import DEMO, GENERAL, ConfiguredEndpoints
from streamtui.settings.endpoints import ModelSettings
from streamtui.settings.model_lists import ModelLists, lists_file
from streamtui.settings.prices import PriceBook

_INSECURE: Final = "allow:insecure-http"


class SettingsCatalog:
    """`chat.catalog.Catalog` over a `Config`. Owns the providers it makes; close it with `aclose`."""

    def __init__(
        self,
        config: Config,
        memory: QuirkStore,
        *,
        demo: bool = False,
        insecure_http: bool = False,
        finds_servers: bool = False,
        learned: Callable[[Secret], None] = lambda key: None,
    ) -> None:
        """With `finds_servers`, model servers of this machine are looked for; otherwise they can be asked by name
        alone. `learned` hears of each key that a command or the keyring gives, for redaction."""
        self._config = config
        self._memory = memory
        self._demo = demo
        self._insecure_http = insecure_http
        self._learned = learned
        self._finds_servers = finds_servers and config.settings.find_servers and not demo
        self.endpoints = ConfiguredEndpoints(config)
        self._looking: asyncio.Task[None] | None = None
        self._providers: dict[str, LazyProvider] = {}
        self._retired: list[LazyProvider] = []
        """Providers under earlier settings, which may still be streaming."""
        self._placeholder = LazyProvider(self.endpoints.endpoint(DEMO), Deadlines(), memory)
        """The demo as long as nothing is configured, which gives way to a server of this machine."""
        self._asking: dict[str, asyncio.Task[str]] = {}
        """The look-ups of first models under way, by provider."""
        self._first: dict[str, str] = {}
        """The first model on offer, by prefix, where that was asked for."""
        self._asked_for_window: set[str] = set()
        self.prices = PriceBook(config.settings.models, config.settings.prices, self._located)
        self.lists = ModelLists(self._listed_providers, self.exposed_host, self.look, lists_file(config.paths))

    def model(self, id: str | None = None) -> Model:
        if id is None:
            return self._default()
        id = sanitize_line(id)
        name = self.endpoints.split(id).name
        if not name:
            raise ConfigError(f"{id or 'An empty name'} names no model: -m NAME, or PROVIDER:NAME.")
        if self.endpoints.lacks_key(id):
            raise ConfigError(self.endpoints.needs(id))
        return Model(self._provider(self.endpoints.prefix_of(id)), name)

    def saved(self, id: str) -> Model:
        parts = self.endpoints.split(id)
        if not parts.name:
            return self._default()
        try:
            return self.model(id)
        except ConfigError as error:
            return Model(UnreachableProvider(parts.prefix or GENERAL, error), parts.name)

    async def resolve(self, model: Model) -> Model:
        if model.provider is self._placeholder:
            await self.search()
            model = self._default() if self.endpoints.is_configured else Model(self._provider(DEMO), DEMO)
        match model.provider:
            case LazyProvider() as provider:
                await provider.load()
            case UnreachableProvider() as provider:
                raise provider.reason
        if model.name:
            return model
        with suppress(ProviderError):  # asking it finds the same out again, and tries again, and says so
            self._first[model.provider.name] = await self._ask_for_first(model.provider)
        return replace(model, name=self._first.get(model.provider.name, ""))

    async def search(self) -> ServerSearch | None:
        if not self._finds_servers or self.endpoints.is_configured:
            return None
        await self.look()
        model = self._default() if self.endpoints.is_configured else None
        waiting = [f"{server.place} answers, but has no model yet." for server in self.endpoints.local.without_model]
        notices = [*waiting, *filter(None, [self.endpoints.local.notice])]
        return ServerSearch(self.endpoints.local.places, model, tuple(notices))

    async def look(self) -> None:
        """Look for the servers of this machine, where that is wanted; who asks meanwhile gets what this finds."""
        if not self._finds_servers:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self.endpoints.local.look())
        await asyncio.shield(self._looking)
        for found in self.endpoints.local.found:
            self._first.setdefault(found.server.name, first_for_chat(found.models) or "")

    async def _ask_for_first(self, provider: Provider) -> str:
        """Return the provider's first model. However many ask for it at once, the endpoint is asked one time.

        Raises `ProviderError`.
        """
        asking = self._asking.get(provider.name)
        if asking is None:
            asking = self._asking[provider.name] = asyncio.create_task(first_model(provider))
            asking.add_done_callback(lambda _: self._asking.pop(provider.name))
        return await asyncio.shield(asking)

    async def available(self, missed: Callable[[StreamtuiError], object] = lambda error: None) -> list[str]:
        """As the port has it; `missed` hears why a provider's models are not among those of the others."""
        return await self.lists.all_ids(missed)

    async def learn_window(self, model: Model) -> None:
        window = self.prices.get(model.id).context
        if window is None and isinstance(model.provider, LazyProvider) and model.id not in self._asked_for_window:
            self._asked_for_window.add(model.id)
            if tokens := await model.provider.context_window(model.name):
                self.prices.learn_window(model.id, tokens)

    async def window(self, model: Model) -> int | None:
        await asyncio.to_thread(self.prices.load)
        with suppress(StreamtuiError):
            await self.learn_window(model)
        return self.prices.get(model.id).context

    def exposed_host(self, model: Model) -> str | None:
        if self._insecure_http or not isinstance(model.provider, LazyProvider):
            return None
        endpoint = model.provider.endpoint
        is_allowed = not endpoint.is_exposed or _INSECURE in self._memory.quirks(endpoint.host, "")
        return None if is_allowed else endpoint.host

    def takes_effort(self, model: Model) -> bool:
        if not isinstance(model.provider, LazyProvider) or (url := model.provider.endpoint.url) is None:
            return False
        from streamtui.providers.http.quirks import NO_EFFORT  # it needs the HTTP library, which the start does without

        return NO_EFFORT not in self._memory.quirks(url.url, model.name)

    def forget(self, model: Model) -> None:
        if isinstance(model.provider, LazyProvider):
            endpoint = model.provider.endpoint
            self._memory.forget(endpoint.host)
            if endpoint.url is not None:
                self._memory.forget(endpoint.url.url)

    def reconfigure(self, config: Config) -> None:
        """Go by other settings from here on; what is in flight ends as it began. Raises `ConfigError`; then nothing is
        changed."""
        endpoints = ConfiguredEndpoints(config)
        endpoints.local.keep_found(self.endpoints.local)
        self._config, self.endpoints = config, endpoints
        kept = {}
        for prefix, provider in self._providers.items():
            with suppress(ConfigError, KeyError):
                if endpoints.endpoint(prefix) == provider.endpoint:
                    kept[prefix] = provider
        self._retired += [provider for prefix, provider in self._providers.items() if prefix not in kept]
        self._first = {prefix: first for prefix, first in self._first.items() if prefix in kept}
        self._providers = kept

    def allow_exposed(self, host: str) -> None:
        self._memory.learn(host, "", _INSECURE)

    def preload(self) -> None:
        provider = self._default().provider
        if isinstance(provider, LazyProvider) and provider is not self._placeholder:
            providers.preload(provider.endpoint.provider)
        self.prices.load()

    async def aclose(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        for provider in (*self._providers.values(), *self._retired):
            await provider.aclose()

    def _default(self) -> Model:
        if self._demo:
            return Model(self._provider(DEMO), DEMO)
        if not self.endpoints.is_configured:
            return Model(self._placeholder if self._finds_servers else self._provider(DEMO), DEMO)
        prefix = next(iter(self.endpoints.reachable), "")
        named = self._config.model
        if named and not (prefix in self.endpoints.local.servers and self.endpoints.lacks_key(named.value)):
            return self.model(named.value)
        name = self.endpoints.default_model(prefix) or self._first.get(prefix, "")
        return Model(self._provider(prefix), name)

    def _located(self, id: str) -> tuple[str, str] | None:
        """Return the base URL and the bare name of a model, `None` where it can't be asked."""
        provider = self.saved(id).provider
        if not isinstance(provider, LazyProvider) or provider.endpoint.url is None:
            return None
        return provider.endpoint.url.url, self.endpoints.split(id).name

    def _provider(self, prefix: str) -> LazyProvider:
        if prefix not in self._providers:
            settings = self._config.settings
            deadlines = Deadlines(settings.connect_timeout, settings.first_byte_timeout, settings.content_timeout)
            memory = _Prefilling(self._memory) if settings.prefill else self._memory
            endpoint = self.endpoints.endpoint(prefix)
            self._providers[prefix] = LazyProvider(
                endpoint, deadlines, memory, complete=lambda request: _completed(request, endpoint.prefix, settings),
                learned=self._learned,
            )  # fmt: skip
        return self._providers[prefix]

    def _listed_providers(self) -> list[LazyProvider]:
        """Return the providers that are asked for their models: the demo where there is no other."""
        prefixes = [] if self._demo else self.endpoints.reachable
        return [self._provider(prefix) for prefix in prefixes or [DEMO]]


def _completed(request: ChatRequest, prefix: str, settings: Settings) -> ChatRequest:
    """Return a request to the endpoint of a prefix with what the settings say of its model, and of all models, where
    it says nothing."""
    id = request.model if prefix == GENERAL else f"{prefix}:{request.model}"
    own = settings.models.get(id, ModelSettings())
    temperature = _first_of(request.temperature, own.temperature, settings.temperature)
    max_tokens = _first_of(request.max_tokens, own.max_tokens, settings.max_tokens)
    effort = _first_of(request.effort, own.effort, settings.effort)
    turns = request.turns
    if own.system and not any(turn.role == "system" for turn in turns):
        turns = (Turn("system", own.system), *turns)
    return replace(
        request,
        turns=turns,
        temperature=temperature,
        max_tokens=max_tokens,
        effort=effort,
        extra={**own.body, **request.extra},
    )


T = TypeVar("T")


def _first_of(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


class _Prefilling:
    """What is known about endpoints, and on top the user's own word that they go on writing a prefilled text."""

    def __init__(self, memory: QuirkStore) -> None:
        self._memory = memory
        self.learn = memory.learn
        self.forget = memory.forget

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._memory.quirks(endpoint, model) | {"prefill"}
