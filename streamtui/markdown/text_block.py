"""Paragraphs and headings: text that flows over rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.containers import BlockContext, Gutter, gap_line, gutter
from streamtui.markdown.inline import Run, cut_runs, inline_runs, is_noise, leaves_open
from streamtui.markdown.line import StyledLine, paint
from streamtui.markdown.maths import closed_at
from streamtui.markdown.references import References
from streamtui.markdown.reflow import is_hard_wrapped
from streamtui.markdown.styles import Styles
from streamtui.markdown.wrap import Span, wrap

LONG = 2048
"""Longest text that is one piece. Inline markup does not reach over the cut between two pieces."""

SHORT = LONG // 4
"""Longest text that is one piece if it's noise."""

CHECKPOINTS = (SHORT, LONG // 2, LONG * 3 // 4, LONG)
"""Lengths at which a growing paragraph is cut, between those limits if no markup is pending: so little is parsed again
and again."""

_PIECES = 8
"""Pieces that flow on from each other; then a row ends, so that a far piece is painted without all before it."""

_MOST_CARRIED = 4
"""Characters in a cell's room beyond which a row doesn't flow on in the next piece: they'd be laid out once more."""

_TASK = re.compile(r"\[([ xX])\][ \t]")


class TextBlock(Block):
    """A heading, a paragraph, or a piece of a long one."""

    __slots__ = (
        "_carry", "_carry_key", "_number", "_reflow", "closer", "defines", "level", "more", "place", "previous",
        "references", "task", "text",
    )  # fmt: skip

    def __init__(
        self, start: int, end: int, place: BlockContext, text: str, level: int, references: References, *,
        previous: TextBlock | None = None, more: bool = False, defines: int = 0, closer: str = ""
    ) -> None:  # fmt: skip
        super().__init__(start, end)
        self.place = place
        self.defines = defines
        """Characters at the start that are link definitions: shown as typed, they refer to nothing."""
        self.closer = closer
        """The delimiter that ends the display maths the text begins in, or what is verbatim to its end."""
        self.text = text
        self.level = level
        """0 for a paragraph."""
        self.references = references
        self.previous = previous
        """The piece this one flows on from."""
        self.more = more
        """Whether another piece flows on: then the last row is nearly always its first."""
        self._number: int = 0 if previous is None else previous._number + 1
        self.task: bool | None = None
        self._reflow: bool | None = None
        self._carry: list[Run] = []
        self._carry_key: tuple[int, Styles] | None = None
        if place.shown < len(place.containers) and level == 0 and (box := _TASK.match(text)):
            self.task = box[1] != " "
            self.text = text[box.end() :]

    def renewed(self, previous: TextBlock | None) -> TextBlock:
        """Return the same text as a block not rendered yet, for when a link definition has come."""
        other = TextBlock(
            self.start, self.end, self.place, self.text, self.level, self.references,
            previous=previous, more=self.more, defines=self.defines, closer=self.closer
        )  # fmt: skip
        other.task = self.task
        return other

    def same(self, other: Block) -> bool:
        return (
            isinstance(other, TextBlock)
            and self.text == other.text
            and (self.start, self.end, self.level, self.more) == (other.start, other.end, other.level, other.more)
            and (self.defines, self.closer) == (other.defines, other.closer)
            and self.place == other.place
            and self.previous is other.previous
            and self.task == other.task
        )

    def adopt(self, other: Block) -> None:
        if isinstance(other, TextBlock) and self.same(other):
            self._key, self._lines = other._key, other._lines
            self._carry, self._carry_key = other._carry, other._carry_key

    def estimate(self, width: int) -> int:
        if (known := self._known(width)) is not None:
            return known
        room = max(2, width - min(width // 2, 3 * len(self.place.containers)))
        breaks = self.text.count("\n")
        rows = -(-len(self.text) // room)
        return (self.place.gap >= 0) + max(1, rows if not breaks or self.reflows else max(rows, breaks + 1))

    def _render(self, width: int, styles: Styles) -> Sequence[StyledLine]:
        left = gutter(self.place, width, styles, self.task)
        rows, spans = self._rows(left, width, styles)
        lines = [gap_line(self.place, width, styles)] if self.place.gap >= 0 and self.previous is None else []
        for index, (row, span) in enumerate(zip(rows, spans, strict=True)):
            prefix = left.rest if index or self.previous else left.first
            last = index == len(rows) - 1 and not self.more
            lines.append(paint(prefix, row, width, styles.text, "\n" if last else span.joint))
        return lines

    def _rows(self, left: Gutter, width: int, styles: Styles) -> tuple[list[list[Segment]], list[Span]]:
        """Return the content of the rows; what is left for the next piece is kept aside."""
        runs = self._runs(width, styles, left.lost)
        text = "".join([part for part, _ in runs])
        spans = wrap(text, width - left.cells)
        if self.more and not self._flows_on():
            spans = _without_space(text, spans)
        rows = cut_runs(runs, spans)
        if self._flows_on():
            self._carry = []
            self._carry_key = (width, styles)
            if spans[-1].end - spans[-1].start <= _MOST_CARRIED * width:
                spans.pop()
                self._carry = [(text, style or styles.text) for text, style, _ in rows.pop()]
        return rows, spans

    def _flows_on(self) -> bool:
        return self.more and self._number % _PIECES != _PIECES - 1

    def _runs(self, width: int, styles: Styles, lost: str) -> list[Run]:
        base = styles.text + styles.heading(self.level) if self.level else styles.text
        runs: list[Run] = []
        if self.previous:
            runs = list(self.previous._carried(width, styles))
        elif lost:
            runs.append((lost, styles.text + styles.bullet))
        if self.task is not None and self._is_numbered():
            runs.append(("☑ " if self.task else "☐ ", styles.text + styles.task_done))
        return runs + self.inline(styles, base)

    def inline(self, styles: Styles, base: Style) -> list[Run]:
        """Return the runs of the text: what is verbatim, the definitions, and the rest."""
        runs: list[Run] = []
        text = self.text
        if self.closer:
            verbatim = closed_at(text, self.closer)
            runs.append((text[:verbatim], base))
            text = text[verbatim:]
        if self.defines:
            runs += inline_runs(text[: self.defines], {}, styles, base)
            text = text[self.defines :]
        return runs + inline_runs(text, self.references, styles, base, reflows=self.reflows) if text else runs

    @property
    def reflows(self) -> bool:
        """Whether the lines are hard-wrapped prose."""
        if self._reflow is None:
            self._reflow = "\n" in self.text and is_hard_wrapped(self._whole_lines_before() + self.text)
        return self._reflow

    def _whole_lines_before(self) -> str:
        """Return the text of the piece before, from where its first line begins."""
        if self.previous is None:
            return ""
        text, before = self.previous.text, self.previous.previous
        return text if before is None or before.text.endswith("\n") else text.partition("\n")[2]

    def _is_numbered(self) -> bool:
        return getattr(self.place.containers[-1], "number", None) is not None

    def lead(self, width: int, styles: Styles) -> int:
        """Return how many cells of the first row's text belong to the piece this one flows on from."""
        if self.previous is None:
            return 0
        return sum(cell_len(text) for text, _ in self.previous._carried(width, styles))

    def _carried(self, width: int, styles: Styles) -> list[Run]:
        """Return the last row if the next piece starts with it; earlier pieces are laid out first."""
        key = (width, styles)
        behind: list[TextBlock] = []
        piece: TextBlock | None = self
        while piece is not None and piece._flows_on() and piece._carry_key != key:
            behind.append(piece)
            piece = piece.previous
        for piece in reversed(behind):
            piece._rows(gutter(piece.place, width, styles), width, styles)
        return self._carry


def _without_space(text: str, spans: list[Span]) -> list[Span]:
    """Return `spans` with the space that `text` ends with as the last one's joint."""
    if len(spans) > 1 and spans[-1].start == spans[-1].end:
        return spans[:-1]
    start, end, _ = spans[-1]
    kept = len(text[start:end].rstrip(" "))
    return [*spans[:-1], Span(start, start + kept, text[start + kept : end])]


class Rule(Block):
    """A thematic break."""

    __slots__ = ("place",)

    def __init__(self, start: int, end: int, place: BlockContext) -> None:
        super().__init__(start, end)
        self.place = place

    def renewed(self) -> Rule:
        """Return the same rule as a block not rendered yet, for when its number has changed."""
        return Rule(self.start, self.end, self.place)

    def same(self, other: Block) -> bool:
        return isinstance(other, Rule) and (self.start, self.end, self.place) == (other.start, other.end, other.place)

    def estimate(self, width: int) -> int:
        return 1 + (self.place.gap >= 0)

    def _render(self, width: int, styles: Styles) -> Sequence[StyledLine]:
        left = gutter(self.place, width, styles)
        style: Style = styles.text + styles.rule
        line = paint(left.first, [Segment("─" * (width - left.cells), style)], width, styles.text)
        return [gap_line(self.place, width, styles), line] if self.place.gap >= 0 else [line]


def find_cut(text: str, references: References) -> int:
    """Return where to cut a paragraph that has grown to `text`, as long as a checkpoint says: after a space with no
    inline markup pending there, 0 if not here.

    Depends on `text` alone, so a stream is cut where the whole is.
    """
    cut = _last_break(text, len(text))
    if len(text) == LONG or (len(text) == SHORT and is_noise(text)):
        return cut or len(text.rstrip(" ")) or len(text)
    if len(text) == SHORT:
        return 0
    for place in (cut, _last_break(text, len(text) * 3 // 4)):
        if place and not leaves_open(text[:place], references):
            return place
    return 0


def _last_break(text: str, limit: int) -> int:
    """Return the place after the last space or line end before `limit`, 0 if there is none near.

    Spaces that may turn out to end a line stay with their line end.
    """
    limit = len(text[:limit].rstrip(" "))
    place = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit)) + 1
    return place if place >= len(text) // 4 else 0
