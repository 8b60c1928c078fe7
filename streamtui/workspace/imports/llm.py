"""The database of the command line tool `llm`: one row for each prompt with its reply."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from streamtui.chat.ports import ForeignDatabase
from streamtui.workspace.imports.building import (
    ForeignConversation,
    ForeignFile,
    ForeignMessage,
    built,
    in_a_row,
)
from streamtui.workspace.imports.values import DatabaseFormat, Imported, UnreadableError, moment_of, text_of

_COLUMNS: Final = ("conversation_id", "id", "model", "prompt", "system", "response", "datetime_utc")


def _read(database: ForeignDatabase, otherwise: float) -> Iterator[Imported]:
    columns = database.tables()
    names = {
        text_of(id): (text_of(name), text_of(model))
        for id, name, model in database.rows("conversations", ("id", "name", "model"))
    }
    reasoning = ("reasoning",) if "reasoning" in columns["responses"] else ()
    rows = database.rows("responses", (*_COLUMNS, *reasoning), order=("conversation_id", "datetime_utc", "id"))
    for conversation, group in groupby(rows, key=lambda row: text_of(row[0]) or f"response {row[1]}"):
        turns = list(group)
        name, model = names.get(conversation, ("", ""))
        messages = [message for row in turns for message in _messages(row, database)]
        systems = [text_of(row[4]) for row in turns if text_of(row[4])]
        moments = [moment for row in turns if (moment := moment_of(row[6])) is not None]
        try:
            yield built(
                ForeignConversation(
                    "llm",
                    conversation,
                    name,
                    in_a_row(messages),
                    model=model or None,
                    system=systems[0] if systems else None,
                    created=min(moments, default=None),
                    updated=max(moments, default=None),
                ),
                otherwise,
            )
        except UnreadableError:
            continue  # a response that was never logged whole


def _messages(row: tuple[Any, ...], database: ForeignDatabase) -> list[ForeignMessage]:
    _, id, model, prompt, _, response, moment = row[:7]
    at = moment_of(moment)
    prompt = "\n\n".join([*_fragments(id, database), *filter(None, [text_of(prompt)])])
    return [
        ForeignMessage(f"{id} prompt", None, "user", prompt, created=at, files=tuple(_files(id, database))),
        ForeignMessage(
            f"{id}", None, "assistant", text_of(response), text_of((*row[7:], "")[0]), text_of(model) or None, at
        ),
    ]


def _fragments(response: object, database: ForeignDatabase) -> Iterator[str]:
    """Yield the texts that stood before a prompt."""
    if not {"prompt_fragments", "fragments"} <= database.tables().keys():
        return
    rows = database.rows("prompt_fragments", ("fragment_id", "order"), where=("response_id", response))
    for fragment, _ in sorted(rows, key=lambda row: str(row[1]).zfill(9)):
        for (content,) in database.rows("fragments", ("content",), where=("id", fragment)):
            yield text_of(content)


def _files(response: object, database: ForeignDatabase) -> Iterator[ForeignFile]:
    if not {"prompt_attachments", "attachments"} <= database.tables().keys():
        return
    for (id,) in database.rows("prompt_attachments", ("attachment_id",), where=("response_id", response)):
        rows = database.rows("attachments", ("type", "path", "url", "content"), where=("id", id))
        for kind, path, url, content in rows:
            if isinstance(content, bytes) and content:
                name = (text_of(path) or text_of(url)).rstrip("/").rpartition("/")[2] or "attachment"
                yield ForeignFile(name, text_of(kind), content)


FORMAT: Final = DatabaseFormat(
    "llm",
    {
        "conversations": frozenset({"id", "name", "model"}),
        "responses": frozenset({"id", "model", "prompt", "system", "response", "conversation_id", "datetime_utc"}),
    },
    _read,
)
