"""A check of all that is saved, and a copy of it, while the store is in use."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from streamtui.chat.errors import StoreError
from streamtui.chat.messages import Status
from streamtui.store import Store
from tests.store.samples import record, saved, start_process, texts, turn, written
from tests.store.test_damage import page_moved
from tests.store.test_opening import names


async def test_a_store_in_order_is_said_to_be(folder: Path) -> None:
    with Store.open(folder) as store:
        for n in range(3):
            await saved(store, f"prompt {n}")
        report = store.check()
        assert report.is_healthy
        assert (report.conversations, report.messages, report.unerased, report.mended) == (3, 6, 0, ())
        assert report.size == store.path.stat().st_size


async def test_what_an_index_lost_is_mended_without_loss(folder: Path) -> None:
    with Store.open(folder) as store:
        kept = [await saved(store, f"prompt {n}") for n in range(30)]
    path = folder / "streamtui.db"
    victim = kept[7][0].id
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_conversations_1'"
        ).fetchone()
    content = bytearray(path.read_bytes())
    start = (page - 1) * 4096
    at = content.index(victim.encode(), start, start + 4096)
    content[at : at + 3] = b"zzz"
    path.write_bytes(content)
    with Store.open(folder) as store:
        report = store.check()
        assert not report.is_healthy
        assert report.mended
        for row, messages in kept:
            assert (await store.library.load(row.id))[1] == messages
        assert store.check().is_healthy


async def test_messages_without_a_conversation_get_one(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store, "prompt")
        await saved(store, "other")
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM conversations WHERE id = ?", (row.id,))
        connection.commit()
    with Store.open(folder) as store:
        report = store.check()
        assert report.mended == ("1 conversations have a row again.",)
        assert (await store.library.load(row.id))[1] == messages
        assert store.check().is_healthy


@pytest.mark.parametrize("seed", range(3))
async def test_a_check_finds_damage_that_no_read_has_met(
    folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamtui.store.sqlite.opening._CHECK_LIMIT", 0)
    with Store.open(folder) as store:
        for n in range(40):
            await saved(store, f"prompt {n}", f"reply {n} " * 300)
    path = folder / "streamtui.db"
    content = bytearray(path.read_bytes())
    page_moved(content, random.Random(seed))
    path.write_bytes(content)
    with Store.open(folder) as store:
        store.check()
        assert store.check().is_healthy
        assert len(await store.library.conversations()) >= 39


_STREAM = """
import asyncio, pathlib, sys
from streamtui.store import Store
from tests.store.samples import record, turn
store = Store.open(pathlib.Path(sys.argv[1]))
async def main():
    asked, reply = turn("count")
    await store.recorder.begin(record(reply), [asked, reply])
    n = 0
    while True:
        store.recorder.append(reply.id, 0, f"{n} ", "")
        n += 1
        if n % 50 == 0:
            print(n, flush=True)
        await asyncio.sleep(0.001)
asyncio.run(main())
"""


async def test_a_copy_is_whole_while_another_process_writes(folder: Path, tmp_path: Path) -> None:
    with start_process(_STREAM, folder) as process, Store.open(folder) as store:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 500:
            pass
        kept, messages = await saved(store, "kept")
        gone, _ = await saved(store, "gone")
        await written(store)
        await store.library.delete(gone.id)
        store.backup(tmp_path / "copies.db")
        process.kill()
    copy = tmp_path / "copy"
    copy.mkdir()
    (tmp_path / "copies.db").rename(copy / "streamtui.db")
    assert (copy / "streamtui.db").stat().st_mode & 0o777 == 0o600
    with Store.open(copy) as store:
        assert {line.title for line in await store.library.conversations()} == {"kept", "How?"}
        assert (await store.library.load(kept.id))[1] == messages
        (streamed,) = [line.id for line in await store.library.conversations() if line.title == "How?"]
        _, (_, reply) = await store.library.load(streamed)
        assert reply.status is Status.INTERRUPTED
        assert reply.text.startswith("0 1 2 ")
        assert store.check().is_healthy


async def test_a_copy_has_what_is_only_in_memory_yet(folder: Path, tmp_path: Path) -> None:
    with Store.open(folder) as store:
        asked, reply = turn("prompt")
        row = record(reply, "title")
        await store.recorder.begin(row, [asked, reply])
        store.recorder.append(reply.id, 0, "so far", "")
        store.backup(tmp_path / "streamtui.db")
    with Store.open(tmp_path) as store:
        assert texts((await store.library.load(row.id))[1]) == ["prompt", "so far"]


@pytest.mark.parametrize("target", ["missing/copy.db", "folder"])
async def test_a_copy_that_cannot_be_made_is_said(folder: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    with Store.open(folder) as store:
        await saved(store)
        with pytest.raises(StoreError, match="can't be made"):
            store.backup(tmp_path / target)
    assert names(tmp_path) == {"data", "folder"}
