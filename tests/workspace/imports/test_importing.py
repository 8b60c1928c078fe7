"""What comes in from files of other programs, and of our own, and what is refused."""

import asyncio
import json
import struct
import time
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamtui.chat import StreamtuiError
from streamtui.chat.messages import Attachment, ChatMessage, Segment, Status
from streamtui.chat.ports import ConversationRecord
from streamtui.store import Store
from streamtui.workspace.exports import exported
from streamtui.workspace.imports import sources
from streamtui.workspace.imports.building import ForeignConversation, ForeignMessage, built, in_a_row
from streamtui.workspace.imports.formats import JSON_FORMATS
from streamtui.workspace.imports.importer import Importer, Tally
from streamtui.workspace.imports.values import Imported, JsonFormat, UnreadableError
from tests.store.samples import chain, foreign_lock, saved
from tests.workspace.imports.samples import (
    FILES,
    OTERM,
    as_json,
    as_zip,
    chatgpt,
    claude,
    database,
    node,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    with Store.open(tmp_path / "data") as store:
        yield store


async def imported(store: Store, path: Path) -> Tally:
    tally = Tally()
    await Importer(store.library, "some-model").take_in(path, tally)
    return tally


async def only(store: Store) -> tuple[ConversationRecord, list[ChatMessage]]:
    (summary,) = await store.library.conversations()
    return await store.library.load(summary.id)


def shape(messages: list[ChatMessage]) -> list[tuple[str, str, str | None]]:
    """Return role, text, and the text of what it follows."""
    texts = {message.id: message.text for message in messages}
    return [(message.role, message.text, texts.get(message.parent or "")) for message in messages]


@pytest.mark.parametrize("name", FILES)
async def test_every_format_is_known_by_its_content_and_comes_in_once(store: Store, tmp_path: Path, name: str) -> None:
    path = FILES[name](tmp_path)
    first = await imported(store, path)
    assert first.imported and not first.known and not first.refused
    before = [await store.library.load(summary.id) for summary in await store.library.conversations()]

    again = await imported(store, path)

    assert (again.imported, again.known) == (0, first.imported)
    assert f"{first.imported} already here" in again.line
    assert [await store.library.load(summary.id) for summary in await store.library.conversations()] == before


async def test_the_branches_of_a_tree_are_kept_with_the_one_in_view(store: Store, tmp_path: Path) -> None:
    await imported(store, FILES["chatgpt"](tmp_path))
    record, messages = await only(store)
    assert shape(messages) == [
        ("user", "How?", None),
        ("assistant", "So.", "How?"),
        ("assistant", "Or so.", "How?"),
        ("user", "And then?", "Or so."),
        ("assistant", "Done.", "And then?"),
    ]
    assert (record.title, record.model, record.created, record.updated) == ("Ways", "o3", 1700000000.0, 1700000005.0)
    assert record.leaf == messages[-1].id
    assert [message.model for message in messages] == [None, "gpt-4o", "o3", None, "o3"]


async def test_tools_between_replies_are_left_out_and_what_is_left_takes_turns(store: Store, tmp_path: Path) -> None:
    picture = {"content_type": "image_asset_pointer"}
    nodes = [
        node("u", None, "user", "Draw", 1.0),
        node("t", "u", "assistant", {"content_type": "thoughts", "thoughts": [{"summary": "A", "content": "b"}]}, 2.0),
        node("c", "t", "assistant", {"content_type": "code", "language": "python", "text": "draw()"}, 3.0),
        node("o", "c", "tool", {"content_type": "execution_output", "text": "ok"}, 4.0),
        node("a", "o", "assistant", {"content_type": "multimodal_text", "parts": ["Here.", picture]}, 5.0),
        node("h", "a", "user", "hidden", 6.0, is_visually_hidden_from_conversation=True),
        node("a2", "h", "assistant", "More.", 7.0),
    ]  # fmt: skip
    await imported(store, as_json(tmp_path / "x", [chatgpt(nodes, current_node="gone")]))
    _, messages = await only(store)
    assert shape(messages) == [
        ("user", "Draw", None),
        ("assistant", "```python\ndraw()\n```\n\nHere.\n\n[image]\n\nMore.", "Draw"),
    ]
    assert messages[1].reasoning == "A\n\nb"


async def test_claudes_files_become_attachments_and_thinking_reasoning(store: Store, tmp_path: Path) -> None:
    await imported(store, FILES["claude"](tmp_path))
    record, (prompt, reply) = await only(store)
    assert (record.title, record.model, record.updated) == ("Review", "some-model", 1704110700.25)
    assert prompt.text == "Look at this\n\n[file: photo.png]"
    (attachment,) = prompt.attachments
    assert (attachment.name, attachment.media_type, attachment.size) == ("a.py", "text/plain", 9)
    assert await store.library.attachment(attachment.sha256) == b"print(1)\n"
    assert (reply.text, reply.reasoning, reply.parent) == ("It prints.", "hm", prompt.id)


async def test_claudes_branches_are_kept(store: Store, tmp_path: Path) -> None:
    value = claude()
    first, second = value["chat_messages"]
    value["chat_messages"] = [
        first | {"parent_message_uuid": "00000000-0000-4000-8000-000000000000"},
        second | {"parent_message_uuid": "m1"},
        second | {"uuid": "m3", "content": [], "text": "It fails.", "parent_message_uuid": "m1"},
    ]
    await imported(store, as_json(tmp_path / "x", [value | {"current_leaf_message_uuid": "m2"}]))
    record, messages = await only(store)
    assert [parent for _, _, parent in shape(messages)] == [None, messages[0].text, messages[0].text]
    assert record.leaf == messages[1].id


async def test_a_tools_log_is_a_conversation_with_what_stood_before_the_prompt(store: Store, tmp_path: Path) -> None:
    assert (await imported(store, FILES["llm"](tmp_path))).imported == 2
    alone, names = await store.library.conversations()
    record, messages = await store.library.load(names.id)
    assert (record.title, record.system, record.model) == ("Ten names", "Be brief.", "gpt-4o")
    assert [message.text for message in messages] == ["A long text.\n\nNames?", "Edam", "Again", "Bree"]
    assert [attachment.name for attachment in messages[0].attachments] == ["cheese.png"]
    assert alone.title == "Alone"


async def test_databases_without_branches_or_times_come_in_whole(store: Store, tmp_path: Path) -> None:
    await imported(store, FILES["elia"](tmp_path))
    record, messages = await only(store)
    assert (record.title, record.system) == ("Weather", "Be brief.")
    assert shape(messages) == [("user", "Rain?", None), ("assistant", "No.", "Rain?")]
    tally = await imported(store, FILES["oterm"](tmp_path))
    record, messages = await store.library.load(str(tally.last))
    assert (record.title, record.model, record.system) == ("Tides", "llama3.2:3b", "Be brief.")
    assert [attachment.media_type for attachment in messages[0].attachments] == ["image/png"]


async def test_our_own_comes_back_byte_for_byte(store: Store, tmp_path: Path) -> None:
    row, messages = await saved(store)
    sha256 = await store.library.put_attachment(b"\x00bytes")
    file = Attachment(sha256, "a.bin", "application/octet-stream", 6)
    whole = replace(messages[0], attachments=(file,))
    reply = ChatMessage(
        "reply", whole.id, "assistant", (Segment("a", "r", Status.STOPPED), Segment("b", finish_reason="stop")), "m"
    )
    for message in (whole, reply, replace(reply, id="other", segments=(Segment("c", status=Status.FAILED),))):
        store.recorder.settle(row.id, message)
    await store.library.pin(row.id, True)
    text = await exported(store.library, *await store.library.load(row.id), "json")
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")

    with Store.open(tmp_path / "empty") as empty:
        assert (await imported(empty, path)).imported == 1
        assert await exported(empty.library, *await empty.library.load(row.id), "json") == text
        assert await empty.library.attachment(sha256) == b"\x00bytes"


async def test_several_of_our_own_in_one_file_come_in(store: Store, tmp_path: Path) -> None:
    texts = []
    for prompt in ("One", "Two"):
        row, _ = await saved(store, prompt)
        texts.append(await exported(store.library, *await store.library.load(row.id), "json"))
    for name, text in {"lines": "\n".join(texts), "list": f"[{','.join(texts)}]"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        with Store.open(tmp_path / f"{name}-store") as empty:
            assert (await imported(empty, tmp_path / name)).imported == 2


async def test_messages_that_another_conversation_has_are_not_taken_from_it(store: Store, tmp_path: Path) -> None:
    row, messages = await saved(store)
    value = json.loads(await exported(store.library, *await store.library.load(row.id), "json"))
    value["conversation"]["id"] = "another"
    assert (await imported(store, as_json(tmp_path / "x", value))).imported == 1
    assert [message.id for message in (await store.library.load(row.id))[1]] == [message.id for message in messages]
    record, copies = await store.library.load("another")
    assert [message.text for message in copies] == [message.text for message in (await store.library.load(row.id))[1]]
    assert record.leaf == copies[-1].id


async def test_what_was_deleted_can_be_imported_again(store: Store, tmp_path: Path) -> None:
    path = FILES["claude"](tmp_path)
    tally = await imported(store, path)
    await store.library.delete(str(tally.last))
    assert (await imported(store, path)).imported == 1
    _, messages = await only(store)
    assert len(messages) == 2


async def test_conversations_come_in_at_the_place_of_their_time(store: Store, tmp_path: Path) -> None:
    await saved(store, "Now")
    values = [
        claude(uuid=str(year), name=str(year), updated_at=f"{year}-01-01T00:00:00Z") for year in (2024, 2022, 2023)
    ]
    await imported(store, as_json(tmp_path / "x", values))
    titles = [summary.title for summary in await store.library.conversations()]
    assert titles == ["Now", "2024", "2023", "2022"]
    await saved(store, "Later")
    await imported(store, as_json(tmp_path / "y", claude(uuid="b", name="b", updated_at="2023-06-01T00:00:00Z")))
    titles = [summary.title for summary in await store.library.conversations()]
    assert titles == ["Later", "Now", "2024", "b", "2023", "2022"]


BAD = {
    "nothing": b"",
    "spaces": b" \n ",
    "no JSON": b"hello",
    "no text": b"\xff\xfe\x00\x01" * 9,
    "another JSON": b'{"a": 1}',
    "a list of numbers": b"[1, 2, 3]",
    "an empty list": b"[]",
    "cut off": json.dumps([chatgpt()]).encode()[:-40],
    "cut off after one": json.dumps([claude()]).encode()[:-1],
    "deep": b"[" * 100_000,
    "deep objects": b'{"mapping":' * 100_000,
    "a number of digits": b'[{"mapping": {}, "create_time": ' + b"9" * 5000 + b"}]",
    "half a zip": b"PK\x03\x04" + b"x" * 50,
    "half a database": b"SQLite format 3\x00" + b"x" * 500,
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_export_is_refused_with_one_line_and_leaves_nothing(
    store: Store, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(BAD[name])
    with pytest.raises(StreamtuiError) as refused:
        await imported(store, path)
    assert "file" in str(refused.value) and len(str(refused.value).splitlines()) == 1
    assert await store.library.conversations() == []


async def test_a_file_that_breaks_off_at_its_end_leaves_nothing_of_its_beginning(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps([claude(uuid=str(n)) for n in range(9)])[:-5], encoding="utf-8")
    with pytest.raises(UnreadableError, match="after 8 conversations"):
        await imported(store, path)
    assert await store.library.conversations() == []


ODD = {
    "no mapping left": chatgpt(mapping={}),
    "nodes of other types": chatgpt(mapping={"a": None, "b": 7, "c": [], "d": {"message": "x"}, "e": {"message": []}}),
    "parts of other types": chatgpt([node("u", None, "user", {"content_type": "text", "parts": {"a": 1}})]),
    "a claude conversation": claude(),
    "a number": 7,
    "nothing": None,
}


@pytest.mark.parametrize("name", ODD)
async def test_one_odd_conversation_is_left_out_and_said(store: Store, tmp_path: Path, name: str) -> None:
    tally = await imported(store, as_json(tmp_path / "file", [chatgpt(), ODD[name], chatgpt(conversation_id="2")]))
    assert (tally.imported, tally.refused) == (2, 1)
    assert "1 left out" in tally.line


@pytest.mark.parametrize("moment", [None, "x", -5, 1e300, 10**400, True, [], "2024-13-99", float("nan")])
async def test_odd_times_titles_and_letters_are_made_good(store: Store, tmp_path: Path, moment: object) -> None:
    nodes = [
        node("u", None, "user", "a\ud800b\x1b[31m\u202e", moment),
        node("a", "u", "assistant", "ok", moment, model_slug=["x"]),
    ]
    value = chatgpt(nodes, title=None, create_time=moment, update_time=moment)
    await imported(store, as_json(tmp_path / "file", [value]))
    record, messages = await only(store)
    assert "\x1b" not in messages[0].text and "\ud800" not in messages[0].text and "\u202e" not in messages[0].text
    assert 0 <= record.created <= time.time() + 1
    assert record.title and json.loads(await exported(store.library, record, messages, "json"))


async def test_rings_lost_parents_and_doubles_become_a_tree(store: Store, tmp_path: Path) -> None:
    nodes = [
        node("a", "b", "user", "ring a", 1.0),
        node("b", "a", "assistant", "ring b", 2.0),
        node("c", "c", "user", "its own parent", 3.0),
        node("d", "nobody", "user", "lost", 4.0),
        *(node(f"e{n}", f"e{(n + 1) % 5}", None) for n in range(5)),
        node("f", "e0", "user", "below a ring of nothing", 5.0),
    ]
    await imported(store, as_json(tmp_path / "file", [chatgpt(nodes)]))
    _, messages = await only(store)
    assert {message.text for message in messages} == {
        "ring a",
        "ring b",
        "its own parent",
        "lost",
        "below a ring of nothing",
    }
    places = {message.id: index for index, message in enumerate(messages)}
    assert all(message.parent is None or places[message.parent] < places[message.id] for message in messages)


async def test_a_tree_as_deep_as_it_gets_comes_in(store: Store, tmp_path: Path) -> None:
    nodes = [
        node(str(n), str(n - 1) if n else None, "assistant" if n % 2 else "user", f"{n}", n + 1.0) for n in range(3000)
    ]
    await imported(store, as_json(tmp_path / "file", [chatgpt(nodes[::-1])]))
    _, messages = await only(store)
    assert [message.text for message in messages] == [str(n) for n in range(3000)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"streamtui": 2}, "newer version"),
        ({"messages": []}, "no messages"),
        ({"conversation": {"id": "../../x"}}, "no id"),
        ({"messages": [{"id": "a", "role": "user", "status": "complete", "text": 7}]}, "no text"),
        ({"messages": [{"id": "a", "role": "robot", "status": "complete", "text": ""}]}, "no role"),
        ({"messages": [{"id": "a", "role": "user", "status": "odd", "text": ""}]}, "no known status"),
        ({"messages": [{"id": "a", "role": "user", "status": "complete", "text": ""}] * 2}, "have the id a"),
        ({"messages": [{"id": "a", "parent": "b", "role": "user", "status": "complete", "text": ""}]}, "follows"),
        ({"files": {"0" * 64: "AAAA"}}, "damaged"),
        ({"files": {"0" * 64: "?"}}, "damaged"),
    ],
)
async def test_what_only_looks_like_our_own_is_refused(
    store: Store, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    good = {
        "streamtui": 1,
        "conversation": {"id": "c"},
        "messages": [{"id": "m", "role": "user", "status": "complete", "text": "x"}],
    }
    tally = await imported(store, as_json(tmp_path / "file", good | change))
    assert (tally.imported, tally.refused) == (0, 1)
    assert why in tally.line


async def test_an_archive_is_read_as_far_as_it_makes_sense(store: Store, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", "[" + " " * 60_000_000)
    began = time.process_time()
    with pytest.raises(UnreadableError, match="packed as no export is"):
        await imported(store, bomb)
    assert time.process_time() - began < 1.0

    liar = as_zip(tmp_path / "liar", [chatgpt()])
    content = bytearray(liar.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 24 : at + 28] = struct.pack("<I", 5)  # each file says that it is five bytes long
        at = content.find(b"PK\x01\x02", at + 1)
    liar.write_bytes(content)
    with pytest.raises(UnreadableError, match="damaged"):
        await imported(store, liar)
    (tmp_path / "none").mkdir()
    empty = tmp_path / "none" / "x.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("../../../etc/passwd.json", "{}")
    with pytest.raises(UnreadableError, match="without an export"):
        await imported(store, empty)
    assert list((tmp_path / "none").iterdir()) == [empty]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_a_file_may_be_in_any_encoding_that_shells_write(store: Store, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x"
    path.write_text(json.dumps([claude(name="Größe")], ensure_ascii=False), encoding=encoding)
    await imported(store, path)
    assert (await only(store))[0].title == "Größe"


async def test_a_store_of_ours_is_told_from_other_databases(store: Store, tmp_path: Path) -> None:
    await saved(store)
    with pytest.raises(UnreadableError, match="--data-dir opens"):
        await imported(store, store.path)


async def test_only_files_are_read(store: Store, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", Path("/dev/zero"), tmp_path / "a\0b"):
        with pytest.raises(UnreadableError):
            await asyncio.wait_for(imported(store, path), 5)


async def test_a_database_made_to_be_endless_is_refused(store: Store, tmp_path: Path) -> None:
    script = """
        CREATE TABLE chat (id, name, model, system);
        CREATE VIEW message AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)
            SELECT id, 1 AS chat_id, 'me' AS author, 'x' AS text FROM n;
        INSERT INTO chat VALUES (1, 'a', 'b', 'c');
    """
    with pytest.raises(UnreadableError, match="none of llm, elia, oterm"):
        await asyncio.wait_for(imported(store, database(tmp_path / "x", script)), 5)


async def test_rows_of_odd_types_are_read_and_the_database_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    script = OTERM.replace("'When?'", "X'ff00'").replace("'Tides'", "17").replace("'[\"iVBORw0KGgo=\"]'", "'[[[['")
    path = database(tmp_path / "x", script)
    before = path.read_bytes()
    assert (await imported(store, path)).imported == 1
    assert path.read_bytes() == before
    assert not any(tmp_path.glob("x-*"))  # noqa: ASYNC240


async def test_cancelling_leaves_whole_conversations_behind_and_the_rest_comes_in_later(
    store: Store, tmp_path: Path
) -> None:
    path = as_json(tmp_path / "file", [claude(uuid=str(n), name=str(n)) for n in range(40)])
    tally = Tally()

    def cancel(tally: Tally) -> None:
        if tally.imported == 9:
            importing.cancel()

    importing = asyncio.create_task(Importer(store.library, "m").take_in(path, tally, cancel))
    with pytest.raises(asyncio.CancelledError):
        await importing
    summaries = await store.library.conversations()
    assert len(summaries) == tally.imported == 9
    assert all(summary.messages == 2 for summary in summaries)
    again = await imported(store, path)
    assert (again.imported, again.known) == (31, 9)


async def test_a_format_is_one_row(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(value: Mapping[str, Any], otherwise: float) -> Imported:
        messages = in_a_row([ForeignMessage("m", None, "user", value["note"])])
        return built(ForeignConversation("notes", value["note"], "A note", messages), otherwise)

    notes = JsonFormat("notes", lambda value: "note" in value, read)
    monkeypatch.setattr(sources, "JSON_FORMATS", (*JSON_FORMATS, notes))
    await imported(store, as_json(tmp_path / "x", [{"note": "buy milk"}]))
    _, (message,) = await only(store)
    assert message.text == "buy milk"


async def test_what_is_imported_is_found(store: Store, tmp_path: Path) -> None:
    await imported(store, FILES["claude"](tmp_path))
    assert [hit.conversation.title for hit in await store.library.search("prints")] == ["Review"]


async def test_an_added_conversation_that_could_not_be_written_comes_with_the_next_start(tmp_path: Path) -> None:
    messages = chain(4, "x")
    record = ConversationRecord("c1", "Later", "m", None, 1.0, 2.0, messages[-1].id, pinned=True)
    (tmp_path / "data").mkdir()
    lock = foreign_lock(tmp_path / "data")
    store = Store.open(tmp_path / "data")
    with pytest.raises(StreamtuiError):
        await store.library.add(record, messages)
    store.close()
    lock.release()
    with Store.open(tmp_path / "data") as again:
        saved_record, saved_messages = await again.library.load("c1")
    assert saved_record == record
    assert saved_messages == messages
