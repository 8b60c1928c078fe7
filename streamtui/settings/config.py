"""Settings, every path, and where each value came from.

Nothing here is put into the process's environment and nothing is read from it but through `Config.read`, so a
`.env` of a foreign folder can set the names listed here and no others.
"""

import math
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any, Final, get_args

import platformdirs

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.chat.statistics import Price

APP: Final = "streamtui"
ENV_NAMES: Final = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "CHAT_MODEL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
)
"""All that is taken from any `.env` file."""
_ANTHROPIC: Final = "anthropic:"
"""How the name of a model begins for which `--base-url` is Anthropic's."""
_LARGEST_FILE: Final = 256 * 1024
_LONG_GAP: Final = re.compile(r"[^\S\r\n]{100,}")
"""The parser's time grows with the square of white space within a value, and a `.env` may come from anywhere."""


class Source(StrEnum):
    """Where a value was found, in order of precedence."""

    OPTION = "the command line"
    ENVIRONMENT = "the environment"
    CONFIG = "the config folder"
    ENV_FILE = "--env-file"
    DOT_ENV = "./.env"

    @property
    def is_own_word(self) -> bool:
        """Whether only the user can have put the value there: a `.env` may have come with somebody's project."""
        return self in (Source.OPTION, Source.ENVIRONMENT, Source.CONFIG)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its source."""

    value: str = field(repr=False)
    source: Source


def setting(help: str, default: Any, *, choices: tuple[str, ...] = ()) -> Any:
    """A field of `Settings`: `help` feeds `--help` and the README's table."""
    return field(default=default, metadata={"help": help, "choices": choices})


def help_of(name: str) -> str:
    """Return what a setting is for."""
    return str(next(each.metadata["help"] for each in fields(Settings) if each.name == name))


@dataclass(frozen=True, slots=True)
class Settings:
    """What `config.toml` may say; options of the command line replace it. Times are seconds."""

    model: str | None = setting("the model to ask, as NAME or PROVIDER:NAME", None)
    base_url: str | None = setting("OpenAI-compatible endpoint, such as http://localhost:11434/v1", None)
    temperature: float | None = setting("sampling temperature, 0 to 2", None)
    max_tokens: int | None = setting("longest reply, in tokens", None)
    system: str | None = setting("the system message, pinned first", None)
    theme: str = setting("colour theme of the app", "textual-dark")
    pace: str = setting("smooth shows text evenly, like a typewriter", "off", choices=("off", "smooth"))
    reconnects: int = setting("how often a reply that broke off is continued without being asked", 0)
    retries: int = setting("how often a request that brought nothing is sent again", 4)
    connect_timeout: float = setting("patience for the connection", 10.0)
    first_byte_timeout: float = setting("patience for the first byte: reasoning models may think for minutes", 300.0)
    content_timeout: float = setting("patience between two pieces of content", 300.0)
    prefill: bool = setting("whether the endpoint goes on writing an unfinished assistant message", False)
    upstream_streams: int = setting("how many replies `serve` asks for at once", 4)
    prices: Mapping[str, Price] = field(
        default_factory=dict, metadata={"help": '[prices."MODEL"] with input, output (per million tokens), context'}
    )


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place on disk."""

    data: Path
    config: Path

    @property
    def settings(self) -> Path:
        return self.config / "config.toml"

    @property
    def env(self) -> Path:
        return self.config / ".env"

    @property
    def reports(self) -> Path:
        return self.data / "reports"


def paths(data_dir: str | None = None) -> Paths:
    """Return the places on disk, by the platform's custom; `data_dir` moves the data. Raises `ConfigError`."""
    data = _expanded(data_dir) if data_dir else Path(platformdirs.user_data_dir(APP, appauthor=False))
    try:
        data = data.absolute()
    except OSError as error:
        raise ConfigError(
            f"{sanitize_line(str(data))} is relative, and the working folder is gone ({error.strerror}): "
            "--data-dir takes a whole path too."
        ) from None
    return Paths(data, Path(platformdirs.user_config_dir(APP, appauthor=False)))


def _expanded(name: str) -> Path:
    """Return the path with `~` replaced; as a shell does, one whose user is unknown is taken literally."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


@dataclass(frozen=True, slots=True)
class Config:
    """All that was said, by whom, and what is to be warned about."""

    settings: Settings
    paths: Paths
    layers: Mapping[Source, Mapping[str, str]] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        places: Paths,
        environment: Mapping[str, str],
        *,
        env_file: str | None = None,
        options: Mapping[str, Any] | None = None,
        folder: Path | None = None,
    ) -> "Config":
        """Read all sources. `options` are the settings given on the command line, `folder` the one whose `.env`
        counts (by default the working directory). Raises `ConfigError`."""
        warnings: list[str] = []
        said = options or {}
        written = _settings(places.settings)
        layers = {
            Source.OPTION: _present({"CHAT_MODEL": said.get("model")}),
            Source.ENVIRONMENT: _present({name: environment.get(name) for name in ENV_NAMES}),
            Source.CONFIG: _config_layer(places, written, warnings),
            Source.ENV_FILE: _read_env(_expanded(env_file), warnings, required=True) if env_file else {},
            Source.DOT_ENV: _read_env((folder or Path()) / ".env", warnings),
        }
        named = _first(layers, "CHAT_MODEL")
        is_claude = named is not None and named.value.startswith(_ANTHROPIC)
        url = {"ANTHROPIC_BASE_URL" if is_claude else "OPENAI_BASE_URL": said.get("base_url")}
        layers[Source.OPTION] |= _present(url)
        names = {each.name for each in fields(Settings)}
        given = {name: value for name, value in said.items() if name in names and value is not None}
        return cls(replace(written, **given), places, layers, tuple(warnings))

    def find(self, *names: str, only: Source | None = None) -> Setting | None:
        """Return the first value, source by source in order of precedence, name by name within a source."""
        layers = self.layers if only is None else {only: self.layers.get(only, {})}
        return _first(layers, *names)

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


def _first(layers: Mapping[Source, Mapping[str, str]], *names: str) -> Setting | None:
    for source in Source:
        for name in names:
            if value := layers.get(source, {}).get(name):
                return Setting(value, source)
    return None


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values cleaned, without the empty ones."""
    cleaned = {name: sanitize(value).strip() for name, value in values.items() if value}
    return {name: value for name, value in cleaned.items() if value}


