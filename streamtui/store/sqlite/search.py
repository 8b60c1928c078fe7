"""The search index: which messages hold the three-letter pieces of a word. The text itself is read from the messages.

The index is an FTS5 table that keeps no text and no positions, so it is small, and every candidate is checked against
its message: what the index doesn't know yet, or knows wrongly, never makes an answer wrong. It is built in steps, each
in a transaction of the writer, and can be dropped at any time. SQLite may lack FTS5, and one or two characters have no
three-letter piece: then all messages are read instead.
"""

import logging
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from streamtui.chat.sanitize import sanitize_line
from streamtui.store.sqlite import progress
from streamtui.store.sqlite.errors import code
from streamtui.store.sqlite.read import text_of

_CREATE: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (
    body, content = '', detail = none, columnsize = 0, tokenize = 'trigram'
)
"""
_LONGEST: Final = 200_000
"""Characters of a message up to which it is indexed, in some 20 ms; longer ones are read at each search."""
_PIECE: Final = 3
_MOST_PIECES: Final = 16
"""Pieces of a word that are looked up; the check of the text does the rest."""
_SECURE_DELETE: Final = (3, 42, 0)
"""Since when FTS5 removes what is deleted from the index at once."""
_MERGE_PAGES: Final = 64
_BEFORE: Final = 40
_SNIPPET: Final = 160
_REBUILD: Final = "rebuild search index"
_MERGE: Final = "merge search index"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Match:
    """A message in whose text, or in the names of whose attachments, all words stand."""

    seq: int
    id: str
    conversation: str
    snippet: str
    spans: tuple[tuple[int, int], ...]


class Words:
    """What is searched for: all of some words and phrases, whatever their case."""

    def __init__(self, text: str) -> None:
        parts = re.findall(r'"([^"]+)"|(\S+)', sanitize_line(text))
        self.terms = tuple(filter(None, (phrase.strip() or word.strip('"') for phrase, word in parts)))
        self._patterns = [re.compile(re.escape(term), re.IGNORECASE) for term in self.terms]
        self._any = re.compile("|".join(sorted(map(re.escape, self.terms), key=len, reverse=True)), re.IGNORECASE)

    @property
    def query(self) -> str | None:
        """The question to the index; `None` where it has no answer."""
        pieces = {term[n : n + _PIECE] for term in self.terms for n in _places(len(term))}
        if not pieces or min(map(len, self.terms)) < _PIECE:
            return None
        return " AND ".join('"' + piece.replace('"', '""') + '"' for piece in sorted(pieces))

    def find(self, body: str) -> int | None:
        """Return where the first of the words stands; `None` unless all of them do."""
        first: int | None = None
        for pattern in self._patterns:
            match = pattern.search(body)
            if match is None:
                return None
            first = match.start() if first is None else min(first, match.start())
        return first

    def snippet(self, body: str, at: int) -> tuple[str, tuple[tuple[int, int], ...]]:
        """Return one line of the text around place `at`, and where in it the words stand."""
        start = max(0, at - _BEFORE)
        line = " ".join(sanitize_line(body[start : start + _SNIPPET]).split())
        line = f"{'…' if start else ''}{line}{'…' if start + _SNIPPET < len(body) else ''}"
        return line, tuple(match.span() for match in self._any.finditer(line))


def _places(length: int) -> Iterable[int]:
    last = length - _PIECE
    return range(0, last + 1, max(1, -(-last // _MOST_PIECES)))


def matches(connection: sqlite3.Connection, words: Words) -> Iterator[Match]:
    """Iterate over the messages that hold all words, newest first, those of deleted conversations left out."""
    if not words.terms:
        return
    query = words.query
    if query is None or not _exists(connection):
        rows: Iterator[tuple[int, str, str, str]] = _scanned(connection, "")
    else:
        unindexed = _scanned(connection, "AND m.indexed <> 1")
        rows = merge(_indexed(connection, query), unindexed, key=itemgetter(0), reverse=True)
    for seq, identity, conversation, body in rows:
        at = words.find(body)
        if at is not None:
            yield Match(seq, identity, conversation, *words.snippet(body, at))


def _exists(connection: sqlite3.Connection) -> bool:
    """Return whether there is an index that this SQLite can read and that is not to be built anew."""
    try:
        connection.execute("SELECT rowid FROM search WHERE search MATCH 'abc' LIMIT 1").fetchone()
    except sqlite3.Error:
        return False
    return progress.get(connection, _REBUILD) is None


def _indexed(connection: sqlite3.Connection, query: str) -> Iterator[tuple[int, str, str, str]]:
    rows = connection.execute(
        "SELECT m.seq, m.id, m.conversation FROM search CROSS JOIN messages m ON m.seq = search.rowid"
        " CROSS JOIN conversations c ON c.id = m.conversation"
        " WHERE search MATCH ? AND m.indexed = 1 AND c.deleted IS NULL ORDER BY search.rowid DESC",
        (query,),
    )
    for seq, identity, conversation in rows:
        yield seq, identity, conversation, body_of(connection, seq)


def _scanned(connection: sqlite3.Connection, condition: str) -> Iterator[tuple[int, str, str, str]]:
    rows = connection.execute(
        "SELECT m.seq, m.id, m.conversation, s.text, s.owner,"
        " EXISTS (SELECT 1 FROM message_attachments a WHERE a.message = m.seq)"
        " FROM messages m CROSS JOIN conversations c ON c.id = m.conversation"
        " CROSS JOIN segments s ON s.message = m.seq"
        f" WHERE c.deleted IS NULL {condition} ORDER BY m.seq DESC, s.n"
    )
    for (seq, identity, conversation), group in groupby(rows, key=itemgetter(0, 1, 2)):
        segments = list(group)
        if any(owner is not None or attached for *_, owner, attached in segments):
            body = body_of(connection, seq)
        else:
            body = "".join(text if isinstance(text, str) else text_of(text) for _, _, _, text, _, _ in segments)
        yield seq, identity, conversation, body


def body_of(connection: sqlite3.Connection, message: int) -> str:
    """Return all that can be found of a message: its text, as far as it has arrived, and its attachments' names."""
    queries = (
        "SELECT text FROM segments WHERE message = ? ORDER BY n",
        "SELECT text FROM partials WHERE message = ? ORDER BY segment, seq",
        "SELECT char(10) || name FROM message_attachments WHERE message = ? ORDER BY n",
    )
    return "".join(text_of(row[0]) for query in queries for row in connection.execute(query, (message,)))


