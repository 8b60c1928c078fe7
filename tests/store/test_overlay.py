"""What a read shows does not depend on how much of what was recorded is on disk already."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streamtui.chat.errors import StoreError
from streamtui.chat.messages import ChatMessage, Segment, Status
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord
from streamtui.store.operations import (
    AddPromptHistory,
    Begin,
    KeepDraft,
    Operation,
    Rename,
    Settle,
    SoftDelete,
    Undelete,
    Update,
    Withdraw,
)
from streamtui.store.queue import queries
from streamtui.store.queue.compaction import compact
from streamtui.store.queue.overlay import Overlay
from streamtui.store.queue.spill import SpillFile, read_spill, spill_path
from streamtui.store.sqlite import opening
from streamtui.store.sqlite.apply import apply_all
from streamtui.store.sqlite.schema import SCRIPTS

CONVERSATIONS = ("ca", "cb")


class Chat:
    """Makes up operations that could follow each other in real chats."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._records: dict[str, ConversationRecord] = {}
        self._messages: dict[str, list[ChatMessage]] = {name: [] for name in CONVERSATIONS}
        self._count = 0

    def step(self, kind: str, name: str, text: str) -> None:
        """Add one operation where it makes sense."""
        self._count += 1
        messages = self._messages[name]
        if kind == "ask":
            self._ask(name, text)
        elif kind == "draft":
            self.operations.append(KeepDraft(name, text))
        elif kind == "stash":
            self.operations.append(AddPromptHistory(text))
        elif messages:
            self._change(kind, name, text)

    def _ask(self, name: str, text: str) -> None:
        messages = self._messages[name]
        asked = ChatMessage(f"{name}{self._count}u", self._leaf(name), "user", (Segment(text),), None, 1.0)
        streaming = (Segment(status=Status.STREAMING),)
        reply = ChatMessage(f"{name}{self._count}a", asked.id, "assistant", streaming, "m", 1.0)
        row = ConversationRecord(name, text, "m", None, 1.0, float(self._count), reply.id)
        self._records[name] = row
        self.operations.append(Begin(row, (asked, reply), tuple(messages)))
        messages += [asked, reply]

    def _change(self, kind: str, name: str, text: str) -> None:
        reply, row = self._messages[name][-1], self._records[name]
        changes: dict[str, Operation] = {
            "piece": (reply.id, len(reply.segments) - 1, text, text[:1]),
            "update": Update(replace(row, title=text, updated=99.0)),
            "rename": Rename(name, text),
            "hide": SoftDelete(name, 5.0),
            "unhide": Undelete(name),
        }
        if kind in changes:
            self.operations.append(changes[kind])
        elif kind == "settle":
            metrics = Metrics(chunks=self._count)
            reply = reply.with_last(Segment(text, "", Status.STOPPED, metrics=metrics))
            self._messages[name][-1] = reply
            self.operations.append(Settle(name, reply, float(self._count)))
        elif kind == "continue":
            reply = reply.with_new(Segment(status=Status.STREAMING))
            self._messages[name][-1] = reply
            self.operations.append(Begin(row, (reply,)))
        elif kind == "withdraw":
            gone = self._messages[name][-2:]
            del self._messages[name][-2:]
            self._records[name] = replace(row, leaf=self._leaf(name))
            self.operations.append(Withdraw(self._records[name], tuple(message.id for message in gone)))

    def _leaf(self, name: str) -> str | None:
        return self._messages[name][-1].id if self._messages[name] else None


KINDS = ("ask", "piece", "settle", "continue", "withdraw", "update", "rename", "hide", "unhide", "draft", "stash")


@st.composite
def chats(draw: st.DrawFn) -> list[Operation]:
    chat = Chat()
    words = st.sampled_from(("one", "two ", "three\n", ""))
    for kind, name, text in draw(
        st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CONVERSATIONS), words), max_size=25)
    ):
        chat.step(kind, name, text)
    return chat.operations


def answers(connection: sqlite3.Connection | None, overlay: Overlay) -> list[object]:
    """Ask everything that can be asked."""
    found: list[object] = [
        queries.summaries(connection, overlay, None),
        queries.summaries(connection, overlay, 1),
        queries.prompts(connection, overlay, 3),
        [(timing.model, timing.metrics) for timing in queries.timings(connection, overlay, None, 100)],
    ]
    for name in CONVERSATIONS:
        found.append(queries.draft(connection, overlay, name))
        for ask in (
            lambda name: queries.load(connection, overlay, name),
            lambda name: queries.tail(connection, overlay, name, 3),
            lambda name: queries.find(connection, overlay, name),
        ):
            try:
                found.append(ask(name))
            except StoreError as error:
                found.append(str(error))
    return found


def database(operations: Sequence[Operation]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    opening.migrate(connection, Path("unused"), SCRIPTS, [])
    connection.execute("PRAGMA foreign_keys = ON")
    apply_all(connection, operations, 1, "run")
    return connection


@settings(max_examples=150, deadline=None)
@given(chats(), st.integers(0, 25))
def test_a_read_shows_the_same_however_much_of_it_is_on_disk(operations: list[Operation], split: int) -> None:
    with closing(database(operations)) as all_of_it, closing(database(operations[:split])) as a_part:
        expected = answers(all_of_it, Overlay())
        assert answers(a_part, Overlay(operations[split:])) == expected
        assert answers(None, Overlay(operations)) == expected


@settings(max_examples=60, deadline=None)
@given(chats())
def test_a_long_queue_is_made_shorter_without_a_difference(operations: list[Operation]) -> None:
    short = compact(operations)
    assert len(short) <= len(operations)
    assert answers(None, Overlay(short)) == answers(None, Overlay(operations))
    with closing(database(operations)) as long_way, closing(database(short)) as short_way:
        assert answers(short_way, Overlay()) == answers(long_way, Overlay())


@settings(max_examples=40, deadline=None)
@given(chats())
def test_the_spill_file_keeps_every_operation_as_it_is(operations: list[Operation]) -> None:
    """But for the messages that each prompt carries in case that somebody deleted them."""
    assume(operations)
    with TemporaryDirectory() as folder:
        SpillFile(Path(folder), "run").add(7, operations)
        spill = read_spill(spill_path(Path(folder), "run"))
    assert spill.operations == tuple(replace(op, earlier=()) if isinstance(op, Begin) else op for op in operations)
    assert (spill.run, spill.first, spill.unreadable) == ("run", 7, 0)
