"""A workspace over a scripted model and a real store, as any front end holds it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streamtui.chat import Model, Options
from streamtui.chat.catalog import ModelList, ModelLists, ServerSearch
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.store import Store
from streamtui.workspace import Defaults, Session, SessionEvent, Workspace
from tests.chat.scripted import SWIFT, ScriptedProvider, Step


@dataclass
class ScriptedCatalog:
    """Offers models of one scripted provider. `plaintext` holds the hosts that a key would reach in the clear."""

    provider: ScriptedProvider
    default: str = "scripted"
    plaintext: set[str] = field(default_factory=set)
    lists: ModelLists = field(default_factory=lambda: ScriptedLists())
    windows: dict[str, int] = field(default_factory=dict)
    resolving: Callable[[Model], object] = lambda model: None
    """Called in `resolve`; may raise, and what it returns is awaited."""

    def model(self, id: str | None = None) -> Model:
        return Model(self.provider, self.default if id is None else id)

    def saved(self, id: str) -> Model:
        return self.model(id)

    async def resolve(self, model: Model) -> Model:
        if (waiting := self.resolving(model)) is not None:
            await waiting  # type: ignore[misc]  # an awaitable, says the field
        return model if model.name else Model(model.provider, "first")

    async def search(self) -> ServerSearch | None:
        return None

    async def available(self) -> list[str]:
        return ["scripted", "other"]

    async def learn_window(self, model: Model) -> None:
        return

    async def window(self, model: Model) -> int | None:
        return self.windows.get(model.name)

    def takes_effort(self, model: Model) -> bool:
        return True

    def forget(self, model: Model) -> None:
        return

    def exposed_host(self, model: Model) -> str | None:
        return next(iter(self.plaintext), None)

    def allow_exposed(self, host: str) -> None:
        self.plaintext.discard(host)

    def preload(self) -> None:
        return

    async def aclose(self) -> None:
        return


class ScriptedLists:
    """Implements `chat.catalog.ModelLists` with two models."""

    favourites: Sequence[str] = ()

    def last(self) -> list[ModelList]:
        return [ModelList("openai", "a.script", ("scripted", "other"))]

    async def refresh(self, missed: Callable[[StreamtuiError], object]) -> AsyncGenerator[ModelList, None]:
        for models in self.last():
            yield models

    def mark(self, id: str) -> bool:
        return False


@dataclass
class Setup:
    """A workspace, and what it stands on."""

    workspace: Workspace
    catalog: ScriptedCatalog
    provider: ScriptedProvider
    store: Store
    questions: list[str] = field(default_factory=list)
    """The hosts that were asked about."""

    def texts(self, session: Session) -> list[tuple[str, str]]:
        return [(message.role, message.text) for message in session.conversation.path()]


OpenWorkspace = Callable[..., Setup]


@pytest.fixture
async def open_workspace(tmp_path: Path) -> AsyncIterator[OpenWorkspace]:
    """Open a workspace whose model plays these scripts; `answer` is what the user says of unencrypted keys."""
    opened: list[Setup] = []

    def open_one(*scripts: Sequence[Step], answer: bool | None = None, defaults: Defaults | None = None) -> Setup:
        provider = ScriptedProvider(*scripts)
        catalog = ScriptedCatalog(provider)
        store = Store.open(tmp_path / "data")
        questions: list[str] = []

        async def confirm(host: str) -> bool:
            questions.append(host)
            if answer is None:
                raise ConfigError("Nobody is there to ask.")
            return answer

        workspace = Workspace(
            catalog, store.recorder, store.library, defaults or Defaults(options=Options(policy=SWIFT)), confirm
        )
        opened.append(Setup(workspace, catalog, provider, store, questions))
        return opened[-1]

    yield open_one
    for setup in opened:
        setup.workspace.settle()
        await setup.workspace.aclose()
        setup.store.close()


@dataclass
class Watcher:
    """Notes what a session tells."""

    events: list[SessionEvent] = field(default_factory=list)

    def __call__(self, event: SessionEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]
