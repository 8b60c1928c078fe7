"""Which endpoint and model answer: the settings' words turned into providers, each with the key that may go there."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar, get_args

from streamtui import providers
from streamtui.chat.errors import ConfigError, PlaintextKeyError, ProviderError, StreamtuiError
from streamtui.chat.messages import ChatRequest, Turn
from streamtui.chat.ports import Deadlines, Model, Provider, QuirkStore, ServerSearch
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers import PROVIDERS, Endpoint, Secret, parse_base_url
from streamtui.providers.lazy import LazyProvider, UnreachableProvider, first_for_chat, first_model, no_model_error
from streamtui.settings.config import Config
from streamtui.settings.endpoints import WELL_KNOWN, Api, ModelSettings, NamedEndpoint
from streamtui.settings.keys import fetcher
from streamtui.settings.local_servers import OLLAMA_HOST, LocalServers
from streamtui.settings.prices import PriceBook
from streamtui.settings.sources import Setting, Source

DEMO: Final = "demo"
_GENERAL: Final = next(iter(PROVIDERS))
"""The provider that speaks for every endpoint that isn't another one's."""
_PROVIDER_OF: Final = {api: "anthropic" if api == "anthropic" else _GENERAL for api in get_args(Api)}
_KEYED: Final = {name: row for name, row in PROVIDERS.items() if row.key_variable}
NOTHING_CONFIGURED: Final = (
    f"No model is configured: set {' or '.join(str(row.key_variable) for row in _KEYED.values())} "
    f"(or {PROVIDERS[_GENERAL].url_variables[0]} for another endpoint, and CHAT_MODEL), or try --demo."
)
_NO_KEY_BY_ITSELF: Final = (
    "No key is sent to a server that was found by itself: give it an [endpoints.NAME] table with its key."
)
_INSECURE: Final = "allow:insecure-http"
_URL_VARIABLES: Final = tuple(name for row in PROVIDERS.values() for name in row.url_variables)


@dataclass(frozen=True, slots=True)
class _ModelId:
    """A model's id, taken apart."""

    prefix: str | None
    name: str


