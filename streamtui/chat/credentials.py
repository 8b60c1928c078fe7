"""Giving a key while the program runs: what front ends need of whoever checks it and keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """An endpoint that a key can be given for."""

    name: str
    """The prefix of its models' ids."""
    title: str
    host: str
    has_key: bool = False
    """Whether one is there already, which another would replace."""
    is_optional: bool = False
    """Whether it may do without."""
    is_exposed: bool = False
    """Whether the key would travel there in the clear."""
    can_use_keyring: bool = False


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that is kept, and what can be asked with it."""

    place: str
    """Where it is kept, in words."""
    model: str
    """As `-m` takes it; empty where the endpoint lists none."""
    notice: str = ""
    """What the user should know beside it, in one line."""


class KeySetup(Protocol):
    """Checks keys and keeps them."""

    def offers(self) -> Sequence[KeyOffer]:
        """Return the endpoints that are known, those without a key first."""
        ...

    def address(self, typed: str) -> KeyOffer:
        """Return the endpoint at an address; a known one if it is one's. Raises `ConfigError`."""
        ...

    async def check(self, offer: KeyOffer, key: str) -> Sequence[str] | None:
        """Ask the endpoint for its models with this key, and return them; `None` where it has no list of models, so
        that the key can't be checked. Raises `ConfigError`, and `ProviderError` in the server's own words."""
        ...

    async def keep(self, offer: KeyOffer, key: str, models: Sequence[str] | None, *, in_keyring: bool) -> KeptKey:
        """Keep a checked key, and go by it from here on. Raises `ConfigError` where that can't be done; then
        nothing is changed."""
        ...
