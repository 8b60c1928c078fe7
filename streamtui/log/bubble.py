"""One message in the log: its documents, its parts and their heights. Knows no widget and no scroll position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Final

from textual.strip import Strip

from streamtui.chat.events import ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import Meter
from streamtui.chat.sanitize import sanitize
from streamtui.log import header_footer
from streamtui.log.format import seconds_whole, thought_label, tokens
from streamtui.log.header_footer import Frame
from streamtui.log.heights import Heights
from streamtui.log.rowcache import RowCache
from streamtui.log.stream_state import StreamState, live_foot
from streamtui.markdown import Block, Document, StyledLine, Styles
from streamtui.markdown.plain import PlainText

HEAD: Final = 0
"""Part: the row of distance and the row that says who speaks."""
FOLD: Final = 1
"""Part: the row of the reasoning, of no height where there is none."""
FIRST_BLOCK: Final = 2
"""Part: the first block, of the reasoning where it is unfolded; the foot comes after the last."""
_FOOT: Final = -1

_BUDGET_S: Final = 0.01
"""For so long text is taken in at a time; what is left waits, so that a reply in one piece doesn't hold up the rest."""

# What bubbles nobody has seen yet share: ten thousand of them are held at once.
_NO_PARTS: Final = Heights()
_NO_EVENTS: Final[list[TextDelta | ReasoningDelta]] = []
_NO_ROWS: Final[dict[int, tuple[object, list[Strip]]]] = {}


