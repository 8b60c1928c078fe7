"""Disks that are full or read-only: real ones, in memory, mounted for the test."""

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.chat.errors import StoreError
from streamtui.store import Store
from streamtui.store.sqlite.schema import SCRIPTS
from tests.patience import PATIENCE_S
from tests.store.samples import ended, saved, start_process, texts, turn, until, written


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root can mount a disk")
    yield mount
    subprocess.run(["umount", "--lazy", mount], check=True)


def fill(disk: Path) -> Path:
    """Leave no space on the disk; removing the returned file gives it back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return filler


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", disk], check=True)


async def test_a_disk_that_gets_full_stops_nothing_and_everything_is_saved_once_there_is_space(disk: Path) -> None:
    with Store.open(disk / "data") as store:
        row, messages = await saved(store, "first")
        await written(store)
        filler = fill(disk)
        asked, reply = turn("second " * 20_000, messages[-1].id)
        with pytest.raises(StoreError, match="no space left"):
            await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
        store.recorder.append(reply.id, 0, "some", "")
        assert "no space left" in (store.trouble or "")
        assert texts((await store.library.tail(row.id, 1))[1]) == ["some"]
        assert not store.flush_or_spill(0.05)
        filler.unlink()
        await until(lambda: store.trouble is None, "saving")
        await written(store)
        store.recorder.settle(row.id, ended(reply, "some more"))
    with Store.open(disk / "data") as store:
        assert texts((await store.library.load(row.id))[1])[-1] == "some more"
        assert (await store.library.load(row.id))[1][:2] == messages


async def test_a_disk_that_is_full_from_the_start(disk: Path) -> None:
    filler = fill(disk)
    with Store.open(disk / "data") as store:
        with pytest.raises(StoreError, match="no space left"):
            await saved(store)
        assert len(await store.library.conversations()) == 1
        filler.unlink()
        await until(lambda: store.trouble is None, "saving")
    with Store.open(disk / "data") as store:
        assert store.notices == ()
        assert len(await store.library.conversations()) == 1


async def test_a_read_only_folder_can_be_read_and_the_chat_goes_on_in_memory(disk: Path) -> None:
    with Store.open(disk / "data") as store:
        row, messages = await saved(store)
    remount(disk, "ro")
    with Store.open(disk / "data") as store:
        assert "can't be written to" in (store.trouble or "")
        assert (await store.library.load(row.id))[1] == messages
        asked, reply = turn("second", messages[-1].id)
        with pytest.raises(StoreError, match="Not saved"):
            await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
        assert len((await store.library.load(row.id))[1]) == 4
        remount(disk, "rw")
        await until(lambda: store.trouble is None, "saving")
        await written(store)
        assert len((await store.library.load(row.id))[1]) == 4
    with Store.open(disk / "data") as store:
        assert len((await store.library.load(row.id))[1]) == 4


async def test_a_read_only_folder_without_a_database(disk: Path) -> None:
    remount(disk, "ro")
    with Store.open(disk / "data") as store:
        assert "can't be written to" in (store.trouble or "")
        assert await store.library.conversations() == []
        assert await store.library.latest() is None


async def test_a_full_disk_can_be_read(disk: Path) -> None:
    with Store.open(disk / "data") as store:
        row, messages = await saved(store)
    filler = fill(disk)
    with Store.open(disk / "data") as store:
        assert [line.id for line in await store.library.conversations()] == [row.id]
        assert (await store.library.load(row.id))[1] == messages
        assert await store.library.find("last") == row.id
    filler.unlink()


async def test_a_database_with_a_log_in_a_read_only_folder_can_be_read(disk: Path) -> None:
    store = Store.open(disk / "data")
    row, messages = await saved(store, "in the log")
    store.flush_or_spill(5)
    copy = disk / "copy"
    copy.mkdir()
    for name in ("streamtui.db", "streamtui.db-wal"):
        (copy / name).write_bytes((disk / "data" / name).read_bytes())
    store.close()
    remount(disk, "ro")
    with Store.open(copy) as store:
        assert (await store.library.load(row.id))[1] == messages


async def test_a_database_of_an_earlier_version_in_a_read_only_folder_can_be_read(disk: Path) -> None:
    with Store.open(disk / "data", scripts=SCRIPTS[:1]):
        pass
    with closing(sqlite3.connect(disk / "data" / "streamtui.db")) as connection:
        connection.execute(
            "INSERT INTO conversations (id, title, model, created, updated, touched) VALUES ('c', 'old', 'm', 1, 2, 1)"
        )
        connection.commit()
    remount(disk, "ro")
    with Store.open(disk / "data") as store:
        assert [line.title for line in await store.library.conversations()] == ["old"]
    assert copies_left() == []


def copies_left() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("streamtui-*/copy.db"))


async def test_what_cannot_be_read_is_not_taken_for_nothing(folder: Path) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store)
    path = folder / "streamtui.db"
    with start_process(_AS_ANOTHER_USER, folder) as process:
        path.chmod(0o600)
        out, _ = process.communicate(timeout=PATIENCE_S)
    if "no other user" in out:
        pytest.skip("only root can become another user")
    assert out.splitlines() == ["StoreError"] * 4
    with Store.open(folder) as store:
        assert await store.library.latest() == row.id


_AS_ANOTHER_USER = """
import asyncio, os, pathlib, sys
from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.store import Store
folder = pathlib.Path(sys.argv[1])
async def main():
    with Store.open(folder) as store:
        library = store.library
        for question in (library.conversations(), library.find("last"), library.load("x"), library.delete("x")):
            try:
                print(await question)
            except NotFoundError:
                print("nothing")
            except StoreError as error:
                assert "can't be read" in str(error), error
                print("StoreError")
try:
    for above in (folder.parents[2], folder.parents[1], folder.parents[0], folder):
        os.chmod(above, 0o755)
    import streamtui.chat.statistics, tests.patience
    os.setuid(12345)
except PermissionError:
    print("no other user")
else:
    asyncio.run(main())
"""

_LIMITED = """
import asyncio, pathlib, resource, sys
from streamtui.chat.errors import StoreError
from streamtui.store import Store
from tests.store.samples import record, saved, turn
async def main():
    with Store.open(pathlib.Path(sys.argv[1])) as store:
        row, _ = await saved(store)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        try:
            await saved(store, "x" * 400_000)
        except StoreError as error:
            print(error)
        print(len(await store.library.conversations()))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
asyncio.run(main())
"""


async def test_a_limit_on_the_size_of_files(folder: Path) -> None:
    with start_process(_LIMITED, folder) as process:
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert out.startswith("Not saved")
    assert out.splitlines()[1:] == ["2"]
    with Store.open(folder) as store:
        assert len(await store.library.conversations()) == 2
