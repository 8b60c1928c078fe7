"""What of a branch is sent: its turns, and how many of the oldest are left out."""

from collections.abc import Sequence

from streamtui.chat.messages import ChatMessage, Turn


def sent(path: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages of a branch that requests have: each prompt with a reply that has text, then the last prompt.

    Prompts whose reply has no text are left out, so that no two prompts follow each other and no reply is empty. White
    space counts as no text, since strict endpoints refuse it.
    """
    messages: list[ChatMessage] = []
    prompt: ChatMessage | None = None
    for message in path:
        if message.role == "user":
            prompt = message
        elif message.role == "assistant" and prompt is not None and message.text.strip():
            messages += [prompt, message]
            prompt = None
    if prompt is not None and path[-1].role == "user":
        messages.append(prompt)
    return messages


def answered(path: Sequence[ChatMessage]) -> list[Turn]:
    """Return the alternating turns of a branch."""
    return _turns(sent(path))


def _turns(messages: Sequence[ChatMessage]) -> list[Turn]:
    return [Turn(m.role, m.text, m.attachments if m.role == "user" else ()) for m in messages]


class OmittedTurns:
    """How many of the oldest turns requests leave out, because the model's context is too small for them.

    Counted for each root of the tree, since another beginning is another length.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def rest(self, path: Sequence[ChatMessage]) -> list[Turn]:
        """Return the turns of a branch that are sent: without those left out, which are whole pairs, and never the
        last prompt."""
        return _turns(self.messages(path))

    def messages(self, path: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return the messages whose turns those are."""
        messages = sent(path)
        return messages[_even(self.count(path), len(messages)) :]

    def count(self, path: Sequence[ChatMessage]) -> int:
        """Return how many turns of a branch are left out, where it has so many."""
        return self._counts.get(path[0].id, 0) if path else 0

    def can_grow(self, path: Sequence[ChatMessage]) -> bool:
        """Return whether a request of this branch could leave out more than it does."""
        count = self.count(path)
        return _even(count + 2, len(answered(path))) > count

    def grow(self, path: Sequence[ChatMessage]) -> int:
        """Leave out the older half of what is sent of this branch; return how many are left out now."""
        if not path:
            return 0
        turns, count = len(answered(path)), self.count(path)
        self._counts[path[0].id] = _even(count + max(2, (turns - count) // 2), turns)
        return self._counts[path[0].id]


def _even(count: int, turns: int) -> int:
    """Return `count` as a whole number of prompt-and-reply pairs that leaves the last prompt in."""
    return min(count - count % 2, max(0, turns - 1 - (turns - 1) % 2))
