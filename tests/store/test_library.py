import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streamtui.chat.errors import ErrorInfo, NotFoundError, StoreError
from streamtui.chat.messages import ChatMessage, Citation, SavedNotice, Segment, Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import Library, QuirkStore, Recorder
from streamtui.store import Store
from tests.store.samples import chain, ended, foreign_lock, record, saved, texts, turn, until, written

METRICS = Metrics(0.1, 0.2, 1.5, 1.7, 12, 80, 53.3, 13.3)


def test_the_store_offers_what_chat_asks_for(store: Store) -> None:
    parts: tuple[Recorder, Library, QuirkStore] = (store.recorder, store.library, store.memory)
    assert all(parts)


async def test_a_conversation_comes_back_as_it_was_after_a_restart(folder: Path) -> None:
    asked, reply = turn("What is 2 + 2?")
    row = replace(record(reply, "Sums"), system="Be brief.")
    whole = replace(
        reply,
        segments=(
            Segment("4", "let me see", Status.STOPPED, None, None, Usage(5, 1, None, True), None),
            Segment(".", "", Status.FAILED, "stop", ErrorInfo("rate_limit", "too fast"), Usage(5, 2, 1), METRICS),
        ),
    )
    with Store.open(folder) as store:
        await store.recorder.begin(row, [asked, reply])
        store.recorder.settle(row.id, whole)
    with Store.open(folder) as store:
        found, messages = await store.library.load(row.id)
        assert messages == [asked, whole]
        assert replace(found, updated=row.updated) == row
        assert await store.library.latest() == row.id


async def test_begin_returns_when_another_connection_can_read_it(folder: Path, store: Store) -> None:
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    with Store.open(folder) as other:
        _, messages = await other.library.load(row.id)
    assert messages == [asked, reply]


async def test_a_streaming_reply_grows_for_readers_in_other_processes(folder: Path, store: Store) -> None:
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    with Store.open(folder) as other:
        seen = ""
        for n in range(4):
            store.recorder.append(reply.id, 0, f"word{n} ", f"thought{n} ")
            await written(store)
            message = await other.library.message(reply.id)
            assert message.status is Status.STREAMING
            assert message.text.startswith(seen)
            seen = message.text
            assert seen.endswith(f"word{n} ")
        assert message.reasoning == "thought0 thought1 thought2 thought3 "
        store.recorder.settle(row.id, ended(reply, seen))
        await written(store)
        assert (await other.library.message(reply.id)).status is Status.COMPLETE


async def test_what_was_recorded_is_read_back_at_once_even_while_nothing_can_be_written(
    folder: Path, store: Store
) -> None:
    lock = foreign_lock(folder)
    asked, reply = turn("Are you there?")
    row = record(reply, "Presence")
    with pytest.raises(StoreError):
        await store.recorder.begin(row, [asked, reply])
    store.recorder.append(reply.id, 0, "I ", "")
    store.recorder.append(reply.id, 0, "am", "")
    store.library.keep_draft(row.id, "and then")
    _, messages = await store.library.load(row.id)
    assert texts(messages) == ["Are you there?", "I am"]
    assert texts((await store.library.tail(row.id, 1))[1]) == ["I am"]
    assert [(line.id, line.messages, line.status) for line in await store.library.conversations()] == [
        (row.id, 2, "streaming")
    ]
    assert await store.library.find(row.id[:12]) == row.id
    assert await store.library.prompts(5) == ["Are you there?"]
    assert await store.library.draft(row.id) == "and then"
    lock.close()
    await written(store)
    assert texts((await store.library.load(row.id))[1]) == ["Are you there?", "I am"]


async def test_reads_never_show_a_piece_twice_or_not_at_all_while_it_is_being_written(store: Store) -> None:
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    expected = ""
    for n in range(300):
        store.recorder.append(reply.id, 0, f"{n} ", "")
        expected += f"{n} "
        if n % 3 == 0:
            store.recorder.update(row)  # is in a hurry: makes a commit race with the read
        assert (await store.library.message(reply.id)).text == expected


async def test_tail_walks_the_branch_in_view(store: Store) -> None:
    asked, first = turn()
    second = replace(first, id=first.id + "b", segments=(Segment("second"),))
    row = record(first)
    await store.recorder.begin(row, [asked, ended(first, "first"), second])
    assert texts((await store.library.tail(row.id, 10))[1]) == ["How?", "first"]
    store.recorder.update(replace(row, leaf=second.id))
    assert texts((await store.library.tail(row.id, 10))[1]) == ["How?", "second"]
    assert texts((await store.library.tail(row.id, 1))[1]) == ["second"]


