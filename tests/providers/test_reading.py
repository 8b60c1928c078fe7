"""The reader of a body: what counts against its deadlines, and how much it does in one turn of the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from streamtui.chat.errors import ProviderError
from streamtui.chat.ports import Deadlines
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.http import body
from streamtui.providers.http.body import EventReader
from streamtui.providers.http.sse import ServerEvent, SSELimits
from tests.patience import PATIENCE_S
from tests.turns import turns

PING = b": ping\n\n"
WORD = b"data: word\n\n"


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def at_once(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A network that never keeps anybody waiting."""
    for chunk in chunks:
        yield chunk


def reader_of(chunks: Iterable[bytes], clock: Clock, waited: float = 0.0) -> EventReader:
    deadlines = Deadlines(first_byte=10.0, content=10.0)
    return EventReader(at_once(chunks), EndpointInfo("host", "KEY"), deadlines, SSELimits(), waited=waited, clock=clock)


@pytest.mark.parametrize("flood", [PING, b"\n", b"\r\n", b"data: {}\n\n"])
async def test_a_flood_without_content_ends_at_the_deadline_though_nobody_waits(flood: bytes) -> None:
    clock = Clock()
    reader = reader_of([flood] * 1000, clock)
    batches = 0
    with pytest.raises(ProviderError) as caught:
        while await reader.next_batch() is not None:
            batches += 1
            clock.now += 1.0
    assert caught.value.kind == "timeout"
    assert batches <= 11


async def test_a_flood_in_one_piece_ends_at_the_deadline_too() -> None:
    clock = Clock()
    reader = reader_of([PING * 1_000_000], clock)
    batches = 0
    with pytest.raises(ProviderError):
        while await reader.next_batch() is not None:
            batches += 1
            clock.now += 1.0
    assert batches <= 11


async def test_content_starts_the_deadline_anew() -> None:
    clock = Clock()
    reader = reader_of([WORD] * 100, clock)
    while await reader.next_batch() is not None:
        clock.now += 9.0
        reader.content_arrived()


async def test_a_consumer_that_takes_its_time_over_the_headers_is_not_late() -> None:
    clock = Clock()
    reader = reader_of([WORD], clock, waited=3.0)
    clock.now += 1000.0
    assert await reader.next_batch() == [("", "word")]


async def test_a_finished_reply_does_not_wait_for_the_end_of_a_flood() -> None:
    clock = Clock()
    reader = reader_of([WORD, *[PING] * 1000], clock)
    await reader.next_batch()
    reader.expect_end(2.0)
    batches = 0
    while await reader.next_batch() is not None:
        batches += 1
        clock.now += 1.0
    assert batches <= 11


async def test_blank_lines_before_the_first_event_are_not_collected() -> None:
    reader = reader_of([b"\xef\xbb", b"\xbf\r\n", *[b"\n" * 1_000_000] * 20, WORD], Clock())
    assert await reader.peek() == b"d"
    assert await reader.next_batch() == [("", "word")]


async def test_what_was_compressed_is_decoded_in_many_turns() -> None:
    reader = reader_of([PING * 500_000 + WORD], Clock())
    heard: list[ServerEvent] = []
    async with turns() as taken:
        while (batch := await reader.next_batch()) is not None:
            heard += batch
    assert heard == [("", "word")]
    assert len(taken) > 50


class Network:
    """A server that sends a piece every few milliseconds; what was not read yet waits."""

    def __init__(self, pieces: int, pause_s: float) -> None:
        self.waits = 0
        """How often the reader came before the next piece did."""
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._sending = asyncio.create_task(self._send(pieces, pause_s))

    async def _send(self, pieces: int, pause_s: float) -> None:
        for _ in range(pieces):
            self._arrived.put_nowait(WORD)
            await asyncio.sleep(pause_s)
        self._arrived.put_nowait(b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            self.waits += self._arrived.empty()
            if not (chunk := await self._arrived.get()):
                return
            yield chunk


async def test_a_steady_stream_is_read_a_few_pieces_at_a_time() -> None:
    network = Network(pieces=100, pause_s=0.004)
    reader = EventReader(network.chunks(), EndpointInfo("host", "KEY"), Deadlines(), SSELimits())
    words = 0
    while (batch := await reader.next_batch()) is not None:
        words += len(batch)
        reader.content_arrived()
    assert words == 100
    assert network.waits < 40


async def test_until_there_is_content_nothing_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_GATHER_S", 10 * PATIENCE_S)
    network = Network(pieces=10, pause_s=0.004)
    reader = EventReader(network.chunks(), EndpointInfo("host", "KEY"), Deadlines(), SSELimits())
    async with asyncio.timeout(PATIENCE_S):
        while await reader.next_batch() is not None:
            pass
