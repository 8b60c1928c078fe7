"""The registry of providers. Importing it imports no SDK; a provider is one file and one row here."""

import importlib
import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from streamtui.chat.errors import ConfigError, ProviderError
from streamtui.chat.ports import Deadlines, InMemoryQuirks, ManagedProvider, QuirkStore
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.http.base_url import BaseUrl, parse_base_url
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.redaction import Secret, redact

__all__ = [
    "PROVIDERS",
    "BaseUrl",
    "Endpoint",
    "ProviderRow",
    "SSELimits",
    "Secret",
    "create",
    "create_at",
    "parse_base_url",
    "parse_model",
    "preload",
    "redact",
]


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """How to find a provider, and what the settings need to know of it.

    Its module has `create`, called with all that `create_at` below takes.
    """

    module: str
    default_base_url: str | None
    """`None` for one that needs no network."""
    key_variable: str | None = None
    url_variables: tuple[str, ...] = ()
    bare_prefix: str | None = None
    """How model names begin that mean this provider without saying so, where its key is there."""
    default_model: str | None = None
    """Who answers at the provider's own host where no model is named; without one, the first on offer there."""
    sdk: str | None = None
    """The package that must be importable."""
    extra: str | None = None
    """The extra of ours that installs it, where it isn't a core dependency."""


PROVIDERS: Final[dict[str, ProviderRow]] = {
    "openai": ProviderRow(
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        default_model="gpt-4o-mini",
        sdk="openai",
    ),
    "anthropic": ProviderRow(
        "anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        ("ANTHROPIC_BASE_URL",),
        bare_prefix="claude-",
        sdk="anthropic",
        extra="anthropic",
    ),
    "demo": ProviderRow("demo", None),
}
"""In the order in which they are asked where several could be; the first one speaks for any other endpoint."""


def parse_model(text: str, names: Collection[str] = PROVIDERS.keys()) -> tuple[str | None, str]:
    """Split `PREFIX:NAME` where PREFIX is one of `names`; anything else is a name, as `llama3.2:3b` is."""
    prefix, colon, name = text.partition(":")
    return (prefix, name) if colon and prefix in names else (None, text)


def preload(name: str) -> None:
    """Import what the provider needs, which may take half a second; meant to be called in a thread.

    Raises `ProviderError` where an optional package is missing.
    """
    module = _load(name)
    if _row(name).sdk:
        module.preload()


def create(
    name: str,
    *,
    base_url: str | None = None,
    api_key: Secret | str | None = None,
    deadlines: Deadlines | None = None,
    memory: QuirkStore | None = None,
    limits: SSELimits | None = None,
) -> ManagedProvider:
    """Make a provider; this connects to nothing. Empty `base_url` and `api_key` count as none.

    The SDK is imported at the first request, in a thread: that may take half a second. Raises `ConfigError` for an
    unusable URL or key, `ProviderError` for a missing optional package.
    """
    key = Secret(api_key, _row(name).key_variable or "The API key") if isinstance(api_key, str) and api_key else api_key
    url = base_url or _row(name).default_base_url
    endpoint = Endpoint(name, parse_base_url(url) if url else None, key or None)
    if _row(name).sdk is None:
        return create_at(endpoint, deadlines=deadlines, memory=memory, limits=limits)
    from streamtui.providers.lazy import LazyProvider

    _require(name)
    return LazyProvider(endpoint, deadlines or Deadlines(), memory or InMemoryQuirks(), limits=limits)


def create_at(
    endpoint: Endpoint,
    *,
    deadlines: Deadlines | None = None,
    memory: QuirkStore | None = None,
    limits: SSELimits | None = None,
) -> ManagedProvider:
    """Make the provider that speaks an endpoint's API; like `create`, but imports the SDK where `preload` hasn't."""
    provider: ManagedProvider = _load(endpoint.provider).create(
        endpoint, deadlines=deadlines or Deadlines(), memory=memory or InMemoryQuirks(), limits=limits or SSELimits()
    )
    return provider


def _load(name: str) -> ModuleType:
    _require(name)
    row = _row(name)
    return importlib.import_module(f"{__name__}.{row.module}")


def _require(name: str) -> None:
    """Raise `ProviderError` where the provider's package is missing."""
    row = _row(name)
    if row.sdk and importlib.util.find_spec(row.sdk) is None:
        raise ProviderError("missing_extra", f"For {name} models: pip install 'streamtui[{row.extra or name}]'.")


def _row(name: str) -> ProviderRow:
    try:
        return PROVIDERS[name]
    except KeyError:
        raise ConfigError(f"There is no provider {name}. Known: {', '.join(PROVIDERS)}.") from None
