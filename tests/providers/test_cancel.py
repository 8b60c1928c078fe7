"""Cancelling: at once in every state, seen by the server, and without consequences for the next request.

The promise is 60 ms; as all latency tests, these allow ten times that on a busy machine.
"""

import asyncio
import time
from contextlib import aclosing, suppress

import pytest

from streamtui.chat.events import Connected, Finished, TextDelta
from streamtui.chat.ports import Deadlines, Provider
from streamtui.providers import SSELimits
from tests.patience import PATIENCE_S
from tests.providers.conftest import PATIENT, Make, ask, hear
from tests.server import ScriptedServer
from tests.server.fixtures import CERTIFICATE, eventually

ALLOWED_S = 0.6


class Listener:
    """A task that takes a reply in, and what it has got so far."""

    def __init__(self, provider: Provider, model: str) -> None:
        self.connected = False
        self.text: list[str] = []
        self.task = asyncio.get_running_loop().create_task(self._listen(provider, model))

    async def _listen(self, provider: Provider, model: str) -> None:
        async with aclosing(provider.stream(ask(model))) as stream:
            async for event in stream:
                self.connected = self.connected or isinstance(event, Connected)
                if isinstance(event, TextDelta):
                    self.text.append(event.text)
                await asyncio.sleep(0)

    async def cancel(self) -> float:
        """Cancel, wait for the end, and return when that was asked for."""
        asked = time.monotonic()
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task
        assert time.monotonic() - asked < ALLOWED_S
        return asked


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("mute", "waiting"),
        ("slow-headers", "waiting"),
        ("stall-first", "connected"),
        ("stall", "streaming"),
        ("stall-ping", "streaming"),
        ("slow-20", "streaming"),
        ("infinite", "flooding"),
        ("endless-line", "connected"),
    ],
)
async def test_cancel(make: Make, server: ScriptedServer, name: str, model: str, state: str) -> None:
    provider = make(name, deadlines=PATIENT, limits=SSELimits(event_bytes=2**40))  # so that no line is too long
    listener = Listener(provider, model)
    request = await eventually(lambda: server.of(model))
    reached = {"connected": lambda: listener.connected, "streaming": lambda: len(listener.text) >= 3}
    reached["flooding"] = lambda: len(listener.text) >= 1000
    if state in reached:
        await eventually(reached[state])
    asked = await listener.cancel()
    await eventually(lambda: request[0].closed)
    assert request[0].closed is not None
    assert request[0].closed - asked < ALLOWED_S
    assert (await hear(provider, "ok")).finish_reason


async def test_cancel_over_tls(make: Make, tls_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    listener = Listener(make(base_url=tls_server.url, deadlines=PATIENT), "slow-5")
    await eventually(lambda: listener.text)
    asked = await listener.cancel()
    closed = await eventually(lambda: tls_server.of("slow-5")[0].closed)
    assert closed is not None
    assert closed - asked < ALLOWED_S


@pytest.mark.parametrize("name", ["openai", "anthropic"])
async def test_cancel_while_connecting(make: Make, name: str) -> None:
    """To a server that accepts and never answers the handshake of TLS."""
    greeted, gone = asyncio.Event(), asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        with suppress(ConnectionError):
            while await reader.read(10_000):
                pass
        gone.set()
        writer.close()

    async with await asyncio.start_server(keep_silent, "127.0.0.1") as silent:
        port = silent.sockets[0].getsockname()[1]
        listener = Listener(make(name, base_url=f"https://127.0.0.1:{port}/v1", deadlines=PATIENT), "ok")
        await asyncio.wait_for(greeted.wait(), PATIENCE_S)
        assert not listener.connected
        await listener.cancel()
        await asyncio.wait_for(gone.wait(), ALLOWED_S)


async def test_fifty_cancels_equal_one(make: Make, server: ScriptedServer) -> None:
    listener = Listener(make(deadlines=PATIENT), "slow-5")
    await eventually(lambda: listener.text)
    for _ in range(50):
        listener.task.cancel()
    await listener.cancel()
    await eventually(lambda: server.of("slow-5")[0].closed)


async def test_closing_the_generator_closes_the_connection(make: Make, server: ScriptedServer) -> None:
    provider = make(deadlines=PATIENT)
    async with aclosing(provider.stream(ask("slow-5"))) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    await eventually(lambda: server.of("slow-5")[0].closed, within=ALLOWED_S)


async def test_closing_the_provider_closes_all_connections(make: Make, server: ScriptedServer) -> None:
    provider = make(deadlines=PATIENT)
    listeners = [Listener(provider, "slow-5") for _ in range(5)]
    await eventually(lambda: all(listener.text for listener in listeners))
    await provider.aclose()
    await eventually(lambda: all(request.closed for request in server.of("slow-5")), within=ALLOWED_S)
    await asyncio.gather(*(listener.task for listener in listeners), return_exceptions=True)


async def test_the_others_go_on_when_one_of_many_is_cancelled(make: Make, server: ScriptedServer) -> None:
    provider = make(deadlines=PATIENT)
    others = [asyncio.create_task(hear(provider, "told-5")) for _ in range(5)]
    listener = Listener(provider, "slow-5")
    await eventually(lambda: listener.text and len(server.of("told-5")) == 5)
    await listener.cancel()
    server.end("told-5")
    heard = await asyncio.gather(*others)
    assert all(isinstance(reply.events[-1], Finished) for reply in heard)


async def test_a_slow_reader_slows_the_server_and_never_times_out(make: Make, server: ScriptedServer) -> None:
    provider = make(deadlines=Deadlines(PATIENCE_S, PATIENCE_S, 2.0))
    read = 0
    async with aclosing(provider.stream(ask("slow-2x200"))) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                read += 1
            if read == 10:
                await asyncio.sleep(2.5)  # longer than the deadline
    assert read == 200


async def test_the_demo_stops_at_once(make: Make) -> None:
    for model in ("demo", "slow", "long-fast"):
        listener = Listener(make("demo"), model)
        await eventually(lambda listener=listener: listener.text)  # type: ignore[misc]  # bound per round
        await listener.cancel()
