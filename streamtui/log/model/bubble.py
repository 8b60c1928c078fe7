"""One message in the log: its text as parts, and what streams into it. Knows no widget and no scroll position."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import inf
from time import thread_time
from typing import TYPE_CHECKING, Final

from textual.strip import Strip

from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import Meter
from streamtui.log.model.anchor import row_of_share
from streamtui.log.model.fixed_rows import FixedRows
from streamtui.log.model.parts import FIRST_BLOCK, FOLD, HEAD, BlockPart, Parts
from streamtui.log.model.stream_state import StreamState
from streamtui.log.paint.frame import Frame
from streamtui.log.paint.rowcache import RowCache
from streamtui.log.typewriter import Typewriter
from streamtui.markdown import StyledLine, Styles

if TYPE_CHECKING:  # it needs the parser
    from streamtui.log.model.content import Content

_BUDGET_S: Final = 0.01
"""For so long text is taken in at a time; what is left waits, so that a reply in one piece doesn't hold up the rest."""
_IDLE_BUDGET_S: Final = 0.025
"""The same for text that was there before, while nothing else is to be done."""

# What bubbles nobody has seen yet share: ten thousand of them are held at once.
_NO_PARTS: Final = Parts(None, False)
_NO_ROWS: Final = FixedRows()


class Bubble:
    """A message as parts, head first and foot last, between them one part per block.

    Until it is seen it holds its message and a guess of its height; `open` makes documents, `close` drops them.
    """

    __slots__ = (
        "_fixed",
        "_foot_rows",
        "_length",
        "_newlines",
        "_seams",
        "branch",
        "height",
        "is_folded",
        "live",
        "message",
        "ordinal",
        "parts",
        "unfolded",
        "width",
    )

    def __init__(self, message: ChatMessage, ordinal: int) -> None:
        self.ordinal = ordinal
        """Where it stands in the log; never changes, so it can name the message in a selection."""
        self.branch: tuple[int, int] | None = None
        self.live: StreamState | None = None
        self.unfolded = False
        self.is_folded = False
        """Whether only the first line of the message is shown."""
        self.parts = _NO_PARTS
        self.width = 0
        self.height = 0
        self._foot_rows = 2
        self._fixed = _NO_ROWS
        self._set_message(message)

    def _set_message(self, message: ChatMessage) -> None:
        self.message = message
        text = message.text
        self._length = len(text)
        self._newlines = text.count("\n") + len(message.attachments)
        self._seams = tuple(filter(None, accumulate(len(segment.text) for segment in message.segments[:-1])))

    def estimate(self, width: int) -> int:
        """Guess the height without looking at the text; kept as `height` while the bubble is closed."""
        fixed_rows = 4 if self.message.role == "assistant" else 2
        self.width = width
        self.height = fixed_rows + 1 + self._newlines + self._length // width
        return self.height

    # -- documents

    @property
    def content(self) -> Content | None:
        """The documents; None while nobody has seen the bubble."""
        return self.parts.content

    @property
    def is_open(self) -> bool:
        return self.parts.content is not None

    def open(self, width: int, budget_s: float = inf) -> None:
        """Make the documents and guess the height of every block; what takes longer to parse than `budget_s` waits."""
        self.width = width
        if self.content is None:
            self._show_message(self.message, budget_s)
        else:
            self.parts.estimate(width)
            self._sum()

    def _show_message(self, message: ChatMessage, budget_s: float) -> None:
        from streamtui.log.model.content import Content  # a log without messages is spared the parser

        self._show(Content.folded(message) if self.is_folded else Content.of(message), budget_s)

    def _show_text(self, text: str, reasoning: str) -> None:
        from streamtui.log.model.content import Content

        self._show(Content.live(text, reasoning), inf)

    def _show(self, content: Content, budget_s: float) -> None:
        self.parts, self._fixed = Parts(content, self.unfolded), FixedRows()
        self.parts.estimate(self.width)
        self.parse(budget_s)
        self._sum()

    def close(self) -> None:
        """Drop what can be made again from the message; the height stays as last known."""
        self.parts, self._fixed = _NO_PARTS, _NO_ROWS

    def reflow(self, width: int) -> None:
        """Take on another width: exact heights become guesses again."""
        if self.is_open:
            self.open(width)
        else:
            self.estimate(width)

    def _sum(self) -> None:
        self.height = self.parts.total + (self._foot_rows if self.message.role == "assistant" else 0)

    # -- rows

    def lines(self, part: int, frame: Frame) -> Sequence[StyledLine]:
        """Return the text rows of a part that is a block, none for the others."""
        block = self.parts.block(part)
        return () if block is None else block.block.lines(frame.inner, self.styles(block.document, frame))

    def rows(self, part: int, frame: Frame, cache: RowCache, now: float, wall: float) -> Sequence[Strip]:
        """Return the painted rows of `part`, whose height is exact from then on."""
        block = self.parts.block(part)
        if block is not None:
            rows = cache.rows(block.block, frame, self.styles(block.document, frame))
            for seam in self._seams:
                rows = self._with_seam(block, rows, seam, frame)
        elif part == HEAD:
            rows = self._fixed.head(self.message, frame, self.branch, wall)
        elif part == FOLD:
            rows = self._fold(frame, now)
        elif part == self.parts.foot:
            return self._foot(frame)
        else:
            rows = self._fixed.kept("below the reasoning", frame, lambda: [frame.blank()])
        if self.parts.measured(part, len(rows)):
            self._sum()
        return rows

    def styles(self, document: object, frame: Frame) -> Styles:
        is_reasoning = self.content is not None and document is self.content.reasoning
        return frame.tone.reasoning if is_reasoning else frame.tone.markdown

    def _with_seam(self, block: BlockPart, rows: Sequence[Strip], seam: int, frame: Frame) -> Sequence[Strip]:
        """Return the rows of a block, the one that holds character `seam` of the answer marked."""
        start, end = block.block.start, block.block.end
        if self.content is None or block.document is not self.content.body or not start <= seam < end:
            return rows
        lines = block.block.lines(frame.inner, self.styles(block.document, frame))
        at = row_of_share((seam - start) / (end - start), lines)
        return self._fixed.with_seam(rows, at, lines[at], frame)

    def _fold(self, frame: Frame, now: float) -> list[Strip]:
        if self.content is None or self.content.reasoning is None:
            return []
        return self._fixed.fold(self.message, self.content.reasoning.source, self.live, frame, self.unfolded, now)

    def _foot(self, frame: Frame) -> list[Strip]:
        rows = self._fixed.foot(self.message, self.live, frame)
        if len(rows) != self._foot_rows:
            self._foot_rows = len(rows)
            self._sum()
        return rows

    # -- streaming

    def begin(self, message: ChatMessage, meter: Meter, width: int, typewriter: Typewriter | None = None) -> None:
        """Take on `message`, more of which will come in through `live`."""
        self.live = StreamState(meter, typewriter=typewriter)
        self.is_folded = False
        self._foot_rows = 1
        self.width = width
        self._set_message(message)
        self._show_text(message.text, message.reasoning)

    def take_in(self, now: float) -> None:
        """Parse what was fed; of very much only some, and then `is_behind` asks for another call."""
        if self.live is not None and self.content is not None:
            self.live.hand_to(self.content, now)
            if self.content.reasoning is not None and self.parts.measured(FOLD, 1):
                self._sum()
        self.parse(_BUDGET_S)

    def parse(self, budget_s: float = inf) -> bool:
        """Parse what is there for about `budget_s` of processor time. Return whether anything changed.

        A busy machine does not shorten that: what is in view would be less than can be shown.
        """
        deadline = thread_time() + budget_s
        changed = False
        while self.content is not None and self.content.is_behind:
            slice_s = deadline - thread_time()
            changed |= self.parts.estimate_changed(self.width, self.content.update(slice_s))
            if thread_time() >= deadline:
                break
        if changed:
            self._sum()
        return changed

    @property
    def is_behind(self) -> bool:
        """Whether there is text that is not parsed yet."""
        return self.content is not None and self.content.is_behind

    def set_pace(self, typewriter: Typewriter | None) -> None:
        """Show text evenly from here on, or as it arrives."""
        if self.live is not None and self.content is not None:
            self.live.set_pace(typewriter, self.content)

    def revise(self, text: str, reasoning: str) -> None:
        """Show these instead of all that has arrived."""
        if self.live is not None:
            self.live.forget_text()
            self._show_text(text, reasoning)

    def settle(self, message: ChatMessage, now: float) -> None:
        """Take on what became of the message; rows of its text stay as they are if the text is the same."""
        self.set_pace(None)
        if self.live is not None and self.content is not None:
            self.live.hand_to(self.content, now)
        self.live = None
        self._foot_rows = 2
        self._set_message(message)
        if self.content is None:
            self.estimate(self.width)
        elif self.content.is_of(message):
            self.content.finish()
            self.parse(_BUDGET_S)
            self._sum()
        else:
            self._show_message(message, inf)

    # -- what can wait, and what the user asks for

    @property
    def has_idle_work(self) -> bool:
        return self.content is not None and (self.content.is_behind or self.content.has_idle_work)

    def idle_work(self) -> bool:
        """Do a slice of what was put off: text that is not parsed, then colours. Return whether anything changed."""
        if self.content is None:
            return False
        if self.content.is_behind:
            return self.parse(_IDLE_BUDGET_S)
        if not self.parts.estimate_changed(self.width, self.content.idle_work()):
            return False
        self._sum()
        return True

    def toggle(self) -> None:
        """Fold or unfold the reasoning."""
        if self.content is not None and self.content.reasoning is not None:
            self.unfolded = self.parts.unfolded = not self.unfolded
            self.parts.estimate(self.width, FIRST_BLOCK)
            self._sum()

    def toggle_message(self) -> bool:
        """Fold or unfold the whole message; return whether that was possible: not while it streams."""
        if self.live is not None:
            return False
        self.is_folded = not self.is_folded
        self._show_message(self.message, inf)
        return True
