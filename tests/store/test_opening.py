"""What may stand where the database should, and what becomes of it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from streamtui.chat.errors import StoreError
from streamtui.store import Store
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.schema import APPLICATION_ID, SCRIPTS
from tests.store.samples import saved, start_process, texts, until, written

NEXT = "CREATE TABLE colours (name TEXT); ALTER TABLE messages ADD COLUMN colour TEXT DEFAULT 'red'"
ENDLESS = (
    "CREATE TABLE colours (name TEXT); INSERT INTO colours "
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e12) SELECT x FROM n"
)


def permissions(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}


def names(folder: Path, pattern: str = "*") -> set[str]:
    return {path.name for path in folder.glob(pattern)}


def put(folder: Path, make: Callable[[Path], object]) -> Path:
    """Put something where the database should be."""
    folder.mkdir()
    path = folder / "streamtui.db"
    make(path)
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def test_only_the_owner_can_read_any_of_it(folder: Path) -> None:
    umask = os.umask(0)
    try:
        with Store.open(folder) as store:
            await saved(store)
            found = permissions(folder)
    finally:
        os.umask(umask)
    assert {"streamtui.db", "streamtui.db-wal", "streamtui.db-shm", "streamtui.lock", "runs"} < set(found)
    assert found.pop("data") == 0o700
    assert found.pop("runs") == 0o700
    assert set(found.values()) == {0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(folder: Path) -> None:
    with Store.open(folder):
        pass
    (folder / "streamtui.db").chmod(0o644)
    with Store.open(folder):
        assert permissions(folder)["streamtui.db"] == 0o600


async def test_closing_leaves_one_file_and_its_lock(folder: Path) -> None:
    with Store.open(folder) as store:
        await saved(store)
    assert names(folder) == {"streamtui.db", "streamtui.lock", "runs"}
    assert names(folder / "runs") == set()


@pytest.mark.parametrize("sql", [f"PRAGMA user_version = {len(SCRIPTS) + 1}", "PRAGMA application_id = 1234"])
async def test_what_others_own_is_refused_and_not_touched(folder: Path, sql: str) -> None:
    with Store.open(folder) as store:
        await saved(store)
    path = folder / "streamtui.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(sql)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not touched") as refusal:
        Store.open(folder)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == before
    assert names(folder) == {"streamtui.db", "streamtui.lock", "runs"}


async def test_an_empty_file_is_a_new_database(folder: Path) -> None:
    put(folder, lambda path: path.touch())
    with Store.open(folder) as store:
        await saved(store)
        assert store.trouble is None
        assert store.notices == ()


async def test_migration_happens_once_and_keeps_a_copy(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store)
    for attempt in range(2):
        with Store.open(folder, scripts=(*SCRIPTS, NEXT)) as store:
            assert (await store.library.load(row.id))[1] == messages
            assert len(store.notices) == (1 if attempt == 0 else 0)
    assert version(folder / "streamtui.db") == len(SCRIPTS) + 1
    copy = f"streamtui.db.bak-v{len(SCRIPTS)}"
    assert names(folder, "*.bak*") == {copy}
    assert version(folder / copy) == len(SCRIPTS)
    assert permissions(folder)[copy] == 0o600
    with pytest.raises(StoreError, match="newer"):
        Store.open(folder)


async def test_a_migration_that_fails_changes_nothing(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store)
    with Store.open(folder, scripts=(*SCRIPTS, "CREATE TABLE colours (name TEXT); SELECT nonsense")) as store:
        assert store.trouble is not None
    assert version(folder / "streamtui.db") == len(SCRIPTS)
    with Store.open(folder) as store:
        assert (await store.library.load(row.id))[1] == messages


_VERSION_1 = """
INSERT INTO conversations (id, title, model, system, leaf, created, updated, touched)
    VALUES ('c1', 'Old title', 'gpt-4o-mini', 'Be brief.', 'm2', 10, 20, 1);
