"""Named endpoints and per-model settings: `[endpoints.NAME]` and `[models."NAME"]` of `config.toml`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeVar, get_args

from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import EFFORTS
from streamtui.chat.sanitize import sanitize, sanitize_line

Api = Literal["chat", "responses", "anthropic"]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header may be called (RFC 9110, section 5.6.2)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """An endpoint of the user's own, as its table describes it."""

    base_url: str
    api: Api = "chat"
    key_env: str | None = None
    """The variable that holds the key."""
    key_command: str | None = None
    """A command that prints the key."""
    keyring: bool = False
    """Whether the key is in the system's keyring, under `streamtui` and the endpoint's name."""
    key_header: str | None = None
    """The header that carries the key; otherwise `Authorization: Bearer`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields sent with every request."""
    stream: bool = True
    models: tuple[str, ...] = ()
    """The models on offer, where the endpoint lists none."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What holds for one model. Prices are per million tokens."""

    temperature: float | None = None
    max_tokens: int | None = None
    effort: str | None = None
    system: str | None = None
    context: int | None = None
    """Tokens the model's window holds."""
    input: float | None = None
    output: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WellKnown:
    """An endpoint that is there as soon as its key is."""

    base_url: str
    key_variable: str
    key_path: str = ""
    """What refuses a wrong key, below the base URL, where the list of models is there for everybody."""


WELL_KNOWN: Final[Mapping[str, WellKnown]] = {
    "openrouter": WellKnown("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "key"),
    "groq": WellKnown("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": WellKnown("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "gemini": WellKnown("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "deepseek": WellKnown("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "xai": WellKnown("https://api.x.ai/v1", "XAI_API_KEY"),
}


def read_endpoints(table: Any) -> dict[str, NamedEndpoint]:
    """Return the endpoints of `[endpoints]`. Raises `ConfigError` that names the table and the field."""
    return {_endpoint_name(name): _endpoint(name, value) for name, value in _table("[endpoints]", table).items()}


def read_models(table: Any) -> dict[str, ModelSettings]:
    """Return the models of `[models]`. Raises `ConfigError` that names the table and the field."""
    return {sanitize_line(name, 300): _model(name, value) for name, value in _table("[models]", table).items()}


def _endpoint_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"[endpoints.{sanitize_line(name, 40)}]: a name has letters, digits, - and _ alone.")
    return name


def _endpoint(name: str, value: Any) -> NamedEndpoint:
    where = f"[endpoints.{name}]"
    endpoint = _filled(where, NamedEndpoint, value, _ENDPOINT_CHECKS)
    keys = [text for text in ("key_env", "key_command", "keyring") if getattr(endpoint, text)]
    if len(keys) > 1:
        raise ConfigError(f"{where} names its key twice: keep one of {' and '.join(keys)}.")
    return endpoint


def _model(name: str, value: Any) -> ModelSettings:
    return _filled(f'[models."{sanitize_line(name, 60)}"]', ModelSettings, value, _MODEL_CHECKS)


Check = Callable[[Any], Any]
"""Returns the value as it is kept; raises `ValueError` that says what it should be."""


def _filled(where: str, kind: type[T], value: Any, checks: Mapping[str, Check]) -> T:
    values: dict[str, Any] = {}
    for name, given in _table(where, value).items():
        if name not in checks:
            raise ConfigError(f"{where} has no field `{sanitize_line(name, 40)}`; it takes {', '.join(checks)}.")
        try:
            values[name] = checks[name](given)
        except ValueError as error:
            raise ConfigError(f"{where}: `{name}` is {error}.") from None
    required = [one.name for one in fields(kind) if one.name == "base_url"]  # type: ignore[arg-type]
    if missing := [name for name in required if name not in values]:
        raise ConfigError(f"{where} needs {missing[0]}.")
    return kind(**values)


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} is a table.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not sanitize(value).strip():
        raise ValueError("text")
    return sanitize(value).strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("a number of 0 or more")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number of 1 or more")
    return value


def _temperature(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
        raise ValueError("a number from 0 to 2")
    return float(value)


def _api(value: Any) -> str:
    if value not in get_args(Api):
        raise ValueError(" or ".join(get_args(Api)))
    return str(value)


def _effort(value: Any) -> str:
    if value not in EFFORTS:
        raise ValueError(" or ".join(EFFORTS))
    return str(value)


def _header_name(value: Any) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("the name of a header")
    return value


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_TOKEN.fullmatch(n) and _is_header_value(v) for n, v in value.items()):
        raise ValueError('a table of headers, such as { "X-Team" = "a" }')
    return dict(value)


def _is_header_value(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _query(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('a table of text, such as { "api-version" = "2026-06-01" }')
    return dict(value)


def _body(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a table of fields, such as { top_p = 0.9 }")
    return dict(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name.strip() for name in value):
        raise ValueError('a list of names, such as ["small", "large"]')
    return tuple(sanitize_line(name, 300) for name in value)


_ENDPOINT_CHECKS: Final[Mapping[str, Check]] = {
    "base_url": _text,
    "api": _api,
    "key_env": _text,
    "key_command": _text,
    "keyring": _flag,
    "key_header": _header_name,
    "headers": _headers,
    "query": _query,
    "body": _body,
    "stream": _flag,
    "models": _names,
}
_MODEL_CHECKS: Final[Mapping[str, Check]] = {
    "temperature": _temperature,
    "max_tokens": _count,
    "effort": _effort,
    "system": _text,
    "context": _count,
    "input": _number,
    "output": _number,
    "body": _body,
}
