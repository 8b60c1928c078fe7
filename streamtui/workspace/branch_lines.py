"""The tree of a conversation, one line for each branch."""

from dataclasses import dataclass
from typing import Final

from streamtui.chat.compaction import is_summary_prompt
from streamtui.chat.messages import ChatMessage
from streamtui.chat.sanitize import sanitize_line
from streamtui.chat.tree import MessageTree

_TEXT: Final = 200
"""Characters of the text that a branch begins with; who shows it cuts it to its own width."""

_SUMMARY: Final = "summary of the conversation"
"""How a branch that begins with one is called."""


@dataclass(frozen=True, slots=True)
class BranchLine:
    """A branch: the messages from where it leaves an earlier one to its end."""

    leaf: str
    """The id of its last message."""
    text: str
    """What its first own message says, in one line."""
    role: str
    """Of that message."""
    model: str | None
    """Who wrote that message, where it is a reply."""
    depth: int
    """How many places it is away from the first branch at which one leaves another."""
    messages: int
    """Of the whole path to its end."""
    changed: float
    """When its last message was written, in seconds since the epoch."""
    in_view: bool


def branch_lines(tree: MessageTree) -> list[BranchLine]:
    """Return the branches, each below the one it leaves, the older first."""
    children: dict[str | None, list[ChatMessage]] = {}
    for message in tree.messages.values():
        parent = message.parent if message.parent in tree.messages else None
        children.setdefault(parent, []).append(message)
    lines: list[BranchLine] = []
    waiting = [(root, 0, 0) for root in reversed(children.get(None, []))]
    while waiting:  # not by recursion: a branch may have ten thousand messages
        first, depth, before = waiting.pop()
        last, count, leaving = first, before + 1, list[tuple[ChatMessage, int, int]]()
        while below := children.pop(last.id, []):
            leaving += [(other, depth + 1, count) for other in below[1:]]
            last, count = below[0], count + 1
        lines.append(_line(first, last, depth, count, in_view=tree.leaf == last.id))
        waiting += reversed(leaving)
    return lines


def _line(first: ChatMessage, last: ChatMessage, depth: int, count: int, *, in_view: bool) -> BranchLine:
    text = sanitize_line(first.text, _TEXT) or sanitize_line(first.reasoning, _TEXT)
    if is_summary_prompt(first):
        text = _SUMMARY
    return BranchLine(last.id, text, first.role, first.model, depth, count, last.created, in_view)
