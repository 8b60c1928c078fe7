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
            prompt = Turn("user", text)
        elif message.role == "assistant" and text.strip() and prompt is not None:
            turns += [prompt, Turn("assistant", text)]
            prompt = None
    if prompt is not None and path[-1].role == "user":
        turns.append(prompt)
    return turns


class OmittedTurns:
    """How many of the oldest turns requests leave out, because the model's context is too small for them."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, turns: Sequence[Turn]) -> int:
        """Return how many of these turns are left out: whole pairs, and never the last prompt."""
        return _even(self.count, len(turns))

    def can_grow(self, turns: Sequence[Turn]) -> bool:
        """Return whether a request of these turns could leave out more than it does."""
        return _even(self.count + 2, len(turns)) > self.count

    def grow(self, turns: Sequence[Turn]) -> int:
        """Leave out the older half of what is sent of these turns; return how many are left out now."""
        self.count = _even(self.count + max(2, (len(turns) - self.count) // 2), len(turns))
        return self.count


def _even(count: int, turns: int) -> int:
    """Return `count` as a whole number of prompt-and-reply pairs that leaves the last prompt in."""
    return min(count - count % 2, max(0, turns - 1 - (turns - 1) % 2))
