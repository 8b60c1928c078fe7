"""A conversation as the text of a file, in any of the forms."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal, Protocol

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord

Form = Literal["md", "json", "html"]
FORMS: Final[tuple[Form, ...]] = ("md", "json", "html")


class AttachmentReader(Protocol):
    """What has the content of attachments: a library, or the attachments of a session."""

    async def attachment(self, sha256: str) -> bytes:
        """Return the content. Raises `NotFoundError`."""
        ...


def form_of(name: str) -> Form:
    """Return the form of a file of this name, or that the name itself is."""
    ending = name.rpartition(".")[2].lower()
    return "html" if ending == "htm" else next((form for form in FORMS if form == ending), "md")


async def exported(
    reader: AttachmentReader,
    record: ConversationRecord,
    messages: Sequence[ChatMessage],
    form: Form,
    *,
    all_branches: bool = False,
) -> str:
    """Return a conversation as text: the branch in view, or all; JSON has all in any case. Raises `StoreError`."""
    if form == "md":
        from streamtui.workspace.markdown_export import export_markdown

        return await asyncio.to_thread(export_markdown, record, messages, all_branches=all_branches)
    files = await contents(reader, messages)
    if form == "json":
        from streamtui.workspace.transcript import export_json

        return await asyncio.to_thread(export_json, record, messages, files)
    from streamtui.workspace.html_export import export_html  # brings the highlighter, which others are spared

    return await asyncio.to_thread(export_html, record, messages, files, all_branches=all_branches)


async def contents(reader: AttachmentReader, messages: Sequence[ChatMessage]) -> dict[str, bytes]:
    """Return the content of all attachments, by SHA-256, that is still there."""
    files: dict[str, bytes] = {}
    for sha256 in dict.fromkeys(attachment.sha256 for message in messages for attachment in message.attachments):
        with suppress(NotFoundError):
            files[sha256] = await reader.attachment(sha256)
    return files
