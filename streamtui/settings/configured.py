"""Which endpoints the settings name, where each leads, and the key that may go there."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, get_args

from streamtui import providers
from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import Model
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers import PROVIDERS, Endpoint, Secret, parse_base_url
from streamtui.settings.config import Config
from streamtui.settings.endpoints import WELL_KNOWN, Api, NamedEndpoint
from streamtui.settings.keys import fetcher
from streamtui.settings.local_servers import OLLAMA_HOST, LocalServers
from streamtui.settings.sources import Setting, Source

DEMO: Final = "demo"
GENERAL: Final = next(iter(PROVIDERS))
"""The provider that speaks for every endpoint that isn't another one's."""
_PROVIDER_OF: Final = {api: "anthropic" if api == "anthropic" else GENERAL for api in get_args(Api)}
_KEYED: Final = {name: row for name, row in PROVIDERS.items() if row.key_variable}
NOTHING_CONFIGURED: Final = (
    f"No model is configured: set {' or '.join(str(row.key_variable) for row in _KEYED.values())} "
    f"(or {PROVIDERS[GENERAL].url_variables[0]} for another endpoint, and CHAT_MODEL), "
    "name one of this machine as -m ollama:NAME, or try --demo."
)
_NO_KEY_BY_ITSELF: Final = (
    "No key is sent to a server that was found by itself: give it an [endpoints.NAME] table with its key."
)
_URL_VARIABLES: Final = tuple(name for row in PROVIDERS.values() for name in row.url_variables)


@dataclass(frozen=True, slots=True)
class ModelId:
    """A model's id, taken apart."""

    prefix: str | None
    name: str


class ConfiguredEndpoints:
    """The endpoints that a `Config` has, by the prefix of their models' ids. Nothing is asked of them here."""

    def __init__(self, config: Config) -> None:
        """Raises `ConfigError`."""
        self._config = config
        self._named = _named_endpoints(config)
        self.local = _local_servers(config, self._named)
        """The model servers of this machine."""

    @property
    def is_configured(self) -> bool:
        """Whether anything but the demo can answer."""
        named = self._config.model
        prefix = self.split(named.value).prefix if named else None
        is_named = prefix in (DEMO, *self.local.servers) or (prefix is not None and bool(self._base_url(prefix)))
        return is_named or bool(self.reachable)

    @property
    def lacks(self) -> str:
        """What has to be set before anything but the demo can answer, in one line."""
        named = self._config.model
        return self.needs(sanitize_line(named.value)) if named else NOTHING_CONFIGURED

    @property
    def reachable(self) -> list[str]:
        """The prefixes of the endpoints that can be asked: those with a key, the user's own, and the general
        provider wherever its base URL leads."""
        general = [GENERAL] if self._base_url(GENERAL) or self._key(GENERAL) else []
        keyed = (name for name in _KEYED if name != GENERAL and self._key(name))
        return [*general, *keyed, *self._named, *(found.server.name for found in self.local.found)]

    @property
    def secrets(self) -> list[Secret]:
        """All keys that are there, and values of headers, for redaction. A key that is none is never used, and said
        once it would be."""
        keys: list[Secret] = []
        for prefix in (*PROVIDERS, *self._named):
            with suppress(ConfigError):
                endpoint = self.endpoint(prefix)
                keys += filter(None, [endpoint.key, *endpoint.secrets])
        return keys

    def split(self, id: str) -> ModelId:
        return _split(id, (*PROVIDERS, *self._named, *self.local.servers))

    def prefix_of(self, id: str) -> str:
        """Return the prefix of the endpoint that answers to a model's id."""
        parts = self.split(id)
        return parts.prefix or self._answering(parts.name)

    def lacks_key(self, id: str) -> bool:
        """Return whether the model is that of a provider whose key is wanted and is not there."""
        prefix = self.prefix_of(sanitize_line(id))
        return prefix in _KEYED and self._base_url(prefix) is None and self._key(prefix) is None

    def needs(self, id: str) -> str:
        """Return what has to be set before a model can be asked, in one line."""
        parts = self.split(id)
        bare = (name for name, row in _KEYED.items() if row.bare_prefix and parts.name.startswith(row.bare_prefix))
        row = PROVIDERS[parts.prefix or GENERAL]
        key = row.key_variable if parts.prefix else PROVIDERS[next(bare, GENERAL)].key_variable
        return f"{id} needs {key}, or {row.url_variables[0]} for another endpoint."

    def endpoint(self, prefix: str) -> Endpoint:
        """Return the endpoint of a prefix. Raises `ConfigError` for a URL or key that can't be one."""
        if prefix in self._named:
            return _described(self._config, prefix, self._named[prefix])
        if prefix in self.local.servers:
            return Endpoint(GENERAL, self.local.servers[prefix].url, name=prefix, withheld=_NO_KEY_BY_ITSELF)
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

    def default_model(self, prefix: str) -> str | None:
        """Return who answers at a provider's own host where no model is named."""
        row = PROVIDERS.get(prefix)
        return row.default_model if row is not None and self.endpoint(prefix).host == _own_host(prefix) else None

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

    def _answering(self, name: str) -> str:
        """Return who answers to a bare model name."""
        if self._base_url(GENERAL) is not None:
            return GENERAL
        if self._key(GENERAL) is None and (found := self.local.with_model(name)) is not None:
            return found.server.name
        own = (prefix for prefix, row in _KEYED.items() if row.bare_prefix and name.startswith(row.bare_prefix))
        return next((prefix for prefix in own if self._key(prefix) is not None), GENERAL)

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


def is_demo(id: str) -> bool:
    """Return whether a model's id means the demo."""
    return _split(sanitize_line(id), PROVIDERS).prefix == DEMO


def _split(id: str, prefixes: Collection[str]) -> ModelId:
    """Split a model's id into its prefix, where it has one, and its name; `demo` is both."""
    return ModelId(DEMO, DEMO) if id == DEMO else ModelId(*providers.parse_model(id, prefixes))


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
        withheld=f"No key was sent: {table.key_env} is not set." if table.key_env and key is None else None,
        key_header=table.key_header,
        headers=table.headers,
        query=table.query,
        body=table.body,
        stream=table.stream,
        models=table.models,
    )
