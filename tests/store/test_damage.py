"""A damaged file: all that is not damaged comes back, whichever byte or page it hit."""

import os
import random
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.store import Store
from tests.store.samples import saved, texts

PAGE = 4096
COUNT = 40
SEEDS = int(os.environ.get("STREAMTUI_DAMAGES", "30"))
"""How many random damages are tried; a longer run is a matter of this variable."""

Saved = Sequence[tuple[ConversationRecord, list[ChatMessage]]]


async def fill(folder: Path) -> Saved:
    """Save conversations, some of them with long replies."""
    with Store.open(folder) as store:
        return [await saved(store, f"prompt {n}", f"reply {n} " * (1000 if n % 7 == 0 else 20)) for n in range(COUNT)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Saved]:
    """The bytes of a database, and what it holds."""
    import asyncio

    folder = tmp_path_factory.mktemp("whole") / "data"
    content = asyncio.run(fill(folder))
    return (folder / "streamtui.db").read_bytes(), content


def put(folder: Path, content: bytes | bytearray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "streamtui.db").write_bytes(content)


async def survivors(folder: Path) -> tuple[dict[str, list[str]], str]:
    """Return the texts of all conversations that can be read, and what opening said."""
    with Store.open(folder) as store:
        assert store.trouble is None
        summaries = await store.library.conversations()
        loaded = {}
        for summary in summaries:
            with suppress(NotFoundError):  # a byte of its id is damaged: its index has another one
                loaded[summary.id] = texts((await store.library.load(summary.id))[1])
        return loaded, " ".join(store.notices)