async def test_a_ring_of_parents_does_not_hang_a_read(store: Store) -> None:
    ring = [ChatMessage("a", "b", "user", (Segment("x"),)), ChatMessage("b", "a", "assistant", (Segment("y"),))]
    row = record(ring[1])
    await store.recorder.begin(row, ring)
    await store.recorder.begin(row, ring)  # only now is the first one's parent there
    _, messages = await store.library.tail(row.id, 1_000_000)
    assert len(messages) == 2


async def test_messages_come_in_the_order_in_which_they_were_made_though_the_clock_runs_backwards(store: Store) -> None:
    messages = [replace(message, created=-message.created) for message in chain(6, "x")]
    row = record(messages[-1])
    await store.recorder.begin(row, messages)
    assert (await store.library.load(row.id))[1] == messages


async def test_conversations_are_listed_by_their_last_activity_whatever_the_clock_says(folder: Path) -> None:
    moment = iter(range(10_000, 0, -1))
    with Store.open(folder, clock=lambda: float(next(moment))) as store:
        rows = []
        for n in range(3):
            asked, reply = turn(f"prompt {n}")
            rows.append(record(reply, f"title {n}", updated=float(next(moment))))
            await store.recorder.begin(rows[-1], [asked, reply])
        store.recorder.settle(rows[0].id, ended(reply, "late"))
        titles = [line.title for line in await store.library.conversations()]
        assert titles == ["title 0", "title 2", "title 1"]
        assert await store.library.latest() == rows[0].id
        assert [line.title for line in await store.library.conversations(limit=2)] == titles[:2]


async def test_withdrawing_the_first_turn_leaves_no_conversation(store: Store) -> None:
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    store.recorder.withdraw(replace(row, leaf=None), [asked.id, reply.id])
    assert await store.library.conversations() == []
    with pytest.raises(NotFoundError):
        await store.library.load(row.id)
    assert await store.library.prompts(3) == []


async def test_a_conversation_that_is_withdrawn_as_a_whole_leaves_no_unsent_text(folder: Path, store: Store) -> None:
    asked, reply = turn()
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    store.library.keep_draft(row.id, "unsent")
    await written(store)
    store.recorder.withdraw(replace(row, leaf=None), [asked.id, reply.id])
    await written(store)
    assert await store.library.draft(row.id) == ""
    with closing(sqlite3.connect(folder / "streamtui.db")) as connection:
        assert connection.execute("SELECT * FROM drafts").fetchall() == []


async def test_withdrawing_a_later_turn_leaves_the_rest(store: Store) -> None:
    row, messages = await saved(store)
    asked, reply = turn("And?", messages[-1].id)
    await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
    store.recorder.withdraw(row, [asked.id, reply.id])
    assert (await store.library.load(row.id))[1] == messages
    assert (await store.library.tail(row.id, 9))[1] == messages


async def test_a_continued_reply_gets_another_segment(store: Store) -> None:
    row, (asked, reply) = await saved(store, answer="One, ")
    longer = reply.with_new(Segment(status=Status.STREAMING))
    await store.recorder.begin(row, [longer])
    store.recorder.append(reply.id, 1, "two", "")
    await written(store)
    _, messages = await store.library.load(row.id)
    assert [segment.text for segment in messages[1].segments] == ["One, ", "two"]
    assert messages[0] == asked


async def test_what_is_said_about_a_reply_and_its_sources_come_back(folder: Path) -> None:
    asked, reply = turn()
    notices = (SavedNotice("refusal", "It won't."), SavedNotice("of a newer version", "100 % \u2713"))
    citations = (Citation("https://example.org/?a=1&b=2", "A title", 1), Citation("https://example.com", "", 2))
    done = reply.with_last(replace(reply.last, status=Status.COMPLETE, notices=notices, citations=citations))
    row = record(reply)
    with Store.open(folder) as store:
        await store.recorder.begin(row, [asked, reply])
        store.recorder.settle(row.id, done)
    lock = foreign_lock(folder)
    with Store.open(folder) as store:
        assert (await store.library.load(row.id))[1] == [asked, done]
        later = replace(done, id=done.id + "b")
        store.recorder.settle(row.id, later)
        assert store.close(0.1)
    lock.close()
    with Store.open(folder) as store:
        assert (await store.library.load(row.id))[1] == [asked, done, later]
        store._writer._database._connection.execute("UPDATE segments SET notices = '[[1],{},[\"a\",2]]'")  # type: ignore[union-attr]
        assert (await store.library.load(row.id))[1][1].notices == ()