def _config_layer(places: Paths, settings: Settings, warnings: list[str]) -> dict[str, str]:
    """Return what the config folder says: its `.env`, and below that `config.toml`."""
    said = _present({"CHAT_MODEL": settings.model, "OPENAI_BASE_URL": settings.base_url})
    return said | _read_env(places.env, warnings)


def _read_env(path: Path, warnings: list[str], *, required: bool = False) -> dict[str, str]:
    """Return the known names in a `.env` file. A file that can't be used is an error where it was asked for by name,
    else a warning."""
    try:
        text = _read_text(path, required=required)
    except ConfigError as error:
        if required:
            raise
        warnings.append(f"{error} It is left out.")
        return {}
    if text is None:
        return {}
    from dotenv.parser import parse_stream  # a megabyte and 10 ms that those without such a file are spared

    values: dict[str, str | None] = {}
    for binding in parse_stream(StringIO(_LONG_GAP.sub(" ", text))):
        if binding.key in ENV_NAMES:
            values[binding.key] = binding.value
        elif binding.error and any(name in binding.original.string for name in ENV_NAMES):
            warnings.append(
                f"{sanitize_line(str(path))}: line {binding.original.line} is not NAME=value. It is left out."
            )
    known = _present(values)
    if any(name.endswith("_KEY") for name in known) and _is_readable_by_others(path):
        warnings.append(f"{sanitize_line(str(path))} holds a key and others can read it: chmod 600 it.")
    return known


def _read_text(path: Path, *, required: bool) -> str | None:
    """Return the text of a regular file, `None` for one that isn't there."""
    name = sanitize_line(str(path))
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(f"{name} is not a regular file.")
        data = path.read_bytes()
    except FileNotFoundError:
        if required:
            raise ConfigError(f"{name} does not exist.") from None
        return None
    except OSError as error:
        raise ConfigError(f"{name} can't be read: {error.strerror}.") from None
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{name} is too large to be a settings file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8 text.") from None


def _is_readable_by_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _settings(path: Path) -> Settings:
    text = _read_text(path, required=False)
    try:
        said = tomllib.loads(text or "")
    except RecursionError:
        raise ConfigError(f"{sanitize_line(str(path))} is nested too deeply.") from None
    except ValueError as error:  # not only TOMLDecodeError: a number of 5,000 digits raises its base
        raise ConfigError(f"{sanitize_line(str(path))}: {error}.") from None
    known = {each.name: each for each in fields(Settings)}
    for name in said:
        if name not in known:
            raise ConfigError(f"{sanitize_line(str(path))}: there is no setting `{sanitize_line(name, 60)}`.")
    return Settings(**{name: _checked(path, known[name].type, name, value) for name, value in said.items()})


_IN_WORDS: Final = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _checked(path: Path, wanted: Any, name: str, value: Any) -> Any:
    """Return `value` if it has the type that the setting wants."""
    if name == "prices":
        return _prices(path, value)
    types = get_args(wanted) or (wanted,)
    if float in types and type(value) is int:
        value = float(value)
    if type(value) not in types:
        expected = " or ".join(_IN_WORDS[t] for t in types if t in _IN_WORDS)
        raise ConfigError(
            f"{sanitize_line(str(path))}: `{name}` must be {expected}, not {sanitize_line(repr(value), 60)}."
        )
    if isinstance(value, float | int) and not _is_sane(name, value):
        raise ConfigError(f"{sanitize_line(str(path))}: `{name}` can't be {value}.")
    choices = next(each.metadata.get("choices") for each in fields(Settings) if each.name == name)
    if choices and value not in choices:
        raise ConfigError(
            f"{sanitize_line(str(path))}: `{name}` is {' or '.join(choices)}, not {sanitize_line(value, 60)}."
        )
    return sanitize(value) if isinstance(value, str) else value


def _is_sane(name: str, value: float) -> bool:
    if name == "temperature":
        return 0 <= value <= 2
    return math.isfinite(value) and value >= (1 if name in ("max_tokens", "upstream_streams") else 0)


def _prices(path: Path, table: Any) -> dict[str, Price]:
    try:
        prices = {sanitize(model): Price(**values) for model, values in table.items()}
        numbers = [value for price in prices.values() for value in (price.input, price.output, price.context)]
        if all(value is None or (type(value) in (int, float) and _is_sane("prices", value)) for value in numbers):
            return prices
    except (AttributeError, TypeError):
        pass
    raise ConfigError(f'{sanitize_line(str(path))}: [prices."MODEL"] takes input, output and context, all numbers.')
