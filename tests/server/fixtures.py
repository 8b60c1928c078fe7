"""Fixtures for every test that needs an endpoint; import them into a `conftest.py`."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.patience import PATIENCE_S
from tests.server.server import ScriptedServer

T = TypeVar("T")

CERTIFICATE = Path(__file__).with_name("self_signed.pem")
"""For 127.0.0.1, made for these tests only, trusted by nobody."""


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
def tls_server() -> Iterator[ScriptedServer]:
    """A server with a certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with ScriptedServer(tls=context) as server:
        yield server


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and at which nobody will but who asks for this very port."""
    with socket.socket() as sock:
        # Without this option not even a server that a test starts could listen there.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield int(sock.getsockname()[1])


async def eventually(condition: Callable[[], T], within: float = PATIENCE_S) -> T:
    """Wait until `condition` returns something true, and return that."""
    deadline = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.001)
    return result
