"""Several processes, and processes that end without a word."""

import asyncio
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.chat.messages import Status
from streamtui.store import Store
from streamtui.store.queue.spill import spills
from streamtui.store.reader import Reader
from streamtui.store.sqlite import read
from streamtui.store.sqlite.schema import SCRIPTS
from tests.patience import PATIENCE_S
from tests.store.samples import ended, foreign_lock, record, saved, start_process, texts, turn, until, written

LOST_S = 10 * 0.5
"""Half a second of text is what a `kill -9` may lose; as all tests of speed, these allow ten times that."""
_PRELUDE = """
import asyncio, os, pathlib, signal, sys, time
from dataclasses import replace
from streamtui.store import Store
from tests.store.samples import ended, record, saved, turn
folder = pathlib.Path(sys.argv[1])
"""

_STREAM = (
    _PRELUDE
    + """
store = Store.open(folder)
signal.signal(signal.SIGTERM, lambda *_: (store.flush_or_spill(0.2), os._exit(143)))
async def main():
    asked, reply = turn("count")
    await store.recorder.begin(record(reply), [asked, reply])
    print("begun", flush=True)
    n = 0
    while True:
        store.recorder.append(reply.id, 0, f"{n} ", "")
        print(n, time.monotonic(), flush=True)
        n += 1
        await asyncio.sleep(0.002)
asyncio.run(main())
"""
)


