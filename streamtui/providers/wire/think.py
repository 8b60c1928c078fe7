"""Reasoning that a model writes into its answer between `<think>` and `</think>`."""

from typing import Final, Literal

from streamtui.chat.events import ReasoningDelta, TextDelta

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_MOST_BLANKS: Final = 256
"""White space held back at the start while it may still be followed by a tag."""


class ThinkTags:
    """Split a reply's text into reasoning and answer.

    The tag counts only as the reply's first text that is not white space. The joined result is the same for every
    fragmentation. Line breaks next to the tags belong to neither side.
    """

    __slots__ = ("_held", "_skip_breaks", "_state", "settled")

    def __init__(self) -> None:
        self._state: Literal["start", "reasoning", "answer"] = "start"
        self._held = ""
        self._skip_breaks = False
        self.settled = False
        """From here on all text is answer, and `feed` would return it as it is."""

    def feed(self, text: str) -> list[TextDelta | ReasoningDelta]:
        """Return the deltas in `text`, holding back what may be the beginning of a tag."""
        deltas: list[TextDelta | ReasoningDelta] = []
        if self._state == "start":
            text = self._at_start(text)
        if self._state == "reasoning" and text:
            text = self._in_reasoning(text, deltas)
        if self._state == "answer":
            text = self._without_breaks(text)
            self.settled = not self._skip_breaks
            if text:
                deltas.append(TextDelta(text))
        return deltas

    def close(self) -> list[TextDelta | ReasoningDelta]:
        """Return what was held back; white space alone is no text."""
        held, self._held = self._held, ""
        if not held.strip():
            return []
        return [ReasoningDelta(held)] if self._state == "reasoning" else [TextDelta(held)]

    def _at_start(self, text: str) -> str:
        text, self._held = self._held + text, ""
        head = text.lstrip()
        few_blanks = len(text) - len(head) <= _MOST_BLANKS
        if few_blanks and head.startswith(_OPEN):
            self._state, self._skip_breaks = "reasoning", True
            return head[len(_OPEN) :]
        if few_blanks and _OPEN.startswith(head):
            self._held = text
            return ""
        self._state = "answer"
        return text

    def _in_reasoning(self, text: str, deltas: list[TextDelta | ReasoningDelta]) -> str:
        """Add the reasoning in `text` to `deltas` and return the answer after it."""
        text, self._held = self._held + text, ""
        reasoning, tag, answer = text.partition(_CLOSE)
        if not tag:
            kept = _tail_that_may_be(_CLOSE, reasoning)
            reasoning, self._held = reasoning[: len(reasoning) - kept], reasoning[len(reasoning) - kept :]
        reasoning = self._without_breaks(reasoning)
        if reasoning:
            deltas.append(ReasoningDelta(reasoning))
        if tag:
            self._state, self._skip_breaks = "answer", True
        return answer

    def _without_breaks(self, text: str) -> str:
        if self._skip_breaks and text:
            text = text.lstrip("\r\n")
            self._skip_breaks = not text
        return text


def _tail_that_may_be(tag: str, text: str) -> int:
    """Return how many of the last characters of `text` are a beginning of `tag`."""
    longest = min(len(tag) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(tag[:size])), 0)
