"""What of the conversation is in the window: bubbles, where each begins, and which rows show. Knows no widget.

Heights far away are guesses. A guess becomes exact when its part comes near the window, and whatever that changes,
the row under the reader's eye stays where it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from textual.strip import Strip

from streamtui.chat.messages import ChatMessage
from streamtui.log.anchor import Anchor, InText, anchor, cells_of, row_of
from streamtui.log.bubble import HEAD, Bubble
from streamtui.log.header_footer import Frame
from streamtui.log.heights import Heights
from streamtui.log.rowcache import RowCache
from streamtui.log.theme import Look
from streamtui.markdown import StyledLine
from streamtui.markdown.text_block import TextBlock

_OPEN_BUBBLES: Final = 48
"""Documents kept beyond those in the window."""
_NEAR: Final = 3
"""Scrolling by less than this many windows passes over exact heights; a longer jump lands on a guess."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row in the window, as what it is."""

    bubble: Bubble
    part: int
    line: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """The row that must not move: by text where there is text, so that it is found again at another width."""

    bubble: Bubble
    document: object
    index: int
    anchor: Anchor | None
    line: int
    part_from_end: bool


class Viewport:
    """The log without a screen. `rows` is what the window shows; everything else changes what that is."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.bubbles: list[Bubble] = []
        self.by_id: dict[str, Bubble] = {}
        self.current: Bubble | None = None
        self.following = True
        self.top = 0
        """The first row in the window."""
        self.width = 80
        self.height = 24
        self.shown: list[Row] = []
        """What `rows` returned last, row by row."""
        self._heights = Heights()
        self._cache = RowCache()
        self._open: OrderedDict[Bubble, None] = OrderedDict()
        self._first_ordinal = 0
        self._clock = (0.0, 0.0)
        self._kept: tuple[_Mark, int] | None = None
        """The last mark and where it was found: used again, so that one resize after another does not drift."""

    # -- what there is

    @property
    def total(self) -> int:
        return self._heights.total

    @property
    def furthest(self) -> int:
        """The greatest value of `top`."""
        return max(0, self.total - self.height)

    @property
    def inner(self) -> int:
        return self.frame(None).inner

    def frame(self, bubble: Bubble | None) -> Frame:
        tone = self.look.user if bubble is not None and bubble.message.role != "assistant" else self.look.assistant
        return Frame(self.width, self.look, tone, bubble is not None and bubble is self.current)

    def replace(self, messages: Sequence[ChatMessage]) -> None:
        self._cache.clear()
        self._open.clear()
        self.current = None
        self._first_ordinal = 0
        self._kept = None
        self.bubbles = [Bubble(message, ordinal) for ordinal, message in enumerate(messages)]
        self.by_id = {bubble.message.id: bubble for bubble in self.bubbles}
        inner = self.inner
        self._heights = Heights([bubble.estimate(inner) for bubble in self.bubbles])
        self.following = True

    def prepend(self, messages: Sequence[ChatMessage]) -> None:
        self._first_ordinal -= len(messages)
        older = [Bubble(message, self._first_ordinal + at) for at, message in enumerate(messages)]
        inner = self.inner
        before = self.total
        self.bubbles[:0] = older
        self.by_id.update((bubble.message.id, bubble) for bubble in older)
        self._heights.prepend([bubble.estimate(inner) for bubble in older])
        self.top += self.total - before

    def append(self, message: ChatMessage) -> Bubble:
        bubble = Bubble(message, self.bubbles[-1].ordinal + 1 if self.bubbles else self._first_ordinal)
        self.bubbles.append(bubble)
        self.by_id[message.id] = bubble
        self._heights.extend([bubble.estimate(self.inner)])
        return bubble

    def index(self, bubble: Bubble) -> int:
        """Return where `bubble` stands."""
        return bubble.ordinal - self._first_ordinal

    def sync(self, bubble: Bubble) -> None:
        """Take over a height that changed."""
        self._heights[self.index(bubble)] = bubble.height

    # -- moving

    def resize(self, width: int, height: int) -> None:
        if (width, height) == (self.width, self.height):
            return
        with self.held():
            self.height = height
            if width != self.width:
                self.width = width
                inner = self.inner
                for bubble in self.bubbles:
                    bubble.reflow(inner)
                self._heights = Heights([bubble.height for bubble in self.bubbles])

    def scroll(self, top: int) -> None:
        """Go to row `top` at the reader's wish."""
        wanted = max(0, min(top, self.furthest))
        rise = self.top - wanted
        self.following = False
        self._kept = None
        if 0 < rise <= _NEAR * self.height:
            self._measure_above(rise)
            wanted = max(0, self.top - rise)
        self.top = wanted
        self.following = wanted >= self.furthest

    def _measure_above(self, rows: int) -> None:
        """Make the `rows` above the window exact; `top` moves with what it shows."""
        with self.held():
            found = self._locate(self.top)
            if found is None:
                return
            index, part = found
            above = self.top - self._heights.top(index) - self.bubbles[index].top(part)
            while above < rows:
                part -= 1
                if part < HEAD:
                    index -= 1
                    if index < 0:
                        return
                    self._opened(index)
                    part = self.bubbles[index].foot
                above += len(self._rows(index, part))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the text in the window's first row there, whatever happens to the heights above it."""
        if self._kept is not None and self._kept[1] != self.top:
            self._kept = None
        mark = None if self.following else self._kept[0] if self._kept is not None else self._mark()
        yield
        if mark is not None:
            self.top = max(0, self._find(mark))
            self._kept = mark, self.top

    def _mark(self) -> _Mark | None:
        found = self._locate(self.top)
        if found is None:
            return None
        bubble, part = self.bubbles[found[0]], found[1]
        line = self.top - self._heights.top(found[0]) - bubble.top(part)
        if not bubble.is_open:
            return _Mark(bubble, None, 0, None, line, False)
        block = bubble.block(part)
        if block is None:
            return _Mark(bubble, None, part, None, line, part == bubble.foot)
        document, number, painted = block
        place = anchor(painted, line, self.inner, bubble.styles(document, self.frame(bubble)))
        if isinstance(place, InText):
            place = InText(place.character - self._lead(bubble, part))
        return _Mark(bubble, document, number, place, line, False)

    def _find(self, mark: _Mark) -> int:
        """Return the row that `mark` is on now."""
        bubble = mark.bubble
        index = self.index(bubble)
        start = self._heights.top(index)
        if not bubble.is_open:
            return start + min(mark.line, bubble.height - 1)
        if mark.document is None:
            part = bubble.foot if mark.part_from_end else mark.index
            return start + bubble.top(part) + mark.line
        part, place = min(bubble.part_of(mark.document, mark.index), bubble.foot), mark.anchor
        if isinstance(place, InText):
            character = place.character + self._lead(bubble, part)
            while character < 0 and part > HEAD:
                part -= 1
                character += cells_of(bubble.lines(part, self.frame(bubble)))
            place = InText(character)
        self._rows(index, part)
        line = mark.line
        if place is not None and (found := bubble.block(part)) is not None:
            line = row_of(found[2], place, self.inner, bubble.styles(found[0], self.frame(bubble)))
        return self._heights.top(index) + bubble.top(part) + line

    def _lead(self, bubble: Bubble, part: int) -> int:
        """Return how many cells of a block's first row are text of the block before, a piece of the same paragraph."""
        found = bubble.block(part)
        if found is None or not isinstance(found[2], TextBlock):
            return 0
        return found[2].lead(self.inner, bubble.styles(found[0], self.frame(bubble)))

    def _locate(self, row: int) -> tuple[int, int] | None:
        """Return the bubble and the part that cover `row`."""
        if not self.bubbles:
            return None
        index = self._heights.at(row)
        bubble = self.bubbles[index]
        return index, bubble.part_at(row - self._heights.top(index)) if bubble.is_open else HEAD

    # -- making rows

    def rows(self, now: float, wall: float) -> list[Strip]:
        """Return the strips in the window from the top, fewer than its height if there is no more."""
        self._clock = now, wall
        strips = self._from_end() if self.following else self._from_top()
        self._close_some()
        return strips

    def _from_end(self) -> list[Strip]:
        strips: list[Strip] = []
        shown: list[Row] = []
        for index in range(len(self.bubbles) - 1, -1, -1):
            bubble = self._opened(index)
            for part in range(bubble.foot, HEAD - 1, -1):
                rows = self._rows(index, part)
                strips += reversed(rows)
                shown += [Row(bubble, part, line) for line in range(len(rows) - 1, -1, -1)]
                if len(strips) >= self.height:
                    break
            if len(strips) >= self.height:
                break
        strips.reverse()
        shown.reverse()
        self.top = self.furthest
        cut = max(0, len(strips) - self.height)
        self.shown = shown[cut:]
        return strips[cut:]

    def _from_top(self) -> list[Strip]:
        strips: list[Strip] = []
        shown: list[Row] = []
        found = self._locate(self.top)
        if found is None:
            self.shown = []
            return []
        index = found[0]
        bubble = self._opened(index)
        offset = min(self.top - self._heights.top(index), bubble.height - 1)
        part = bubble.part_at(offset)
        skip = offset - bubble.top(part)
        self.top = self._heights.top(index) + offset
        while len(strips) < self.height:
            rows = self._rows(index, part)
            strips += rows[skip:]
            shown += [Row(bubble, part, line) for line in range(skip, len(rows))]
            skip = max(0, skip - len(rows))
            part += 1
            if part > bubble.foot:
                index += 1
                if index == len(self.bubbles):
                    break
                bubble, part = self._opened(index), HEAD
        if len(strips) < self.height and self.top > 0:
            return self._from_end()
        first = shown[0]
        self.top = self._heights.top(self.index(first.bubble)) + first.bubble.top(first.part) + first.line
        self.shown = shown[: self.height]
        return strips[: self.height]

    def _rows(self, index: int, part: int) -> Sequence[Strip]:
        bubble = self.bubbles[index]
        rows = bubble.rows(part, self.frame(bubble), self._cache, *self._clock)
        self._heights[index] = bubble.height
        return rows

    def _opened(self, index: int) -> Bubble:
        bubble = self.bubbles[index]
        if not bubble.is_open:
            bubble.open(self.inner)
            self._heights[index] = bubble.height
        self._open[bubble] = None
        self._open.move_to_end(bubble)
        return bubble

    def _close_some(self) -> None:
        """Drop the documents seen longest ago; never those in the window or in flight."""
        keep = _OPEN_BUBBLES + self.height
        while len(self._open) > keep:
            bubble, _ = self._open.popitem(last=False)
            if bubble.live is None:
                bubble.close()
            else:
                self._open[bubble] = None
                return

    # -- looking

    def lines_of(self, row: Row) -> StyledLine | None:
        """Return the text row that `row` is, None if it is none."""
        lines = row.bubble.lines(row.part, self.frame(row.bubble))
        return lines[row.line] if row.line < len(lines) else None

    def top_of(self, bubble: Bubble) -> int:
        return self._heights.top(self.index(bubble))

    def reveal(self, bubble: Bubble) -> None:
        """Bring `bubble`'s beginning into the window, moving no more than needed."""
        index = self.index(bubble)
        with self.held():
            self._opened(index)
            for part in range(bubble.foot + 1):
                if bubble.top(part) <= self.height:
                    self._rows(index, part)
        if self.following:
            self.top = self.furthest
        top = self.top_of(bubble)
        below = top + bubble.height > self.top + self.height
        if self.top <= top and not below:
            return
        self.following = False
        self.top = top
        if below and bubble.height < self.height:
            self.scroll(top + bubble.height - self.height)
        else:
            self.following = self.top >= self.furthest

    def restyle(self, look: Look) -> None:
        self.look = look
        self._cache.clear()
