"""What the settings are, and what every source said of them.

Nothing here is put into the process's environment and nothing is read from it but through `Config.read`, so a
`.env` of a foreign folder can set the names listed here and no others.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, get_args

from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import EFFORTS
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.chat.statistics import Price
from streamtui.providers import PROVIDERS
from streamtui.settings.endpoints import (
    WELL_KNOWN,
    ModelSettings,
    NamedEndpoint,
    read_endpoints,
    read_models,
)
from streamtui.settings.files import read_env, read_text
from streamtui.settings.local_servers import OLLAMA_HOST
from streamtui.settings.paths import Paths, expanded
from streamtui.settings.sources import Layers, Setting, Source, first, present

ENV_NAMES: Final = (
    "CHAT_MODEL",
    OLLAMA_HOST,
    *(name for row in PROVIDERS.values() for name in (row.key_variable, *row.url_variables) if name),
    *(endpoint.key_variable for endpoint in WELL_KNOWN.values()),
)
"""All that is taken from any `.env` file."""
_ANTHROPIC: Final = "anthropic:"
"""How the name of a model begins for which `--base-url` is Anthropic's."""

Check = Callable[[Any], str | None]
"""Returns what a value should have been instead, `None` where it is good."""


def setting(help: str, default: Any, check: Check = lambda value: None) -> Any:
    """A field of `Settings`: `help` feeds `--help`, the config file's messages and the page of settings."""
    return field(default=default, metadata={"help": help, "check": check})


def table(help: str, read: Callable[[Any], Any]) -> Any:
    """A field of `Settings` that is a table; `read` returns its value or raises `ConfigError`."""
    return field(default_factory=dict, metadata={"help": help, "read": read})


def help_of(name: str) -> str:
    """Return what a setting is for."""
    return str(next(one.metadata["help"] for one in fields(Settings) if one.name == name))


def one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else " or ".join(choices)


def at_least(least: float) -> Check:
    return lambda value: None if least <= value < float("inf") else f"a number of {least} or more"


def between(least: float, most: float) -> Check:
    return lambda value: None if least <= value <= most else f"a number from {least} to {most}"


def _read_prices(value: Any) -> dict[str, Price]:
    try:
        prices = {sanitize(model): Price(**values) for model, values in value.items()}
    except (AttributeError, TypeError):
        prices = {"": Price(input=-1)}
    numbers = [number for price in prices.values() for number in (price.input, price.output, price.context)]
    if not all(n is None or (type(n) in (int, float) and 0 <= n < float("inf")) for n in numbers):
        raise ConfigError('[prices."MODEL"] takes input, output and context, all numbers.')
    return prices


def _read_keys(value: Any) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {}
    for name, written in value.items() if isinstance(value, Mapping) else [("", value)]:
        names = [written] if isinstance(written, str) else written
        if not isinstance(names, list) or not all(isinstance(one, str) and one for one in names):
            raise ConfigError('[keys] takes keys by name: find = "ctrl+b", or ["ctrl+b", "f6"], or "none".')
        keys[sanitize_line(name)] = tuple(sanitize_line(one) for one in names if one != "none")
    return keys


