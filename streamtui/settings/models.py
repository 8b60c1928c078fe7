"""Which endpoint and model answer: the settings' words turned into providers, each with the key that may go there."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Final

from streamtui import providers
from streamtui.chat.errors import ConfigError, ProviderError, StreamtuiError
from streamtui.chat.events import ProviderEvent, TextDelta
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, Model, Provider, QuirkStore
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.http.base_url import BaseUrl, parse_base_url
from streamtui.providers.redaction import Secret
from streamtui.settings.config import Config, Setting, Source

DEFAULT_MODEL: Final = "gpt-4o-mini"
DEMO: Final = "demo"
NOTHING_CONFIGURED: Final = (
    "No model is configured: set OPENAI_API_KEY or ANTHROPIC_API_KEY "
    "(or OPENAI_BASE_URL for another endpoint, and CHAT_MODEL), or try --demo."
)
EXPOSED: Final = "The key would travel in the clear to {host}: use https, or allow it: --insecure-http."
_INSECURE: Final = "allow:insecure-http"
_CLAUDE: Final = "claude-"
_IN_THE_WAY_OF_ANY_MODEL: Final = frozenset({"connect", "redirect", "missing_extra"})
"""Kinds of failure that a model's name would not help against."""
_URL_VARIABLES: Final = tuple(name for row in providers.PROVIDERS.values() for name in row.url_variables)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider's base URL and the key that came with it or may go there."""

    provider: str
    url: BaseUrl | None
    key: Secret | None

    @property
    def host(self) -> str:
        return self.url.host if self.url else "offline"

    @property
    def is_exposed(self) -> bool:
        """Whether the key would travel in the clear."""
        return self.key is not None and self.url is not None and self.url.scheme == "http" and not self.url.is_loopback


class LazyProvider:
    """A provider whose SDK is not imported before it is needed: it has a name and a host at once."""

    def __init__(self, endpoint: Endpoint, deadlines: Deadlines, memory: QuirkStore) -> None:
        self._endpoint = endpoint
        self._deadlines = deadlines
        self._memory = memory
        self._loading = asyncio.Lock()
        self._provider: Provider | None = None

    @property
    def name(self) -> str:
        return self._endpoint.provider

    @property
    def host(self) -> str:
        return self._endpoint.host

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        provider = await self.load()
        if not request.model:
            request = replace(request, model=await first_model(provider))
        async with aclosing(provider.stream(request)) as stream:
            async for event in stream:
                yield event

    def can_prefill(self, model: str) -> bool:
        return self._provider is not None and self._provider.can_prefill(model)

    async def models(self) -> list[str]:
        return await (await self.load()).models()

    async def aclose(self) -> None:
        if self._provider is not None:
            await self._provider.aclose()

    async def load(self) -> Provider:
        """Import the SDK, in a thread, and make the real provider; once."""
        async with self._loading:
            if self._provider is None:
                await asyncio.to_thread(providers.preload, self.name)
                self._provider = providers.create(
                    self.name,
                    base_url=self._endpoint.url.url if self._endpoint.url else None,
                    api_key=self._endpoint.key,
                    deadlines=self._deadlines,
                    memory=self._memory,
                )
            return self._provider


async def first_model(provider: Provider) -> str:
    """Return the first model on offer. Raises `ProviderError`."""
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
    if not names:
        raise ProviderError("not_found", f"{provider.host} offers no model: name one with -m or CHAT_MODEL.")
    return names[0]


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


