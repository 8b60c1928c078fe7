"""Unsent text and files of the page: in the session of a conversation that is open here, and on disk."""

from collections.abc import Iterable

from streamtui.chat.messages import Attachment, DraftAttachment, FileReference
from streamtui.workspace import Session, Workspace


def hold(session: Session, text: str, attachments: Iterable[DraftAttachment]) -> None:
    """Let a session hold this as unsent, and nothing else."""
    session.outgoing.detach(*session.outgoing.next.attachments)
    session.outgoing.attach(*attachments)
    session.outgoing.draft = text


class Drafts:
    """Reads and writes the draft of each conversation; `None` stands for the new one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def read(self, conversation: str | None) -> tuple[str, tuple[Attachment, ...]]:
        """Return a draft and those of its files whose content is kept already. Raises `StoreError`."""
        library = self._workspace.library
        attachments = await library.draft_attachments(conversation)
        return await library.draft(conversation), tuple(one for one in attachments if isinstance(one, Attachment))

    async def write(self, conversation: str | None, text: str, attachments: tuple[Attachment, ...] = ()) -> None:
        """Replace a draft, and what a session would give it back as; paths that a terminal attached stay in it.

        Raises `StoreError`.
        """
        library = self._workspace.library
        known = await library.draft_attachments(conversation)
        paths = [one for one in known if isinstance(one, FileReference)]
        unsent: tuple[DraftAttachment, ...] = (*paths, *attachments)
        session = self._workspace.get(conversation) if conversation else None
        if session is not None:
            hold(session, text, unsent)
            self._workspace.drafts.keep(session)
        library.keep_draft(conversation, text, unsent)
