"""The message log: one widget for a conversation of any length. Decides nothing; what the reader asks is posted."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, TypeAlias

from textual.timer import Timer

from streamtui.chat.events import Notice, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import Meter
from streamtui.log import messages
from streamtui.log.bubble import Bubble
from streamtui.log.frame_clock import FrameClock
from streamtui.log.interaction import Interaction
from streamtui.log.palette import from_theme
from streamtui.log.stream_state import BEAT_S
from streamtui.log.theme import look

_NO_BRANCHES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType({})
_FREEZE_AFTER_S: Final = 2.0
_IDLE_S: Final = 0.02


class MessageLog(Interaction, can_focus=True):
    """Shows messages as bubbles, and the end of them while a reply streams in unless the reader scrolled up.

    Names of messages that are not shown are ignored everywhere: a reply may stream on while another conversation is
    in view.
    """

    DEFAULT_CSS = """
    MessageLog {
        background: $background;
        scrollbar-color: $foreground 22%;
        scrollbar-color-hover: $foreground 40%;
        scrollbar-color-active: $primary;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """

    Copy: TypeAlias = messages.Copy
    OpenLink: TypeAlias = messages.OpenLink
    MessageAction: TypeAlias = messages.MessageAction

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(id=id, classes=classes, clock=clock, wall=wall)
        self._streaming: dict[str, Bubble] = {}
        self._frames = FrameClock(self._draw, self.call_next)
        self._freezer: Timer | None = None
        self._idler: Timer | None = None

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._restyle)
        self._restyle()

    def on_show(self) -> None:
        """Paint what came while the log was hidden: it had no size then, and now has the one it had before."""
        self._paint()

    def on_unmount(self) -> None:
        self._frames.stop()

    def _restyle(self, _theme: object = None) -> None:
        self._view.restyle(look(from_theme(self.app.theme_variables)))
        self._paint()

    # -- what is shown

    def show(self, messages: Sequence[ChatMessage], branches: Mapping[str, tuple[int, int]] = _NO_BRANCHES) -> None:
        """Replace everything, and show the end. `branches` gives (index from 1, count) by message."""
        self._streaming.clear()
        self._view.replace(messages)
        for message_id, branch in branches.items():
            if bubble := self._view.by_id.get(message_id):
                bubble.branch = branch
        self._new_lines = 0
        self._loaded()

    def prepend(self, messages: Sequence[ChatMessage]) -> None:
        """Put older messages before the others; nothing in view moves."""
        self._view.prepend(messages)
        self._loaded()

    def add(self, message: ChatMessage) -> None:
        """Put a message at the end."""
        bubble = self._view.append(message)
        self._grew(bubble, bubble.height)
        self._paint()

    def begin(self, message: ChatMessage, meter: Meter) -> None:
        """Show an assistant message that is about to stream; one that is shown already streams on in its bubble."""
        bubble = self._view.by_id.get(message.id) or self._view.append(message)
        with self._view.held():
            bubble.begin(message, meter, self._view.inner)
            self._view.sync(bubble)
        self._streaming[message.id] = bubble
        self._frames.now()

    def feed(self, message_id: str, event: TextDelta | ReasoningDelta) -> None:
        """Take in a piece of a reply. Only stores it: drawing is up to the log's own clock."""
        bubble = self._streaming.get(message_id)
        if bubble is None or bubble.live is None:
            return
        if bubble.feed(event):
            gc.freeze()  # from here on a full collection passes over what was there before, the provider's SDK included
            self._frames.now()
        else:
            self._frames.request()

    def notice(self, message_id: str, notice: Notice | None) -> None:
        """Show `notice` in place of a streaming reply's figures, counting down its `wait_s`, until text comes."""
        bubble = self._streaming.get(message_id)
        if bubble is None or bubble.live is None:
            return
        bubble.live.notice, bubble.live.notice_at = notice, self._clock()
        self._frames.now()

    def update(self, message: ChatMessage) -> None:
        """Show what became of a message, at once."""
        bubble = self._view.by_id.get(message.id)
        if bubble is None:
            return
        with self._growing(bubble):
            bubble.settle(message, self._clock())
        self._drop_settled()
        self._frames.now()

    def set_branches(self, message_id: str, index: int, count: int) -> None:
        """Show ‹index/count› on a message; nothing where `count` is 1."""
        if bubble := self._view.by_id.get(message_id):
            bubble.branch = (index, count)
            self._paint()

    # -- drawing

    def _painted(self) -> None:
        if self._idler is None and self.has_idle_work:
            self._idler = self.set_timer(_IDLE_S, self._work)

    def _loaded(self) -> None:
        self._paint()
        gc.unfreeze()  # what was in view before may go
        self._freeze_soon()

    def _freeze_soon(self) -> None:
        if self._freezer is not None:
            self._freezer.stop()
        self._freezer = self.set_timer(_FREEZE_AFTER_S, self._freeze)

    def _freeze(self) -> None:
        """Take what is there by now out of the collector's sight: a full collection of it is a pause that readers see.
        What came since the last time is collected first."""
        self._freezer = None
        if self._streaming:
            self._freeze_soon()
            return
        gc.collect()
        gc.freeze()

    def _grew(self, bubble: Bubble, rows: int) -> None:
        view = self._view
        if rows > 0 and not view.following and view.top_of(bubble) + bubble.height > view.top + view.height:
            self._new_lines += rows

    @contextmanager
    def _growing(self, bubble: Bubble) -> Iterator[None]:
        """Do something with `bubble` that may change its height; nothing that is read moves."""
        before = bubble.height
        with self._view.held():
            yield
            self._view.sync(bubble)
        self._grew(bubble, bubble.height - before)

    def _draw(self) -> None:
        """Make a frame: take in what was fed, then paint."""
        now = self._clock()
        for bubble in self._streaming.values():
            with self._growing(bubble):
                bubble.take_in(now)
        self._drop_settled()
        self._paint()
        if self._streaming:
            self._frames.request(BEAT_S)

    def _drop_settled(self) -> None:
        """Forget the replies that have ended and are taken in."""
        settled = [key for key, bubble in self._streaming.items() if bubble.live is None and not bubble.is_behind]
        for key in settled:
            del self._streaming[key]
        if settled:
            self._freeze_soon()

    @property
    def has_idle_work(self) -> bool:
        """Whether the log will look better in a moment: text that came all at once, code whose colours take time."""
        behind = any(bubble.is_behind for bubble in self._streaming.values())
        return behind or any(bubble.has_idle_work for bubble in self._in_view())

    def _work(self) -> None:
        self._idler = None
        if self._catch_up() or self._find_colours():
            self._frames.request()
        self._painted()

    def _catch_up(self) -> bool:
        """Take in some of the text that was too much for one frame. Return whether there was any."""
        bubble = next((bubble for bubble in self._streaming.values() if bubble.is_behind), None)
        if bubble is None:
            return False
        with self._growing(bubble):
            bubble.take_in(self._clock())
        self._drop_settled()
        return True

    def _find_colours(self) -> bool:
        """Look for colours of code in view for a moment. Return whether any were found."""
        bubble = next((bubble for bubble in self._in_view() if bubble.has_idle_work), None)
        if bubble is None:
            return False
        with self._view.held():
            changed = bubble.idle_work()
            self._view.sync(bubble)
        return changed
