"""Which models there are: the protocols that the settings implement, and the values they share."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Model


@dataclass(frozen=True, slots=True)
class ServerSearch:
    """What a look for model servers on this machine brought."""

    places: tuple[str, ...]
    """What was looked for, and where."""
    model: Model | None = None
    """Who answers from here on; `None` where no server with a model was there."""
    notices: tuple[str, ...] = ()
    """What the user should know beside it, a line each."""


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models that an endpoint offers."""

    endpoint: str
    """The provider's name, which is the prefix of the ids but for those of openai."""
    host: str
    ids: tuple[str, ...]
    """As `-m` takes them, in the endpoint's order."""
    not_for_chat: frozenset[str] = frozenset()
    """Those among them that write no replies, by their names."""

    @property
    def chat_first(self) -> list[str]:
        """The ids, those that are not for chat last."""
        return sorted(self.ids, key=self.not_for_chat.__contains__)


class ModelLists(Protocol):
    """What all endpoints offer, and which models the user likes best. Both are kept from one run to the next."""

    @property
    def favourites(self) -> Sequence[str]:
        """The ids of the favourites, in the order in which they were marked."""
        ...

    def last(self) -> list[ModelList]:
        """Return what the endpoints that can be asked offered when they were asked last. Immediate."""
        ...

    def refresh(self, missed: Callable[[StreamtuiError], object]) -> AsyncGenerator[ModelList, None]:
        """Ask all endpoints, and yield each one's list as it comes; `missed` hears why one gives none."""
        ...

    def mark(self, id: str) -> bool:
        """Make a model a favourite, or no longer one; return whether it is one now."""
        ...


class Catalog(Protocol):
    """Which models there are under the present settings."""

    @property
    def lists(self) -> ModelLists: ...

    def model(self, id: str | None = None) -> Model:
        """Return the model that `-m id` means; for `None` the one that was configured, without a name where the
        endpoint itself must be asked. Immediate. Raises `ConfigError`."""
        ...

    def saved(self, id: str) -> Model:
        """Return the model of a saved conversation; one that can't be asked now says so only when it is asked."""
        ...

    async def resolve(self, model: Model) -> Model:
        """Return `model` ready to be asked: its SDK imported, and with a name, which for one without is the
        endpoint's first. Raises `ConfigError` and `ProviderError`."""
        ...

    async def search(self) -> ServerSearch | None:
        """Look for model servers on this machine; `None`, and no look, where something else is configured, or one was
        found already. Until one is there `model()` is a demo that, when it is resolved, gives way to it."""
        ...

    async def available(self) -> list[str]:
        """Return what `-m` could be given, over all configured providers. Raises `ProviderError` if none answers."""
        ...

    async def learn_window(self, model: Model) -> None:
        """Learn from the endpoint how many tokens the model's window holds, unless that is known: once for each.

        Raises `ProviderError`.
        """
        ...

    async def window(self, model: Model) -> int | None:
        """Return how many tokens the model's window holds, as far as that is known, or the endpoint tells."""
        ...

    def exposed_host(self, model: Model) -> str | None:
        """Return the host to which a key would travel in the clear, unless the reader has allowed that."""
        ...

    def takes_effort(self, model: Model) -> bool:
        """Return whether the model may be told how hard to think: not the demo, nor one whose endpoint has refused
        that."""
        ...

    def forget(self, model: Model) -> None:
        """Forget what was learned about the model's endpoint: which fields it refuses, and what was allowed."""
        ...

    def allow_exposed(self, host: str) -> None:
        """Remember that the reader allows it for this host."""
        ...

    def preload(self) -> None:
        """Import what the first reply will need. Blocking: call it in a thread."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
