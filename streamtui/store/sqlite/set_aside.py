"""Erasing from damaged files that were set aside: what is deleted now is no longer in them, all else stays as it is.

Their trees can't be trusted, so deleted text is looked for as bytes, wherever a page, an older copy of one in the log,
or a file that never was a database has it. A text stands there in pieces, cut where pages end: each run of bytes that
it shares with the file is overwritten with zeros, in place. A run of fewer than `RUN` bytes is anybody's; a text as
short as that is overwritten where it stands whole.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from mmap import mmap
from pathlib import Path
from typing import Final

RUN: Final = 16
"""Bytes."""
_STEP: Final = RUN // 2
"""A run of `RUN` bytes has a whole piece of this size that starts at a multiple of it, wherever the run starts."""
_SHORTEST: Final = 6
"""Bytes of a text that tell whose it is."""
_BATCH: Final = 128 << 10
"""Bytes of text that are looked for at once; their places take two hundred times as much memory."""
_MOST_PLACES: Final = 32
"""Of one piece: what stands more often is told by its neighbours."""
_SLICE: Final = 1 << 20
"""Bytes of a file between two looks at the clock."""
_FILES: Final = 1 << 8
_LARGEST: Final = 1 << 40
"""More files, and larger ones, than there are: a position is the number of a batch, of a file, and a byte in it."""
_PATTERN: Final = "*.corrupt*"

_TEXTS: Final = """
SELECT title FROM conversations WHERE id = :id
UNION ALL SELECT system FROM conversations WHERE id = :id
UNION ALL SELECT text FROM drafts WHERE conversation = :id
UNION ALL SELECT s.text FROM messages m JOIN segments s ON s.message = m.seq WHERE m.conversation = :id
UNION ALL SELECT s.reasoning FROM messages m JOIN segments s ON s.message = m.seq WHERE m.conversation = :id
UNION ALL SELECT p.text FROM messages m JOIN partials p ON p.message = m.seq WHERE m.conversation = :id
UNION ALL SELECT p.reasoning FROM messages m JOIN partials p ON p.message = m.seq WHERE m.conversation = :id
UNION ALL SELECT a.name FROM messages m JOIN message_attachments a ON a.message = m.seq WHERE m.conversation = :id
UNION ALL SELECT a.content FROM attachments a WHERE a.sha256 IN (
    SELECT sha256 FROM message_attachments WHERE message IN (SELECT seq FROM messages WHERE conversation = :id)
)
"""


def files(folder: Path) -> list[Path]:
    """Return the files in the data folder that were set aside, the parts of databases and unreadable spill files."""
    return sorted(path for path in folder.glob(_PATTERN) if path.is_file())


def batches(connection: sqlite3.Connection, conversation: str) -> Iterator[list[bytes]]:
    """Iterate over all text of a conversation, in batches that fit into memory."""
    batch: list[bytes] = []
    size = 0
    for (value,) in connection.execute(_TEXTS, {"id": conversation}):
        for piece in _pieces(value):
            batch.append(piece)
            size += len(piece)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _pieces(value: object) -> Iterator[bytes]:
    """Cut a value into pieces of a batch at the most, which overlap by what a run needs."""
    text = value.encode("utf-8", "replace") if isinstance(value, str) else value if isinstance(value, bytes) else b""
    if len(text) >= _SHORTEST:
        for start in range(0, max(1, len(text) - RUN), _BATCH):
            yield text[start : start + _BATCH + RUN]


def erase(
    connection: sqlite3.Connection, conversation: str, paths: list[Path], position: int, until: float
) -> int | None:
    """Overwrite a conversation's text in the files until the monotonic clock shows `until`, but some in any case.

    `position` is 0 at first, and then what was returned. Return `None` at the end. Raises `OSError`, `sqlite3.Error`.
    """
    number, place = divmod(position, _FILES * _LARGEST)
    index, start = divmod(place, _LARGEST)
    texts = next(islice(batches(connection, conversation), number, None), None)
    if texts is None:
        return None
    following = overwrite(paths[index], texts, start, until) if index < len(paths) else None
    if following is not None:
        return (number * _FILES + index) * _LARGEST + following
    return (number * _FILES + index + 1) * _LARGEST if index + 1 < len(paths) else (number + 1) * _FILES * _LARGEST


def overwrite(path: Path, texts: list[bytes], start: int, until: float) -> int | None:
    """Overwrite with zeros what the file has of the texts from byte `start` on, until the monotonic clock shows
    `until`, but of some in any case; it is on disk then.

    Return the byte to go on from, `None` at the end of the file. Raises `OSError`.
    """
    with path.open("r+b") as file:
        if start >= file.seek(0, os.SEEK_END):
            return None
        with mmap(file.fileno(), 0) as content:
            if not start:
                for text in texts:
                    if len(text) < RUN:
                        _overwrite_whole(content, text)
            following = _overwrite_runs(content, [text for text in texts if len(text) >= RUN], start, until)
            content.flush()
        os.fsync(file.fileno())
    return following


def _overwrite_whole(content: mmap, text: bytes) -> None:
    at = content.find(text)
    while at >= 0:
        content[at : at + len(text)] = bytes(len(text))
        at = content.find(text, at)


def _overwrite_runs(content: mmap, texts: list[bytes], start: int, until: float) -> int | None:
    places = _places(texts)
    at = start
    while at < len(content):
        if at % _SLICE < _STEP and at > start and time.monotonic() >= until:
            return at
        known = places.get(content[at : at + _STEP])
        at += _STEP
        if known is None:
            continue
        runs = [_run(content, at - _STEP, texts[number], place) for number, place in known]
        first, end = max(runs, key=lambda run: run[1] - run[0])
        if end - first >= RUN:
            content[first:end] = bytes(end - first)
            at = max(at, end - end % _STEP)
    return None


def _places(texts: list[bytes]) -> dict[bytes, list[tuple[int, int]]]:
    """Return where in which text each piece of `_STEP` bytes stands; of one that repeats, the first few places."""
    places: dict[bytes, list[tuple[int, int]]] = {}
    for number, text in enumerate(texts):
        for at in range(len(text) - _STEP + 1):
            known = places.setdefault(text[at : at + _STEP], [])
            if len(known) < _MOST_PLACES:
                known.append((number, at))
    return places


def _run(content: mmap, at: int, text: bytes, place: int) -> tuple[int, int]:
    """Return how far the content around `at` and the text around `place` are the same."""
    first = at
    while first and at - first < place and content[first - 1] == text[place - (at - first) - 1]:
        first -= 1
    end, size = at + _STEP, 256
    while size:
        there = place + end - at
        piece = text[there : there + size]
        if len(piece) == size and content[end : end + size] == piece:
            end += size
        else:
            size //= 2
    return first, end
