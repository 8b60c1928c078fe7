"""A reply in flight: what only it has, and the row that says how it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textual.strip import Strip

from streamtui.chat.events import LASTING, Notice, ReasoningDelta, TextDelta
from streamtui.chat.messages import Citation, SavedNotice, Usage
from streamtui.chat.metrics import Meter
from streamtui.log.paint.format import live_figures
from streamtui.log.paint.frame import Frame
from streamtui.log.paint.header_footer import live_figures_row
from streamtui.log.typewriter import Typewriter

if TYPE_CHECKING:  # it needs the parser
    from streamtui.log.model.content import Content

BEAT_S: Final = 0.25
"""The figures of a reply in flight change this often, so that they can be read."""

_NOTICE_S: Final = 3.0


@dataclass(slots=True)
class StreamState:
    """What only a reply in flight has. Moments are seconds of the monotonic clock."""

    meter: Meter
    fresh: list[TextDelta | ReasoningDelta] = field(default_factory=list)
    """What was fed since the last frame."""
    has_begun: bool = False
    typewriter: Typewriter | None = None
    """Lets the text out evenly, where that is asked for."""
    usage: Usage | None = None
    citations: tuple[Citation, ...] = ()
    notices: tuple[SavedNotice, ...] = ()
    thinking_since: float | None = None
    notice: Notice | None = None
    notice_at: float = 0.0
    text_at: float = 0.0
    """When text was last taken in."""
    _row: tuple[object, Strip] | None = field(default=None, repr=False)

    # -- text

    def feed(self, event: TextDelta | ReasoningDelta) -> bool:
        """Store `event` for the next frame. Return whether it is the first."""
        self.fresh.append(event)
        if self.has_begun:
            return False
        self.has_begun = True
        return True

    def hand_to(self, content: Content, now: float) -> None:
        """Append what was fed, or what the typewriter lets out of it; nothing is parsed yet."""
        fresh, self.fresh = self.fresh, []
        text: list[str] = []
        for event in fresh:
            if isinstance(event, TextDelta):
                text.append(event.text)
                continue
            content.append_reasoning(event.text)
            if self.thinking_since is None:
                self.thinking_since = now
        if fresh:
            self.text_at = now
        if text:
            self.thinking_since = None
        if shown := self._let_out("".join(text), now):
            content.append(shown)

    def _let_out(self, text: str, now: float) -> str:
        if self.typewriter is None:
            return text
        if text:
            self.typewriter.feed(now, text)
        return self.typewriter.release(now)

    def set_pace(self, typewriter: Typewriter | None, content: Content) -> None:
        """Show text evenly from here on, or as it arrives; what was held back is shown first."""
        if self.typewriter is not None:
            content.append(self.typewriter.flush())
        self.typewriter = typewriter

    @property
    def is_holding_back(self) -> bool:
        """Whether the typewriter has text that is still to be shown."""
        return self.typewriter is not None and self.typewriter.is_holding

    def forget_text(self) -> None:
        """Drop what was fed or held back, and what was known of the reasoning: the text so far is another."""
        self.fresh.clear()
        self.thinking_since = None
        if self.typewriter is not None:
            self.typewriter.flush()

    # -- what stands under it

    def enter(self, event: Usage | Citation | Notice) -> None:
        """Keep what will stand under the reply."""
        match event:
            case Usage():
                self.usage = event
            case Citation():
                self.citations += (event,)
            case Notice(kind=kind, text=text) if kind in LASTING:
                self.notices += (SavedNotice(kind, text),)

    def figures_row(self, frame: Frame, unseen: int, now: float) -> Strip:
        """Return the row of figures; the same object while it says the same, so that it is not painted again."""
        beat = int(now / BEAT_S)
        key = (frame, unseen, beat, self.notice, self.meter.first_at)
        if self._row is None or self._row[0] != key:
            self._row = key, self._figures_row(frame, unseen, now, lit=beat % 4 < 2)
        return self._row[1]

    def _figures_row(self, frame: Frame, unseen: int, now: float, lit: bool) -> Strip:
        notice = self.notice
        if notice is None or not self._is_news(now):
            self.meter.take(now)
            items, worry = live_figures(self.meter, now)
            return live_figures_row(frame, items, lit, worry, unseen)
        items = [notice.text]
        if notice.wait_s is not None:
            items.append(f"{max(0, round(self.notice_at + notice.wait_s - now))} s left")
        return live_figures_row(frame, items, True, True, unseen)

    def _is_news(self, now: float) -> bool:
        """Whether the notice still says how things are: until text came after it, and long enough to be read."""
        return self.text_at <= self.notice_at or now - self.notice_at < _NOTICE_S
