"""All bubbles of a log in order, with their heights. Knows no window."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import inf
from time import thread_time
from typing import Final

from textual.strip import Strip

from streamtui.chat.messages import ChatMessage
from streamtui.log.model.bubble import Bubble
from streamtui.log.model.heights import Heights
from streamtui.log.model.parts import HEAD
from streamtui.log.paint.frame import Frame
from streamtui.log.paint.rowcache import RowCache
from streamtui.log.paint.theme import Look

_OPEN_BUBBLES: Final = 48
"""Documents kept beyond those in the window."""
_LEAST_S: Final = 0.002
"""For so long text is parsed of every bubble that comes into view."""


class Bubbles:
    """The messages, each where it begins, and their rows on request. Heights of what nobody has seen are guesses."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.width = 80
        """Cells of the window."""
        self.ordered: list[Bubble] = []
        self.by_id: dict[str, Bubble] = {}
        self.current: Bubble | None = None
        """The one under the message cursor."""
        self.clock = (0.0, 0.0)
        """The monotonic and the wall-clock time of the frame that is being made."""
        self.deadline = inf
        """The `thread_time` until which text is parsed for that frame; what is left is idle work."""
        self._heights = Heights()
        self._cache = RowCache()
        self._open: OrderedDict[Bubble, None] = OrderedDict()
        self._first_ordinal = 0

    def __len__(self) -> int:
        return len(self.ordered)

    def __getitem__(self, index: int) -> Bubble:
        return self.ordered[index]

    @property
    def total(self) -> int:
        """Rows of all bubbles."""
        return self._heights.total

    @property
    def inner(self) -> int:
        """Cells for text."""
        return self.frame(None).inner

    def frame(self, bubble: Bubble | None) -> Frame:
        """Return what surrounds the rows of `bubble`; without one, of a reply."""
        tone = self.look.user if bubble is not None and bubble.message.role != "assistant" else self.look.assistant
        return Frame(self.width, self.look, tone, bubble is not None and bubble is self.current)

    # -- what there is

    def replace(self, messages: Sequence[ChatMessage]) -> None:
        self._cache.clear()
        self._open.clear()
        self.current = None
        self._first_ordinal = 0
        self.ordered = [Bubble(message, ordinal) for ordinal, message in enumerate(messages)]
        self.by_id = {bubble.message.id: bubble for bubble in self.ordered}
        inner = self.inner
        self._heights = Heights([bubble.estimate(inner) for bubble in self.ordered])

    def prepend(self, messages: Sequence[ChatMessage]) -> None:
        self._first_ordinal -= len(messages)
        older = [Bubble(message, self._first_ordinal + at) for at, message in enumerate(messages)]
        inner = self.inner
        self.ordered[:0] = older
        self.by_id.update((bubble.message.id, bubble) for bubble in older)
        self._heights.prepend([bubble.estimate(inner) for bubble in older])

    def append(self, message: ChatMessage) -> Bubble:
        bubble = Bubble(message, self.ordered[-1].ordinal + 1 if self.ordered else self._first_ordinal)
        self.ordered.append(bubble)
        self.by_id[message.id] = bubble
        self._heights.extend([bubble.estimate(self.inner)])
        return bubble

    def reflow(self, width: int) -> None:
        """Take on another width of the window."""
        self.width = width
        inner = self.inner
        for bubble in self.ordered:
            bubble.reflow(inner)
        self._heights = Heights([bubble.height for bubble in self.ordered])

    def restyle(self, look: Look) -> None:
        self.look = look
        self._cache.clear()

    # -- where they are

    def index(self, bubble: Bubble) -> int:
        """Return where `bubble` stands."""
        return bubble.ordinal - self._first_ordinal

    def sync(self, bubble: Bubble) -> None:
        """Take over a height that changed."""
        self._heights[self.index(bubble)] = bubble.height

    def top(self, index: int) -> int:
        """Return the row on which bubble `index` begins."""
        return self._heights.top(index)

    def locate(self, row: int) -> tuple[int, int] | None:
        """Return the bubble and the part that cover `row`."""
        if not self.ordered:
            return None
        index = self._heights.at(row)
        bubble = self.ordered[index]
        return index, bubble.parts.at(row - self._heights.top(index)) if bubble.is_open else HEAD

    # -- their rows

    def opened(self, index: int) -> Bubble:
        """Return bubble `index` with its documents made."""
        bubble = self.ordered[index]
        if not bubble.is_open:
            bubble.open(self.inner, max(_LEAST_S, self.deadline - thread_time()))
            self._heights[index] = bubble.height
        self._open[bubble] = None
        self._open.move_to_end(bubble)
        return bubble

    def rows(self, index: int, part: int) -> Sequence[Strip]:
        """Return the painted rows of a part, whose height is exact from then on."""
        bubble = self.ordered[index]
        rows = bubble.rows(part, self.frame(bubble), self._cache, *self.clock)
        self._heights[index] = bubble.height
        return rows

    def close_some(self, window: int) -> None:
        """Drop the documents seen longest ago; never those in a window of `window` rows or in flight."""
        keep = _OPEN_BUBBLES + window
        while len(self._open) > keep:
            bubble, _ = self._open.popitem(last=False)
            if bubble.live is None:
                bubble.close()
            else:
                self._open[bubble] = None
                return
