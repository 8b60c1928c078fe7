"""Where a value comes from, and which of several counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streamtui.chat.sanitize import sanitize


class Source(StrEnum):
    """Where a value was read, in order of precedence."""

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


Layers = Mapping[Source, Mapping[str, str]]
"""The values of each source, by name."""


def first(layers: Layers, *names: str) -> Setting | None:
    """Return the first value, source by source in order of precedence, name by name within a source."""
    for source in Source:
        for name in names:
            if value := layers.get(source, {}).get(name):
                return Setting(value, source)
    return None


def present(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values sanitized, without the empty ones; keys without the scheme that goes before them in headers."""
    sanitized = {name: sanitize(value).strip() for name, value in values.items() if value}
    for name in [name for name in sanitized if name.endswith("_KEY")]:
        sanitized[name] = sanitized[name].removeprefix("Bearer ").strip()
    return {name: value for name, value in sanitized.items() if value}
