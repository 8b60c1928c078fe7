"""A library in which nothing is, and a storage without a disk, for conversations that are not to be saved."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.chat.messages import ChatMessage, DraftAttachment
from streamtui.chat.ports import (
    ConversationRecord,
    ConversationSummary,
    ForeignDatabase,
    HealthReport,
    InMemoryQuirks,
    NullRecorder,
    SearchHit,
    Timing,
)


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

    async def add(self, record: ConversationRecord, messages: Sequence[ChatMessage]) -> bool:
        raise StoreError("Nothing is saved here.")

    def open_database(self, path: Path) -> AbstractContextManager[ForeignDatabase]:
        raise StoreError("Nothing is saved here.")

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
        from hashlib import sha256

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


class UnsavedStorage:
    """Implements `chat.ports.Storage` for a program that keeps nothing."""

    trouble: str | None = None
    notices: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.recorder = NullRecorder()
        self.library = UnsavedLibrary()
        self.memory = InMemoryQuirks()

    def on_trouble(self, callback: Callable[[str | None], None]) -> None:
        return

    def flush_or_spill(self, timeout: float) -> bool:
        return True

    def erase(self, timeout: float, on_progress: Callable[[float], None] = lambda part: None) -> bool:
        return True

    def check(self) -> HealthReport:
        raise StoreError("Nothing is saved here.")

    def backup(self, path: Path) -> None:
        raise StoreError("Nothing is saved here.")


def _nothing() -> NotFoundError:
    return NotFoundError("Nothing is saved here.")
