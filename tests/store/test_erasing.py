"""Erasing goes on over many short commands, never stands before text, and survives whatever ends it."""

import asyncio
import os
import random
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import Attachment
from streamtui.store import Store
from streamtui.store.queue import housekeeping, writer
from streamtui.store.queue.spill import read_spill, spills
from streamtui.store.sqlite import erasure
from streamtui.store.sqlite.database import Database
from tests.store.samples import ended, record, saved, start_process, texts, turn, until
from tests.store.test_deletion import SECRET, traces

KILLS = int(os.environ.get("STREAMTUI_KILLS", "30")) // 3
"""How often each of three tests kills a process; a longer run is a matter of this variable."""
PAGE = 4096


async def with_secrets(folder: Path, count: int = 60) -> list[str]:
    """Save conversations, every third one full of secrets; return the ids of those."""
    chance = random.Random(7)
    ids = []
    with Store.open(folder) as store:
        for n in range(count):
            word = SECRET if n % 3 == 0 else "public"
            row, _ = await saved(store, f"{word} {n}", f"{word} {n} " * chance.choice([3, 30, 3000]))
            if word == SECRET:
                ids.append(row.id)
    return ids


def is_sound(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


async def test_the_unused_parts_of_pages_hold_nothing_afterwards(folder: Path) -> None:
    """Rows that moved from page to page leave copies there, which `secure_delete` doesn't reach."""
    ids = await with_secrets(folder)
    path = folder / "streamtui.db"
    content = bytearray(path.read_bytes())
    for at in range(PAGE, len(content), PAGE):
        if content[at] == 13:
            count, end = content[at + 3] * 256 + content[at + 4], content[at + 5] * 256 + content[at + 6]
            start = 8 + 2 * count
            if end - start > len(SECRET):
                content[at + start : at + start + len(SECRET)] = SECRET.encode()
    path.write_bytes(content)
    with Store.open(folder) as store:
        await store.library.delete(*ids)
        assert store.erase(30)
        assert len(await store.library.conversations()) == 40
    assert not traces(folder)
    assert is_sound(folder)


async def test_erasing_tells_how_far_it_came(folder: Path) -> None:
    ids = await with_secrets(folder)
    with Store.open(folder) as store:
        await store.library.delete(*ids)
        parts: list[float] = []
        assert store.erase(30, parts.append)
        assert parts[-1] == 1.0
        assert parts == sorted(parts)
        assert store.check().unerased == 0


async def test_what_one_command_has_no_time_for_the_next_ones_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await with_secrets(folder)
    monkeypatch.setattr(housekeeping, "STEP_S", 0.0)
    monkeypatch.setattr(housekeeping, "PAUSE_S", 0.0)
    monkeypatch.setattr(erasure, "_CHUNK", 8)
    left = [0]
    erase = Database.erase

    def some_steps(self: Database, step_s: float, patience: float) -> float | None:
        left[0] -= 1
        return erase(self, step_s, patience) if left[0] > 0 else 0.5

    monkeypatch.setattr(writer, "ERASE_S", 0.3)
    with monkeypatch.context() as short:
        short.setattr(Database, "erase", some_steps)
        with Store.open(folder) as store:
            await store.library.delete(*ids)
            assert not store.erase(0.0)
        assert traces(folder)
        commands = 0
        while traces(folder):
            commands += 1
            left[0] = 10
            with Store.open(folder) as store:
                assert len(await store.library.conversations()) == 40
    assert 1 < commands < 60
    with Store.open(folder) as store:
        assert store.erase(30)
    assert not traces(folder)
    assert is_sound(folder)


_ERASE = """
import pathlib, sys
from streamtui.store import Store
from streamtui.store.queue import housekeeping
from streamtui.store.sqlite import erasure
housekeeping.STEP_S = housekeeping.PAUSE_S = 0.0
erasure._CHUNK = 1
overwrite = erasure.PageFile.overwrite_unused
def told(self, first, until):
    print(first, flush=True)
    return overwrite(self, first, until)
erasure.PageFile.overwrite_unused = told
with Store.open(pathlib.Path(sys.argv[1])) as store:
    print("done" if store.erase(60) else "not done", flush=True)
"""


async def test_processes_that_are_killed_while_they_erase_damage_nothing_and_get_ahead(folder: Path) -> None:
    ids = await with_secrets(folder)
    with Store.open(folder) as store:
        await store.library.delete(*ids)
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        connection.execute("UPDATE purged SET scrubbed = 0")
        connection.commit()
    chance = random.Random(1)
    begun: list[int] = []
    for _ in range(KILLS):
        with start_process(_ERASE, folder) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 8)):
                line = process.stdout.readline().strip()
                begun += [int(line)] if line.isdigit() else []
            process.kill()
        if line == "done":
            break
    assert begun == sorted(begun), "no process began anew"
    with Store.open(folder) as store:
        assert store.erase(30)
        assert len(await store.library.conversations()) == 40
    assert not traces(folder)
    assert is_sound(folder)