INSERT INTO messages (seq, id, conversation, parent, role, model, created) VALUES
    (1, 'm1', 'c1', NULL, 'user', NULL, 10), (2, 'm2', 'c1', 'm1', 'assistant', 'gpt-4o-mini', 11);
INSERT INTO segments (message, n, status, finish_reason, total_s, chunks, characters, text, reasoning) VALUES
    (1, 0, 'complete', NULL, NULL, NULL, NULL, 'old prompt', ''),
    (2, 0, 'complete', 'stop', 2.5, 3, 10, 'old answer', 'old thought');
INSERT INTO prompts (after, text) VALUES (2, 'stashed');
INSERT INTO drafts VALUES ('c1', 'unsent');
INSERT INTO quirks VALUES ('http://x', 'm', 'no:stream_options');
INSERT INTO purged VALUES ('gone', 1);
"""


async def test_a_store_of_version_1_has_everything_afterwards_and_its_names(folder: Path) -> None:
    path = put(folder, lambda path: path.touch())
    with closing(sqlite3.connect(path)) as connection:
        opening.run_scripts(connection, SCRIPTS[:1])
        before = names_in(connection)
        connection.executescript(_VERSION_1)
    with Store.open(folder) as store:
        (notice,) = store.notices
        assert "streamtui.db.bak-v1" in notice
        row, messages = await store.library.load("c1")
        assert (row.title, row.system, row.leaf, row.pinned) == ("Old title", "Be brief.", "m2", False)
        assert texts(messages) == ["old prompt", "old answer"]
        assert messages[1].reasoning == "old thought"
        assert messages[1].last.metrics is not None
        assert await store.library.prompts(5) == ["stashed", "old prompt"]
        assert await store.library.draft("c1") == "unsent"
        assert store.memory.quirks("http://x", "m") == {"no:stream_options"}
        assert [hit.message for hit in await store.library.search("answer")] == ["m2"]
        await saved(store, "new")
        assert store.check().is_healthy
    with closing(sqlite3.connect(path)) as connection:
        assert before <= names_in(connection)
    assert version(folder / "streamtui.db.bak-v1") == 1


def names_in(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return the tables with their columns, and the indexes."""
    rows = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index')").fetchall()
    columns = {
        (name, column[1])
        for kind, name in rows
        if kind == "table"
        for column in connection.execute(f"PRAGMA table_info({name})")
    }
    return columns | set(rows)


async def test_a_new_store_and_one_that_was_brought_here_have_the_same_tables(folder: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(":memory:")) as old:
        opening.run_scripts(new, SCRIPTS)
        for version_number in range(1, len(SCRIPTS) + 1):
            opening.run_scripts(old, SCRIPTS[:version_number])
        assert names_in(new) == names_in(old)


_MIGRATE = """
import pathlib, sys
from streamtui.store import Store
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.schema import SCRIPTS
Store.open(pathlib.Path(sys.argv[1]), scripts=(*SCRIPTS, sys.argv[2]))
sys.stdin.read()
"""


async def test_killed_in_the_middle_of_a_migration(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store)
    log = folder / "streamtui.db-wal"
    with start_process(_MIGRATE, folder, ENDLESS) as process:
        await until(lambda: log.exists() and log.stat().st_size > 1 << 20, "the migration")
        process.kill()
    assert version(folder / "streamtui.db") == len(SCRIPTS)
    with Store.open(folder, scripts=(*SCRIPTS, NEXT)) as store:
        assert store.trouble is None
        assert (await store.library.load(row.id))[1] == messages
    assert version(folder / f"streamtui.db.bak-v{len(SCRIPTS)}") == len(SCRIPTS)


def _text(path: Path) -> None:
    path.write_bytes(b"this is a letter, not a database\n" * 300)


def _wild_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 2000] = b"\xa5" * 2000
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