def extend(connection: sqlite3.Connection, until: float) -> bool:
    """Add messages to the index until the monotonic clock shows `until`, the newest first; return whether any are left.

    Runs in a transaction of the caller. Replies that are still streaming wait for their end.
    """
    if not _prepare(connection):
        return False
    rows = connection.execute(
        "SELECT m.seq FROM messages m WHERE m.indexed <> 1 AND m.indexed = 0"
        " AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.message = m.seq AND s.owner IS NOT NULL)"
        " ORDER BY m.seq DESC LIMIT 500"
    ).fetchall()
    with _guarded(connection):
        for (seq,) in rows:
            body = body_of(connection, seq)
            is_short = len(body) <= _LONGEST
            if is_short:
                connection.execute("INSERT INTO search (rowid, body) VALUES (?, ?)", (seq, body))
            connection.execute("UPDATE messages SET indexed = ? WHERE seq = ?", (1 if is_short else 2, seq))
            if time.monotonic() >= until:
                break
    return bool(rows)


def _drop(connection: sqlite3.Connection) -> None:
    """Remove the index. FTS5 can't even open one that is damaged, so the tables behind it are made those of an empty
    one first."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'search'").fetchone():
        return
    connection.execute("DELETE FROM search_data")
    connection.execute("DELETE FROM search_idx")
    connection.execute("INSERT INTO search_data (id, block) VALUES (1, x''), (10, x'00000000000000')")
    connection.execute("INSERT OR REPLACE INTO search_config (k, v) VALUES ('version', 4)")
    connection.execute("DROP TABLE search")


@contextmanager
def _guarded(connection: sqlite3.Connection) -> Iterator[None]:
    """Change the index in the body, and have it built anew where that fails: no text must be lost by it."""
    connection.execute("SAVEPOINT search_index")
    try:
        yield
        connection.execute("SAVEPOINT search_flush")  # FTS5 writes now, not at the commit, where it would fail the text
    except sqlite3.DatabaseError as error:
        if code(error) not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT):
            raise
        _log.info("search index: %s", error)
        connection.execute("ROLLBACK TO search_index")
        rebuild(connection)
    connection.execute("RELEASE search_index")


def _prepare(connection: sqlite3.Connection) -> bool:
    """Make sure that there is a good index; return whether this SQLite can have one."""
    try:
        if progress.get(connection, _REBUILD) is not None:
            _drop(connection)
            connection.execute("UPDATE messages SET indexed = 0 WHERE indexed <> 0")
            progress.clear(connection, _REBUILD)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'search'").fetchone():
            connection.execute(_CREATE)
            if sqlite3.sqlite_version_info >= _SECURE_DELETE:
                connection.execute("INSERT INTO search (search, rank) VALUES ('secure-delete', 1)")
    except sqlite3.OperationalError as error:
        _log.info("no search index: %s", error)
        return False
    return True


def forget(connection: sqlite3.Connection, messages: Iterable[int]) -> None:
    """Take messages out of the index, before their text changes or goes. Runs in a transaction of the caller."""
    query = "SELECT 1 FROM messages WHERE seq = ? AND indexed = 1"
    indexed = [seq for seq in messages if connection.execute(query, (seq,)).fetchone()]
    if not indexed:
        return
    with _guarded(connection):
        for seq in indexed:
            values = (seq, body_of(connection, seq))
            connection.execute("INSERT INTO search (search, rowid, body) VALUES ('delete', ?, ?)", values)
        if sqlite3.sqlite_version_info < _SECURE_DELETE:
            progress.put(connection, _MERGE, 0)
    connection.executemany("UPDATE messages SET indexed = 0 WHERE seq = ?", [(seq,) for seq in indexed])


def rebuild(connection: sqlite3.Connection) -> None:
    """Have the index built anew by the next `extend`. Runs in a transaction of the caller."""
    progress.put(connection, _REBUILD, 0)


def holds_deleted(connection: sqlite3.Connection) -> bool:
    """Return whether the index may still hold pieces of what was taken out of it."""
    return any(progress.get(connection, task) is not None for task in (_MERGE, _REBUILD))


def drop_deleted(connection: sqlite3.Connection, until: float) -> None:
    """Rid the index of what was taken out of it, until that is done or the monotonic clock shows `until`.

    Runs in a transaction of the caller.
    """
    if progress.get(connection, _REBUILD) is not None:
        _prepare(connection)
        progress.clear(connection, _MERGE, _REBUILD)
        return
    with _guarded(connection):
        while (step := progress.get(connection, _MERGE)) is not None:
            before = connection.total_changes
            pages = _MERGE_PAGES if step else -_MERGE_PAGES  # a negative number starts to merge all into one
            connection.execute("INSERT INTO search (search, rank) VALUES ('merge', ?)", (pages,))
            if connection.total_changes - before < 2:
                progress.clear(connection, _MERGE)
            else:
                progress.put(connection, _MERGE, step + 1)
            if time.monotonic() >= until:
                break


def titles(connection: sqlite3.Connection, words: Words) -> Iterator[tuple[str, str]]:
    """Iterate over the conversations whose titles hold all words, by id and title, most recently active first."""
    rows = connection.execute("SELECT id, title FROM conversations WHERE deleted IS NULL ORDER BY touched DESC")
    for identity, value in rows:
        title = text_of(value)
        if words.find(title) is not None:
            yield identity, title