async def test_pages_of_the_list(store: Store) -> None:
    rows = [(await saved(store, f"title {n}"))[0] for n in range(7)]
    titles = [row.title for row in reversed(rows)]
    await store.library.delete(rows[3].id)
    titles.remove("title 3")
    for is_written in (False, True):
        pages = [[s.title for s in await store.library.conversations(4, offset)] for offset in (0, 4, 8)]
        assert pages == [titles[:4], titles[4:], []]
        assert await store.library.count() == 6
        if not is_written:
            await written(store)


async def test_pins_stay_through_turns_and_restarts(folder: Path) -> None:
    with Store.open(folder) as store:
        row, messages = await saved(store, "pinned")
        await saved(store, "other")
        await store.library.pin(row.id, True)
        assert [line.title for line in await store.library.pinned()] == ["pinned"]
        asked, reply = turn("more", messages[-1].id)
        await store.recorder.begin(replace(row, leaf=reply.id), [asked, reply])
        with pytest.raises(NotFoundError):
            await store.library.pin("nobody", True)
    with Store.open(folder) as store:
        assert [line.pinned for line in await store.library.conversations()] == [True, False]
        assert (await store.library.load(row.id))[0].pinned
        await store.library.pin(row.id, False)
        assert await store.library.pinned() == []


async def test_several_are_deleted_together_or_none(store: Store) -> None:
    rows = [(await saved(store, f"title {n}"))[0] for n in range(3)]
    with pytest.raises(NotFoundError):
        await store.library.delete(rows[0].id, "nobody")
    assert await store.library.count() == 3
    await store.library.delete(rows[0].id, rows[2].id)
    assert [line.id for line in await store.library.conversations()] == [rows[1].id]


async def test_what_is_older_than_a_moment(folder: Path) -> None:
    with Store.open(folder, clock=lambda: 5.0) as store:
        rows = []
        for n in range(4):
            asked, reply = turn(f"title {n}")
            rows.append(record(reply, f"title {n}", updated=10.0 * n))
            await store.recorder.begin(rows[-1], [asked, reply])
        await store.library.pin(rows[0].id, True)
        assert [line.title for line in await store.library.older_than(25.0)] == ["title 2", "title 1"]


@pytest.mark.parametrize("is_written", [False, True])
async def test_a_conversation_is_meant_by_either_end_of_its_id_its_title_or_last(
    folder: Path, is_written: bool
) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store, "Penguins and Öl")
        twin, _ = await saved(store, "twin")
        other, _ = await saved(store, "twin")
        named, _ = await saved(store, "last")
        if is_written:
            await written(store)
        find = store.library.find
        assert await find(row.id[-6:]) == row.id
        assert await find("Penguins and Öl") == await find("penguins AND Öl") == row.id
        assert await find("last") == named.id
        await store.library.rename(row.id, "renamed")
        assert await find("RENAMED") == row.id
        for several in ("twin", row.id[:4]):
            with pytest.raises(NotFoundError, match="Several"):
                await find(several)
        for nothing in ("Penguins", "Penguins and Öl", ""):
            with pytest.raises(NotFoundError, match="no conversation"):
                await find(nothing)
        assert await find(row.id[-6:], at_least=6) == row.id
        with pytest.raises(NotFoundError, match="no conversation"):
            await find(row.id[-5:], at_least=6)
        assert await find("renamed", at_least=60) == row.id
        await store.library.delete(named.id)
        assert await find("last") == other.id
        assert twin.id != other.id


