"""The spill file: what a process could not write to the database before it ended, for the next start to fold in.

JSON lines: a header with the run and the number of the first operation, then one operation a line. The numbers make
folding happen once: the database knows how many operations of each run it has.
"""

import json
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import Attachment, ChatMessage, Citation, SavedNotice, Segment, Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord
from streamtui.store.operations import (
    Add,
    AddPromptHistory,
    Begin,
    Change,
    Forget,
    KeepDraft,
    Learn,
    Operation,
    Pin,
    Purge,
    PutAttachment,
    Rename,
    Settle,
    SoftDelete,
    Undelete,
    Update,
    Withdraw,
)
from streamtui.system.atomic import write_atomically

_FORMAT: Final = 1
_CHANGES: Final[Mapping[str, type[Change]]] = {
    "Begin": Begin,
    "Add": Add,
    "Settle": Settle,
    "Withdraw": Withdraw,
    "Update": Update,
    "Rename": Rename,
    "Pin": Pin,
    "PutAttachment": PutAttachment,
    "Hide": SoftDelete,
    "Unhide": Undelete,
    "Purge": Purge,
    "KeepDraft": KeepDraft,
    "Stash": AddPromptHistory,
    "Learn": Learn,
    "Forget": Forget,
}
"""By the names that files of format 1 have for them."""
_PATIENCE_S: Final = 1.0
_NAMES: Final = {kind: name for name, kind in _CHANGES.items()}


@dataclass(frozen=True, slots=True)
class Spill:
    """The content of a spill file."""

    run: str
    first: int
    """Number of the first operation."""
    operations: tuple[Operation, ...]
    unreadable: int
    """Lines that made no sense; the operations before and after them are there."""


def spill_path(folder: Path, run: str) -> Path:
    return folder / f"spill-{run}.jsonl"


def spills(folder: Path) -> list[Path]:
    """Return the spill files in `folder`, oldest run first."""
    return sorted(path for path in folder.glob("spill-*.jsonl") if path.is_file())


def unfinished(folder: Path) -> list[Path]:
    """Return the spill files whose writing failed or was cut off; what went before them is still there."""
    return sorted(folder.glob("spill-*.part"))


def run_of(path: Path) -> str:
    return path.stem.removeprefix("spill-")


class SpillFile:
    """The run's own spill file: there while it holds operations that the database doesn't have."""

    def __init__(self, folder: Path, run: str) -> None:
        self._run = run
        self._path = spill_path(folder, run)
        self._lock = threading.Lock()
        self._last: int | None = None
        """Number of the last operation in the file; `None` where it is not there, or has to be written anew."""

    def add(self, first: int, operations: Sequence[Operation]) -> None:
        """Have the operations, of which the first has number `first`, in the file and on disk.

        Those that it has already are not written again. Raises `OSError`; then it holds what it held.
        """
        with self._held():
            if self._last is not None and first <= self._last + 1:
                operations = operations[self._last + 1 - first :]
                if operations:
                    self._append("".join(f"{_line(operation)}\n" for operation in operations).encode("ascii"))
                    self._last += len(operations)
            elif operations:
                header = {"streamtui_spill": _FORMAT, "run": self._run, "first": first}
                lines = [json.dumps(header), *map(_line, operations), ""]
                write_atomically(self._path, "\n".join(lines).encode("ascii"))
                self._last = first + len(operations) - 1

    def restart(self) -> None:
        """Write the file anew with the next `add`: operations have other numbers than those in the file."""
        with self._held():
            self._last = None

    def drop(self, done: int) -> None:
        """Remove the file if the database has all that it holds, which is so where it has operation `done`."""
        with self._held():
            if self._last is not None and self._last <= done:
                self._path.unlink(missing_ok=True)
                self._last = None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Raises `OSError` where a signal handler interrupted this very class in its own thread."""
        if not self._lock.acquire(timeout=_PATIENCE_S):
            raise BlockingIOError("the spill file is being written")
        try:
            yield
        finally:
            self._lock.release()

    def _append(self, content: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
        try:
            size = os.fstat(descriptor).st_size
            try:
                with os.fdopen(descriptor, "ab", closefd=False) as file:
                    file.write(content)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)


def read_spill(path: Path) -> Spill:
    """Read a spill file. Raises `ValueError` for what is none, `OSError`."""
    lines = path.read_bytes().split(b"\n")[:-1]  # what comes after the last end of a line was cut off in writing
    header = json.loads(lines[0]) if lines else None
    if not isinstance(header, dict) or header.get("streamtui_spill") != _FORMAT:
        raise ValueError("not a spill file of this version")
    first = header.get("first")
    if not isinstance(first, int):
        raise ValueError("no number")
    operations: list[Operation] = []
    unreadable = 0
    for line in lines[1:]:
        try:
            operations.append(_decode(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            operations.append(("", 0, "", ""))  # keeps the numbers of those that follow
            unreadable += 1
    return Spill(run_of(path), first, tuple(operations), unreadable)


def _line(operation: Operation) -> str:
    return json.dumps(_encode(operation))


def _encode(operation: Operation) -> object:
    if isinstance(operation, tuple):
        return operation
    fields = asdict(replace(operation, earlier=()) if isinstance(operation, Begin) else operation)
    fields.pop("earlier", None)
    if isinstance(operation, PutAttachment):
        fields["content"] = b64encode(operation.content).decode("ascii")
    return {"op": _NAMES[type(operation)], **fields}


def _decode(value: Any) -> Operation:
    if isinstance(value, list):
        message, segment, text, reasoning = value
        return str(message), int(segment), str(text), str(reasoning)
    fields = dict(value)
    kind = _CHANGES[fields.pop("op")]
    if "record" in fields:
        fields["record"] = ConversationRecord(**fields["record"])
    if "message" in fields:
        fields["message"] = _message(fields["message"])
    if kind in (Begin, Add):
        fields["messages"] = tuple(_message(message) for message in fields["messages"])
    if kind is PutAttachment:
        fields["content"] = b64decode(fields["content"])
    if kind is Withdraw:
        fields["messages"] = tuple(str(message) for message in fields["messages"])
    return kind(**fields)


def _message(value: Mapping[str, Any]) -> ChatMessage:
    attachments = tuple(Attachment(**attachment) for attachment in value.get("attachments", ()))
    return ChatMessage(**{**value, "segments": _segments(value["segments"]), "attachments": attachments})


def _segments(values: Sequence[Mapping[str, Any]]) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            text=value["text"],
            reasoning=value["reasoning"],
            status=Status(value["status"]),
            finish_reason=value["finish_reason"],
            error=None if value["error"] is None else ErrorInfo(value["error"]["kind"], value["error"]["message"]),
            usage=None if value["usage"] is None else Usage(**value["usage"]),
            metrics=None if value["metrics"] is None else Metrics(**value["metrics"]),
            notices=tuple(SavedNotice(**notice) for notice in value.get("notices", ())),
            citations=tuple(Citation(**citation) for citation in value.get("citations", ())),
        )
        for value in values
    )
