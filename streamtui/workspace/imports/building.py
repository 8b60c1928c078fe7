"""Conversations of other programs, made into ours: whole trees, roles in turns, ids that the same file gives again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Literal

from streamtui.chat.messages import Attachment, ChatMessage, Segment, Status
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.workspace.imports.values import Imported, UnreadableError

_TITLE: Final = 120
_MOST_TEXT: Final = 256_000_000
"""Characters of one conversation: what joins messages can't make more of them than this."""

_JOINT: Final = 64
"""What each message that is joined counts as, beside its text."""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file that a message carries."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """A message as another program has it."""

    key: str
    parent: str | None
    role: Literal["user", "assistant"]
    text: str
    reasoning: str = ""
    model: str | None = None
    created: float | None = None
    files: tuple[ForeignFile, ...] = ()
    is_whole: bool = True

    @property
    def is_empty(self) -> bool:
        return not (self.text.strip() or self.reasoning.strip() or self.files)


@dataclass(frozen=True, slots=True)
class ForeignConversation:
    """A conversation as another program has it."""

    program: str
    key: str
    """What tells it from the program's others, wherever they come from."""
    title: str
    messages: Sequence[ForeignMessage]
    """Parents may be missing, or come last, or go round in a ring."""
    model: str | None = None
    system: str | None = None
    created: float | None = None
    updated: float | None = None
    leaf: str | None = None
    """The key of the last message of the branch in view."""


def in_a_row(messages: Iterable[ForeignMessage]) -> list[ForeignMessage]:
    """Return the messages, each the parent of the next: for programs without branches."""
    row: list[ForeignMessage] = []
    for message in messages:
        row.append(replace(message, parent=row[-1].key if row else None))
    return row


def built(foreign: ForeignConversation, otherwise: float) -> Imported:
    """Return the conversation as ours; `otherwise` is the moment that counts where none is given.

    Raises `UnreadableError` where there is nothing in it.
    """
    created = foreign.created if foreign.created is not None else foreign.updated
    began = otherwise if created is None else created
    messages = _in_turns(_parents_first(_dated(_kept(foreign.messages), began)))
    if not messages:
        raise UnreadableError("It has no messages.")
    ids = {message.key: _message_id(foreign, message) for message in messages}
    ours = [_message(message, ids) for message in messages]
    leaf = ids.get(_kept_leaf(foreign.leaf, foreign.messages, ids) or "", ours[-1].id)
    title = sanitize_line(foreign.title, _TITLE) or sanitize_line(messages[0].text, 60) or "Imported conversation"
    models = [message.model for message in ours if message.model]
    record = ConversationRecord(
        f"{_time_part(created)}{_digest(foreign.program, foreign.key)[:9]}",
        title,
        sanitize_line(foreign.model or (models[-1] if models else ""), 200),
        sanitize(foreign.system) if foreign.system and foreign.system.strip() else None,
        began,
        foreign.updated if foreign.updated is not None else max(message.created for message in ours),
        leaf,
    )
    files = {_sha256(file.content): file.content for message in messages for file in message.files}
    return Imported(record, tuple(ours), files)


def _kept(messages: Sequence[ForeignMessage]) -> list[ForeignMessage]:
    """Return the messages that say something, each below the nearest one above it that does."""
    by_key: dict[str, ForeignMessage] = {}
    for message in messages:
        by_key.setdefault(message.key, message)
    said_above: dict[str, str | None] = {}

    def nearest(key: str | None) -> str | None:
        passed: dict[str, None] = {}
        while key in by_key and by_key[key].is_empty and key not in said_above and key not in passed:
            passed[key] = None
            key = by_key[key].parent
        end = key if key in by_key and not by_key[key].is_empty else said_above.get(key or "")
        said_above.update(dict.fromkeys(passed, end))
        return end

    return [replace(message, parent=nearest(message.parent)) for message in by_key.values() if not message.is_empty]