class SettingsCatalog:
    """`chat.ports.Catalog` over a `Config`. Owns the providers it makes; close it with `aclose`."""

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
        self._finds_servers = finds_servers and not demo
        self._named = _named_endpoints(config)
        self.local = _local_servers(config, self._named)
        """The model servers of this machine."""
        self._looking: asyncio.Task[None] | None = None
        self._providers: dict[str, LazyProvider] = {}
        self._placeholder = LazyProvider(self._endpoint(DEMO), Deadlines(), memory)
        """The demo as long as nothing is configured, which gives way to a server of this machine."""
        self._asking: dict[str, asyncio.Task[str]] = {}
        """The look-ups of first models under way, by provider."""
        self._first: dict[str, str] = {}
        """The first model on offer, by prefix, where that was asked for."""
        self._asked_for_window: set[str] = set()
        self.prices = PriceBook(config.settings.models, config.settings.prices, self._located)

    @property
    def is_configured(self) -> bool:
        """Whether anything but the demo can answer."""
        named = self._config.model
        prefix = self._split(named.value).prefix if named else None
        is_named = prefix in (DEMO, *self.local.servers) or (prefix is not None and bool(self._base_url(prefix)))
        return is_named or bool(self.reachable)

    @property
    def lacks(self) -> str:
        """What has to be set before anything but the demo can answer, in one line."""
        named = self._config.model
        return self._needs(sanitize_line(named.value)) if named else NOTHING_CONFIGURED

    @property
    def secrets(self) -> list[Secret]:
        """All keys that are there, for redaction. One that is none is never used, and said once it would be."""
        keys: list[Secret] = []
        for prefix in (*PROVIDERS, *self._named):
            with suppress(ConfigError):
                keys += filter(None, [self._endpoint(prefix).key])
        return keys

    def model(self, id: str | None = None) -> Model:
        if id is None:
            return self._default()
        id = sanitize_line(id)
        parts = self._split(id)
        if not parts.name:
            raise ConfigError(f"{id or 'An empty name'} names no model: -m NAME, or PROVIDER:NAME.")
        if self._lacks_key(id):
            raise ConfigError(self._needs(id))
        return Model(self._provider(parts.prefix or self._provider_of(parts.name)), parts.name)

    def _lacks_key(self, id: str) -> bool:
        """Return whether the model is that of a provider whose key is wanted and is not there."""
        parts = self._split(sanitize_line(id))
        prefix = parts.prefix or self._provider_of(parts.name)
        return prefix in _KEYED and self._base_url(prefix) is None and self._key(prefix) is None

    def saved(self, id: str) -> Model:
        parts = self._split(id)
        if not parts.name:
            return self._default()
        try:
            return self.model(id)
        except ConfigError as error:
            return Model(UnreachableProvider(parts.prefix or _GENERAL, error), parts.name)

    async def resolve(self, model: Model) -> Model:
        if model.provider is self._placeholder:
            await self.search()
            model = self._default() if self.is_configured else Model(self._provider(DEMO), DEMO)
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
        if not self._finds_servers or self.is_configured:
            return None
        await self.look()
        model = self._default() if self.is_configured else None
        waiting = [f"{server.place} answers, but has no model yet." for server in self.local.without_model]
        notices = [*waiting, *filter(None, [self.local.notice])]
        return ServerSearch(self.local.places, model, tuple(notices))

    async def look(self) -> None:
        """Look for the servers of this machine, where that is wanted; who asks meanwhile gets what this finds."""
        if not self._finds_servers:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self.local.look())
        await asyncio.shield(self._looking)
        for found in self.local.found:
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
        asked: list[LazyProvider] = []
        failures: list[StreamtuiError] = []
        await self.look()
        for provider in map(self._provider, self.reachable if not self._demo else []):
            if host := self.exposed_host(Model(provider, "")):
                failures.append(PlaintextKeyError(host))
            else:
                asked.append(provider)
        if not (asked or failures):
            asked = [self._provider(DEMO)]
        answers = await asyncio.gather(*(provider.models() for provider in asked), return_exceptions=True)
        ids: list[str] = []
        for provider, answer in zip(asked, answers, strict=True):
            if isinstance(answer, StreamtuiError):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            elif not answer:
                failures.append(no_model_error(provider.host))
            else:
                ids += [Model(provider, model).id for model in answer]
        if failures and not ids:
            raise failures[0]
        for failure in failures:
            missed(failure)
        return ids

    async def learn_window(self, model: Model) -> None:
        window = self.prices.get(model.id).context
        if window is None and isinstance(model.provider, LazyProvider) and model.id not in self._asked_for_window:
            self._asked_for_window.add(model.id)
            if tokens := await model.provider.context_window(model.name):
                self.prices.learn_window(model.id, tokens)

    def exposed_host(self, model: Model) -> str | None:
        if self._insecure_http or not isinstance(model.provider, LazyProvider):
            return None
        endpoint = model.provider.endpoint
        is_allowed = not endpoint.is_exposed or _INSECURE in self._memory.quirks(endpoint.host, "")
        return None if is_allowed else endpoint.host

    def refuse_ignored_url(self, model: Model) -> None:
        """Raise `ConfigError` where the command line has a base URL, but for another endpoint than the model's."""
        given = self._config.find(*_URL_VARIABLES, only=Source.OPTION)
        if given is None:
            return
        prefix = model.provider.name
        if prefix in self._named:
            raise ConfigError(f"--base-url is not for {model.id}: endpoint {prefix} has one in config.toml.")
        if prefix in self.local.servers:
            raise ConfigError(f"--base-url is not for {model.id}, which is on this machine: leave out {prefix}:.")
        variables = PROVIDERS[prefix].url_variables
        if variables and self._config.find(*variables, only=Source.OPTION) is None:
            raise ConfigError(f"--base-url is not for {model.id} here: set {variables[0]} instead.")

    def forget(self, model: Model) -> None:
        if isinstance(model.provider, LazyProvider):
            endpoint = model.provider.endpoint
            self._memory.forget(endpoint.host)
            if endpoint.url is not None:
                self._memory.forget(endpoint.url.url)

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
        for provider in self._providers.values():
            await provider.aclose()

    def _default(self) -> Model:
        if self._demo:
            return Model(self._provider(DEMO), DEMO)
        if not self.is_configured:
            return Model(self._placeholder if self._finds_servers else self._provider(DEMO), DEMO)
        prefix = next(iter(self.reachable), "")
        named = self._config.model
        if named and not (prefix in self.local.servers and self._lacks_key(named.value)):
            return self.model(named.value)
        row = PROVIDERS.get(prefix)
        if row is not None and row.default_model and self._endpoint(prefix).host == _own_host(prefix):
            return Model(self._provider(prefix), row.default_model)
        return Model(self._provider(prefix), self._first.get(prefix, ""))

    def _located(self, id: str) -> tuple[str, str] | None:
        """Return the base URL and the bare name of a model, `None` where it can't be asked."""
        provider = self.saved(id).provider
        if not isinstance(provider, LazyProvider) or provider.endpoint.url is None:
            return None
        return provider.endpoint.url.url, self._split(id).name

    @property
    def reachable(self) -> list[str]:
        """The prefixes of the endpoints that can be asked: those with a key, the user's own, and the general
        provider wherever its base URL leads."""
        general = [_GENERAL] if self._base_url(_GENERAL) or self._key(_GENERAL) else []
        keyed = (name for name in _KEYED if name != _GENERAL and self._key(name))
        return [*general, *keyed, *self._named, *(found.server.name for found in self.local.found)]

    def _provider_of(self, name: str) -> str:
        """Return who answers to a bare model name."""
        if self._base_url(_GENERAL) is not None:
            return _GENERAL
        if self._key(_GENERAL) is None and (found := self.local.with_model(name)) is not None:
            return found.server.name
        own = (prefix for prefix, row in _KEYED.items() if row.bare_prefix and name.startswith(row.bare_prefix))
        return next((prefix for prefix in own if self._key(prefix) is not None), _GENERAL)

    def _provider(self, prefix: str) -> LazyProvider:
        if prefix not in self._providers:
            settings = self._config.settings
            deadlines = Deadlines(settings.connect_timeout, settings.first_byte_timeout, settings.content_timeout)
            memory = _Prefilling(self._memory) if settings.prefill else self._memory
            endpoint = self._endpoint(prefix)
            self._providers[prefix] = LazyProvider(
                endpoint, deadlines, memory, complete=lambda request: self._complete(endpoint, request),
                learned=self._learned,
            )  # fmt: skip
        return self._providers[prefix]

    def _complete(self, endpoint: Endpoint, request: ChatRequest) -> ChatRequest:
        """Return the request with what the settings say of its model, and of all models, where it says nothing."""
        prefix = "" if endpoint.prefix == _GENERAL else f"{endpoint.prefix}:"
        settings, own = self._config.settings, self._config.settings.models.get(prefix + request.model, ModelSettings())
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

    def _endpoint(self, prefix: str) -> Endpoint:
        """Return the endpoint of a prefix. Raises `ConfigError` for a URL or key that can't be one."""
        if prefix in self._named:
            return _described(self._config, prefix, self._named[prefix])
        if prefix in self.local.servers:
            return Endpoint(_GENERAL, self.local.servers[prefix].url, name=prefix, withheld=_NO_KEY_BY_ITSELF)
        row = PROVIDERS[prefix]
        base_url, key = self._base_url(prefix), self._key(prefix)
        url = base_url.value if base_url else row.default_base_url
        return Endpoint(
            prefix,
            parse_base_url(url) if url else None,
            Secret(key.value, f"{row.key_variable} from {key.source}") if key else None,
            key_variable=row.key_variable or "",
            withheld=self._withheld(base_url, row.key_variable),
        )

    def _withheld(self, base_url: Setting | None, variable: str | None) -> str | None:
        key = self._config.withheld_key(base_url, variable) if variable else None
        if key is None or base_url is None:
            return None
        return (
            f"{variable} from {key.source} is not sent to an address from {base_url.source}: "
            "put the address into the environment or the config folder too."
        )

    def _base_url(self, prefix: str) -> Setting | None:
        row = PROVIDERS.get(prefix)
        return self._config.find(*row.url_variables) if row is not None else None

    def _key(self, provider: str) -> Setting | None:
        """Return the key that may go to the provider's endpoint."""
        variable = PROVIDERS[provider].key_variable
        return self._config.key_for(self._base_url(provider), variable) if variable else None

    def _split(self, id: str) -> _ModelId:
        return _split(id, (*PROVIDERS, *self._named, *self.local.servers))

    def _needs(self, id: str) -> str:
        parts = self._split(id)
        bare = (name for name, row in _KEYED.items() if row.bare_prefix and parts.name.startswith(row.bare_prefix))
        row = PROVIDERS[parts.prefix or _GENERAL]
        key = row.key_variable if parts.prefix else PROVIDERS[next(bare, _GENERAL)].key_variable
        return f"{id} needs {key}, or {row.url_variables[0]} for another endpoint."


