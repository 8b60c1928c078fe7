"""How a reply that broke off goes on: what the model is asked, and where the new text joins the old."""

from dataclasses import replace
from typing import Final

from streamtui.chat.messages import ChatRequest, Turn

CONTINUE_PROMPT: Final = (
    "Your last message was cut off. Continue it from exactly where it stopped, in the middle of the word or code block "
    "if need be. Write only what comes next: no introduction, and nothing you have already written."
)
LONGEST_OVERLAP: Final = 400
"""Characters at the end of the old text that the new text is compared with."""
SHORTEST_OVERLAP: Final = 6
"""A shorter match is chance: `e` at the end and `e` at the beginning."""


def continuation(request: ChatRequest, text: str, *, prefill: bool) -> ChatRequest:
    """Return `request` changed so that the model goes on after `text`, its own unfinished answer."""
    turns = (*request.turns, Turn("assistant", text))
    if not prefill:
        turns = (*turns, Turn("user", CONTINUE_PROMPT))
    return replace(request, turns=turns, prefill=prefill)


class OverlapTrimmer:
    """Drops what the beginning of a continuation repeats from the end of the text before it.

    Text is held back only while it may still be a repetition, at most `LONGEST_OVERLAP` characters.
    """

    __slots__ = ("_held", "_open", "_tail")

    def __init__(self, before: str) -> None:
        self._tail = before[-LONGEST_OVERLAP:]
        self._held = ""
        self._open = bool(before)

    def feed(self, text: str) -> str:
        if not self._open:
            return text
        self._held += text
        if self._may_repeat():
            return ""
        return self.close()

    def close(self) -> str:
        """Return the text held back, without its repetition; from here on text passes untouched."""
        self._open = False
        held, self._held = self._held, ""
        for length in range(min(len(held), len(self._tail)), SHORTEST_OVERLAP - 1, -1):
            if self._tail.endswith(held[:length]):
                return held[length:]
        return held

    def _may_repeat(self) -> bool:
        """Whether what is held stands in the old text before its end, so that more of the same may follow."""
        at = self._tail.find(self._held)
        return at >= 0 and at + len(self._held) < len(self._tail)