@pytest.mark.parametrize("damage", [_text, _wild_page, _cut])
async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(folder: Path, damage: Callable[[Path], None]) -> None:
    with Store.open(folder) as store:
        await saved(store)
    damage(folder / "streamtui.db")
    content = (folder / "streamtui.db").read_bytes()
    with Store.open(folder) as store:
        assert store.trouble is None
        (notice,) = store.notices
        assert "damaged" in notice
        row, messages = await saved(store)
        assert (await store.library.load(row.id))[1] == messages
        assert [line.id for line in await store.library.conversations()] == [row.id]
    (aside,) = names(folder, "streamtui.db.corrupt-*")
    assert aside in notice
    assert (folder / aside).read_bytes() == content


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("obstacle", [_folder, _pipe, _dangling, _link_to_device])
async def test_with_something_odd_in_its_place_the_chat_goes_on_in_memory(
    folder: Path, obstacle: Callable[[Path], None]
) -> None:
    path = put(folder, obstacle)
    with Store.open(folder) as store:
        await _works_in_memory(store)
        assert str(path) in (store.trouble or "")
        _remove(path)
        await until(lambda: store.trouble is None, "saving what was kept in memory")
    with Store.open(folder) as store:
        assert [line.messages for line in await store.library.conversations()] == [2]


def _remove(path: Path) -> None:
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


async def _works_in_memory(store: Store) -> None:
    assert store.trouble is not None
    assert "\n" not in store.trouble
    with pytest.raises(StoreError, match="saved"):
        await saved(store)
    (line,) = await store.library.conversations()
    _, messages = await store.library.load(line.id)
    store.recorder.append(messages[1].id, 0, "in memory", "")
    assert texts((await store.library.tail(line.id, 9))[1]) == ["How?", "in memory"]


@pytest.mark.parametrize("where", ["", "streamtui.lock", "runs"])
async def test_other_obstacles_in_the_folder(folder: Path, where: str) -> None:
    obstacle = folder / where
    obstacle.parent.mkdir(exist_ok=True)
    if where.endswith("lock"):
        obstacle.mkdir()
    else:
        obstacle.write_text("a file where a folder should be")
    with Store.open(folder) as store:
        await _works_in_memory(store)
        _remove(obstacle)
        await until(lambda: store.trouble is None, "saving what was kept in memory")
    with Store.open(folder) as store:
        assert [line.status for line in await store.library.conversations()] == ["interrupted"]


async def test_a_link_to_a_database_elsewhere_is_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "real.db").touch()
    put(folder, lambda path: path.symlink_to(tmp_path / "real.db"))
    with Store.open(folder) as store:
        assert store.trouble is None
        await saved(store)
        await written(store)
    assert (tmp_path / "real.db").stat().st_size > 0


async def test_without_shared_memory_the_journal_is_a_file_and_a_notice_says_so(folder: Path) -> None:
    with Store.open(folder, vfs="unix-dotfile") as store:
        (notice,) = store.notices
        assert "slower" in notice
        row, messages = await saved(store)
        await written(store)
        assert (await store.library.load(row.id))[1] == messages
        assert not (folder / "streamtui.db-wal").exists()
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


async def test_a_database_that_is_moved_away_under_the_app_is_begun_anew(folder: Path) -> None:
    with Store.open(folder) as store:
        await saved(store, "before")
        await written(store)
        for name in names(folder, "streamtui.db*"):
            (folder / name).rename(folder / f"moved-{name}")
        row, _ = await saved(store, "after")
        assert [line.id for line in await store.library.conversations()] == [row.id]
    with closing(sqlite3.connect(folder / "moved-streamtui.db")) as connection:
        assert connection.execute("SELECT title FROM conversations").fetchall() == [("before",)]


@pytest.mark.parametrize(("name", "expected"), [("streamtui", 0o700), ("elsewhere", 0o755)])
async def test_an_existing_folder_is_closed_to_others_where_it_is_ours(
    tmp_path: Path, name: str, expected: int
) -> None:
    folder = tmp_path / name
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with Store.open(folder):
        assert folder.stat().st_mode & 0o777 == expected
