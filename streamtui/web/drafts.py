"""Unsent text of the page: in the session of a conversation that is open here, and on disk."""

from streamtui.workspace import Workspace


class Drafts:
    """Reads and writes the draft of each conversation; `None` stands for the new one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def read(self, conversation: str | None) -> str:
        """Return a draft. Raises `StoreError`."""
        return await self._workspace.library.draft(conversation)

    def write(self, conversation: str | None, text: str) -> None:
        """Replace a draft, and what a session would give it back as."""
        session = self._workspace.get(conversation) if conversation else None
        if session is not None:
            session.outgoing.draft = text
            self._workspace.drafts.keep(session)
        self._workspace.library.keep_draft(conversation, text)
