"""Files of any kind, opened as a stream of conversations. What a file is, its content says, not its name."""

import json
import re
import zipfile
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamtui.chat.ports import ForeignDatabase
from streamtui.chat.sanitize import sanitize_line
from streamtui.workspace.imports.formats import DATABASE_FORMATS, JSON_FORMATS
from streamtui.workspace.imports.values import Imported, JsonFormat, UnreadableError

_LARGEST: Final = 1 << 30
"""Bytes of a file, or of what is packed in one."""
_MOST_MEMBERS: Final = 10_000
_STEEPEST: Final = 200
"""How many times larger packed text may be than the archive's bytes of it, beyond the first megabytes."""
_SMALL: Final = 16 << 20
_SQLITE: Final = b"SQLite format 3\0"
_ZIP: Final = b"PK\x03\x04"
_OWN_TABLES: Final = {"conversations", "messages", "segments"}
_SPACE: Final = re.compile(r"[ \t\n\r,]*")
_UNPACKING: Final = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    NotImplementedError,
    EOFError,
    ValueError,
    KeyError,
    OverflowError,
)

OpenDatabase = Callable[[Path], AbstractContextManager[ForeignDatabase]]


@dataclass(frozen=True, slots=True)
class Refused:
    """One conversation of a file that can't be read."""

    reason: str


Reading = Imported | Refused


@contextmanager
def opened(path: Path, open_database: OpenDatabase) -> Iterator[Iterator[Reading]]:
    """Open a file for as long as the block lasts, and give what can be read from it, one conversation after the other.

    Blocks. Raises `UnreadableError`, also while it is read, for what is none of the known formats, and `StoreError`.
    """
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "is not there"
            raise UnreadableError(f"{_name(path)} {what}.")
        status = path.stat()
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{_name(path)} can't be read: {getattr(error, 'strerror', None) or error}.") from None
    if status.st_size > _LARGEST:
        raise _too_large(path)
    if start == _SQLITE:
        with open_database(path) as database:
            yield _of_database(database, path, status.st_mtime)
    elif start.startswith(_ZIP):
        yield _of_zip(path, status.st_mtime)
    else:
        yield _of_json(_read(path), _name(path), status.st_mtime)


def _name(path: Path) -> str:
    return sanitize_line(str(path), 200)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)  # what the system makes up as it is read says no size
    except OSError as error:
        raise UnreadableError(f"{_name(path)} can't be read: {error.strerror}.") from None
    if len(content) > _LARGEST:
        raise _too_large(path)
    return content


def _too_large(path: Path) -> UnreadableError:
    return UnreadableError(f"{_name(path)} is larger than {_LARGEST >> 30} GiB.")


# -- databases


def _of_database(database: ForeignDatabase, path: Path, otherwise: float) -> Iterator[Reading]:
    tables = database.tables()
    for known in DATABASE_FORMATS:
        if all(columns <= tables.get(table, frozenset()) for table, columns in known.tables.items()):
            yield from known.read(database, otherwise)
            return
    if tables.keys() >= _OWN_TABLES:
        raise UnreadableError(f"{_name(path)} is a store of streamtui: --data-dir opens the folder that it is in.")
    raise UnreadableError(f"{_name(path)} is a database, but none of {', '.join(f.name for f in DATABASE_FORMATS)}.")


# -- JSON


def _of_json(content: bytes, name: str, otherwise: float) -> Iterator[Reading]:
    known: JsonFormat | None = None
    for value in _values(content, name):
        if known is None:
            known = _format_of(value)
        if known is None:
            names = ", ".join(f.name for f in JSON_FORMATS)
            raise UnreadableError(f"{name} is JSON, but no export of {names}.")
        yield _conversation(known, value, otherwise)


def _format_of(value: object) -> JsonFormat | None:
    if not isinstance(value, dict):
        return None
    return next((known for known in JSON_FORMATS if known.has(value)), None)


def _conversation(known: JsonFormat, value: object, otherwise: float) -> Reading:
    if not isinstance(value, dict) or not known.has(value):
        return Refused(f"It is no conversation of {known.name}.")
    try:
        return known.read(value, otherwise)
    except UnreadableError as error:
        return Refused(str(error))


def _values(content: bytes, name: str) -> Iterator[Any]:
    """Yield the values in a JSON list, or those that stand one after the other, as they are decoded."""
    try:
        text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError(f"{name} is no text, no archive and no database.") from None
    at = _after_space(text, 0)
    is_list = text.startswith("[", at)
    at = _after_space(text, at + 1) if is_list else at
    decoder, count = json.JSONDecoder(), 0
    while at < len(text) and not (is_list and text[at] == "]"):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            where = f" after {count} conversations" if count else ""
            raise UnreadableError(f"{name} is no whole JSON{where}.") from None
        count += 1
        yield value
        at = _after_space(text, at)
    if is_list and at >= len(text):
        raise UnreadableError(f"{name} is cut off after {count} conversations.")
    if not count:
        raise UnreadableError(f"{name} is empty.")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


# -- archives


def _of_zip(path: Path, otherwise: float) -> Iterator[Reading]:
    """Yield what is in the JSON files of an archive that are exports. Nothing is unpacked to disk."""
    name, is_known = _name(path), False
    for content in _members(path):
        if _is_export(content, name):
            is_known = True
            yield from _of_json(content, name, otherwise)
    if not is_known:
        raise UnreadableError(f"{name} is an archive without an export of {', '.join(f.name for f in JSON_FORMATS)}.")


def _is_export(content: bytes, name: str) -> bool:
    try:
        return _format_of(next(_values(content, name), None)) is not None
    except UnreadableError:
        return False


def _members(path: Path) -> Iterator[bytes]:
    left = _LARGEST
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".json")]
            if len(archive.infolist()) > _MOST_MEMBERS:
                raise UnreadableError(f"{_name(path)} has more than {_MOST_MEMBERS} files in it.")
            for member in members:
                if member.file_size > _SMALL + _STEEPEST * member.compress_size:
                    raise UnreadableError(f"{_name(path)} is packed as no export is.")
                with archive.open(member) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise UnreadableError(f"{_name(path)} holds more than {_LARGEST >> 30} GiB.")
                yield content
    except UnreadableError:
        raise
    except OSError as error:
        raise UnreadableError(f"{_name(path)} can't be read: {error.strerror}.") from None
    except _UNPACKING:
        raise UnreadableError(f"{_name(path)} is a damaged or an encrypted archive.") from None