def is_demo(id: str) -> bool:
    """Return whether a model's id means the demo."""
    return _split(sanitize_line(id), PROVIDERS).prefix == DEMO


def _split(id: str, prefixes: Collection[str]) -> _ModelId:
    """Split a model's id into its prefix, where it has one, and its name; `demo` is both."""
    return _ModelId(DEMO, DEMO) if id == DEMO else _ModelId(*providers.parse_model(id, prefixes))


T = TypeVar("T")


def _first_of(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def _own_host(provider: str) -> str:
    """Return the host that answers where no base URL is given."""
    url = PROVIDERS[provider].default_base_url
    return parse_base_url(url).host if url else ""


def _named_endpoints(config: Config) -> dict[str, NamedEndpoint]:
    """Return the endpoints of `config.toml`, and the well-known ones whose key is there. Raises `ConfigError` for one
    that has a provider's name."""
    own = dict(config.settings.endpoints)
    if taken := [name for name in own if name in PROVIDERS]:
        raise ConfigError(f"[endpoints.{taken[0]}] has the name of a provider: call it something else.")
    for name, known in WELL_KNOWN.items():
        if name not in own and config.find(known.key_variable):
            own[name] = NamedEndpoint(known.base_url, key_env=known.key_variable)
    return own


def _local_servers(config: Config, named: Mapping[str, NamedEndpoint]) -> LocalServers:
    """Return the model servers of this machine that are not configured as something else."""
    settings = (config.find(*row.url_variables) for row in PROVIDERS.values())
    written = [*(setting.value for setting in settings if setting), *(one.base_url for one in named.values())]
    urls = []
    for text in written:
        with suppress(ConfigError):
            urls.append(parse_base_url(text))
    host = config.find(OLLAMA_HOST)
    return LocalServers(host.value if host else None, named, urls)


def _described(config: Config, name: str, table: NamedEndpoint) -> Endpoint:
    """Return the endpoint that a table describes, with the key that its own table names, or none."""
    key = config.find(table.key_env) if table.key_env else None
    try:
        url = parse_base_url(table.base_url)
    except ConfigError as error:
        raise ConfigError(f"[endpoints.{name}]: {error}") from None
    return Endpoint(
        _PROVIDER_OF[table.api],
        url,
        Secret(key.value, f"{table.key_env} from {key.source}") if key else None,
        name=name,
        api=table.api,
        fetch_key=fetcher(name, table),
        key_variable=table.key_env or "",
        key_header=table.key_header,
        headers=table.headers,
        query=table.query,
        body=table.body,
        stream=table.stream,
        models=table.models,
    )


class _Prefilling:
    """What is known about endpoints, and on top the user's own word that they go on writing a prefilled text."""

    def __init__(self, memory: QuirkStore) -> None:
        self._memory = memory
        self.learn = memory.learn
        self.forget = memory.forget

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._memory.quirks(endpoint, model) | {"prefill"}
