"""What can happen to the saved conversations, as values.

The writer's queue, the spill file and the overlay of unsaved changes all speak in these.
"""

from dataclasses import dataclass
from typing import TypeAlias

from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord

Append: TypeAlias = tuple[str, int, str, str]
"""Message, segment number, text, reasoning. A plain tuple: one is made per token."""


@dataclass(frozen=True, slots=True)
class Begin:
    record: ConversationRecord
    messages: tuple[ChatMessage, ...]
    earlier: tuple[ChatMessage, ...] = ()
    """What else of the conversation there was, written where somebody deleted it meanwhile. Not spilled: it may be
    all of a long conversation, and each prompt carries it."""


@dataclass(frozen=True, slots=True)
class Add:
    """A whole conversation from elsewhere, parents first; its place in the list is that of its last activity."""

    record: ConversationRecord
    messages: tuple[ChatMessage, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    conversation: str
    message: ChatMessage
    at: float
    """When, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    record: ConversationRecord
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    record: ConversationRecord


@dataclass(frozen=True, slots=True)
class Rename:
    conversation: str
    title: str


@dataclass(frozen=True, slots=True)
class Pin:
    conversation: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class PutAttachment:
    """The content of a file; messages refer to it by its SHA-256."""

    sha256: str
    content: bytes
    at: float
    """When, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class SoftDelete:
    """The first half of deleting, which can be taken back."""

    conversation: str
    at: float


@dataclass(frozen=True, slots=True)
class Undelete:
    conversation: str


@dataclass(frozen=True, slots=True)
class Purge:
    """The second half of deleting: the text goes, if the conversation is still hidden."""

    conversation: str


@dataclass(frozen=True, slots=True)
class KeepDraft:
    conversation: str
    """Empty for the new conversation that has no row yet."""
    text: str
    attachments: str = ""
    """As `draft_attachments` writes them; empty for none."""


@dataclass(frozen=True, slots=True)
class AddPromptHistory:
    """A prompt for the history that is not a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Learn:
    endpoint: str
    model: str
    quirk: str
    at: float = 0.0
    """When, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Forget:
    """All that was learned about the models of an endpoint goes."""

    endpoint: str


Change: TypeAlias = (
    Begin
    | Add
    | Settle
    | Withdraw
    | Update
    | Rename
    | Pin
    | PutAttachment
    | SoftDelete
    | Undelete
    | Purge
    | KeepDraft
    | AddPromptHistory
    | Learn
    | Forget
)
Operation: TypeAlias = Append | Change