class SettingsCatalog:
    """`chat.ports.Catalog` over a `Config`. Owns the providers it makes; close it with `aclose`."""

    def __init__(self, config: Config, memory: QuirkStore, *, demo: bool = False, insecure_http: bool = False) -> None:
        self._config = config
        self._memory = memory
        self._demo = demo
        self._insecure_http = insecure_http
        self._providers: dict[str, LazyProvider] = {}
        self._first: dict[str, str] = {}
        """The first model on offer, by provider, where that was asked for."""

    @property
    def is_configured(self) -> bool:
        """Whether anything but the demo can answer."""
        named = self._config.model
        prefix = _split(named.value)[0] if named else None
        found = self._config.base_url, self._found_key("openai"), self._found_key("anthropic")
        return any(found) or prefix == DEMO or (prefix is not None and self._base_url(prefix) is not None)

    @property
    def lacks(self) -> str:
        """What has to be set before anything but the demo can answer, in one line."""
        named = self._config.model
        return _needs(sanitize_line(named.value)) if named else NOTHING_CONFIGURED

    @property
    def secrets(self) -> list[Secret]:
        """All keys that were found, for redaction. One that is none is never used, and said once it would be."""
        found: list[Secret] = []
        for name in providers.PROVIDERS:
            with suppress(ConfigError):
                found += filter(None, [self._key(name)])
        return found

    def model(self, id: str | None = None) -> Model:
        if id is None:
            return self._default()
        id = sanitize_line(id)
        prefix, name = _split(id)
        if not name:
            raise ConfigError(f"{id or 'An empty name'} names no model: -m NAME, or PROVIDER:NAME.")
        if prefix is None:
            prefix = self._provider_of(name)
        row = providers.PROVIDERS[prefix]
        if row.key_variable and self._base_url(prefix) is None and self._found_key(prefix) is None:
            raise ConfigError(_needs(id))
        return Model(self._provider(prefix), name)

    def saved(self, id: str) -> Model:
        if not _split(id)[1]:
            return self._default()
        try:
            return self.model(id)
        except ConfigError as error:
            return Model(UnreachableProvider(_split(id)[0] or "openai", error), _split(id)[1])

    async def resolve(self, model: Model) -> Model:
        match model.provider:
            case LazyProvider() as provider:
                await provider.load()
            case UnreachableProvider() as provider:
                raise provider.reason
        if model.name:
            return model
        with suppress(ProviderError):  # asking it finds the same out again, and tries again, and says so
            self._first[model.provider.name] = await first_model(model.provider)
        return replace(model, name=self._first.get(model.provider.name, ""))

    async def available(self, missed: Callable[[StreamtuiError], object] = lambda error: None) -> list[str]:
        """As the port has it; `missed` hears why a provider's models are not among those of the others."""
        asked: list[LazyProvider] = []
        failures: list[StreamtuiError] = []
        for provider in map(self._provider, self._configured_providers()):
            if host := self.exposed_host(Model(provider, "")):
                failures.append(ConfigError(EXPOSED.format(host=host)))
            else:
                asked.append(provider)
        answers = await asyncio.gather(*(provider.models() for provider in asked), return_exceptions=True)
        found: list[str] = []
        for provider, answer in zip(asked, answers, strict=True):
            if isinstance(answer, StreamtuiError):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += [Model(provider, model).id for model in answer]
        if failures and not found:
            raise failures[0]
        for failure in failures:
            missed(failure)
        return found

    def exposed_host(self, model: Model) -> str | None:
        endpoint = self._endpoint(model.provider.name)
        if not endpoint.is_exposed or self._insecure_http:
            return None
        return None if _INSECURE in self._memory.quirks(endpoint.host, "") else endpoint.host

    def refuse_ignored_url(self, model: Model) -> None:
        """Raise `ConfigError` where the command line has a base URL, but for another provider than the model's."""
        row = providers.PROVIDERS[model.provider.name]
        given = self._config.find(*_URL_VARIABLES, only=Source.OPTION)
        used = self._config.find(*row.url_variables, only=Source.OPTION)
        if given is not None and used is None and row.url_variables:
            raise ConfigError(f"--base-url is not for {model.id} here: set {row.url_variables[0]} instead.")

    def allow_exposed(self, host: str) -> None:
        self._memory.learn(host, "", _INSECURE)

    def preload(self) -> None:
        providers.preload(self._default().provider.name)

    async def aclose(self) -> None:
        for provider in self._providers.values():
            await provider.aclose()

    def _default(self) -> Model:
        if self._demo or not self.is_configured:
            return Model(self._provider(DEMO), DEMO)
        if named := self._config.model:
            return self.model(named.value)
        if self._config.base_url is None and self._found_key("openai") is None:
            return self._offered("anthropic")
        if self._endpoint("openai").host == _own_host("openai"):
            return Model(self._provider("openai"), DEFAULT_MODEL)
        return self._offered("openai")

    def _offered(self, provider: str) -> Model:
        """Return the provider's first model, its name empty as long as nobody has asked for it."""
        return Model(self._provider(provider), self._first.get(provider, ""))

    def _provider_of(self, name: str) -> str:
        """Return who answers to a bare model name."""
        is_claude = name.startswith(_CLAUDE) and self._config.base_url is None
        return "anthropic" if is_claude and self._found_key("anthropic") is not None else "openai"

    def _configured_providers(self) -> list[str]:
        if self._demo or not self.is_configured:
            return [DEMO]
        openai = ["openai"] if self._config.base_url or self._found_key("openai") else []
        return openai + (["anthropic"] if self._found_key("anthropic") else []) or [DEMO]

    def _provider(self, name: str) -> LazyProvider:
        if name not in self._providers:
            settings = self._config.settings
            deadlines = Deadlines(settings.connect_timeout, settings.first_byte_timeout, settings.content_timeout)
            memory = _Prefilling(self._memory) if settings.prefill else self._memory
            self._providers[name] = LazyProvider(self._endpoint(name), deadlines, memory)
        return self._providers[name]

    def _endpoint(self, name: str) -> Endpoint:
        row = providers.PROVIDERS[name]
        said = self._base_url(name)
        url = said.value if said else row.default_base_url
        return Endpoint(name, parse_base_url(url) if url else None, self._key(name))

    def _base_url(self, name: str) -> Setting | None:
        return self._config.find(*providers.PROVIDERS[name].url_variables)

    def _key(self, name: str) -> Secret | None:
        """Return the key that may go to the provider's endpoint. Raises `ConfigError` for one that can't be one."""
        found = self._found_key(name)
        return Secret(found.value, f"{providers.PROVIDERS[name].key_variable} from {found.source}") if found else None

    def _found_key(self, name: str) -> Setting | None:
        row = providers.PROVIDERS.get(name)
        if row is None or row.key_variable is None:
            return None
        return self._config.key_for(self._base_url(name), row.key_variable)


def is_demo(id: str) -> bool:
    """Return whether a model's id means the demo."""
    return _split(sanitize_line(id))[0] == DEMO


def _needs(id: str) -> str:
    prefix, name = _split(id)
    row = providers.PROVIDERS[prefix or "openai"]
    key = "ANTHROPIC_API_KEY" if prefix is None and name.startswith(_CLAUDE) else row.key_variable
    return f"{id} needs {key}, or {row.url_variables[0]} for another endpoint."


def _own_host(provider: str) -> str:
    """Return the host that answers where no base URL is given."""
    url = providers.PROVIDERS[provider].default_base_url
    return parse_base_url(url).host if url else ""


def _split(id: str) -> tuple[str | None, str]:
    """Split a model's id into its provider, where it names one, and its name; `demo` is both."""
    return (DEMO, DEMO) if id == DEMO else providers.parse_model(id)


class _Prefilling:
    """What is known about endpoints, and on top the reader's own word that they go on writing a prefilled text."""

    def __init__(self, memory: QuirkStore) -> None:
        self._memory = memory
        self.learn = memory.learn
        self.forget = memory.forget

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._memory.quirks(endpoint, model) | {"prefill"}
