"""Reasoning that a model writes into its answer, between `<think>` and `</think>` and tags like them."""

import re
from typing import Final, Literal

from streamtui.chat.events import ReasoningDelta, TextDelta

CLOSING_TAG: Final = "</think>"
_TAGS: Final = {
    "<think>": CLOSING_TAG,
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
}
_MOST_BLANKS: Final = 256
"""White space held back at the start while it may still be followed by a tag."""
_FENCE: Final = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)")
_BACKTICKS: Final = re.compile(r"`+")
_INDENTED: Final = re.compile(r"( {4}|\t)[^\n]*\Z")


class ThinkTags:
    """Split a reply's text into reasoning and answer.

    A tag counts only as the reply's first text that is not white space. The joined result is the same for every
    fragmentation. Line breaks next to the tags belong to neither side.
    """

    __slots__ = ("_closing", "_held", "_skip_breaks", "_state", "settled")

    def __init__(self) -> None:
        self._state: Literal["start", "reasoning", "answer"] = "start"
        self._closing = ""
        """The tag that ends the reasoning; empty where no tag was opened."""
        self._held = ""
        self._skip_breaks = False
        self.settled = False
        """From here on all text is answer, and `feed` would return it as it is."""

    @property
    def is_opened(self) -> bool:
        """Whether the reply has had its reasoning between tags."""
        return bool(self._closing)

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

    def close_unopened(self) -> None:
        """Take a closing tag without an opening one for the end of the reasoning: what follows is the answer."""
        self._state, self._closing, self._skip_breaks, self.settled = "answer", CLOSING_TAG, True, False

    def _at_start(self, text: str) -> str:
        text, self._held = self._held + text, ""
        head = text.lstrip()
        few_blanks = len(text) - len(head) <= _MOST_BLANKS
        for opening, closing in _TAGS.items() if few_blanks else ():
            if head.startswith(opening):
                self._state, self._closing, self._skip_breaks = "reasoning", closing, True
                return head[len(opening) :]
        if few_blanks and any(opening.startswith(head) for opening in _TAGS):
            self._held = text
            return ""
        self._state = "answer"
        return text

    def _in_reasoning(self, text: str, deltas: list[TextDelta | ReasoningDelta]) -> str:
        """Add the reasoning in `text` to `deltas` and return the answer after it."""
        text, self._held = self._held + text, ""
        reasoning, tag, answer = text.partition(self._closing)
        if not tag:
            kept = _tail_that_may_be(self._closing, reasoning)
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


def unopened_reasoning(answer: str) -> tuple[str, str] | None:
    """Return what stands before and after a `</think>` in `answer` that closes nothing, `None` where there is none.

    One in code, or after an opening tag, is a part of the answer.
    """
    at = answer.find(CLOSING_TAG)
    while at >= 0:
        before = answer[:at]
        if "<think>" in before:
            return None
        if not _ends_in_code(before):
            return before.rstrip("\r\n"), answer[at + len(CLOSING_TAG) :]
        at = answer.find(CLOSING_TAG, at + 1)
    return None


def _ends_in_code(text: str) -> bool:
    """Return whether the end of a Markdown text is in a fenced or indented block of code, or after an open backtick."""
    fence, paragraph = "", list[str]()
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match["fence"].startswith(fence) and not match["info"].strip():
                fence = ""
            continue
        if match and not (match["fence"][0] == "`" and "`" in match["info"]):
            fence, paragraph = match["fence"], []
        elif line.strip():
            paragraph.append(line)
        else:
            paragraph = []
    if fence:
        return True
    if len(paragraph) <= 1 and _INDENTED.match(paragraph[0] if paragraph else text.rpartition("\n")[2]):
        return True
    return _has_open_backtick("\n".join(paragraph))


def _has_open_backtick(paragraph: str) -> bool:
    """Return whether a run of backticks is not closed by one of the same length."""
    runs = [len(run) for run in _BACKTICKS.findall(paragraph)]
    while runs:
        opening = runs.pop(0)
        if opening not in runs:
            return True
        del runs[: runs.index(opening) + 1]
    return False


def _tail_that_may_be(tag: str, text: str) -> int:
    """Return how many of the last characters of `text` are a beginning of `tag`."""
    longest = min(len(tag) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(tag[:size])), 0)