def pages(content: bytes | bytearray) -> range:
    return range(2, len(content) // PAGE + 1)


def whole_ones(loaded: dict[str, list[str]], content: Saved) -> int:
    return sum(loaded.get(record.id) == texts(messages) for record, messages in content)


def kind(content: bytes | bytearray, page: int) -> int:
    return content[(page - 1) * PAGE]


async def test_the_type_of_any_one_page_inverted_loses_nothing(folder: Path, whole: tuple[bytes, Saved]) -> None:
    content, expected = whole
    for page in pages(content):
        if kind(content, page) not in (2, 5, 10, 13):
            continue
        damaged = bytearray(content)
        damaged[(page - 1) * PAGE] ^= 0xFF
        put(folder / str(page), damaged)
        loaded, notice = await survivors(folder / str(page))
        assert whole_ones(loaded, expected) == COUNT, f"page {page}"
        assert not notice or f"{COUNT} of {COUNT} conversations were rescued" in notice
        if notice:
            (aside,) = (folder / str(page)).glob("*.corrupt-*")
            assert aside.read_bytes() == damaged


@pytest.mark.parametrize(
    "offset", [0, 5, 15, 16, 17, 18, 19, 20, 21, 22, 23, 28, 31, 32, 36, 44, 47, 52, 56, 59, 60, 68, 71]
)
async def test_damage_to_the_header_loses_nothing(folder: Path, whole: tuple[bytes, Saved], offset: int) -> None:
    content, expected = whole
    damaged = bytearray(content)
    damaged[offset] ^= 0x3A
    put(folder, damaged)
    loaded, _ = await survivors(folder)
    assert whole_ones(loaded, expected) == COUNT
    with Store.open(folder) as store:
        await saved(store, "one more")
        assert store.trouble is None
        assert store.notices == ()


async def test_damage_to_the_definition_of_a_table_loses_nothing(folder: Path, whole: tuple[bytes, Saved]) -> None:
    content, expected = whole
    chance = random.Random(1)
    places = [content.index(b"CREATE TABLE"), content.index(b"conversations (") + 3]
    for at in (*places, *(chance.randrange(100, PAGE) for _ in range(10))):
        damaged = bytearray(content)
        damaged[at] = 0xA0
        put(folder / str(at), damaged)
        loaded, _ = await survivors(folder / str(at))
        assert whole_ones(loaded, expected) == COUNT, at


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9, 0.99])
async def test_of_a_file_that_was_cut_short_the_whole_pages_come_back(
    folder: Path, whole: tuple[bytes, Saved], part: float
) -> None:
    content, _ = whole
    kept = int(len(content) * part)
    put(folder, content[:kept])
    loaded, notice = await survivors(folder)
    kept_texts = {text for messages in loaded.values() for text in messages}
    leaves = [content[at : at + PAGE] for at in range(0, kept // PAGE * PAGE, PAGE) if content[at] == 13]
    for n in range(COUNT):
        if any(f"reply {n} reply {n} ".encode() in leaf for leaf in leaves):
            assert any(text.startswith(f"reply {n} ") for text in kept_texts), n
    assert f"{len(loaded)} of " in notice


def page_filled(content: bytearray, chance: random.Random) -> None:
    page = chance.choice(pages(content))
    content[(page - 1) * PAGE : page * PAGE] = bytes([chance.choice([0, 0xA5, 0xFF])]) * PAGE


def byte_set(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(len(content))] = chance.randrange(256)


def block_of_noise(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content) // 512) * 512
    content[at : at + 512] = chance.randbytes(512)


def page_moved(content: bytearray, chance: random.Random) -> None:
    here, there = chance.sample(pages(content), 2)
    content[(there - 1) * PAGE : there * PAGE] = content[(here - 1) * PAGE : here * PAGE]


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_any_damage_costs_what_is_damaged_and_no_more(
    folder: Path, whole: tuple[bytes, Saved], seed: int
) -> None:
    content, expected = whole
    chance = random.Random(seed)
    damaged = bytearray(content)
    chance.choice([page_filled, byte_set, block_of_noise, page_moved])(damaged, chance)
    put(folder, damaged)
    loaded, notice = await survivors(folder)
    rows_on_a_page = max(content[at : at + PAGE].count(b"prompt") for at in range(0, len(content), PAGE))
    assert whole_ones(loaded, expected) >= COUNT - rows_on_a_page, notice
    with Store.open(folder) as store:
        assert store.notices == ()
        row, messages = await saved(store, "afterwards")
        assert (await store.library.load(row.id))[1] == messages


async def test_a_byte_that_is_no_text_is_shown_as_such_and_costs_nothing_else(folder: Path) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store, "con-A-name", "good-B-text")
        other, _ = await saved(store, "other")
    path = folder / "streamtui.db"
    content = path.read_bytes().replace(b"con-A-name", b"con-\xff-name").replace(b"good-B-text", b"good-\xfe-text")
    path.write_bytes(content)
    with Store.open(folder) as store:
        assert [line.title for line in await store.library.conversations()] == ["other", "con-�-name"]
        assert texts((await store.library.load(row.id))[1]) == ["con-�-name", "good-�-text"]
        assert (await store.library.load(other.id))[1]
        assert [hit.conversation.id for hit in await store.library.search("good-")] == [row.id]
        await store.library.delete(row.id)
    with Store.open(folder) as store:
        assert [line.id for line in await store.library.conversations()] == [other.id]


async def test_what_waited_in_the_log_of_a_damaged_file_is_rescued_too(folder: Path, tmp_path: Path) -> None:
    store = Store.open(folder)
    row, messages = await saved(store, "in the log")
    store.flush_or_spill(5)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("streamtui.db", "streamtui.db-wal"):
        (copy / name).write_bytes((folder / name).read_bytes())
    store.close()
    content = bytearray((copy / "streamtui.db").read_bytes()) or bytearray(PAGE)
    content[:16] = b"not a database  "
    (copy / "streamtui.db").write_bytes(content)
    with Store.open(copy) as store:
        assert (await store.library.load(row.id))[1] == messages


async def test_a_page_with_cells_that_point_anywhere_is_no_trap(folder: Path, whole: tuple[bytes, Saved]) -> None:
    content, _ = whole
    chance = random.Random(3)
    damaged = bytearray(content)
    for page in pages(content):
        if kind(content, page) == 13:
            for n in range(8, 40, 2):
                struct.pack_into(">H", damaged, (page - 1) * PAGE + n, chance.randrange(65536))
    put(folder, damaged)
    _, notice = await survivors(folder)
    assert "damaged" in notice
