"""What was recorded but is not on disk yet, laid over what a read found there.

Reads are therefore exact at any moment, also while the disk is slow, full or missing altogether: then there is
nothing below the overlay, and the chat goes on in memory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from streamtui.chat.messages import ChatMessage, Segment
from streamtui.chat.ports import ConversationRecord
from streamtui.store.operations import (
    Add,
    AddPromptHistory,
    Begin,
    Change,
    Forget,
    KeepDraft,
    Learn,
    Operation,
    Pin,
    Purge,
    PutAttachment,
    Rename,
    Settle,
    SoftDelete,
    Undelete,
    Update,
    Withdraw,
)


class Overlay:
    """The net effect of some operations, in order."""

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self.active: dict[str, None] = {}
        """Conversations with new activity, the latest last."""
        self.hidden: set[str] = set()
        self.shown: set[str] = set()
        """Conversations that are not to be deleted after all, should they be hidden on disk."""
        self.drafts: dict[str, KeepDraft] = {}
        self.prompts: list[tuple[str, str, str]] = []
        """Conversation and message id (both empty for a stashed prompt) and text, the newest last."""
        self.messages: dict[str, tuple[str, ChatMessage]] = {}
        """Messages given as a whole, with their conversation."""
        self.earlier: dict[str, dict[str, ChatMessage]] = {}
        """By conversation, what will be on disk again should it have been deleted there."""
        self.withdrawn: set[str] = set()
        self.thinned: set[str] = set()
        """Conversations that lost messages, perhaps all of them."""
        self.changed: dict[str, None] = {}
        """Conversations about which more than text differs from what is on disk."""
        self._records: dict[str, ConversationRecord] = {}
        self._begun: set[str] = set()
        self._titles: dict[str, str] = {}
        self._pinned: dict[str, bool] = {}
        self.attachments: dict[str, bytes] = {}
        """Content of files by SHA-256."""
        self._active_at: dict[str, float] = {}
        self._pieces: dict[str, dict[int, tuple[list[str], list[str]]]] = {}
        for operation in operations:
            if isinstance(operation, tuple):
                message, segment, text, reasoning = operation
                texts, reasonings = self._pieces.setdefault(message, {}).setdefault(segment, ([], []))
                texts.append(text)
                reasonings.append(reasoning)
            else:
                self._add(operation)

    def _add(self, change: Change) -> None:
        match change:
            case Begin(record, messages, earlier):
                self.earlier[record.id] = {message.id: message for message in earlier}
                self._begin(record, messages)
            case Add(record, messages):
                self._begin(record, messages)
                self._pinned[record.id] = record.pinned
            case Settle(conversation, message, at):
                self._put(conversation, message)
                self._touch(conversation, at)
            case Withdraw(record, messages):
                self._take_back(messages)
                self.thinned.add(record.id)
                if record.leaf is None:
                    self.drafts[record.id] = KeepDraft(record.id, "")
                self._set(record)
            case Update(record):
                self._set(record)
            case Rename(conversation, title):
                self._titles[conversation] = title
                self.changed[conversation] = None
            case Pin(conversation, pinned):
                self._pinned[conversation] = pinned
                self.changed[conversation] = None
            case PutAttachment(sha256, content):
                self.attachments[sha256] = content
            case SoftDelete(conversation) | Purge(conversation):
                self.hidden.add(conversation)
                self.changed[conversation] = None
            case Undelete(conversation):
                self.hidden.discard(conversation)
                self.shown.add(conversation)
                self.changed[conversation] = None
            case KeepDraft(conversation):
                self.drafts[conversation] = change
            case AddPromptHistory(text):
                self.prompts.append(("", "", text))
            case Learn() | Forget():
                pass
            case _:
                assert_never(change)

    def _begin(self, record: ConversationRecord, messages: Sequence[ChatMessage]) -> None:
        self._begun.add(record.id)
        self.hidden.discard(record.id)
        self.shown.add(record.id)
        self._set(record)
        self._touch(record.id, record.updated)
        for message in messages:
            self._put(record.id, message)
            if message.role == "user":
                self.prompts.append((record.id, message.id, message.text))

    def _set(self, record: ConversationRecord) -> None:
        self._records[record.id] = record
        self._titles.pop(record.id, None)
        self.changed[record.id] = None

    def _touch(self, conversation: str, at: float) -> None:
        self._active_at[conversation] = max(at, self._active_at.get(conversation, at))
        self.active.pop(conversation, None)
        self.active[conversation] = None
        self.changed[conversation] = None

    def _put(self, conversation: str, message: ChatMessage) -> None:
        self.messages[message.id] = (conversation, message)
        self.withdrawn.discard(message.id)
        self._pieces.pop(message.id, None)

    def _take_back(self, messages: Sequence[str]) -> None:
        for message in messages:
            self.messages.pop(message, None)
            self._pieces.pop(message, None)
            self.withdrawn.add(message)
        self.prompts = [prompt for prompt in self.prompts if prompt[1] not in self.withdrawn]

    def record(self, conversation: str, below: ConversationRecord | None) -> ConversationRecord | None:
        """Return the conversation's record, `None` where it is neither on disk nor begun."""
        if below is None and conversation not in self._begun:
            return None
        record = self._records.get(conversation) or below
        assert record is not None
        title = self._titles.get(conversation, record.title)
        pinned = self._pinned.get(conversation, below is not None and below.pinned)
        moments = [self._active_at.get(conversation), None if below is None else below.updated]
        updated = max(moment for moment in moments if moment is not None)
        return replace(record, title=title, updated=updated, pinned=pinned)

    def message(self, message: ChatMessage) -> ChatMessage:
        """Return `message` as of now."""
        _, message = self.messages.get(message.id, ("", message))
        pieces = self._pieces.get(message.id)
        return message if pieces is None else replace(message, segments=_grown(message.segments, pieces))

    def everything(self, conversation: str, below: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return all messages of a conversation, oldest first, where `below` is what is on disk."""
        below = below or list(self.earlier.get(conversation, {}).values())
        messages = {message.id: message for message in below if message.id not in self.withdrawn}
        for identity, (owner, message) in self.messages.items():
            if owner == conversation:
                messages[identity] = message
        return [self.message(message) for message in messages.values()]


def _grown(segments: tuple[Segment, ...], pieces: dict[int, tuple[list[str], list[str]]]) -> tuple[Segment, ...]:
    return tuple(
        replace(
            segment,
            text=segment.text + "".join(pieces[n][0]),
            reasoning=segment.reasoning + "".join(pieces[n][1]),
        )
        if n in pieces
        else segment
        for n, segment in enumerate(segments)
    )
