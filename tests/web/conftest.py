from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from streamtui import web
from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server
from tests.web.browsing import browser, context, page
from tests.web.front import Front, wait_until

__all__ = ["browser", "closed_port", "context", "page", "scripted_server"]

Start = Callable[..., Front]


@pytest.fixture
def server(scripted_server: ScriptedServer) -> ScriptedServer:
    """The endpoint, with an empty log: what earlier tests left behind has ended, so none of it comes later."""
    wait_until(lambda: scripted_server.is_quiet, "the end of earlier tests' replies")
    scripted_server.clear()
    return scripted_server


@pytest.fixture(scope="session")
def shared_front(scripted_server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """With room for what all tests together ask for, at whatever rate."""
    limits = web.ServeLimits(streams=200, burst=1_000_000)
    with Front(tmp_path_factory.mktemp("web") / "data", scripted_server.url, limits) as front:
        yield front


@pytest.fixture
def front(shared_front: Front, server: ScriptedServer) -> Front:
    """A server that many tests share, in front of an endpoint with an empty log."""
    return shared_front


@pytest.fixture
def start(server: ScriptedServer, tmp_path: Path) -> Iterator[Start]:
    """Starts a server with limits of the test's own."""
    with ExitStack() as stack:

        def begin(limits: web.ServeLimits | None = None, place: web.BindAddress | None = None) -> Front:
            return stack.enter_context(Front(tmp_path / "data", server.url, limits, place))

        yield begin


@pytest.fixture
async def client(front: Front) -> AsyncIterator[httpx2.AsyncClient]:
    async with front.client() as opened:
        yield opened
