"""What a search costs among many messages: python -m tests.benchmarks.search [MESSAGES]"""

import asyncio
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from streamtui.chat.messages import Segment
from streamtui.store import Store
from tests.store.samples import chain, record, until

CONVERSATION = 1000
QUERIES = ("w12345", "w1 w2", "nowhere at all", "w99 w98 w97", "w7", "w")


async def fill(store: Store, count: int) -> None:
    chance = random.Random(1)
    words = [f"w{chance.randrange(100_000)}" for _ in range(5000)]
    for n in range(count // CONVERSATION):
        messages = [
            replace(
                message,
                id=f"{n}-{message.id}",
                parent=message.parent and f"{n}-{message.parent}",
                segments=(Segment(" ".join(chance.choices(words, k=80))),),
            )
            for message in chain(CONVERSATION, "")
        ]
        await store.recorder.begin(record(messages[-1], f"conversation {n}"), messages)


async def measure(folder: Path, count: int) -> None:
    with Store.open(folder / "data") as store:
        await fill(store, count)
        began, cpu = time.monotonic(), time.process_time()
        await until(lambda: store._writer.housekeeping.is_indexed, "the index")
        print(f"{count:,} messages, {store.path.stat().st_size / 1e6:.0f} MB")
        print(f"indexed in {time.monotonic() - began:.1f} s, {time.process_time() - cpu:.1f} s CPU")
        for query in QUERIES:
            cpu = time.process_time()
            hits = await store.library.search(query)
            print(f"{query:<16} {len(hits):>3} hits, {(time.process_time() - cpu) * 1000:.1f} ms CPU")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
