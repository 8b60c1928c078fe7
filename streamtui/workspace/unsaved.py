"""A library in which nothing is, for conversations that are not to be saved."""

from collections.abc import Sequence
from hashlib import sha256

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage, DraftAttachment
from streamtui.chat.ports import ConversationRecord, ConversationSummary, SearchHit, Timing


class UnsavedLibrary:
    """Implements `chat.ports.Library`: empty, and forgets what it is given. Attachments alone stay, in memory."""

    def __init__(self) -> None:
        self._attachments: dict[str, bytes] = {}

    async def conversations(self, limit: int | None = None, offset: int = 0) -> list[ConversationSummary]:
        return []

    async def pinned(self) -> list[ConversationSummary]:
        return []

    async def count(self) -> int:
        return 0

    async def find(self, reference: str, *, at_least: int = 1) -> str:
        raise _nothing()

    async def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        return []

    async def latest(self) -> str | None:
        return None

    async def tail(self, conversation: str, limit: int) -> tuple[ConversationRecord, list[ChatMessage]]:
        raise _nothing()

    async def load(self, conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
        raise _nothing()

    async def message(self, message: str) -> ChatMessage:
        raise _nothing()

    async def rename(self, conversation: str, title: str) -> None:
        raise _nothing()

    async def pin(self, conversation: str, pinned: bool) -> None:
        raise _nothing()

    async def older_than(self, moment: float) -> list[ConversationSummary]:
        return []

    async def delete(self, *conversations: str) -> None:
        raise _nothing()

    async def restore(self, conversation: str) -> bool:
        return False

    async def prompts(self, limit: int) -> list[str]:
        return []

    async def search_prompts(self, text: str, limit: int) -> list[str]:
        return []

    async def put_attachment(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self._attachments[digest] = content
        return digest

    async def attachment(self, sha256: str) -> bytes:
        if (content := self._attachments.get(sha256)) is None:
            raise _nothing()
        return content

    def remember_prompt(self, text: str) -> None:
        return

    async def draft(self, conversation: str | None) -> str:
        return ""

    async def draft_attachments(self, conversation: str | None) -> tuple[DraftAttachment, ...]:
        return ()

    def keep_draft(self, conversation: str | None, text: str, attachments: Sequence[DraftAttachment] = ()) -> None:
        return

    async def timings(self, model: str | None = None, limit: int = 1000) -> list[Timing]:
        return []


def _nothing() -> NotFoundError:
    return NotFoundError("Nothing is saved here.")
