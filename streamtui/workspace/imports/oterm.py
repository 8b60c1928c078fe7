"""The database of the terminal chat oterm, which knows no times."""

import json
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Final

from streamtui.chat.ports import ForeignDatabase
from streamtui.workspace.imports.building import (
    ForeignConversation,
    ForeignFile,
    ForeignMessage,
    built,
    in_a_row,
)
from streamtui.workspace.imports.values import DatabaseFormat, Imported, UnreadableError, list_of, text_of

_USER: Final = ("me", "user")
_IMAGES: Final = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


def _read(database: ForeignDatabase, otherwise: float) -> Iterator[Imported]:
    images = ("images",) if "images" in database.tables()["message"] else ()
    chats = list(database.rows("chat", ("id", "name", "model", "system"), order=("id",)))
    for id, name, model, system in chats:
        rows = database.rows("message", ("id", "author", "text", *images), order=("id",), where=("chat_id", id))
        messages = in_a_row(
            ForeignMessage(
                str(row[0]),
                None,
                "user" if row[1] in _USER else "assistant",
                text_of(row[2]),
                model=text_of(model) or None,
                files=tuple(_files((*row[3:], None)[0])),
            )
            for row in rows
        )
        key = "".join((str(id), *(message.text for message in messages[:2])))
        try:
            yield built(
                ForeignConversation(
                    "oterm", key, text_of(name), messages, model=text_of(model) or None, system=text_of(system) or None
                ),
                otherwise,
            )
        except UnreadableError:
            continue  # a chat in which nothing was ever said


def _files(value: object) -> Iterator[ForeignFile]:
    """Yield the images of a message: a JSON list of them in base64."""
    try:
        images = list_of(json.loads(text_of(value) or "[]"))
    except (ValueError, RecursionError):
        return
    for number, image in enumerate(images, 1):
        try:
            content = b64decode(text_of(image), validate=True)
        except (Error, ValueError):
            continue
        for start, kind in _IMAGES:
            if content.startswith(start):
                yield ForeignFile(f"image-{number}.{kind}", f"image/{kind}", content)


FORMAT: Final = DatabaseFormat(
    "oterm",
    {
        "chat": frozenset({"id", "name", "model", "system"}),
        "message": frozenset({"id", "chat_id", "author", "text"}),
    },
    _read,
)
