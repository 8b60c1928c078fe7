"""What can still be read of a damaged database goes into the new one."""

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from streamtui.chat.messages import ChatMessage, Status
from streamtui.store.operations import Begin
from streamtui.store.sqlite import opening, read
from streamtui.store.sqlite.apply import apply_all

_log = logging.getLogger(__name__)


def salvage(damaged: Path, connection: sqlite3.Connection) -> int:
    """Copy every conversation that can be read in full to `connection`; return how many. `damaged` is only read."""
    log = damaged.with_name(f"{damaged.name}-wal")
    rescued = 0
    try:
        with closing(opening.connect(damaged, "ro" if log.exists() else "ro&immutable=1")) as source:
            hidden = read.hidden(source)
            for conversation in _conversations(source):
                rescued += conversation not in hidden and _copy(source, connection, conversation)
    except sqlite3.Error as error:
        _log.info("salvage: %s", error)
    return rescued


def _conversations(source: sqlite3.Connection) -> list[str]:
    """Return the ids in the order of activity, as far as they can be read."""
    found: list[str] = []
    try:
        for (conversation,) in source.execute("SELECT id FROM conversations ORDER BY touched"):
            found.append(conversation)
    except sqlite3.Error as error:
        _log.info("salvage: %s", error)
    return found


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, conversation: str) -> bool:
    try:
        record = read.record(source, conversation)
        messages = [_at_rest(message) for message in read.everything(source, conversation)]
        if record is None or not messages:
            return False
        target.execute("BEGIN IMMEDIATE")
        try:
            skipped = apply_all(target, [Begin(record, tuple(messages))], 1, "")
            target.execute("ROLLBACK" if skipped else "COMMIT")
        except BaseException:
            target.execute("ROLLBACK")
            raise
    except (sqlite3.DatabaseError, TypeError, ValueError, AttributeError) as error:
        _log.info("salvage of %s: %s", conversation, error)
        return False
    return not skipped


def _at_rest(message: ChatMessage) -> ChatMessage:
    if message.status is not Status.STREAMING:
        return message
    return message.with_last(replace(message.last, status=Status.INTERRUPTED))
