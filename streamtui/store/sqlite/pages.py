"""The pages of a database file as bytes, read without SQLite (sqlite.org/fileformat2.html).

Two things need this: rescuing rows from a file that SQLite refuses, and finding what deleted rows left behind in the
unused parts of pages. Nothing here trusts what it reads.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

PAGE_SIZE: Final = 4096
"""Of every file of ours: SQLite's default since 2016."""
TABLE_LEAF: Final = 13
INDEX_LEAF: Final = 10
INDEX_INTERIOR: Final = 2
TABLE_INTERIOR: Final = 5
_HEADER_SIZES: Final = {TABLE_LEAF: 8, INDEX_LEAF: 8, INDEX_INTERIOR: 12, TABLE_INTERIOR: 12}
_FILE_HEADER: Final = 100
"""Bytes of page 1 before its tree."""
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_MOST_IN_TABLE: Final = PAGE_SIZE - 35
_MOST_IN_INDEX: Final = (PAGE_SIZE - 12) * 64 // 255 - 23
_LEAST: Final = (PAGE_SIZE - 12) * 32 // 255 - 23
"""Bytes of a row that stay on its page: at the most, and where the rest goes to overflow pages at the least."""
_LONGEST_VALUE: Final = 1 << 30

Value = None | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row, or an index entry, as its page has it."""

    rowid: int | None
    """`None` in an index."""
    values: tuple[Value, ...]
    is_whole: bool
    """Whether nothing of it is missing."""


class PageSource:
    """The newest committed version of each page of a database that nobody writes to, from the file and its log."""

    def __init__(self, file: BinaryIO, log: BinaryIO | None = None) -> None:
        self._file = file
        self._log = log
        self.count = -(-file.seek(0, 2) // PAGE_SIZE)
        self._frames = {} if log is None else _committed_frames(log)
        """Where in the log the pages' newest versions start."""
        self.count = max([self.count, *self._frames])

    def close(self) -> None:
        for file in filter(None, (self._file, self._log)):
            file.close()

    def page(self, number: int) -> bytes:
        """Return page `number`, from 1; what the file lacks is zero."""
        if number in self._frames and self._log is not None:
            self._log.seek(self._frames[number])
            return self._log.read(PAGE_SIZE).ljust(PAGE_SIZE, b"\0")
        self._file.seek((number - 1) * PAGE_SIZE)
        return self._file.read(PAGE_SIZE).ljust(PAGE_SIZE, b"\0")

    def rows(self, number: int) -> list[Row]:
        """Return the rows on a page, or what the damage left of them; none for a page that holds no rows."""
        page = self.page(number)
        start = _FILE_HEADER if number == 1 else 0
        kind = page[start]
        if not kind:  # an overflow page, or one never used
            return []
        rows = list(self._cells(page, start, kind)) if kind in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR) else []
        for guess in (TABLE_LEAF, INDEX_LEAF) if not rows and kind != TABLE_INTERIOR else ():
            rows = rows or list(self._cells(page, start, guess))
        return rows

    def _cells(self, page: bytes, start: int, kind: int) -> Iterator[Row]:
        (count,) = struct.unpack_from(">H", page, start + 3)
        first = start + _HEADER_SIZES[kind]
        for n in range(min(count, (PAGE_SIZE - first) // 2)):
            (at,) = struct.unpack_from(">H", page, first + 2 * n)
            if not first + 2 * count <= at < PAGE_SIZE:
                continue
            try:
                row = self._row(page, at + (4 if kind == INDEX_INTERIOR else 0), kind == TABLE_LEAF)
            except (IndexError, ValueError, struct.error, OverflowError):
                continue
            yield row

    def _row(self, page: bytes, at: int, is_table: bool) -> Row:
        size, at = _varint(page, at)
        rowid: int | None = None
        if is_table:
            rowid, at = _varint(page, at)
        if not 0 < size <= self.count * PAGE_SIZE:
            raise ValueError("no such size")
        payload, is_whole = self._payload(page, at, size, _MOST_IN_TABLE if is_table else _MOST_IN_INDEX)
        values, is_decoded = _record(payload)
        return Row(rowid, values, is_whole and is_decoded)

    def _payload(self, page: bytes, at: int, size: int, most: int) -> tuple[bytes, bool]:
        """Return the content of a cell, collected over its overflow pages, and whether it is all there."""
        if size <= most:
            payload = page[at : at + size]
            return payload, len(payload) == size
        local = _LEAST + (size - _LEAST) % (PAGE_SIZE - 4)
        local = local if local <= most else _LEAST
        parts = [page[at : at + local]]
        (number,) = struct.unpack_from(">I", page, at + local)
        left = size - local
        seen: set[int] = set()
        while left > 0 and 1 < number <= self.count and number not in seen:
            seen.add(number)
            more = self.page(number)
            (number,) = struct.unpack_from(">I", more)
            parts.append(more[4 : 4 + left])
            left -= PAGE_SIZE - 4
        return b"".join(parts), left <= 0


def _committed_frames(log: BinaryIO) -> dict[int, int]:
    """Return where in a write-ahead log the last committed version of each page in it starts."""
    size = log.seek(0, 2)
    log.seek(0)
    header = log.read(_WAL_HEADER)
    if len(header) < _WAL_HEADER or struct.unpack_from(">I", header, 8)[0] != PAGE_SIZE:
        return {}
    salts = header[16:24]
    frames: dict[int, int] = {}
    pending: dict[int, int] = {}
    for at in range(_WAL_HEADER, size - _FRAME_HEADER - PAGE_SIZE + 1, _FRAME_HEADER + PAGE_SIZE):
        log.seek(at)
        frame = log.read(_FRAME_HEADER)
        number, committed = struct.unpack_from(">II", frame)
        if frame[8:16] != salts:  # of an earlier use of the log
            break
        pending[number] = at + _FRAME_HEADER
        if committed:
            frames |= pending
            pending.clear()
    return frames


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts at `at`, and where the next thing starts."""
    value = 0
    for n in range(8):
        byte = data[at + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, at + 9


def _record(payload: bytes) -> tuple[tuple[Value, ...], bool]:
    """Return the values of a record, and whether all of them are there. Raises `ValueError` for what is none."""
    header_size, at = _varint(payload, 0)
    if not 0 < header_size <= len(payload):
        raise ValueError("no record")
    kinds: list[int] = []
    while at < header_size:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != header_size:
        raise ValueError("no record")
    values: list[Value] = []
    for kind in kinds:
        size = _size(kind)
        values.append(_value(kind, payload[at : at + size]))
        at += size
    return tuple(values), at <= len(payload)


_SIZES: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


def _size(kind: int) -> int:
    if kind < 0 or kind in (10, 11) or kind > _LONGEST_VALUE:
        raise ValueError("no such type")
    return _SIZES[kind] if kind < 10 else (kind - 12) // 2


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return float(struct.unpack(">d", data)[0]) if len(data) == 8 else None
    if kind < 7:
        return int.from_bytes(data, "big", signed=True)
    return data.decode("utf-8", "replace") if kind % 2 else data


def unused(page: bytes, number: int) -> tuple[int, int] | None:
    """Return where between its cells and their table of contents a page has room, `None` where it is no tree page.

    Rows that moved to another page may have left a copy there: SQLite never reads these bytes.
    Raises `ValueError` for a page that contradicts itself.
    """
    start = _FILE_HEADER if number == 1 else 0
    if page[start] not in _HEADER_SIZES:
        return None
    count, content = struct.unpack_from(">HH", page, start + 3)
    first = start + _HEADER_SIZES[page[start]] + 2 * count
    end = content or 65536
    if not first <= end <= PAGE_SIZE:
        raise ValueError(f"page {number} contradicts itself")
    cells = struct.unpack_from(f">{count}H", page, first - 2 * count)
    if cells and min(cells) < end:
        raise ValueError(f"page {number} contradicts itself")
    return first, end


def open_pages(path: Path) -> PageSource:
    """Open a database file and its log for reading; for files that no connection of this process has open."""
    log = path.with_name(f"{path.name}-wal")
    return PageSource(path.open("rb"), log.open("rb") if log.exists() else None)
