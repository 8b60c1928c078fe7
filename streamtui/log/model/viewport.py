"""What of the conversation is in the window, and which row stays where it is. Knows no widget.

Heights far away are guesses. A guess becomes exact when its part comes near the window, and whatever that changes,
the row under the user's eye stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time
from typing import Final

from textual.strip import Strip

from streamtui.chat.messages import ChatMessage
from streamtui.log.model.bubble import Bubble
from streamtui.log.model.bubbles import Bubbles
from streamtui.log.model.parts import HEAD
from streamtui.log.model.place import Place, find, place_of
from streamtui.log.paint.theme import Look
from streamtui.markdown import StyledLine

_NEAR: Final = 3
"""Scrolling by less than this many windows passes over exact heights; a longer jump lands on a guess."""
_PARSING_S: Final = 0.025
"""For about so long text that comes into view is parsed before it is shown; the rest comes a moment later."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row in the window, as what it is."""

    bubble: Bubble
    part: int
    line: int


class Viewport:
    """The log without a screen. `rows` is what the window shows; everything else changes what that is."""

    def __init__(self, look: Look) -> None:
        self.bubbles = Bubbles(look)
        self.following = True
        self.top = 0
        """The first row in the window."""
        self.height = 24
        self.shown: list[Row] = []
        """What `rows` returned last, row by row."""
        self._arrived_below = 0
        """Rows that came in below the window since the user left the end."""
        self._kept: tuple[Place, int] | None = None
        """The last row held and where it was found: used again, so that one resize after another does not drift."""

    @property
    def look(self) -> Look:
        return self.bubbles.look

    @property
    def width(self) -> int:
        return self.bubbles.width

    @property
    def inner(self) -> int:
        """Cells for text."""
        return self.bubbles.inner

    @property
    def furthest(self) -> int:
        """The greatest value of `top`."""
        return max(0, self.bubbles.total - self.height)

    @property
    def new_lines(self) -> int:
        """Rows that came in below the window since the user left the end, as far as they are still below it."""
        return 0 if self.following else max(0, min(self._arrived_below, self.furthest - self.top))

    # -- what there is

    def replace(self, messages: Sequence[ChatMessage]) -> None:
        self.bubbles.replace(messages)
        self._kept = None
        self._arrived_below = 0
        self.following = True

    def prepend(self, messages: Sequence[ChatMessage]) -> None:
        before = self.bubbles.total
        self.bubbles.prepend(messages)
        self.top += self.bubbles.total - before

    def append(self, message: ChatMessage) -> Bubble:
        bubble = self.bubbles.append(message)
        self._count_below(bubble, bubble.height)
        return bubble

    @contextmanager
    def growing(self, bubble: Bubble) -> Iterator[None]:
        """Do something with `bubble` that may change its height: nothing that is read moves, what comes in below is
        counted."""
        before = bubble.height
        with self.held():
            yield
            self.bubbles.sync(bubble)
        self._count_below(bubble, bubble.height - before)

    def _count_below(self, bubble: Bubble, rows: int) -> None:
        end = self.bubbles.top(self.bubbles.index(bubble)) + bubble.height
        if rows > 0 and not self.following and end > self.top + self.height:
            self._arrived_below += rows

    # -- moving

    def resize(self, width: int, height: int) -> None:
        if (width, height) == (self.width, self.height):
            return
        with self.held():
            self.height = height
            if width != self.width:
                self.bubbles.reflow(width)

    def scroll(self, top: int) -> None:
        """Go to row `top` at the user's wish."""
        wanted = max(0, min(top, self.furthest))
        rise = self.top - wanted
        self.following = False
        self._kept = None
        if 0 < rise <= _NEAR * self.height:
            self._measure_above(rise)
            wanted = max(0, self.top - rise)
        self.top = wanted
        self.following = wanted >= self.furthest

    def go_to(self, row: int) -> None:
        """Bring `row` into the upper third of the window."""
        self.following = False
        self._kept = None
        self.top = row
        self.scroll(row - self.height // 3)

    def set_height(self, height: int) -> None:
        """Take on another height of the window; its first row stays the first."""
        self.height = height
        self.following = self.following or self.top >= self.furthest

    def _measure_above(self, rows: int) -> None:
        """Make the `rows` above the window exact; `top` moves with what it shows."""
        with self.held():
            position = self.bubbles.locate(self.top)
            if position is None:
                return
            index, part = position
            above = self.top - self.bubbles.top(index) - self.bubbles[index].parts.top(part)
            while above < rows:
                part -= 1
                if part < HEAD:
                    index -= 1
                    if index < 0:
                        return
                    part = self.bubbles.opened(index).parts.foot
                above += len(self.bubbles.rows(index, part))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the text in the window's first row there, whatever happens to the heights above it."""
        if self._kept is not None and self._kept[1] != self.top:
            self._kept = None
        if self.following:
            place = None
        else:
            place = self._kept[0] if self._kept is not None else place_of(self.bubbles, self.top)
        yield
        if place is not None:
            self.top = max(0, find(self.bubbles, place))
            self._kept = place, self.top

    def reveal(self, bubble: Bubble) -> None:
        """Bring `bubble`'s beginning into the window, moving no more than needed."""
        index = self.bubbles.index(bubble)
        with self.held():
            parts = self.bubbles.opened(index).parts
            for part in range(parts.foot + 1):
                if parts.top(part) <= self.height:
                    self.bubbles.rows(index, part)
        if self.following:
            self.top = self.furthest
        top = self.bubbles.top(index)
        below = top + bubble.height > self.top + self.height
        if self.top <= top and not below:
            return
        self.following = False
        self.top = top
        if below and bubble.height < self.height:
            self.scroll(top + bubble.height - self.height)
        else:
            self.following = self.top >= self.furthest

    # -- making rows

    def rows(self, now: float, wall: float) -> list[Strip]:
        """Return the strips in the window from the top, fewer than its height if there is no more."""
        self.bubbles.clock = now, wall
        self.bubbles.deadline = thread_time() + _PARSING_S
        strips = self._from_end() if self.following else self._from_top()
        if self.following:
            self._arrived_below = 0
        self.bubbles.close_some(self.height)
        return strips

    def _from_end(self) -> list[Strip]:
        strips: list[Strip] = []
        shown: list[Row] = []
        for index in range(len(self.bubbles) - 1, -1, -1):
            bubble = self.bubbles.opened(index)
            for part in range(bubble.parts.foot, HEAD - 1, -1):
                rows = self.bubbles.rows(index, part)
                strips += reversed(rows)
                shown += [Row(bubble, part, line) for line in range(len(rows) - 1, -1, -1)]
                if len(strips) >= self.height:
                    break
            if len(strips) >= self.height:
                break
        strips.reverse()
        shown.reverse()
        self.top = self.furthest
        surplus = max(0, len(strips) - self.height)
        self.shown = shown[surplus:]
        return strips[surplus:]

    def _from_top(self) -> list[Strip]:
        strips: list[Strip] = []
        shown: list[Row] = []
        position = self.bubbles.locate(self.top)
        if position is None:
            self.shown = []
            return []
        index = position[0]
        bubble = self.bubbles.opened(index)
        offset = min(self.top - self.bubbles.top(index), bubble.height - 1)
        part = bubble.parts.at(offset)
        skip = offset - bubble.parts.top(part)
        self.top = self.bubbles.top(index) + offset
        while len(strips) < self.height:
            rows = self.bubbles.rows(index, part)
            strips += rows[skip:]
            shown += [Row(bubble, part, line) for line in range(skip, len(rows))]
            skip = max(0, skip - len(rows))
            part += 1
            if part > bubble.parts.foot:
                index += 1
                if index == len(self.bubbles):
                    break
                bubble, part = self.bubbles.opened(index), HEAD
        if len(strips) < self.height and self.top > 0:
            return self._from_end()
        first = shown[0]
        self.top = self.bubbles.top(self.bubbles.index(first.bubble)) + first.bubble.parts.top(first.part) + first.line
        self.shown = shown[: self.height]
        return strips[: self.height]

    # -- looking

    def lines_of(self, row: Row) -> StyledLine | None:
        """Return the text row that `row` is, None if it is none."""
        lines = row.bubble.lines(row.part, self.bubbles.frame(row.bubble))
        return lines[row.line] if row.line < len(lines) else None

    def bubbles_shown(self) -> list[Bubble]:
        """Return the bubbles in the window, from the top."""
        return list(dict.fromkeys(row.bubble for row in self.shown))
