"""What must be fast, with room for a busy machine: ten times the promise where it is about time."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.store import Store
from tests.store.samples import chain, record, turn, written

LONG, SHORT = 10_000, 10


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("big") / "data") as store:
        yield store


async def filled(store: Store, length: int) -> str:
    """Save a conversation of `length` messages of 500 characters and return its id."""
    messages = [
        replace(message, id=f"{length}-{message.id}", parent=message.parent and f"{length}-{message.parent}")
        for message in chain(length, "word " * 100)
    ]
    row = record(messages[-1], f"of {length}")
    await store.recorder.begin(row, messages)
    return row.id


async def test_ten_thousand_messages_open_as_fast_as_ten(big: Store) -> None:
    long, short = await filled(big, LONG), await filled(big, SHORT)
    costs: dict[str, list[float]] = {long: [], short: []}
    for _ in range(15):
        for identity, taken in costs.items():
            taken.append(await _tail_cost(big, identity))
    assert min(costs[long]) < 2 * min(costs[short]) + 0.001
    began = time.process_time()
    _, messages = await big.library.load(long)
    assert time.process_time() - began < 0.5
    assert len(messages) == LONG
    began = time.process_time()
    assert len(await big.library.conversations()) == 2
    assert time.process_time() - began < 0.05


async def _tail_cost(store: Store, identity: str) -> float:
    began = time.perf_counter()
    _, messages = await store.library.tail(identity, SHORT)
    assert len(messages) == SHORT
    return time.perf_counter() - began


async def test_appending_a_token_costs_the_event_loop_next_to_nothing(folder: Path) -> None:
    with Store.open(folder) as store:
        asked, reply = turn()
        row = record(reply)
        await store.recorder.begin(row, [asked, reply])
        append = store.recorder.append
        began = time.thread_time()
        for _ in range(100_000):
            append(reply.id, 0, "word ", "")
        cost = (time.thread_time() - began) / 100_000
        assert cost < 5e-6
        await written(store)
        assert len((await store.library.message(reply.id)).text) == 500_000


async def test_opening_and_beginning_are_quick(folder: Path) -> None:
    opening: list[float] = []
    beginning: list[float] = []
    for n in range(5):
        began = time.perf_counter()
        with Store.open(folder.with_name(f"data{n}")) as store:
            opened = time.perf_counter()
            asked, reply = turn()
            await store.recorder.begin(record(reply), [asked, reply])
            beginning.append(time.perf_counter() - opened)
        opening.append(opened - began)
    assert statistics.median(opening) < 0.5
    assert statistics.median(beginning) < 0.5
