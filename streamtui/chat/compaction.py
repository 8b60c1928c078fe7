"""A summary that takes the place of a long branch: a reply like any other, to a prompt at another root of the tree."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from streamtui.chat.messages import ChatMessage
from streamtui.chat.tree import MessageTree

PROMPT: Final = (
    "Summarise our conversation so far, so that we can go on from your summary alone: what I want, what we found out "
    "and decided, names, numbers, code and file names that still matter, and what is open. Write it in the language "
    "of the conversation, without any preamble."
)
"""Asks for the summary; the branch of the summary begins with it."""


def is_summary_prompt(message: ChatMessage) -> bool:
    """Return whether a message asks for a summary, which is where a branch of its own begins."""
    return message.role == "user" and message.parent is None and message.text == PROMPT


def asked_of(tree: MessageTree, path: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages that a request for the last prompt of `path` is made of: a summary is asked of the branch
    that it sums up, the one that was written last before."""
    if len(path) != 1 or not is_summary_prompt(path[0]):
        return list(path)
    earlier = list(takewhile(lambda id: id != path[0].id, tree.messages))
    summarised = tree.came_from(path[0].id) or (earlier[-1] if earlier else None)
    return [*(tree.path(summarised) if summarised else ()), path[0]]
