"""Text shown as it was typed: what people write is not Markdown unless they say so. A stand-in for `Document`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment

from streamtui.markdown import Block, CodeBlock, StyledLine, Styles
from streamtui.markdown.line import paint
from streamtui.markdown.wrap import wrap

_LINES: Final = 40
"""Lines to a block, so that a pasted novel is wrapped only where it is seen."""
_CHARACTERS: Final = 8_000
"""No block is longer, even if a line has to be cut."""
_TAB: Final = 4


class PlainText:
    """A text that does not change, in blocks; offers what the log needs of a `Document`.

    The caller has sanitized the text: its characters are painted as they are.
    """

    __slots__ = ("blocks", "source")

    code_blocks: Sequence[CodeBlock] = ()

    def __init__(self, source: str) -> None:
        self.source = source
        self.blocks: list[Block] = []
        start = 0
        while start < len(source) or not self.blocks:
            end = start
            for _ in range(_LINES):
                end = source.find("\n", end) + 1 or len(source)
                if end == len(source) or end - start > _CHARACTERS:
                    break
            end = min(end, start + _CHARACTERS)
            self.blocks.append(_Lines(source, start, end))
            start = end


class _Lines(Block):
    __slots__ = ("joint", "text")

    def __init__(self, source: str, start: int, end: int) -> None:
        self.text = source[start:end].removesuffix("\n").expandtabs(_TAB)
        self.joint = "" if end < len(source) and source[end - 1] != "\n" else "\n"
        super().__init__(start, end)

    def same(self, other: Block) -> bool:
        return isinstance(other, _Lines) and other.text == self.text

    def estimate(self, width: int) -> int:
        if self._key and self._key[0] == width:
            return len(self._lines)
        return sum([1 + max(0, len(line) - 1) // width for line in self.text.split("\n")])

    def _render(self, width: int, styles: Styles) -> Sequence[StyledLine]:
        text, style = self.text, styles.text
        return [
            paint([], [Segment(text[start:end], style)], width, style, self.joint if end == len(text) else joint)
            for start, end, joint in wrap(text, width)
        ]