async def test_without_any_conversation_there_is_no_last_one(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no saved conversation"):
        await store.library.find("last")


async def test_what_was_learned_is_forgotten_after_a_week_but_not_what_the_user_allowed(folder: Path) -> None:
    now = [1e9]
    with Store.open(folder, clock=lambda: now[0]) as store:
        store.memory.learn("http://x", "m", "no:stream_options")
        store.memory.learn("http://x", "", "allow:insecure-http")
    now[0] += 6 * 86400
    with Store.open(folder, clock=lambda: now[0]) as store:
        assert store.memory.quirks("http://x", "m") == {"no:stream_options"}
    now[0] += 2 * 86400
    with Store.open(folder, clock=lambda: now[0]) as store:
        assert store.memory.quirks("http://x", "m") == frozenset()
        assert store.memory.quirks("http://x", "") == {"allow:insecure-http"}
        store.memory.forget("http://x")
    with Store.open(folder, clock=lambda: now[0]) as store:
        assert store.memory.quirks("http://x", "") == frozenset()


async def test_find_wants_one_conversation(store: Store) -> None:
    row, _ = await saved(store)
    twin, _ = await saved(store)
    assert await store.library.find(row.id) == row.id
    with pytest.raises(NotFoundError, match="Several"):
        await store.library.find(row.id[:2])
    for nothing in ("", "zz", "%", "_" * 20):
        with pytest.raises(NotFoundError, match="no conversation"):
            await store.library.find(nothing)
    assert twin.id != row.id


async def test_rename(store: Store) -> None:
    row, _ = await saved(store)
    await store.library.rename(row.id, "  New\x1b[31m\nname ")
    assert (await store.library.conversations())[0].title == "New�[31m name"
    with pytest.raises(NotFoundError):
        await store.library.rename("nobody", "x")


async def test_prompts_are_newest_first_without_doubles_stashed_ones_among_them(folder: Path) -> None:
    with Store.open(folder) as store:
        await saved(store, "one")
        await saved(store, "two")
        store.library.remember_prompt("stashed")
        await saved(store, "three")
        await saved(store, "one")
        store.library.remember_prompt("last")
        assert await store.library.prompts(10) == ["last", "one", "three", "stashed", "two"]
    with Store.open(folder) as store:
        assert await store.library.prompts(10) == ["last", "one", "three", "stashed", "two"]
        assert await store.library.prompts(2) == ["last", "one"]


async def test_drafts_of_a_conversation_and_of_the_new_one(folder: Path) -> None:
    with Store.open(folder) as store:
        row, _ = await saved(store)
        store.library.keep_draft(row.id, "half a thou")
        store.library.keep_draft(None, "new")
        store.library.keep_draft(row.id, "half a thought")
        assert await store.library.draft(row.id) == "half a thought"
    with Store.open(folder) as store:
        assert await store.library.draft(row.id) == "half a thought"
        assert await store.library.draft(None) == "new"
        store.library.keep_draft(None, "")
        assert await store.library.draft(None) == ""
        assert await store.library.draft("unknown") == ""


async def test_timings_are_newest_first_and_by_model(store: Store) -> None:
    for n, model in enumerate(["a", "b", "a"]):
        asked, reply = turn()
        reply = replace(reply, model=model)
        row = record(reply)
        done = ended(reply, "x").with_last(Segment("x", usage=Usage(1, n), metrics=replace(METRICS, chunks=n)))
        await store.recorder.begin(row, [asked, reply])
        store.recorder.settle(row.id, done)
    await saved(store)  # without metrics
    assert [timing.metrics.chunks for timing in await store.library.timings()] == [2, 1, 0]
    assert [timing.output_tokens for timing in await store.library.timings("a")] == [2, 0]
    assert len(await store.library.timings(limit=1)) == 1


async def test_what_was_learned_about_endpoints_lasts(folder: Path) -> None:
    with Store.open(folder) as store:
        store.memory.learn("http://x", "m", "no:stream_options")
        store.memory.learn("http://x", "m", "swap:max_tokens")
        assert store.memory.quirks("http://x", "m") == {"no:stream_options", "swap:max_tokens"}
    with Store.open(folder) as store:
        assert store.memory.quirks("http://x", "m") == {"no:stream_options", "swap:max_tokens"}
        assert store.memory.quirks("http://x", "other") == frozenset()


async def test_text_that_no_terminal_or_database_should_see_is_cleaned_in_both_directions(folder: Path) -> None:
    foul = "a\x00b\x1b]52;c;x\x07 \ud800 \u202e"
    with Store.open(folder) as store:
        row, messages = await saved(store, foul, foul)
        await store.library.load(row.id)
        store._writer._database._connection.execute("UPDATE segments SET text = 'x' || char(27) || '[2J'")  # type: ignore[union-attr]
        _, found = await store.library.load(row.id)
        assert texts(found) == ["x�[2J", "x�[2J"]
        assert (await store.library.conversations())[0].title == "a�b�]52;c;x� � "
    assert len(messages) == 2


async def test_trouble_is_told_on_the_event_loop_and_taken_back(folder: Path, store: Store) -> None:
    heard: list[str | None] = []
    store.on_trouble(heard.append)
    lock = foreign_lock(folder)
    with pytest.raises(StoreError, match="another program"):
        await saved(store)
    await until(lambda: heard, "trouble")
    assert heard == [store.trouble]
    lock.close()
    await until(lambda: heard[-1] is None, "relief")
    assert store.trouble is None