async def test_text_goes_before_erasing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await with_secrets(folder)
    monkeypatch.setattr(housekeeping, "STEP_S", 0.0)
    monkeypatch.setattr(erasure, "_CHUNK", 1)
    with Store.open(folder) as store:
        await store.library.delete(*ids)
        assert not store.erase(0.0)
        asked, reply = turn("while it erases")
        row = record(reply)
        await store.recorder.begin(row, [asked, reply])
        for n in range(50):
            store.recorder.append(reply.id, 0, f"{n} ", "")
        await until(lambda: not store._writer._operations, "writing")
        assert store._writer.housekeeping.erased is not None, "it is far from done"
        with Store.open(folder) as other:
            assert texts((await other.library.load(row.id))[1])[1].startswith("0 1 2 ")
        assert store.trouble is None


async def test_while_the_database_thread_is_busy_text_goes_to_the_spill_file(folder: Path) -> None:
    with Store.open(folder) as store:
        asked, reply = turn("before")
        row = record(reply)
        await store.recorder.begin(row, [asked, reply])
        free = threading.Event()
        busy = threading.Event()

        def stand_still(step_s: float, patience: float) -> float | None:
            busy.set()
            free.wait()
            return None

        store._writer._database.erase = stand_still  # type: ignore[method-assign]
        store._writer.housekeeping.deleted()
        store.recorder.update(row)
        await until(busy.is_set, "housekeeping")
        for n in range(20):
            store.recorder.append(reply.id, 0, f"{n} ", "")
            await until(lambda: spilled(folder).endswith(f"{n} "), "spilling")  # noqa: B023
        free.set()
        await until(lambda: not spills(folder), "writing")
    with Store.open(folder) as store:
        assert texts((await store.library.load(row.id))[1])[1] == "".join(f"{n} " for n in range(20))


def spilled(folder: Path) -> str:
    """Return the text in the spill file."""
    return "".join(
        operation[2]
        for path in spills(folder)
        for operation in read_spill(path).operations
        if isinstance(operation, tuple)
    )


_STREAM = """
import asyncio, pathlib, sys, time
from streamtui.store import Store
from streamtui.store.sqlite.database import Database
from tests.store.samples import record, turn
folder = pathlib.Path(sys.argv[1])
kind = sys.argv[2]
if kind == "stuck":
    Database.erase = lambda self, step_s, patience: time.sleep(3600)
store = Store.open(folder)
async def main():
    asked, reply = turn("count")
    await store.recorder.begin(record(reply), [asked, reply])
    if kind == "stuck":
        store._writer.housekeeping.deleted()
    n = 0
    while True:
        store.recorder.append(reply.id, 0, f"{n} ", "")
        n += 1
        if n % 10 == 0:
            print(n, flush=True)
        await asyncio.sleep(0.001)
asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["free", "stuck"])
async def test_kill_9_at_any_moment_leaves_the_beginning_of_the_text(folder: Path, kind: str) -> None:
    """How much of it at least is tested with processes that live: see test_processes."""
    chance = random.Random(kind)
    for _ in range(KILLS):
        with start_process(_STREAM, folder, kind) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                process.stdout.readline()
            process.kill()
    with Store.open(folder) as store:
        assert store.notices == ()
        lines = await store.library.conversations()
        assert len(lines) == KILLS
        for line in lines:
            numbers = texts((await store.library.load(line.id))[1])[1].split()
            assert numbers == [str(n) for n in range(len(numbers))]
        assert not spills(folder)


async def test_attachments_go_with_the_last_message_that_has_them(folder: Path) -> None:
    with Store.open(folder) as store:
        shared = await store.library.put_attachment(b"shared " * 1000)
        lone = await store.library.put_attachment(SECRET.encode() * 1000)
        assert await store.library.put_attachment(b"shared " * 1000) == shared
        rows = []
        for name, digests in (("a", [shared, lone]), ("b", [shared])):
            asked, reply = turn(name)
            files = tuple(Attachment(sha256, f"{name}.txt", "text/plain", 7) for sha256 in digests)
            asked = replace(asked, attachments=files)
            rows.append(record(reply, name))
            await store.recorder.begin(rows[-1], [asked, reply])
            store.recorder.settle(rows[-1].id, ended(reply, "ok"))
            assert (await store.library.load(rows[-1].id))[1][0] == asked
        await store.library.delete(rows[0].id)
        assert await asyncio.to_thread(store.erase, 30)
        assert await store.library.attachment(shared) == b"shared " * 1000
        with pytest.raises(NotFoundError):
            await store.library.attachment(lone)
    assert not traces(folder)


async def test_prompts_that_were_stashed_before_they_were_sent_go_too(folder: Path) -> None:
    with Store.open(folder) as store:
        store.library.remember_prompt(SECRET)
        store.library.remember_prompt("another")
        row, _ = await saved(store, SECRET)
        await store.library.delete(row.id)
        assert store.erase(30)
        assert await store.library.prompts(5) == ["another"]
    assert not traces(folder)
