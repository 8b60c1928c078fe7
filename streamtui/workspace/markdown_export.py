"""A conversation as a Markdown document for people."""

from collections.abc import Iterator, Sequence
from typing import Final

from streamtui.chat.messages import ChatMessage, Segment
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.timestamps import utc_minute
from streamtui.workspace.markdown_source import closed

_GOOD_ENDS: Final = (None, "stop", "end_turn")


def export_markdown(record: ConversationRecord, messages: Sequence[ChatMessage], *, all_branches: bool = False) -> str:
    """Return the branch in view as a Markdown document, or all branches, that one first; reasoning is folded away.

    Where only one of several is in it, the document says so.
    """
    tree = _Tree(messages)
    branches = tree.branches(record.leaf)
    head = [f"# {_line(record.title) or 'Conversation'}", f"{_line(record.model)} · {utc_minute(record.created)} UTC"]
    if record.system:
        head.append(_quote(f"System: {record.system}"))
    if len(branches) > 1 and not all_branches:
        head.append(
            f"> This is one of {len(branches)} branches; `streamtui export {record.id} --all-branches` has them all."
        )
    parts, known = head, set[str]()
    for branch in branches if all_branches else branches[:1]:
        new = [message for message in branch if message.id not in known]
        if known:
            parts += ["---", _departure(tree.parent(new[0]))]
        parts += [_message(message, record.model, tree.alternatives(message)) for message in new]
        known.update(message.id for message in branch)
    return "\n\n".join(parts) + "\n"


class _Tree:
    """The messages of a conversation and how they hang together."""

    def __init__(self, messages: Sequence[ChatMessage]) -> None:
        self._messages = {message.id: message for message in messages}

    def parent(self, message: ChatMessage) -> ChatMessage | None:
        return self._messages.get(message.parent or "")

    def branches(self, leaf: str | None) -> list[list[ChatMessage]]:
        """Return every path from the root to a leaf, the one to `leaf`, or else to the newest, first."""
        parents = {message.parent for message in self._messages.values()}
        leaves = [id for id in self._messages if id not in parents]
        if leaf not in self._messages:
            leaf = next(reversed(self._messages), None)
        if leaf is None:
            return [[]]
        return [self._path(leaf), *(self._path(other) for other in leaves if other != leaf)]

    def alternatives(self, message: ChatMessage) -> tuple[int, int]:
        """Return the message's place, from 1, among those to choose from there, and how many they are."""
        siblings = [
            other.id
            for other in self._messages.values()
            if other.parent == message.parent and other.role == message.role
        ]
        return siblings.index(message.id) + 1, len(siblings)

    def _path(self, leaf: str) -> list[ChatMessage]:
        return list(self._upwards(leaf))[::-1]

    def _upwards(self, leaf: str) -> Iterator[ChatMessage]:
        left = dict(self._messages)
        id: str | None = leaf
        while id is not None and (message := left.pop(id, None)) is not None:  # popped, so that a ring of parents ends
            yield message
            id = message.parent


def _departure(parent: ChatMessage | None) -> str:
    return f"> Another branch, after “{_line(parent.text)[:60]}”" if parent else "> Another branch, from the start"


def _message(message: ChatMessage, model: str, place: tuple[int, int]) -> str:
    author = "You" if message.role == "user" else _line(message.model or model)
    number, count = place
    branch = f" · branch {number} of {count}" if count > 1 else ""
    parts = [f"## {author} · {utc_minute(message.created)}{branch}"]
    if reasoning := message.reasoning.strip():
        parts.append(f"<details>\n<summary>Reasoning</summary>\n\n{closed(reasoning)}\n\n</details>")
    if message.text.strip():
        parts.append(closed(message.text.strip("\n")))
    if message.role == "assistant" and (ending := _ending(message.last)):
        parts.append(_quote(ending))
    return "\n\n".join(parts)


def _ending(segment: Segment) -> str:
    """Return why a reply is not whole, nothing for one that is."""
    if segment.error is not None:
        return f"{segment.status.value}: {segment.error.message}"
    if segment.status.value != "complete":
        return segment.status.value
    return "" if segment.finish_reason in _GOOD_ENDS else f"ended early: {segment.finish_reason}"


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())