@dataclass(frozen=True, slots=True)
class Settings:
    """What `config.toml` may say; options of the command line replace it. Times are seconds."""

    model: str | None = setting("the model to ask, as NAME, PROVIDER:NAME or ENDPOINT:NAME", None)
    base_url: str | None = setting("OpenAI-compatible endpoint, such as http://localhost:11434/v1", None)
    temperature: float | None = setting("sampling temperature, 0 to 2", None, between(0, 2))
    max_tokens: int | None = setting("longest reply, in tokens", None, at_least(1))
    effort: str | None = setting("how hard a model thinks, " + ", ".join(EFFORTS), None, one_of(*EFFORTS))
    system: str | None = setting("the system message, pinned first", None)
    theme: str = setting("colour theme of the app", "textual-dark")
    pace: str = setting("smooth shows text evenly, like a typewriter", "off", one_of("off", "smooth"))
    find_servers: bool = setting("whether model servers of this machine are looked for", True)
    calm: bool = setting("calm mode: lines that are only ever added to, for screen readers; ACCESSIBLE=1 too", False)
    last_word: str = setting(
        "what stays on the terminal after leaving: nothing, how to resume, or the last reply too",
        "resume",
        one_of("nothing", "resume", "reply"),
    )
    titles: str = setting(
        "who gives a conversation its title: its first prompt, or the model after its first reply",
        "prompt",
        one_of("prompt", "model"),
    )
    compact: str = setting(
        "whether a conversation that nearly fills the model's context is summed up: after asking, by itself, or never",
        "offer",
        one_of("offer", "auto", "never"),
    )
    sidebar: str = setting("on shows the conversations beside the one in view", "off", one_of("on", "off"))
    notify: str = setting(
        "how a reply that ends unseen is told: bell, osc9 or osc777 (desktop notifications), off",
        "bell",
        one_of("bell", "osc9", "osc777", "off"),
    )
    reconnects: int = setting("how often a reply that broke off is continued without being asked", 0, at_least(0))
    retries: int = setting("how often a request that brought nothing is sent again", 4, at_least(0))
    connect_timeout: float = setting("patience for the connection", 10.0, at_least(0))
    first_byte_timeout: float = setting(
        "patience for the first byte: reasoning models may think for minutes", 300.0, at_least(0)
    )
    content_timeout: float = setting("patience between two pieces of content", 300.0, at_least(0))
    prefill: bool = setting("whether the endpoint goes on writing an unfinished assistant message", False)
    upstream_streams: int = setting("how many replies `serve` asks for at once", 4, at_least(1))
    prices: Mapping[str, Price] = table(
        '[prices."MODEL"] with input, output (per million tokens), context', _read_prices
    )
    endpoints: Mapping[str, NamedEndpoint] = table(
        "[endpoints.NAME] with base_url and more, asked as NAME:MODEL", read_endpoints
    )
    keys: Mapping[str, tuple[str, ...]] = table(
        '[keys] with a key, several, or none by the name of what it does: find = "ctrl+b"', _read_keys
    )
    models: Mapping[str, ModelSettings] = table(
        '[models."ID"] with what holds for one model: temperature, max_tokens, effort, system, prices', read_models
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All that the sources say, and what is to be warned about."""

    settings: Settings
    paths: Paths
    layers: Layers = field(repr=False)
    warnings: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where the variables are looked up that named endpoints have their keys in."""

    @classmethod
    def read(
        cls,
        paths: Paths,
        environment: Mapping[str, str],
        *,
        env_file: str | None = None,
        options: Mapping[str, Any] | None = None,
        folder: Path | None = None,
    ) -> "Config":
        """Read all sources. `options` are the settings given on the command line, `folder` the one whose `.env`
        counts (by default the working directory). Raises `ConfigError`."""
        warnings: list[str] = []
        options = options or {}
        written = _read_settings(paths.settings)
        own_names = (*ENV_NAMES, *(name for one in written.endpoints.values() if (name := one.key_env)))
        layers = {
            Source.OPTION: present({"CHAT_MODEL": options.get("model")}),
            Source.ENVIRONMENT: present({name: environment.get(name) for name in own_names}),
            Source.CONFIG: present({"CHAT_MODEL": written.model, "OPENAI_BASE_URL": written.base_url})
            | read_env(paths.env, own_names, warnings),
            Source.ENV_FILE: read_env(expanded(env_file), ENV_NAMES, warnings, required=True) if env_file else {},
            Source.DOT_ENV: read_env((folder or Path()) / ".env", ENV_NAMES, warnings),
        }
        named = first(layers, "CHAT_MODEL")
        is_claude = named is not None and named.value.startswith(_ANTHROPIC)
        url = {"ANTHROPIC_BASE_URL" if is_claude else "OPENAI_BASE_URL": options.get("base_url")}
        layers[Source.OPTION] |= present(url)
        names = {one.name for one in fields(Settings)}
        given = {name: value for name, value in options.items() if name in names and value is not None}
        return cls(replace(written, **given), paths, layers, tuple(warnings), dict(environment))

    def find(self, *names: str, only: Source | None = None) -> Setting | None:
        """Return the first value, source by source in order of precedence, name by name within a source."""
        layers = self.layers if only is None else {only: self.layers.get(only, {})}
        return first(layers, *names)

    @property
    def base_url(self) -> Setting | None:
        return self.find("OPENAI_BASE_URL", "OPENAI_API_BASE")

    @property
    def model(self) -> Setting | None:
        """The model that was asked for, `None` where nobody named one."""
        return self.find("CHAT_MODEL")

    def key_for(self, base_url: Setting | None, name: str) -> Setting | None:
        """Return the key that may go to an endpoint: a base URL from a `.env` only ever gets a key from that file."""
        if base_url is None or base_url.source.is_own_word:
            return self.find(name)
        return self.find(name, only=base_url.source)

    def withheld_key(self, base_url: Setting | None, name: str) -> Setting | None:
        """Return the key that there is, but that may not go to this endpoint; `None` where one may or there is none."""
        return None if self.key_for(base_url, name) is not None else self.find(name)


def _read_settings(path: Path) -> Settings:
    file = sanitize_line(str(path))
    try:
        written = tomllib.loads(read_text(path, required=False) or "")
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply.") from None
    except ValueError as error:  # not only TOMLDecodeError: a number of 5,000 digits raises its base
        raise ConfigError(f"{file}: {error}.") from None
    known = {one.name: one for one in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in written.items():
        if name not in known:
            raise ConfigError(f"{file}: there is no setting `{sanitize_line(name, 60)}`.")
        try:
            values[name] = _checked(name, known[name].type, value, known[name].metadata)
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from None
    return Settings(**values)


_IN_WORDS: Final = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _checked(name: str, wanted: Any, value: Any, metadata: Mapping[str, Any]) -> Any:
    """Return `value` as it is kept, if it is what the setting takes. Raises `ConfigError`."""
    if "read" in metadata:
        return metadata["read"](value)
    types = get_args(wanted) or (wanted,)
    if float in types and type(value) is int:
        value = float(value)
    if type(value) not in types:
        expected = " or ".join(_IN_WORDS[kind] for kind in types if kind in _IN_WORDS)
        raise ConfigError(f"`{name}` must be {expected}, not {sanitize_line(repr(value), 60)}.")
    if (expected := metadata["check"](value)) is not None:
        raise ConfigError(f"`{name}` is {expected}, not {sanitize_line(str(value), 60)}.")
    return sanitize(value) if isinstance(value, str) else value