def _dated(messages: list[ForeignMessage], began: float) -> list[ForeignMessage]:
    """Return the messages in order of time; one without a time is as old as the one before it."""
    dated: list[ForeignMessage] = []
    at = began
    for message in messages:
        at = at if message.created is None else message.created
        dated.append(replace(message, created=at))
    return sorted(dated, key=lambda message: message.created or 0.0)


def _parents_first(messages: list[ForeignMessage]) -> list[ForeignMessage]:
    """Return the messages with every parent before its children; where parents go round in a ring, it is cut."""
    by_key = {message.key: message for message in messages}
    ordered: dict[str, ForeignMessage] = {}
    for message in messages:
        waiting: dict[str, ForeignMessage] = {}
        above: ForeignMessage | None = message
        while above is not None and above.key not in ordered and above.key not in waiting:
            waiting[above.key] = above
            above = by_key.get(above.parent or "")
        for key, unordered in reversed(waiting.items()):
            ordered[key] = replace(unordered, parent=unordered.parent if unordered.parent in ordered else None)
    return list(ordered.values())


def _in_turns(messages: list[ForeignMessage]) -> list[ForeignMessage]:
    """Return the messages so that user and assistant take turns: what follows one of the same role is joined to it."""
    by_key = {message.key: message for message in messages}
    joined_to = {
        message.key: message.parent
        for message in messages
        if message.parent is not None and by_key[message.parent].role == message.role
    }
    needed = {message.parent for message in messages if message.key not in joined_to}
    absorbed = set(joined_to.values()) - needed
    result: list[ForeignMessage] = []
    characters = 0
    for message in messages:
        if message.key in absorbed:
            continue
        chain = [message]
        while (above := joined_to.get(chain[-1].key)) is not None:
            chain.append(by_key[above])
        whole = _joined(chain[::-1])
        characters += len(whole.text) + _JOINT * len(chain)
        if characters > _MOST_TEXT:
            raise UnreadableError("Its messages are larger than any conversation.")
        result.append(whole)
    return result


def _joined(chain: list[ForeignMessage]) -> ForeignMessage:
    """Return a chain of messages of one role as its last one."""
    if len(chain) == 1:
        return chain[0]
    return replace(
        chain[-1],
        parent=chain[0].parent,
        text="\n\n".join(message.text for message in chain if message.text.strip()),
        reasoning="\n\n".join(message.reasoning for message in chain if message.reasoning.strip()),
        files=tuple(file for message in chain for file in message.files),
    )


def _kept_leaf(leaf: str | None, messages: Sequence[ForeignMessage], ids: Mapping[str, str]) -> str | None:
    """Return the key of the message at `leaf`, or of the nearest one above it, that is still there."""
    parents = {message.key: message.parent for message in messages}
    passed = set[str]()
    while leaf is not None and leaf not in ids and leaf not in passed:
        passed.add(leaf)
        leaf = parents.get(leaf)
    return leaf


def _message(message: ForeignMessage, ids: Mapping[str, str]) -> ChatMessage:
    status = Status.COMPLETE if message.is_whole else Status.INTERRUPTED
    attachments = tuple(
        Attachment(
            _sha256(file.content),
            sanitize_line(file.name, 200) or "file",
            sanitize_line(file.media_type, 100) or "application/octet-stream",
            len(file.content),
        )
        for file in message.files
    )
    return ChatMessage(
        ids[message.key],
        ids.get(message.parent or ""),
        message.role,
        (Segment(sanitize(message.text), sanitize(message.reasoning), status),),
        (sanitize_line(message.model, 200) or None) if message.model and message.role == "assistant" else None,
        message.created or 0.0,
        attachments,
    )


def _message_id(foreign: ForeignConversation, message: ForeignMessage) -> str:
    return f"{_time_part(message.created)}{_digest(foreign.program, foreign.key, message.key)[:21]}"


def _time_part(moment: float | None) -> str:
    """Return the beginning of an id, as `new_id` has it."""
    return f"{int((moment or 0.0) * 1000):011x}"


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
