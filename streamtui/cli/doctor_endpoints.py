"""What `doctor` finds at each endpoint: where its key comes from, and whether it lists its models."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from streamtui.chat.errors import ConfigError, PlaintextKeyError, ProviderError, StreamtuiError
from streamtui.chat.ports import Model, Provider
from streamtui.cli.context import Context
from streamtui.providers import PROVIDERS, Endpoint
from streamtui.providers.lazy import LazyProvider, UnreachableProvider, no_model_error
from streamtui.providers.redaction import Secret, redact
from streamtui.settings.config import Config
from streamtui.settings.configured import DEMO
from streamtui.settings.endpoints import WELL_KNOWN
from streamtui.settings.models import SettingsCatalog

PING_S: Final = 5.0
"""How long an endpoint may take to list its models."""
_LISTS_NONE: Final = (404, 405, 501)
"""What an endpoint answers that has no list of models."""


@dataclass(frozen=True, slots=True)
class EndpointFindings:
    """One endpoint, and how it answered."""

    name: str
    host: str
    url: str | None
    url_from: str | None
    """What gave the base URL; `None` where it is the provider's own."""
    key_from: str | None
    """What gave the key; `None` where none is sent."""
    withheld: str | None
    is_default: bool
    """Whether it answers where no model is named."""
    models: int | None = None
    """How many it lists; `None` where it did not."""
    answered_s: float | None = None
    error: str | None = None

    def wire(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "host": self.host,
            "url": self.url,
            "url_from": self.url_from,
            "key_from": self.key_from,
            "withheld": self.withheld,
            "default": self.is_default,
            "models": self.models,
            "answered_s": self.answered_s,
            "error": self.error,
        }

    def lines(self) -> list[str]:
        mark = " (default)" if self.is_default else ""
        address = f"{self.url or self.host}{f' from {self.url_from}' if self.url_from else ''}"
        lines = [f"{self.name}{mark}: {address}; key: {self.key_from or 'none'}", *filter(None, [self.withheld])]
        if self.error is not None:
            return [*lines, f"  {self.error}"]
        count = f"{self.models} model" if self.models == 1 else f"{self.models} models"
        return [*lines, f"  {count}" + (f", listed in {self.answered_s:.2f} s" if self.answered_s is not None else "")]


@dataclass(frozen=True, slots=True)
class _Answer:
    """How an endpoint answered a request for its models."""

    models: int | None = None
    answered_s: float | None = None
    error: str | None = None


async def ping_all(catalog: SettingsCatalog, context: Context) -> tuple[EndpointFindings, ...]:
    """Ask all configured endpoints for their models, at the same time. Only keys that may go to an endpoint are sent,
    and none in the clear to another machine."""
    await catalog.look()
    default = _default_prefix(catalog)
    return tuple(
        await asyncio.gather(
            *(
                _ping(catalog, context.config, prefix, prefix == default, context.secrets)
                for prefix in _prefixes(catalog, default, demo=context.shared.demo)
            )
        )
    )


def _prefixes(catalog: SettingsCatalog, default: str | None, *, demo: bool) -> list[str]:
    """Return the prefixes of the endpoints to ask: those that are configured, and the demo where it is wanted."""
    if demo:
        return [DEMO]
    return [*([DEMO] if default == DEMO and catalog.endpoints.is_configured else []), *catalog.endpoints.reachable]


def _default_prefix(catalog: SettingsCatalog) -> str | None:
    with suppress(ConfigError):
        return catalog.model().provider.name
    return None


async def _ping(
    catalog: SettingsCatalog, config: Config, prefix: str, is_default: bool, secrets: Iterable[Secret]
) -> EndpointFindings:
    provider = catalog.saved(DEMO if prefix == DEMO else f"{prefix}:any").provider
    match provider:
        case LazyProvider(endpoint=endpoint):
            answer = await _asked(catalog, provider)
            return EndpointFindings(
                prefix,
                endpoint.host,
                endpoint.url.url if endpoint.url else None,
                _url_origin(config, endpoint),
                _key_origin(config, endpoint),
                endpoint.withheld,
                is_default,
                answer.models,
                answer.answered_s,
                redact(answer.error, list(secrets)) if answer.error else None,
            )
        case UnreachableProvider(reason=reason):
            return EndpointFindings(prefix, provider.host, None, None, None, None, is_default, error=str(reason))
        case _:
            raise TypeError(type(provider).__name__)


async def _asked(catalog: SettingsCatalog, provider: LazyProvider) -> _Answer:
    if host := catalog.exposed_host(Model(provider, "")):
        return _Answer(error=str(PlaintextKeyError(host)))
    try:
        loaded = await provider.load()  # a key command may ask the user something: no time limit of ours
        begin = time.monotonic()
        async with asyncio.timeout(PING_S):
            models = await _list_models(loaded, provider.endpoint)
    except TimeoutError:
        return _Answer(error=f"{provider.host} did not list its models within {PING_S:.0f} s.")
    except StreamtuiError as error:
        return _Answer(error=str(error))
    if not models:
        return _Answer(error=str(no_model_error(provider.host)))
    return _Answer(len(models), round(time.monotonic() - begin, 3))


async def _list_models(provider: Provider, endpoint: Endpoint) -> list[str]:
    """Return the models on offer; those of the settings where the endpoint answers that it lists none."""
    try:
        listed = await provider.models()
    except ProviderError as error:
        if not endpoint.models or error.status not in _LISTS_NONE:
            raise
        listed = []
    return listed or list(endpoint.models)


def _url_origin(config: Config, endpoint: Endpoint) -> str | None:
    if endpoint.name in config.settings.endpoints:
        return "config.toml"
    if endpoint.name:
        return None if endpoint.name in WELL_KNOWN else "what runs on this machine"
    setting = config.find(*PROVIDERS[endpoint.provider].url_variables)
    return str(setting.source) if setting else None


def _key_origin(config: Config, endpoint: Endpoint) -> str | None:
    """Return what the key comes from, by name."""
    if endpoint.fetch_key is not None:
        has_command = config.settings.endpoints[endpoint.name].key_command is not None
        return "key_command" if has_command else "the keyring"
    if endpoint.key is None:
        return None
    base_url = None if endpoint.name else config.find(*PROVIDERS[endpoint.provider].url_variables)
    setting = config.key_for(base_url, endpoint.key_variable)
    return f"{endpoint.key_variable} from {setting.source}" if setting else None
