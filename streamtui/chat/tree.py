"""The messages of a conversation as a tree, one branch of it in view."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage, Status

_VIEWED: Final = 32
"""Branches of which it is remembered where they were left."""


class MessageTree:
    """Owns the messages by id, oldest first, and which of them ends the branch in view."""

    def __init__(self, messages: Iterable[ChatMessage] = (), leaf: str | None = None) -> None:
        """Without a known `leaf` the newest message ends the branch in view."""
        self.messages = {message.id: message for message in messages}
        self.leaf = leaf if leaf in self.messages else next(reversed(self.messages), None)
        self._viewed: deque[str] = deque(maxlen=_VIEWED)
        """What ended the branches that were in view before, the last one last."""
        self._came_from: dict[str, str | None] = {}
        """What was in view before a message that is new here, by its id."""

    # -- what there is

    def refuse_while_streaming(self) -> None:
        """Raise `StreamtuiError` while a reply is being written, here or by another process."""
        if any(message.status is Status.STREAMING for message in self.messages.values()):
            raise StreamtuiError("A reply is still streaming here: stop it first.")

    def path(self, leaf: str | None = None) -> list[ChatMessage]:
        """Return the messages from the root to `leaf` (by default the branch in view), oldest first."""
        return list(self._upwards(leaf or self.leaf))[::-1]

    def siblings(self, message: ChatMessage) -> list[str]:
        """Return the ids of the alternatives to a message that may not be in the tree yet, oldest first, itself
        included, and last if it isn't."""
        known = [m.id for m in self._by_age() if m.parent == message.parent and m.role == message.role]
        return known if message.id in known else [*known, message.id]

    def places(self, path: Sequence[ChatMessage]) -> dict[str, tuple[int, int]]:
        """Return the number, from 1, and how many there are, of those messages of a path that have alternatives."""
        alternatives: dict[tuple[str | None, str], list[str]] = {}
        for message in self._by_age():
            alternatives.setdefault((message.parent, message.role), []).append(message.id)
        numbered = ((message.id, alternatives.get((message.parent, message.role), [])) for message in path)
        return {id: (ids.index(id) + 1, len(ids)) for id, ids in numbered if len(ids) > 1}

    def branches(self) -> list[list[ChatMessage]]:
        """Return every path from the root to a leaf, the one in view first."""
        parents = {message.parent for message in self.messages.values()}
        leaves = [id for id in self.messages if id not in parents and id != self.leaf]
        return [self.path(), *map(self.path, leaves)]

    def prompt_of(self, message: str | None) -> ChatMessage | None:
        """Return the prompt at `message` (by default the last one) or the nearest one above it."""
        return next((m for m in self._upwards(message or self.leaf) if m.role == "user"), None)

    def came_from(self, message: str) -> str | None:
        """Return what was in view before a message that is new here; `None` where that isn't known any more."""
        return self._came_from.get(message)

    # -- what becomes of it

    def adopt(self, messages: Iterable[ChatMessage]) -> None:
        """Add messages that were not read yet; the present ones stay."""
        self.messages = {message.id: message for message in messages} | self.messages

    def catch_up(self, messages: Iterable[ChatMessage], leaf: str | None) -> None:
        """Take over what another process has written since, and the branch it left in view."""
        self.messages = self.messages | {message.id: message for message in messages}
        self.leaf = leaf if leaf in self.messages else self.leaf

    def choose(self, message: str) -> None:
        """Bring the branch through `message` into view, down to where it was last seen, or else to its newest leaf."""
        known = (self.leaf, *reversed(self._viewed))
        seen = (leaf for leaf in known if any(above.id == message for above in self._upwards(leaf)))
        leaf = next(seen, None)
        self._note_view()
        self.leaf = leaf or self._newest_leaf(message)

    def note_origin(self, message: str) -> None:
        """Remember that a message about to be added was asked for with this branch in view."""
        self._came_from[message] = self.leaf

    def add(self, message: ChatMessage, parents: Iterable[ChatMessage] = (), in_view: str | None = None) -> None:
        """Add a message, and its `parents` where they are not there yet, and bring it into view, or `in_view` where
        that is known."""
        for parent in parents:
            self.messages.setdefault(parent.id, parent)
        self.note_origin(message.id)
        self._note_view()
        self.leaf = in_view if in_view in self.messages else message.id
        self.messages[message.id] = message

    def take_back(self, message: str) -> tuple[list[str], ChatMessage | None]:
        """Remove a message and the prompt that only it answers; bring what was in view before it back there.

        Return the ids that are gone, and that prompt, `None` where it stays.
        """
        reply = self.messages[message]
        siblings = [sibling for sibling in self.siblings(reply) if sibling != message]
        user = self.messages.get(reply.parent or "")
        removed = [message] if siblings or user is None else [message, user.id]
        for id in removed:
            del self.messages[id]
        self.leaf = self._leaf_without(user, siblings, self._came_from.pop(message, None))
        return removed, None if siblings else user

    # -- inside

    def _note_view(self) -> None:
        if self.leaf is not None:
            self._viewed.append(self.leaf)

    def _upwards(self, leaf: str | None) -> Iterator[ChatMessage]:
        """Yield a message and those above it; a ring of parents, which only a damaged store has, ends."""
        passed = set[str]()
        while leaf is not None and leaf not in passed and (message := self.messages.get(leaf)) is not None:
            passed.add(leaf)
            yield message
            leaf = message.parent

    def _by_age(self) -> list[ChatMessage]:
        """Return all messages, oldest first: a reply that was begun anew is younger than its row."""
        return sorted(self.messages.values(), key=attrgetter("created"))

    def _newest_leaf(self, message: str) -> str:
        """Return the end of the branch through `message` that was written last."""
        newest_child = {message.parent: message.id for message in self._by_age()}
        passed = set[str]()
        while (child := newest_child.get(message)) is not None and message not in passed:
            passed.add(message)
            message = child
        return message

    def _leaf_without(self, user: ChatMessage | None, replies: Sequence[str], came_from: str | None) -> str | None:
        """Return what is in view once a reply is taken back: what is there now, the branch that it stands beside,
        another reply, the prompt's other wording, or what was there before."""
        if self.leaf in self.messages:
            return self.leaf
        if came_from in self.messages and (user is None or came_from != user.parent):
            return came_from
        others = replies if replies or user is None else [id for id in self.siblings(user) if id != user.id]
        if others:
            return self._newest_leaf(others[-1])
        return user.parent if user else None
