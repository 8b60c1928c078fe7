"""The database of the terminal chat elia; several replies to one message are branches."""

from collections.abc import Iterator
from typing import Final

from streamtui.chat.ports import ForeignDatabase
from streamtui.workspace.imports.building import ForeignConversation, ForeignMessage, built, in_a_row
from streamtui.workspace.imports.values import DatabaseFormat, Imported, UnreadableError, moment_of, text_of

_COLUMNS: Final = ("id", "role", "content", "timestamp", "model", "parent_id")


def _read(database: ForeignDatabase, otherwise: float) -> Iterator[Imported]:
    chats = list(database.rows("chat", ("id", "model", "title", "started_at"), order=("id",)))
    for id, model, title, started in chats:
        rows = list(database.rows("message", _COLUMNS, order=("id",), where=("chat_id", id)))
        systems = [text_of(row[2]) for row in rows if row[1] == "system"]
        messages = [
            ForeignMessage(
                str(key),
                None if parent is None else str(parent),
                "user" if role == "user" else "assistant",
                text_of(content),
                model=text_of(by) or None,
                created=moment_of(moment),
            )
            for key, role, content, moment, by, parent in rows
            if role in ("user", "assistant")
        ]
        if all(message.parent is None for message in messages):
            messages = in_a_row(messages)
        key = "".join((str(id), str(started), *(message.text for message in messages[:1])))
        try:
            yield built(
                ForeignConversation(
                    "elia",
                    key,
                    text_of(title),
                    messages,
                    model=text_of(model) or None,
                    system=systems[0] if systems else None,
                    created=moment_of(started),
                ),
                otherwise,
            )
        except UnreadableError:
            continue  # a chat in which nothing was ever said


FORMAT: Final = DatabaseFormat(
    "elia",
    {
        "chat": frozenset({"id", "model", "title", "started_at"}),
        "message": frozenset({"id", "chat_id", "role", "content", "timestamp", "model", "parent_id"}),
    },
    _read,
)
