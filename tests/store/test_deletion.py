"""Deleting hides at once, can be taken back for a while, and then leaves no byte."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.store import Store
from streamtui.store.sqlite.database import Database
from streamtui.store.sqlite.schema import SCRIPTS
from streamtui.system.locks import FileLock
from tests.chat.scripted import conversation, play
from tests.store.samples import ended, foreign_lock, record, saved, start_process, turn, until, written

SECRET = "SECRET"


def traces(folder: Path) -> dict[str, int]:
    """Count the secret in the raw bytes of every file in the folder."""
    counts = {path.name: path.read_bytes().count(SECRET.encode()) for path in folder.rglob("*") if path.is_file()}
    return {name: count for name, count in counts.items() if count}


async def test_deleting_hides_at_once(store: Store) -> None:
    row, _ = await saved(store)
    other, _ = await saved(store, "other")
    await store.library.delete(row.id)
    assert [line.id for line in await store.library.conversations()] == [other.id]
    assert await store.library.prompts(5) == ["other"]
    for read in (store.library.load(row.id), store.library.tail(row.id, 5), store.library.find(row.id)):
        with pytest.raises(NotFoundError):
            await read
    with pytest.raises(NotFoundError):
        await store.library.delete(row.id)


async def test_deleting_can_be_taken_back_during_the_grace_period(store: Store) -> None:
    row, messages = await saved(store)
    await store.library.delete(row.id)
    assert await store.library.restore(row.id)
    assert (await store.library.load(row.id))[1] == messages
    assert not await store.library.restore(row.id)


async def test_after_the_grace_period_it_is_gone_for_good(folder: Path) -> None:
    now = [0.0]
    with Store.open(folder, grace_s=10, monotonic=lambda: now[0]) as store:
        row, _ = await saved(store, SECRET)
        await store.library.delete(row.id)
        now[0] = 9.9
        await saved(store, "something to wake it up")
        assert traces(folder)
        now[0] = 10.1
        await saved(store, "and again")
        await until(lambda: not traces(folder), "purging")
        assert not await store.library.restore(row.id)


async def test_the_purge_comes_by_itself(folder: Path) -> None:
    with Store.open(folder, grace_s=0.2) as store:
        row, _ = await saved(store, SECRET)
        await store.library.delete(row.id)
        await until(lambda: not traces(folder), "purging")


async def test_closing_finishes_a_deletion(folder: Path) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store, SECRET)
        await store.library.delete(row.id)
    assert not traces(folder)


@pytest.mark.parametrize("seed", [4, 8])
async def test_no_byte_is_left_of_many_turns_drafts_and_pieces(folder: Path, seed: int) -> None:
    """Interleaved turns make SQLite move rows from page to page: with these seeds `secure_delete` alone misses some."""
    chance = random.Random(seed)
    with Store.open(folder) as store:
        chats = [await _begun(store, SECRET if n % 3 == 1 else "public", chance) for n in range(12)]
        for _ in range(40):
            for row, reply in chats:
                _more(store, row, reply, chance)
            if chance.random() < 0.5:
                store.flush_or_spill(5)
            chats = [await _next_turn(store, row, reply, chance) for row, reply in chats]
        assert traces(folder)
        for row, _ in chats:
            if row.title == SECRET:
                await store.library.delete(row.id)
    assert not traces(folder)
    with Store.open(folder) as store:
        assert len(await store.library.conversations()) == 8


async def _begun(store: Store, word: str, chance: random.Random) -> tuple[ConversationRecord, ChatMessage]:
    asked, reply = turn(f"{word} 1 " * chance.randint(1, 30))
    row = record(reply, word)
    await store.recorder.begin(row, [asked, reply])
    return row, reply


def _more(store: Store, row: ConversationRecord, reply: ChatMessage, chance: random.Random) -> None:
    for _ in range(chance.randint(0, 3)):
        store.recorder.append(reply.id, 0, f"{row.title} 2 " * chance.randint(1, 60), f"{row.title} think")
    if chance.random() < 0.3:
        store.library.keep_draft(row.id, f"{row.title} draft " * chance.randint(1, 20))


async def _next_turn(
    store: Store, row: ConversationRecord, reply: ChatMessage, chance: random.Random
) -> tuple[ConversationRecord, ChatMessage]:
    if chance.random() > 0.4:
        return row, reply
    store.recorder.settle(row.id, ended(reply, f"{row.title} answer 1 " * chance.randint(1, 300)))
    asked, reply = turn(f"{row.title} 3 " * chance.randint(1, 40), reply.id)
    row = replace(row, leaf=reply.id)
    await store.recorder.begin(row, [asked, reply])
    return row, reply


async def test_a_reply_that_ends_after_its_conversation_was_purged_does_not_bring_it_back(folder: Path) -> None:
    with Store.open(folder, grace_s=0.05) as store:
        asked, reply = turn(SECRET)
        row = record(reply, SECRET)
        await store.recorder.begin(row, [asked, reply])
        await store.library.delete(row.id)
        await until(lambda: not traces(folder), "purging")
        store.recorder.append(reply.id, 0, SECRET, "")
        store.recorder.settle(row.id, ended(reply, SECRET))
        store.library.keep_draft(row.id, SECRET)
        await written(store)
        assert await store.library.conversations() == []
    assert not traces(folder)


async def test_chatting_on_in_a_hidden_conversation_keeps_it(folder: Path) -> None:
    with Store.open(folder, grace_s=0.05) as here, Store.open(folder) as there:
        row, messages = await saved(there)
        await written(there)
        await here.library.delete(row.id)
        asked, reply = turn("Still here", messages[-1].id)
        await there.recorder.begin(row, [asked, reply])
        assert [line.id for line in await there.library.conversations()] == [row.id]


async def test_going_on_in_a_conversation_that_was_deleted_elsewhere_writes_all_of_it_again(folder: Path) -> None:
    talk, _ = conversation()
    with Store.open(folder) as here:
        talk._recorder = here.recorder
        await play(talk.ask("one"))
        await written(here)
        with Store.open(folder) as there:
            await there.library.delete(talk.id)
        assert await here.library.conversations() == []
        talk.rename("Another title")  # writes to the row, if there is one
        assert await here.library.conversations() == []
        lock = foreign_lock(folder)
        reply = talk.ask("two")
        await play(reply)
        unwritten = await everything_read(here, talk.id)
        lock.close()
        await written(here)
        assert await everything_read(here, talk.id) == unwritten
        row, messages = await here.library.load(talk.id)
        assert messages == list(talk.messages.values())
        assert [message.parent for message in messages] == [None, *(message.id for message in messages[:-1])]
        assert (row.title, row.leaf) == ("Another title", reply.id)
        await here.library.delete(talk.id)
    assert not (folder / "streamtui.db").read_bytes().count(b"Hello, world")


async def everything_read(store: Store, conversation: str) -> tuple[object, ...]:
    _, loaded = await store.library.load(conversation)
    _, tail = await store.library.tail(conversation, 3)
    (line,) = await store.library.conversations()
    return loaded, tail, line.messages


async def test_of_a_deleted_conversation_only_the_end_of_which_is_held_no_message_hangs_in_the_air(
    folder: Path,
) -> None:
    with Store.open(folder) as here:
        row, messages = await saved(here)
        await written(here)
        with Store.open(folder) as there:
            await there.library.delete(row.id)
        asked, reply = turn("two", messages[-1].id)
        await here.recorder.begin(replace(row, leaf=reply.id), [asked, reply], messages[1:])
        _, found = await here.library.load(row.id)
        assert [message.parent for message in found] == [None, messages[1].id, asked.id]
        assert (await here.library.tail(row.id, 9))[1] == found


async def test_what_a_killed_process_was_deleting_is_gone_after_the_next_start(folder: Path) -> None:
    killed = start_process(_DELETE, folder, SECRET)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "hidden\n"
    with Store.open(folder) as store:
        assert traces(folder), "the living process may still take it back"
        assert await store.library.conversations() == []
    killed.kill()
    killed.wait()
    killed.stdout.close()
    killed.stdin.close()  # type: ignore[union-attr]
    with Store.open(folder):
        await until(lambda: not traces(folder), "purging")


_DELETE = """
import asyncio, sys, pathlib
from streamtui.store import Store
from streamtui.system.locks import FileLock
from tests.chat.scripted import conversation, play
from tests.store.samples import saved
store = Store.open(pathlib.Path(sys.argv[1]))
async def main():
    row, _ = await saved(store, sys.argv[2])
    await store.library.delete(row.id)
    print("hidden", flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


async def test_deletion_reaches_the_backups_of_migrations(folder: Path) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store, SECRET)
        kept, _ = await saved(store, "public")
    newer = (*SCRIPTS, "ALTER TABLE conversations ADD COLUMN colour TEXT")
    with Store.open(folder, scripts=newer) as store:
        copy = folder / f"streamtui.db.bak-v{len(SCRIPTS)}"
        assert SECRET.encode() in copy.read_bytes()
        await store.library.delete(row.id)
    assert not traces(folder)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT id FROM conversations").fetchall() == [(kept.id,)]


