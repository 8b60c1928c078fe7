"""What the engine's tests share: the scripted server, the real provider for it, a real store."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from streamtui import providers
from streamtui.chat import Model
from streamtui.chat.ports import Deadlines, InMemoryQuirks, Provider
from streamtui.store import Store
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server, server

__all__ = ["closed_port", "scripted_server", "server"]

Ask = Callable[[str], Model]


@pytest.fixture
async def ask(server: ScriptedServer) -> AsyncIterator[Ask]:
    """The real openai provider at the scripted server, by the name of the scenario."""
    provider: Provider = providers.create(
        "openai",
        base_url=server.url,
        api_key="sk-test-0123456789abcdef",
        deadlines=Deadlines(connect=PATIENCE_S, first_byte=PATIENCE_S, content=PATIENCE_S),
        memory=InMemoryQuirks(),
    )
    yield lambda name: Model(provider, name)
    await provider.aclose()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data") as opened:
        yield opened