@pytest.fixture
def streaming(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that streams a reply and says so line by line: token number and moment."""
    process = start_process(_STREAM, folder)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def tokens_until(process: "subprocess.Popen[str]", count: int) -> list[tuple[int, float]]:
    """Read what the process says until it has appended `count` tokens."""
    assert process.stdout is not None
    said: list[tuple[int, float]] = []
    while len(said) < count:
        n, moment = process.stdout.readline().split()
        said.append((int(n), float(moment)))
    return said


async def the_reply(folder: Path) -> tuple[Status, list[int]]:
    """Open the folder and return the status of the only reply, and the tokens saved."""
    with Store.open(folder) as store:
        (line,) = await store.library.conversations()
        _, (_, reply) = await store.library.load(line.id)
        assert line.status == reply.status
        return reply.status, [int(token) for token in reply.text.split()]


async def test_kill_9_loses_at_most_half_a_second(folder: Path, streaming: "subprocess.Popen[str]") -> None:
    last, appended_at = tokens_until(streaming, 400)[-1]
    with Store.open(folder) as store:
        (line,) = await store.library.conversations()
        while len((await store.library.load(line.id))[1][-1].text.split()) <= last:
            tokens_until(streaming, 5)
    assert time.monotonic() - appended_at < LOST_S
    streaming.kill()
    streaming.wait()
    status, saved_tokens = await the_reply(folder)
    assert status is Status.INTERRUPTED
    assert saved_tokens == list(range(len(saved_tokens)))
    assert saved_tokens[-1] >= last


async def test_a_reply_that_streams_elsewhere_is_left_alone_until_its_process_dies(
    folder: Path, streaming: "subprocess.Popen[str]"
) -> None:
    tokens_until(streaming, 5)
    with Store.open(folder) as store:
        (line,) = await store.library.conversations()
        assert line.status == "streaming"
        leaf = (await store.library.load(line.id))[0].leaf
        assert leaf is not None
        while len((await store.library.message(leaf)).text) < 20:
            tokens_until(streaming, 5)
        streaming.kill()
        streaming.wait()
        deadline = time.monotonic() + PATIENCE_S
        while (await store.library.message(leaf)).status is not Status.INTERRUPTED:
            assert time.monotonic() < deadline


async def test_sigterm_while_the_database_is_locked_loses_nothing(
    folder: Path, streaming: "subprocess.Popen[str]"
) -> None:
    tokens_until(streaming, 50)
    lock = foreign_lock(folder)
    last, _ = tokens_until(streaming, 100)[-1]
    streaming.send_signal(signal.SIGTERM)
    assert streaming.wait(PATIENCE_S) == 143
    assert spills(folder)
    assert spills(folder)[0].stat().st_mode & 0o777 == 0o600
    lock.close()
    status, saved_tokens = await the_reply(folder)
    assert status is Status.INTERRUPTED
    assert saved_tokens == list(range(len(saved_tokens)))
    assert saved_tokens[-1] >= last
    assert not spills(folder)


async def test_closing_while_the_database_is_locked_spills_and_the_next_start_folds_it_in_once(folder: Path) -> None:
    store = Store.open(folder)
    row, messages = await saved(store, "first", "one")
    asked, reply = turn("second", messages[-1].id)
    await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
    store.recorder.append(reply.id, 0, "written ", "")
    await written(store)
    lock = foreign_lock(folder)
    store.recorder.append(reply.id, 0, "spilled", "")
    store.library.keep_draft(row.id, "draft")
    began = time.monotonic()
    assert await asyncio.to_thread(store.close, 0.3)
    assert time.monotonic() - began < 3
    (path,) = spills(folder)
    content = path.read_bytes()
    lock.close()
    for _ in range(3):
        with Store.open(folder) as again:
            _, found = await again.library.load(row.id)
            assert texts(found) == ["first", "one", "second", "written spilled"]
            assert found[-1].status is Status.INTERRUPTED
            assert await again.library.draft(row.id) == "draft"
            assert again.notices == ()
        assert not path.exists()
        path.write_bytes(content)  # as if the folding process had been killed before it removed the file


def kept_aside(folder: Path) -> list[Path]:
    return list(folder.glob("*.jsonl.corrupt"))


async def test_a_spill_file_that_was_damaged_gives_what_it_can_and_is_kept(folder: Path) -> None:
    store = Store.open(folder)
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    lock = foreign_lock(folder)
    for word in ("one ", "two ", "three "):
        store.recorder.append(reply.id, 0, word, "")
    store.close(timeout=0.1)
    lock.close()
    (path,) = spills(folder)
    path.write_bytes(path.read_bytes().replace(b'"two "', b'"two \xff'))
    (folder / "spill-foreign.jsonl").write_bytes(b"\x00\xffnothing of ours")
    with Store.open(folder) as again:
        assert texts((await again.library.load(row.id))[1]) == ["How?", "one three "]
        assert len(again.notices) == 2
    assert len(kept_aside(folder)) == 2
    with Store.open(folder) as again:
        assert texts((await again.library.load(row.id))[1]) == ["How?", "one three "]
        assert again.notices == ()


async def test_everything_that_can_be_recorded_survives_the_spill_file(folder: Path) -> None:
    other, _ = await _in_a_locked_store(folder)
    with Store.open(folder) as store:
        assert await store.library.draft(None) == "draft"
        assert await store.library.prompts(5) == ["stashed", "kept"]
        assert store.memory.quirks("e", "m") == {"q"}
        (line,) = await store.library.conversations()
        assert (line.id, line.title, line.messages, line.status) == (other, "renamed", 2, "stopped")


async def _in_a_locked_store(folder: Path) -> tuple[str, str]:
    with Store.open(folder):
        pass
    store = Store.open(folder)
    lock = foreign_lock(folder)
    gone, kept = [(record(turn()[1]), turn("kept")) for _ in range(2)]
    for row, messages in (gone, kept):
        store._writer.pending.written(0)
        with pytest.raises(Exception, match="Not saved"):
            await store.recorder.begin(replace(row, leaf=messages[1].id), messages)
    store.recorder.settle(kept[0].id, ended(kept[1][1], "x", Status.STOPPED))
    store.recorder.withdraw(gone[0], [message.id for message in gone[1]])
    with pytest.raises(Exception, match="Not saved"):
        await store.library.rename(kept[0].id, "renamed")
    store.library.keep_draft(None, "draft")
    store.library.remember_prompt("stashed")
    store.memory.learn("e", "m", "q")
    assert store.close(timeout=0.1)
    lock.close()
    return kept[0].id, gone[0].id


_WRITE = (
    _PRELUDE
    + """
async def main():
    with Store.open(folder) as store:
        for n in range(25):
            asked, reply = turn(f"{sys.argv[2]} {n}")
            row = record(reply, sys.argv[2])
            while True:
                try:
                    await store.recorder.begin(row, [asked, reply])
                    break
                except Exception:
                    pass
            for piece in range(50):
                store.recorder.append(reply.id, 0, f"{piece} ", "")
            await store.library.load(row.id)
            store.recorder.settle(row.id, ended(reply, "word " * 2000))
asyncio.run(main())
"""
)


async def test_two_processes_write_at_once(folder: Path) -> None:
    writers = [start_process(_WRITE, folder, name) for name in ("a", "b")]
    with Store.open(folder) as store:
        await until(lambda: all(writer.poll() is not None for writer in writers), "the end of both")
        assert [writer.returncode for writer in writers] == [0, 0]
        lines = await store.library.conversations()
        assert sorted(line.title for line in lines) == ["a"] * 25 + ["b"] * 25
        assert {line.status for line in lines} == {"complete"}
    for writer in writers:
        writer.communicate()
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM partials").fetchone() == (0,)


async def test_reading_leaves_the_log_to_those_who_hold_the_lock(
    folder: Path, streaming: "subprocess.Popen[str]"
) -> None:
    """The last connection that can write would fold the log into the file as it closes."""
    tokens_until(streaming, 200)
    streaming.kill()
    streaming.wait()
    log = folder / "streamtui.db-wal"
    before = log.read_bytes()
    assert before
    lock = foreign_lock(folder)
    reader = Reader(folder / "streamtui.db", SCRIPTS)
    reader.start()
    found = reader.ask(lambda connection: [] if connection is None else read.summaries(connection, None)).result(
        PATIENCE_S
    )
    reader.close(PATIENCE_S)
    lock.close()
    assert len(found) == 1
    assert log.read_bytes() == before


_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
_HOLD_SQLITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("holder", "file"), [(_HOLD, "streamtui.lock"), (_HOLD_SQLITE, "streamtui.db")])
async def test_while_another_process_holds_the_file_the_chat_goes_on_and_nothing_stalls(
    folder: Path, store: Store, holder: str, file: str
) -> None:
    row, messages = await saved(store)
    await written(store)
    over = asyncio.Event()
    stalls = asyncio.create_task(longest_stalls(over))
    with start_process(holder, folder / file) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        asked, reply = turn("And now?", messages[-1].id)
        with pytest.raises(Exception, match="another program"):
            await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
        for n in range(20_000):
            store.recorder.append(reply.id, 0, f"{n} ", "")
            if n % 2000 == 0:
                assert len((await store.library.load(row.id))[1]) == 4
                await store.library.conversations()
        assert store.trouble is not None
        process.stdin.close()
    await until(lambda: store.trouble is None, "relief")
    await written(store)
    over.set()
    assert (await stalls)[-3] < 0.5, "50 ms are promised; one or two pauses may be the machine's"
    assert (await store.library.message(reply.id)).text == "".join(f"{n} " for n in range(20_000))


async def longest_stalls(over: asyncio.Event) -> list[float]:
    """Return the event loop's pauses, in seconds, until `over`; the longest comes last."""
    pauses, last = list[float](), time.perf_counter()
    while not over.is_set():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        pauses.append(now - last)
        last = now
    return sorted(pauses)
