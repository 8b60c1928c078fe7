"""What of a branch is sent: its turns, and how many of the oldest are left out."""

from collections.abc import Sequence

from streamtui.chat.messages import ChatMessage, Turn


def answered(path: Sequence[ChatMessage]) -> list[Turn]:
    """Return the alternating turns of a branch: each prompt with a reply that has text, then the last prompt.

    Prompts whose reply has no text are left out, so that no two prompts follow each other and no reply is empty. White
    space counts as no text, since strict endpoints refuse it.
    """
    turns: list[Turn] = []
    prompt: Turn | None = None
    for message in path:
        text = message.text
        if message.role == "user":
            prompt = Turn("user", text, message.attachments)
        elif message.role == "assistant" and text.strip() and prompt is not None:
            turns += [prompt, Turn("assistant", text)]
            prompt = None
    if prompt is not None and path[-1].role == "user":
        turns.append(prompt)
    return turns


class OmittedTurns:
    """How many of the oldest turns requests leave out, because the model's context is too small for them.

    Counted for each root of the tree, since another beginning is another length.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def rest(self, path: Sequence[ChatMessage]) -> list[Turn]:
        """Return the turns of a branch that are sent: without those left out, which are whole pairs, and never the
        last prompt."""
        turns = answered(path)
        return turns[_even(self.count(path), len(turns)) :]

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
