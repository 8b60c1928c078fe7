"""One message in the log: its text as parts, and what streams into it. Knows no widget and no scroll position."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import inf
from typing import Final

from textual.strip import Strip

from streamtui.chat.events import ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import Meter
from streamtui.log.model.anchor import row_of_share
from streamtui.log.model.content import Content
from streamtui.log.model.parts import FIRST_BLOCK, FOLD, HEAD, BlockPart, Parts
from streamtui.log.paint.fixed_rows import FixedRows
from streamtui.log.paint.frame import Frame
from streamtui.log.paint.rowcache import RowCache
from streamtui.log.paint.stream_state import StreamState
from streamtui.log.typewriter import Typewriter
from streamtui.markdown import StyledLine, Styles

_BUDGET_S: Final = 0.01
"""For so long text is taken in at a time; what is left waits, so that a reply in one piece doesn't hold up the rest."""

# What bubbles nobody has seen yet share: ten thousand of them are held at once.
_NO_PARTS: Final = Parts(None, False)
_NO_ROWS: Final = FixedRows()
_NO_EVENTS: Final[list[TextDelta | ReasoningDelta]] = []


class Bubble:
    """A message as parts, head first and foot last, between them one part per block.

    Until it is seen it holds its message and a guess of its height; `open` makes documents, `close` drops them.
    """

    __slots__ = (
        "_begun",
        "_fixed",
        "_foot_rows",
        "_fresh",
        "_length",
        "_newlines",
        "_seams",
        "branch",
        "height",
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
        self.parts = _NO_PARTS
        self.width = 0
        self.height = 0
        self._begun = False
        self._fresh = _NO_EVENTS
        self._foot_rows = 2
        self._fixed = _NO_ROWS
        self._set_message(message)

    def _set_message(self, message: ChatMessage) -> None:
        self.message = message
        text = message.text
        self._length = len(text)
        self._newlines = text.count("\n")
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

    def open(self, width: int) -> None:
        """Make the documents and guess the height of every block."""
        self.width = width
        if self.content is None:
            self._show(Content.of(self.message))
        else:
            self.parts.estimate(width)
            self._sum()

    def _show(self, content: Content) -> None:
        self.parts, self._fixed = Parts(content, self.unfolded), FixedRows()
        self.parts.estimate(self.width)
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
        """Take on `message`, more of which will come in through `feed`."""
        self.live = StreamState(meter, typewriter)
        self._foot_rows = 1
        self._fresh = []
        self._begun = False
        self.width = width
        self._set_message(message)
        self._show_live(message.text, message.reasoning)

    def _show_live(self, text: str, reasoning: str) -> None:
        content = Content.live(text, reasoning)
        content.parse()
        self._show(content)

    def revise(self, text: str, reasoning: str) -> None:
        """Show these instead of all that has arrived."""
        self._fresh = []
        if self.live is not None:
            self.live.forget_text()
            self._show_live(text, reasoning)

    def feed(self, event: TextDelta | ReasoningDelta) -> bool:
        """Store `event`; nothing is parsed until `take_in`. Return whether it is the first since `begin`."""
        self._fresh.append(event)
        if self._begun:
            return False
        self._begun = True
        return True

    def take_in(self, now: float) -> None:
        """Parse what was fed; of very much only some, and then `is_behind` asks for another call."""
        self._append(now)
        self.parse(_BUDGET_S)

    def parse(self, budget_s: float = inf) -> None:
        """Parse what was fed, for about `budget_s`."""
        if self.content is not None and self.parts.estimate_changed(self.width, self.content.update(budget_s)):
            self._sum()

    @property
    def is_behind(self) -> bool:
        """Whether there is text that was fed and is not parsed yet."""
        return self.content is not None and self.content.is_behind

    @property
    def is_holding_back(self) -> bool:
        """Whether the typewriter has text that is still to be shown."""
        return self.live is not None and self.live.typewriter is not None and self.live.typewriter.is_holding

    def _append(self, now: float) -> None:
        """Hand what was fed to the documents."""
        fresh, self._fresh = self._fresh, []
        content, live = self.content, self.live
        if content is None or live is None:
            return
        text: list[str] = []
        for event in fresh:
            if isinstance(event, TextDelta):
                text.append(event.text)
            else:
                content.append_reasoning(event.text)
                if live.thinking_since is None:
                    live.thinking_since = now
        if fresh:
            live.text_at = now
        if text:
            live.thinking_since = None
        if shown := live.let_out("".join(text), now):
            content.append(shown)
        if content.reasoning is not None and self.parts.measured(FOLD, 1):
            self._sum()

    def set_pace(self, typewriter: Typewriter | None) -> None:
        """Show text evenly from here on, or as it arrives; what was held back is shown first."""
        live = self.live
        if live is None:
            return
        if live.typewriter is not None and self.content is not None:
            self.content.append(live.typewriter.flush())
        live.typewriter = typewriter

    def settle(self, message: ChatMessage, now: float) -> None:
        """Take on what became of the message; rows of its text stay as they are if the text is the same."""
        self.set_pace(None)
        self._append(now)
        self.live = None
        self._foot_rows = 2
        self._set_message(message)
        if self.content is None:
            self.estimate(self.width)
            return
        if not self.content.is_of(message):
            self.close()
            self.open(self.width)
            return
        self.content.finish()
        self.parse(_BUDGET_S)
        self._sum()

    # -- what can wait, and what the user asks for

    @property
    def has_idle_work(self) -> bool:
        return self.content is not None and self.content.has_idle_work

    def idle_work(self) -> bool:
        """Do a slice of what the documents put off. Return whether anything changed."""
        if self.content is None or not self.parts.estimate_changed(self.width, self.content.idle_work()):
            return False
        self._sum()
        return True

    def toggle(self) -> None:
        """Fold or unfold the reasoning."""
        if self.content is not None and self.content.reasoning is not None:
            self.unfolded = self.parts.unfolded = not self.unfolded
            self.parts.estimate(self.width, FIRST_BLOCK)
            self._sum()
