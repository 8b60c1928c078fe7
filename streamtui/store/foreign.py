"""Databases of other programs, read without changing anything, however odd they are."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from streamtui.chat.errors import StoreError
from streamtui.chat.sanitize import sanitize_line

_BATCH: Final = 200
_LONGEST_S: Final = 60.0
"""How long one step of a query may take: longer takes only one that was made to."""
_STEPS: Final = 100_000
"""Instructions of SQLite's machine between two looks at the clock."""


class SqliteForeignDatabase:
    """Implements `chat.ports.ForeignDatabase`. Names of tables and columns are never those of the file."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._tables: dict[str, frozenset[str]] | None = None
        self._until = 0.0
        connection.set_progress_handler(lambda: time.monotonic() > self._until, _STEPS)

    def tables(self) -> Mapping[str, frozenset[str]]:
        """Return the columns of its real tables: what a view or a virtual table holds may be endless."""
        if self._tables is None:
            names = self._all("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'", ())
            self._tables = {
                str(name): frozenset(str(row[1]) for row in self._all(f"PRAGMA table_info({_quoted(name)})", ()))
                for (name,) in names
            }
        return self._tables

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        order: Sequence[str] = (),
        where: tuple[str, object] | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        query = f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(table)}"
        values: tuple[object, ...] = ()
        if where is not None:
            query, values = f"{query} WHERE {_quoted(where[0])} = ?", (where[1],)
        if order:
            query += f" ORDER BY {', '.join(map(_quoted, order))}"
        return self._stepped(query, values)

    def _all(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return list(self._stepped(query, values))

    def _stepped(self, query: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        with self._explained(), closing(self._connection.cursor()) as cursor:
            self._until = time.monotonic() + _LONGEST_S
            cursor.execute(query, values)
            while rows := cursor.fetchmany(_BATCH):
                yield from rows
                self._until = time.monotonic() + _LONGEST_S

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, MemoryError, OverflowError) as error:
            raise StoreError(f"{self._name} can't be read ({error}).") from None


def _quoted(name: object) -> str:
    return '"' + str(name).replace('"', '""') + '"'


@contextmanager
def opened_foreign(path: Path) -> Iterator[SqliteForeignDatabase]:
    """Open a database for reading, for the length of a block. Blocks. Raises `StoreError`."""
    name = sanitize_line(str(path), 200)
    connection = _connected(path, name)
    try:
        yield SqliteForeignDatabase(connection, name)
    finally:
        connection.close()


def _connected(path: Path, name: str) -> sqlite3.Connection:
    """Return a connection that can't write; where no lock file may be made, one that takes the file as it is."""
    address = path.absolute().as_uri()
    why = ""
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            connection = sqlite3.connect(f"{address}?{mode}", uri=True, check_same_thread=False, timeout=2.0)
        except sqlite3.Error as error:
            why = str(error)
            continue
        try:
            connection.text_factory = lambda value: value.decode("utf-8", "replace")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            why = str(error)
            connection.close()
            continue
        return connection
    raise StoreError(f"{name} can't be read ({why}).")
