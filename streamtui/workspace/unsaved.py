"""A library in which nothing is, for conversations that are not to be saved."""

from streamtui.chat.errors import NotFoundError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Timing


class UnsavedLibrary:
    """Implements `chat.ports.Library`: empty, and forgets what it is given."""

    async def conversations(self, limit: int | None = None) -> list[ConversationSummary]:
        return []

    async def find(self, prefix: str) -> str:
        raise _nothing()

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

    async def delete(self, conversation: str) -> None:
        raise _nothing()

    async def restore(self, conversation: str) -> bool:
        return False

    async def prompts(self, limit: int) -> list[str]:
        return []

    def remember_prompt(self, text: str) -> None:
        return

    async def draft(self, conversation: str | None) -> str:
        return ""

    def keep_draft(self, conversation: str | None, text: str) -> None:
        return

    async def timings(self, model: str | None = None, limit: int = 1000) -> list[Timing]:
        return []


def _nothing() -> NotFoundError:
    return NotFoundError("Nothing is saved here.")
