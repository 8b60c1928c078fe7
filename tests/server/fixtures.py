"""Fixtures for every test that needs an endpoint; import them into a `conftest.py`."""

import socket
from collections.abc import Iterator

import pytest

from tests.server.server import ScriptedServer


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ScriptedServer]:
    """One server for all tests of a worker."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def server(scripted_server: ScriptedServer) -> ScriptedServer:
    """The server, with an empty log."""
    scripted_server.clear()
    return scripted_server


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
