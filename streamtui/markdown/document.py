"""A Markdown document that grows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.inline import clean, cut_runs, inline_runs
from streamtui.markdown.line import Line, paint
from streamtui.markdown.styles import Styles
from streamtui.markdown.wrap import chop, wrap


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced code block, as numbered on screen."""

    number: int
    """Counts from 1 in source order."""
    language: str
    """First word of the info string, as written; may be empty."""
    text: str
    """Exactly what stands between the fences, last newline included."""
    block: int
    """Index in `Document.blocks` of the block with its header row."""


class Document:
    """Markdown source that arrives in pieces, as blocks that can be painted.

    Feed it with `append` as often as you like; `update` takes the text in, once a frame. Blocks freeze once text that
    is still to come can't change them. However the text was cut, the blocks end up as if it had come at once.
    Control characters other than newline and tab become U+FFFD.
    """

    def __init__(self, source: str = "") -> None:
        self._pending: list[str] = []
        self._source = ""
        self._finished = False
        self._blocks: list[Block] = []
        self._code: list[CodeBlock] = []
        if source:
            self.append(source)

    @property
    def source(self) -> str:
        """All text so far, what `update` has not seen included."""
        return self._source + "".join(self._pending)

    @property
    def blocks(self) -> Sequence[Block]:
        """As of the last `update` or `idle_work`. A view, not a copy."""
        return self._blocks

    @property
    def code_blocks(self) -> Sequence[CodeBlock]:
        """As of the last `update`, an open one included."""
        return self._code

    @property
    def finished(self) -> bool:
        """Whether `finish` was called."""
        return self._finished

    def append(self, text: str) -> None:
        """Add text at the end; nothing is parsed until `update`."""
        self._pending.append(clean(text))

    def finish(self) -> None:
        """Say that no more text will come; call `update` once more after it."""
        self._finished = True

    def update(self) -> int | None:
        """Take the pending text in.

        Returns the index of the first block that is new or another object than before, or the new number of blocks
        if the last ones are gone; None if all are as they were. Usually that is the open block at the end; a link
        definition can change any earlier block that refers to it.
        """
        if not self._pending:
            return None
        self._source += "".join(self._pending)
        self._pending.clear()
        self._blocks, self._code = _split(self._source)
        return 0

    def idle_work(self, budget: float = 0.004) -> int | None:
        """Do at most about `budget` seconds of what can wait: colouring code that could not be coloured as it came.

        Returns the index of the first block that changed (as `update`), or None. Call it between frames while
        `has_idle_work`.
        """
        return None

    @property
    def has_idle_work(self) -> bool:
        """Whether `idle_work` has something left to do."""
        return False


class _Text(Block):
    __slots__ = ("gap", "text")

    def __init__(self, start: int, end: int, text: str, gap: bool) -> None:
        super().__init__(start, end)
        self.text = text
        self.gap = gap

    def estimate(self, width: int) -> int:
        return len(self._lines) if self._key and self._key[0] == width else 1 + len(self.text) // max(1, width)

    def _render(self, width: int, styles: Styles) -> Sequence[Line]:
        runs = inline_runs(self.text, {}, styles, styles.text)
        spans = wrap("".join(text for text, _ in runs), width)
        rows = zip(cut_runs(runs, spans), spans, strict=True)
        lines = [paint([], row, width, styles.text, span.joint or "\n") for row, span in rows]
        return [paint([], [], width, styles.text), *lines] if self.gap else lines


class _Code(Block):
    __slots__ = ("gap", "language", "number", "text")

    def __init__(self, start: int, end: int, code: CodeBlock, gap: bool) -> None:
        super().__init__(start, end)
        self.text = code.text
        self.number = code.number
        self.language = code.language
        self.gap = gap

    def estimate(self, width: int) -> int:
        return 2 + self.text.count("\n")

    def _render(self, width: int, styles: Styles) -> Sequence[Line]:
        lines = [paint([], [], width, styles.text)] if self.gap else []
        head = f"{self.number:>3} {self.language} "
        meta = Style(meta={"code": self.number})
        rule = "─" * max(0, width - cell_len(head) - 5)
        lines.append(
            paint([Segment(head, styles.text + meta), Segment(rule + " copy", styles.text + meta)], [], width, styles.text)
        )
        for text in self.text.expandtabs(4).split("\n")[:-1]:
            for span in chop(text, width - 4):
                row = [Segment(text[span.start : span.end], styles.fence)]
                lines.append(paint([Segment("    ", styles.fence)], row, width, styles.fence, "\n"))
        return lines


def _split(source: str) -> tuple[list[Block], list[CodeBlock]]:
    blocks: list[Block] = []
    code: list[CodeBlock] = []
    for match in re.finditer(r"^```(\w*)[^\n]*\n(.*?)(?:^```[ ]*$|\Z)|(?:(?!```)[^\n]+(?:\n|\Z))+", source, re.S | re.M):
        gap = bool(blocks)
        if match[0].startswith("```"):
            code.append(CodeBlock(len(code) + 1, match[1], match[2], len(blocks)))
            blocks.append(_Code(match.start(), match.end(), code[-1], gap))
        else:
            blocks.append(_Text(match.start(), match.end(), match[0].strip("\n"), gap))
    return blocks, code
