"""API keys as values that don't show themselves, and the removal of keys from text."""

import re
from collections.abc import Iterable
from typing import Final

from streamtui.chat.errors import ConfigError

MASK: Final = "[key hidden]"
_SHORTEST_KEY: Final = 6
"""Shorter "keys" are dummies such as `none`, and hiding them would hide ordinary words."""

_UNSEEN: Final = "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffd]*"
"""Characters that a reader doesn't see, or doesn't count, between two of a key's own."""

_KEY_SHAPES = re.compile(
    r"\bsk-[\w*.-]{8,}"
    r"|\b(?P<bearer>Bearer\s+)(?=\S*\d|\S{20})[^\s'\"\\,;]+"
    r"|(?P<header>\bx-api-key['\"]?\s*[:=,]\s*b?['\"]?)[^\s'\"\\,;]+"
    r"|(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@",
    re.IGNORECASE,
)


class Secret:
    """An API key. Only `reveal` gives it away; `repr` and `str`, and so tracebacks and logs, don't.

    Surrounding whitespace is taken off. Raises `ConfigError`, which doesn't quote the key, for anything that can't
    stand in an HTTP header.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, name: str = "The API key") -> None:
        value = value.strip()
        if not value:
            raise ConfigError(f"{name} is empty.")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigError(
                f"{name} has characters that no key has (a space, a line break, a curly quote?). Copy it again."
            )
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return `text` without these keys, and without anything that has the shape of a key or of a password in a URL."""
    for secret in secrets:
        if len(secret.reveal()) >= _SHORTEST_KEY:
            text = re.sub(_UNSEEN.join(map(re.escape, secret.reveal())), MASK, text)
    return _KEY_SHAPES.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    if match["scheme"]:
        return f"{match['scheme']}{MASK}@"
    return (match["bearer"] or match["header"] or "") + MASK
