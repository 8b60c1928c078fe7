"""What an import reads, whatever program wrote it; and foreign JSON taken with care: any value may be of any type."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord, ForeignDatabase

_LATEST: Final = 253_402_300_799.0
"""The end of the year 9999, in seconds since the epoch: calendars know no later moment."""


class UnreadableError(StreamtuiError):
    """A file, or one conversation in it, is not what it seemed to be."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A conversation that was read, ready to be saved."""

    record: ConversationRecord
    """Its model is empty where the file names none."""
    messages: tuple[ChatMessage, ...]
    """Parents first."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The content of attachments by SHA-256."""


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format in which a conversation is a JSON object."""

    name: str
    """As the user is told."""
    has: Callable[[Mapping[str, Any]], bool]
    """Whether an object is a conversation in this format."""
    read: Callable[[Mapping[str, Any], float], Imported]
    """Reads it; the other argument is the moment that counts where none is given. Raises `UnreadableError`."""


@dataclass(frozen=True, slots=True)
class DatabaseFormat:
    """A format in which conversations are rows of an SQLite database."""

    name: str
    tables: Mapping[str, frozenset[str]]
    """The tables, and the columns of them, that tell it from others."""
    read: Callable[[ForeignDatabase, float], Iterator[Imported]]
    """Reads them one after the other. Raises `StoreError`."""


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def mapping_of(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def moment_of(value: object) -> float | None:
    """Return seconds since the epoch, of a number of seconds or of ISO 8601; `None` for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _possible(value)
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return _possible((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _possible(value: float) -> float | None:
    try:
        moment = float(value)
    except OverflowError:
        return None
    return moment if math.isfinite(moment) and 0 <= moment <= _LATEST else None
