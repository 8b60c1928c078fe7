"""What does not fit, and what is damaged, costs no more than itself."""

import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from streamtui.chat.errors import StoreError
from streamtui.chat.messages import Status
from streamtui.store import Store
from streamtui.store.operations import AddPromptHistory, Learn
from streamtui.store.sqlite import opening
from tests.store.samples import record, saved, start_process, texts, turn, until, written

PAGE = 4096


def spoil(path: Path, word: str) -> None:
    """Overwrite the pages that are full of `word`, not those that its row shares with others."""
    content = bytearray(path.read_bytes())
    for start in range(0, len(content), PAGE):
        if content[start : start + PAGE].count(word.encode()) > 350:
            content[start : start + PAGE] = b"\xa5" * PAGE
    path.write_bytes(content)


async def test_conversations_that_can_be_read_move_from_a_damaged_file_to_the_new_one(folder: Path) -> None:
    with Store.open(folder) as store:
        kept = [await saved(store, f"kept {n}", f"word{n} " * 2000) for n in range(3)]
        lost, _ = await saved(store, "lost", "swordfish " * 3000)
        gone, _ = await saved(store, "gone", "x")
        await store.library.delete(gone.id)
        asked, reply = turn("streaming")
        row = record(reply, "streaming")
        await store.recorder.begin(row, [asked, reply])
        store.recorder.append(reply.id, 0, "partial", "")
    spoil(folder / "streamtui.db", "swordfish")
    with Store.open(folder) as store:
        (notice,) = store.notices
        assert "5 of 5 conversations were rescued from it, 1 of them with gaps" in notice
        titles = [line.title for line in await store.library.conversations()]
        assert titles == ["streaming", "lost", "kept 2", "kept 1", "kept 0"]
        for saved_row, messages in kept:
            assert (await store.library.load(saved_row.id))[1] == messages
        _, found = await store.library.load(row.id)
        assert texts(found) == ["streaming", "partial"]
        assert found[-1].status is Status.INTERRUPTED
        _, found = await store.library.load(lost.id)
        assert texts(found)[0] == "lost"
        assert found[1].last.error is not None
        assert found[1].last.error.kind == "damaged"


async def test_damage_that_a_read_finds_in_a_large_file_is_dealt_with_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_CHECK_LIMIT", 0)
    with Store.open(folder) as store:
        kept, _ = await saved(store, "kept")
        lost, _ = await saved(store, "lost", "swordfish " * 3000)
    spoil(folder / "streamtui.db", "swordfish")
    with Store.open(folder) as store:
        assert texts((await store.library.load(lost.id))[1])[0] == "lost"
        assert len((await store.library.load(kept.id))[1]) == 2
        (notice,) = store.notices
        assert "2 of 2 conversations were rescued from it, 1 of them with gaps" in notice
        row, messages = await saved(store, "afterwards")
        assert (await store.library.load(row.id))[1] == messages
    with Store.open(folder) as store:
        assert store.notices == ()
        assert [line.id for line in await store.library.conversations()] == [row.id, lost.id, kept.id]


_OPEN = """
import asyncio, pathlib, sys
from streamtui.store import Store
with Store.open(pathlib.Path(sys.argv[1])) as store:
    asyncio.run(store.library.conversations())
"""


@pytest.mark.parametrize("seed", range(5))
async def test_a_rescue_that_is_cut_off_is_finished_by_the_next_start(folder: Path, seed: int) -> None:
    with Store.open(folder) as store:
        for n in range(120):
            await saved(store, f"kept {n}", f"word{n} " * 300)
    path = folder / "streamtui.db"
    content = bytearray(path.read_bytes())
    content[:16] = b"not a database!!"
    path.write_bytes(content)
    draft = path.with_name(f"{path.name}.rescuing")
    chance = random.Random(seed)
    for _ in range(4):
        await killed_when_grown(start_process(_OPEN, folder), draft, chance.randrange(len(content)))
    with Store.open(folder) as store:
        assert len(await store.library.conversations()) == 120
        assert store.notices == () or "120 of 120 conversations were rescued" in store.notices[0]
    (aside,) = files(folder, "*.corrupt-*")
    assert aside.read_bytes() == content
    assert files(folder, "*.rescu*") == []


async def killed_when_grown(process: "subprocess.Popen[str]", draft: Path, size: int) -> None:
    """Kill a process when the database that it writes at `draft` has `size` bytes, or let it come to its end."""

    def written_so_far() -> int:
        size = 0
        for part in files(draft.parent, f"{draft.name}*"):
            with suppress(FileNotFoundError):  # SQLite's journal comes and goes
                size += part.stat().st_size
        return size

    await until(lambda: written_so_far() >= size or process.poll() is not None, "a rescue")
    process.kill()
    process.communicate()


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


async def test_a_closed_store_says_so_instead_of_waiting_for_ever(folder: Path) -> None:
    store = Store.open(folder)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.library.conversations()
    with pytest.raises(StoreError, match="closed"):
        await saved(store)
    store.recorder.append("m", 0, "x", "")
    assert store.close()


async def test_an_operation_that_no_database_would_take_keeps_no_other_from_it(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store)
        store._writer.add(AddPromptHistory(object()))  # type: ignore[arg-type]
        store._writer.add(Learn("e", None, "q"))  # type: ignore[arg-type]
        store.library.remember_prompt("after it")
        await written(store)
        assert store.trouble is None
        assert await store.library.prompts(5) == ["after it", "How?"]
        assert (await store.library.load(row.id))[1] == messages


async def test_a_reply_whose_conversation_was_lost_with_the_file_is_kept(folder: Path) -> None:
    with Store.open(folder) as store:
        asked, reply = turn()
        row = record(reply)
        await store.recorder.begin(row, [asked, reply])
        for path in _files(folder):
            path.unlink()
        store.recorder.append(reply.id, 0, "half", "")
        store.recorder.settle(row.id, reply.with_last(reply.last.__class__("whole")))
        await written(store)
        assert texts((await store.library.load(row.id))[1]) == ["whole"]
        assert (await store.library.conversations())[0].title == "Recovered conversation"


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("streamtui.db*"))
