"""What is deleted is also gone from damaged files that were set aside, of which all else stays as it is."""

import random
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from streamtui.chat.messages import Attachment
from streamtui.store import Store
from streamtui.store.queue import housekeeping
from streamtui.store.sqlite import set_aside
from streamtui.store.sqlite.set_aside import overwrite
from tests.store.samples import record, saved, turn
from tests.store.test_deletion import traces

ALPHABET = "abcdefghijklmnopqrstuvwxyz 0123456789\n"


def prose(seed: int, size: int) -> str:
    """Return text that says SECRET every forty characters or so, and never the same in between."""
    chance = random.Random(seed)
    words = ("".join(chance.choices(ALPHABET, k=34)) + "SECRET" for _ in range(size // 40 + 1))
    return "".join(words)[:size]


async def damaged(folder: Path, sizes: list[int], *, page: int) -> tuple[list[str], bytes]:
    """Save conversations of secrets beside public ones, damage a page; return the ids of those with secrets and the
    file as it was set aside."""
    ids = []
    with Store.open(folder) as store:
        for number, size in enumerate(sizes):
            row, _ = await saved(store, f"SECRET question {number}", prose(number, size))
            await store.library.rename(row.id, f"SECRET title {number}")
            ids.append(row.id)
            await saved(store, f"public question {number}", f"public answer {number} " * 40)
    path = folder / "streamtui.db"
    content = bytearray(path.read_bytes())
    at = min(page, len(content) // 4096 - 1) * 4096
    content[at : at + 12] = bytes(value ^ 0x5A for value in content[at : at + 12])
    path.write_bytes(content)
    Store.open(folder).close()
    assert set_aside.files(folder)
    return ids, bytes(content)


@pytest.mark.parametrize("page", [2, 5, 9, 14, 20])
async def test_no_file_holds_what_is_deleted_after_a_rescue(folder: Path, page: int) -> None:
    _, before = await damaged(folder, [20, 300, 4090, 4096, 20_000, 300_000], page=page)
    with Store.open(folder) as store:
        rescued = [line.id for line in await store.library.conversations() if "SECRET" in line.title]
        assert len(rescued) >= 4
        kept = [line.id for line in await store.library.conversations() if "SECRET" not in line.title]
        lost = [line for line in await store.library.conversations() if line.title.startswith("Recovered")]
        await store.library.delete(*rescued, *(line.id for line in lost))
        assert store.erase(30)
    aside = set_aside.files(folder)[0]
    after = aside.read_bytes()
    assert len(after) == len(before)
    assert all(a == b or not a for a, b in zip(after, before, strict=True)), "overwritten with anything but zeros"
    assert after.count(b"public answer") == before.count(b"public answer")
    if len(rescued) == 6:
        assert not traces(folder)
    assert kept


async def test_so_are_attachments_drafts_and_the_log_of_the_file(folder: Path) -> None:
    content = bytes(random.Random(1).choices(range(256), k=10_000))
    with Store.open(folder) as store:
        sha256 = await store.library.put_attachment(content)
        asked, reply = turn("about a file")
        asked = replace(asked, attachments=(Attachment(sha256, "SECRET.bin", "x/y", len(content)),))
        row = record(reply, "with a file")
        await store.recorder.begin(row, [asked, reply])
        store.library.keep_draft(row.id, "SECRET words that nobody sent")
        aside = folder / "streamtui.db.corrupt-20260101-000000-wal"
        aside.write_bytes(b"frame" + content[:5000] + b"frame" + content[5000:] + b"SECRET words that nobody sent")
        (folder / "spill-1.jsonl.corrupt").write_bytes(b'{"text": "an answer", "name": "SECRET.bin"}')
        await store.library.delete(row.id)
        assert store.erase(30)
    assert not traces(folder)
    left = aside.read_bytes()
    assert left.startswith(b"frame\0") and left.count(b"frame") == 2 and not left.replace(b"frame", b"").strip(b"\0")


async def test_it_goes_on_where_a_command_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "STEP_S", 0.0)
    monkeypatch.setattr(set_aside, "_SLICE", 1 << 16)
    monkeypatch.setattr(set_aside, "_BATCH", 10_000)
    ids, _ = await damaged(folder, [30_000], page=2)
    with Store.open(folder) as store:
        await store.library.delete(*ids)
        assert not store.erase(0.2)
    for _ in range(20):
        with Store.open(folder) as store:
            if store.erase(2):
                break
    assert not traces(folder)


@pytest.mark.parametrize("seed", range(20))
def test_every_fragment_of_a_run_or_more_goes(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    texts = [bytes(chance.choices(b"abcd", k=chance.choice([16, 40, 900]))) for _ in range(3)] + [b"shorty"]
    path, content, others = tmp_path / "file", b"", []
    for _ in range(30):
        text = chance.choice(texts)
        first = 0 if len(text) < 16 else chance.randrange(len(text) - 15)
        end = len(text) if len(text) < 16 else chance.randrange(first + 16, len(text) + 1)
        others.append(bytes(chance.choices(b"XYZ", k=chance.randrange(1, 30))))
        content += others[-1] + text[first:end]
    path.write_bytes(content)
    start: int | None = 0
    while start is not None:
        start = overwrite(path, texts, start, monotonic())
    assert path.read_bytes().replace(b"\0", b"") == b"".join(others)
