"""The text of an open bubble as documents that can be painted: the reasoning and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Final, TypeAlias

from streamtui.chat.messages import ChatMessage
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.chat.sizes import size_words
from streamtui.markdown import Document
from streamtui.markdown.plain import PlainText

_FIRST_LINE: Final = 200
"""Characters of a folded message's first line."""
AnyDocument: TypeAlias = Document | PlainText


class Content:
    """An answer, and the reasoning before it where there is some. Grows while a reply streams."""

    __slots__ = ("body", "reasoning")

    def __init__(self, body: AnyDocument, reasoning: Document | None = None) -> None:
        self.body = body
        self.reasoning = reasoning

    @classmethod
    def of(cls, message: ChatMessage) -> Content:
        """Return the text of a settled message; nothing is parsed until `update`."""
        if message.role != "assistant":
            return cls(PlainText(_with_chips(message)))
        content = cls.live(message.text, message.reasoning)
        content.finish()
        return content

    @classmethod
    def folded(cls, message: ChatMessage) -> Content:
        """Return what stands for the text of a settled message while it is folded: its first line, and how many more
        there are."""
        lines = [line for line in sanitize(message.text).splitlines() if line.strip()]
        first = lines[0][:_FIRST_LINE] if lines else ""
        more = f"\n… {len(lines) - 1} more lines" if len(lines) > 2 else "\n… 1 more line" if len(lines) == 2 else ""
        return cls(PlainText(first + more))

    @classmethod
    def live(cls, text: str, reasoning: str) -> Content:
        """Return the text so far of a reply that goes on; nothing is parsed until `update`."""
        return cls(Document(text), Document(reasoning) if reasoning else None)

    def _growing(self) -> Iterator[Document]:
        if self.reasoning is not None:
            yield self.reasoning
        if isinstance(self.body, Document):
            yield self.body

    def append(self, text: str) -> None:
        """Take in more of the answer; nothing is parsed until `update`."""
        assert isinstance(self.body, Document)
        self.body.append(text)

    def append_reasoning(self, text: str) -> None:
        if self.reasoning is None:
            self.reasoning = Document()
        self.reasoning.append(text)

    def is_of(self, message: ChatMessage) -> bool:
        """Whether this is the text of `message` as it is."""
        reasoning = self.reasoning.source if self.reasoning is not None else ""
        return self.body.source == message.text and reasoning == message.reasoning

    def finish(self) -> None:
        """Say that no more text will come; call `update` once more after it."""
        for document in self._growing():
            document.finish()

    def update(self, budget_s: float) -> Iterator[tuple[AnyDocument, int]]:
        """Parse what was appended for about `budget_s`; yield each document that changed with its first changed
        block."""
        deadline = perf_counter() + budget_s
        for document in self._growing():
            if document.has_more and (first := document.update(deadline - perf_counter())) is not None:
                yield document, first

    @property
    def is_behind(self) -> bool:
        """Whether there is text that is not parsed yet."""
        return any(document.has_more for document in self._growing())

    @property
    def has_idle_work(self) -> bool:
        return any(document.has_idle_work for document in self._growing())

    def idle_work(self) -> Iterator[tuple[AnyDocument, int]]:
        """Do a slice of what the documents put off; yield as `update` does."""
        for document in self._growing():
            if document.has_idle_work and (first := document.idle_work()) is not None:
                yield document, first


def _with_chips(message: ChatMessage) -> str:
    """Return the text of one of the user's messages, and under it a line for each file that it carries."""
    text = sanitize(message.text)
    lines = [text] if text or not message.attachments else []
    lines += [f"▣ {sanitize_line(file.name)} {size_words(file.size)}" for file in message.attachments]
    return "\n".join(lines)