class Bubble:
    """A message as parts, head first and foot last, between them one part per block.

    Until it is seen it holds its message and a guess of its height; `open` makes documents, `close` drops them.
    """

    __slots__ = (
        "_begun",
        "_chrome",
        "_foot_rows",
        "_fresh",
        "_heights",
        "_length",
        "_newlines",
        "_thoughts_shown",
        "body",
        "branch",
        "height",
        "live",
        "message",
        "ordinal",
        "thoughts",
        "unfolded",
        "width",
    )

    def __init__(self, message: ChatMessage, ordinal: int) -> None:
        self.ordinal = ordinal
        """Where it stands in the log; never changes, so it can name the message in a selection."""
        self.branch: tuple[int, int] | None = None
        self.live: StreamState | None = None
        self.unfolded = False
        self.body: Document | PlainText | None = None
        self.thoughts: Document | None = None
        self.width = 0
        self.height = 0
        self._heights = _NO_PARTS
        self._thoughts_shown = 0
        self._begun = False
        self._fresh = _NO_EVENTS
        self._foot_rows = 1
        self._chrome = _NO_ROWS
        self.message = message
        self._weigh()

    def _weigh(self) -> None:
        text = self.message.text
        self._length = len(text)
        self._newlines = text.count("\n")

    def estimate(self, width: int) -> int:
        """Guess the height without looking at the text; kept as `height` while the bubble is closed."""
        chrome_rows = 3 if self.message.role == "assistant" else 2
        self.width = width
        self.height = chrome_rows + 1 + self._newlines + self._length // width
        return self.height

    # -- documents

    @property
    def is_open(self) -> bool:
        return self.body is not None

    def open(self, width: int) -> None:
        """Make the documents and guess the height of every block."""
        self.width = width
        if self.body is None:
            self.body, self.thoughts = self._documents()
            self._heights, self._chrome = Heights(), {}
        self._measure_from(HEAD)

    def _documents(self) -> tuple[Document | PlainText, Document | None]:
        message = self.message
        if message.role != "assistant":
            return PlainText(sanitize(message.text)), None
        body = Document(message.text)
        thoughts = Document(message.reasoning) if message.reasoning else None
        for document in (body, thoughts):
            if document is not None:
                if self.live is None:
                    document.finish()
                document.update()
        return body, thoughts

    def close(self) -> None:
        """Drop what can be made again from the message; the height stays as last known."""
        self.body = self.thoughts = None
        self._heights, self._chrome = _NO_PARTS, _NO_ROWS

    def reflow(self, width: int) -> None:
        """Take on another width: exact heights become guesses again."""
        if self.is_open:
            self.width = width
            self._measure_from(HEAD)
        else:
            self.estimate(width)

    def _measure_from(self, part: int) -> None:
        """Guess the heights of all parts from `part` on."""
        heights = self._heights
        heights.cut(part)
        if part <= HEAD:
            heights.extend([2])
        if part <= FOLD:
            heights.extend([1 if self.thoughts is not None else 0])
        blocks = self._blocks_from(max(part, FIRST_BLOCK))
        heights.extend([block.estimate(self.width) for block in blocks])
        self._sum()

    def _sum(self) -> None:
        self.height = self._heights.total + self._foot_height

    @property
    def _foot_height(self) -> int:
        if self.message.role != "assistant":
            return 0
        return self._foot_rows

    def _blocks_from(self, part: int) -> list[Block]:
        assert self.body is not None
        thoughts = self.thoughts.blocks if self.unfolded and self.thoughts is not None else ()
        self._thoughts_shown = len(thoughts)
        skip = part - FIRST_BLOCK
        if skip >= len(thoughts):
            return list(self.body.blocks[skip - len(thoughts) :])
        return [*thoughts[skip:], *self.body.blocks]

    # -- parts

    @property
    def foot(self) -> int:
        """The index of the last part."""
        return len(self._heights)

    def part_at(self, row: int) -> int:
        return self.foot if row >= self._heights.total else self._heights.at(row)

    def top(self, part: int) -> int:
        """Return the row, counted from the bubble's first, on which `part` begins."""
        return self._heights.top(part)

    def block(self, part: int) -> tuple[Document | PlainText, int, Block] | None:
        """Return the document, the index in it and the block that `part` is, None for the others."""
        index = part - FIRST_BLOCK
        if index < 0 or part >= self.foot or self.body is None:
            return None
        if index < self._thoughts_shown:
            assert self.thoughts is not None
            return self.thoughts, index, self.thoughts.blocks[index]
        index -= self._thoughts_shown
        return self.body, index, self.body.blocks[index]

    def part_of(self, document: object, index: int) -> int:
        """Return the part that block `index` of `document` is."""
        if document is self.thoughts:
            return FIRST_BLOCK + min(index, self._thoughts_shown)
        return FIRST_BLOCK + self._thoughts_shown + index

    def lines(self, part: int, frame: Frame) -> Sequence[StyledLine]:
        """Return the text rows of a part that is a block, none for the others."""
        found = self.block(part)
        if found is None:
            return ()
        return found[2].lines(frame.inner, self.styles(found[0], frame))

    def rows(self, part: int, frame: Frame, cache: RowCache, now: float, wall: float) -> Sequence[Strip]:
        """Return the painted rows of `part`, whose height is exact from then on."""
        found = self.block(part)
        if found is not None:
            rows = cache.rows(found[2], frame, self.styles(found[0], frame))
        elif part == HEAD:
            key = (frame, self.branch, int(wall // 3600))
            return self._kept(HEAD, key, lambda: header_footer.head(self.message, frame, self.branch, wall))
        elif part == FOLD:
            return self._fold(frame, now) if self.thoughts is not None else []
        else:
            return self._foot(frame, now)
        if self._heights[part] != len(rows):
            self._heights[part] = len(rows)
            self._sum()
        return rows

    def styles(self, document: object, frame: Frame) -> Styles:
        return frame.tone.thoughts if document is self.thoughts else frame.tone.markdown

    def _kept(self, part: int, key: object, make: Callable[[], list[Strip]]) -> list[Strip]:
        """Return the rows made for the same `key`: the surface paints none that are the same objects."""
        found = self._chrome.get(part)
        if found is None or found[0] != key:
            found = self._chrome[part] = key, make()
        return found[1]

    def _fold(self, frame: Frame, now: float) -> list[Strip]:
        assert self.thoughts is not None
        live = self.live
        if live is not None and live.thinking_since is not None:
            amount = tokens(live.meter.estimated_reasoning_tokens, estimated=True)
            label = f"thinking {seconds_whole(now - live.thinking_since)} · {amount}"
            latest = "" if self.unfolded else self.thoughts.source[-400:]
        else:
            usages = [segment.usage for segment in self.message.segments]
            label, latest = thought_label(self.thoughts.source, usages, self._thinking_s(now)), ""
        key = (frame, label, self.unfolded, latest)
        return self._kept(FOLD, key, lambda: [header_footer.fold(frame, label, self.unfolded, latest)])

    def _thinking_s(self, now: float) -> float | None:
        """Return for how long it reasoned, over all segments, the one in flight included."""
        spans = [segment.metrics.thinking_s for segment in self.message.segments if segment.metrics is not None]
        if self.live is not None:
            spans.append(self.live.meter.thinking_total(now))
        known = [span for span in spans if span is not None]
        return sum(known) if known else None

    def _foot(self, frame: Frame, now: float) -> list[Strip]:
        live = self.live
        if live is None:
            rows = self._kept(_FOOT, frame, lambda: header_footer.foot(self.message, frame))
        else:
            key = (frame, live.meter.sample(now), live.notice)
            rows = self._kept(_FOOT, key, lambda: [live_foot(live, frame, now)])
        if len(rows) != self._foot_rows:
            self._foot_rows = len(rows)
            self._sum()
        return rows

    # -- streaming

    def begin(self, message: ChatMessage, meter: Meter, width: int) -> None:
        """Take on `message`, more of which will come in through `feed`."""
        self.message = message
        self.live = StreamState(meter)
        self._foot_rows = 1
        self._fresh = []
        self._begun = False
        self.body = self.thoughts = None
        self._weigh()
        self.open(width)

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
        self._update()

    def _update(self) -> None:
        """Parse for a while, and guess the heights of what is new."""
        deadline = perf_counter() + _BUDGET_S
        first: int | None = None
        for document in self._behind():
            changed = document.update(deadline - perf_counter())
            if changed is not None and (document is self.body or self.unfolded):
                part = self.part_of(document, changed)
                first = part if first is None else min(first, part)
        if first is not None:
            self._measure_from(min(first, self.foot))

    @property
    def is_behind(self) -> bool:
        """Whether there is text that was fed and is not parsed yet."""
        return any(True for _ in self._behind())

    def _behind(self) -> Iterator[Document]:
        for document in (self.thoughts, self.body):
            if isinstance(document, Document) and document.has_more:
                yield document

    def _append(self, now: float) -> None:
        """Hand what was fed to the documents."""
        fresh, self._fresh = self._fresh, []
        if not fresh or not isinstance(self.body, Document):
            return
        text: list[str] = []
        for event in fresh:
            if isinstance(event, TextDelta):
                text.append(event.text)
                continue
            if self.thoughts is None:
                self.thoughts = Document()
                self._heights[FOLD] = 1
                self._sum()
            if self.live is not None and self.live.thinking_since is None:
                self.live.thinking_since = now
            self.thoughts.append(event.text)
        if self.live is not None:
            self.live.text_at = now
        if text:
            self._end_thinking(now)
            self.body.append("".join(text))

    def _end_thinking(self, now: float) -> None:
        live = self.live
        if live is not None and live.thinking_since is not None:
            live.thinking_since = None

    def idle_work(self) -> bool:
        """Do a slice of what the documents put off. Return whether anything changed."""
        changed = False
        for document in (self.thoughts, self.body):
            if isinstance(document, Document) and document.has_idle_work:
                first = document.idle_work()
                if first is not None:
                    changed = True
                    self._measure_from(self.part_of(document, first))
        return changed

    @property
    def has_idle_work(self) -> bool:
        return any(isinstance(document, Document) and document.has_idle_work for document in (self.thoughts, self.body))

    def settle(self, message: ChatMessage, now: float) -> None:
        """Take on what became of the message; rows of its text stay as they are if the text is the same."""
        self._append(now)
        self._end_thinking(now)
        self.live = None
        self.message = message
        self._weigh()
        if self.body is None:
            self.estimate(self.width)
            return
        if self.body.source != message.text or (self.thoughts.source if self.thoughts else "") != message.reasoning:
            self.body = self.thoughts = None
            self.open(self.width)
            return
        self._chrome = {}
        for document in (self.thoughts, self.body):
            if isinstance(document, Document):
                document.finish()
        self._update()
        self._sum()

    def toggle(self) -> None:
        """Fold or unfold the reasoning."""
        if self.thoughts is not None:
            self.unfolded = not self.unfolded
            self._measure_from(FIRST_BLOCK)