async def test_deletion_reaches_our_own_spill_file(folder: Path) -> None:
    with Store.open(folder, grace_s=0.05) as store:
        lock = foreign_lock(folder)
        asked, reply = turn(SECRET)
        row = record(reply)
        store.recorder.update(row)
        begun: list[ChatMessage] = [asked, reply]
        with pytest.raises(Exception, match="Not saved"):
            await store.recorder.begin(row, begun)
        assert store.flush_or_spill(0.01)
        assert traces(folder)
        lock.close()
        await written(store)
        await store.library.delete(row.id)
        await until(lambda: not traces(folder), "purging")


async def test_a_deletion_that_waits_to_be_finished_does_not_end_saving_when_the_file_goes_away(
    folder: Path,
) -> None:
    path, away = folder / "streamtui.db", folder / "away"
    with Store.open(folder, grace_s=0.05) as store:
        row, _ = await saved(store, SECRET)
        lock = FileLock(folder / "streamtui.lock")
        await store.library.delete(row.id)
        with closing(sqlite3.connect(path)) as reading:
            reading.execute("BEGIN")
            reading.execute("SELECT * FROM conversations").fetchall()
            housekeeping = store._writer.housekeeping
            await until(lambda: housekeeping.erased is not None and not store._writer._operations, "purging")
            assert lock.acquire(5)
            reading.execute("COMMIT")
        path.rename(away)
        path.mkdir()
        lock.close()
        await until(
            lambda: not store._writer._thread.is_alive() or store._writer._database._connection is None, "a try"
        )
        with pytest.raises(StoreError, match="a folder"):
            await saved(store, "while it is away")
        assert "a folder" in (store.trouble or "")
        path.rmdir()
        away.rename(path)
        await until(lambda: store.trouble is None, "saving")
        await until(lambda: not traces(folder), "scrubbing")
        assert [line.title for line in await store.library.conversations()] == ["while it is away"]


async def test_an_error_that_nobody_thought_of_shows_and_saving_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(folder, grace_s=0.05) as store:
        row, _ = await saved(store)

        def fail(self: Database, step_s: float, patience: float) -> float | None:
            raise RuntimeError("never heard of it")

        with monkeypatch.context() as broken:
            broken.setattr(Database, "erase", fail)
            await store.library.delete(row.id)
            await until(lambda: "never heard of it" in (store.trouble or ""), "the banner")
            kept, _ = await saved(store, "meanwhile")
            assert [line.id for line in await store.library.conversations()] == [kept.id]
        await until(lambda: store.trouble is None, "relief")
