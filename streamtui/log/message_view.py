"""Messages on the screen: shown, streamed into, searched, followed. What the user does to them is the widget's part."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from textual.strip import Strip

from streamtui.chat.events import Event
from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import Meter
from streamtui.log.collector import CollectorFreeze
from streamtui.log.idle_work import IdleWork
from streamtui.log.line_view import LineView
from streamtui.log.live_replies import LiveReplies
from streamtui.log.model.place import Place, place_of
from streamtui.log.model.place import find as find_place
from streamtui.log.model.viewport import Viewport
from streamtui.log.paint.header_footer import unseen_row
from streamtui.log.paint.palette import ANSI_DARK, ColorDepth, from_theme
from streamtui.log.paint.theme import look
from streamtui.log.select import positions
from streamtui.log.select.search import Match, Search

NO_BRANCHES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType({})
_LOWEST: Final = 3
"""A window with fewer rows has none to spare for figures."""


class MessageView(LineView):
    """Shows messages as bubbles, and the end of them while a reply streams in unless the user scrolled up."""

    DEFAULT_CSS = """
    MessageView {
        background: $background;
        scrollbar-color: $foreground 22%;
        scrollbar-color-hover: $foreground 40%;
        scrollbar-color-active: $primary;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._wall = wall
        self._view = Viewport(look(ANSI_DARK))
        self._freeze = CollectorFreeze(self.set_timer, lambda: bool(self._live))
        self._live = LiveReplies(
            self._view, paint=self.paint, settled=self._freeze.soon, clock=clock, post=self.call_next
        )
        self._search: Search | None = None
        self._idle = IdleWork(self._view, self._live, self.set_timer)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._restyle)
        self._restyle()

    def on_show(self) -> None:
        """Paint what came while the log was hidden: it had no size then, and now has the one it had before."""
        self.paint()

    def on_unmount(self) -> None:
        self._live.frames.stop()

    def _restyle(self, _theme: object = None) -> None:
        system = self.app.console.color_system
        depth = next((depth for depth in ColorDepth if depth.value == system), ColorDepth.ALL)
        self._view.bubbles.restyle(look(from_theme(self.app.theme_variables, depth)))
        self.blank_style = self._view.look.background
        self.paint()

    # -- what is shown

    def show(self, messages: Sequence[ChatMessage], branches: Mapping[str, tuple[int, int]] = NO_BRANCHES) -> None:
        """Replace everything, and show the end. `branches` gives (index from 1, count) by message."""
        self._live.clear()
        self._search = None
        self._view.replace(messages)
        for message_id, branch in branches.items():
            if bubble := self._view.bubbles.by_id.get(message_id):
                bubble.branch = branch
        self.paint()
        self._freeze.thaw()

    def prepend(self, messages: Sequence[ChatMessage]) -> None:
        """Put older messages before the others; nothing in view moves."""
        self._view.prepend(messages)
        self.paint()
        self._freeze.thaw()

    def add(self, message: ChatMessage) -> None:
        """Put a message at the end."""
        self._view.append(message)
        self.paint()

    def begin(self, message: ChatMessage, meter: Meter) -> None:
        """Show an assistant message that is about to stream; one that is shown already streams on in its bubble.

        `meter` is fed by whoever reads the stream, and gives the figures below the text.
        """
        self._live.begin(message, meter)

    def feed(self, message_id: str, event: Event) -> None:
        """Take in an event of a reply that was begun; its last one settles it. Text is drawn at the log's own pace."""
        self._live.feed(message_id, event)

    def update(self, message: ChatMessage) -> None:
        """Show what became of a message, at once."""
        self._live.settle(message)

    def set_branches(self, message_id: str, index: int, count: int) -> None:
        """Show ‹index/count› on a message; nothing where `count` is 1."""
        if bubble := self._view.bubbles.by_id.get(message_id):
            bubble.branch = (index, count)
            self.paint()

    @property
    def smooth(self) -> bool:
        """Whether text is shown evenly, like a typewriter's, instead of as it arrives."""
        return self._live.is_smooth

    @smooth.setter
    def smooth(self, value: bool) -> None:
        self._live.is_smooth = value

    @property
    def has_idle_work(self) -> bool:
        """Whether the log will look better in a moment: text that came all at once, code whose colours take time."""
        return self._idle.is_pending

    # -- searching

    def find(self, query: str) -> Sequence[Match]:
        """Mark every place where the words of `query` stand, in any case, and return all of them, oldest first.

        All messages are searched, also those that were never on screen. An empty query marks nothing.
        """
        same = self._search if self._search is not None and self._search.query == query else None
        self._search = Search(self._view, query, same) if query.strip() else None
        self.paint()
        return self._search.matches if self._search is not None else ()

    def nearest_match(self) -> int:
        """Return which match of the last `find` to show first: the first from the top of the window on, or else the
        last one above."""
        return self._search.nearest() if self._search is not None else 0

    def show_match(self, index: int) -> None:
        """Bring one of the matches of the last `find` into view, and mark it more than the others."""
        if self._search is not None:
            self._search.show(index)
            self.paint()

    # -- where the user is

    def place(self) -> Place | None:
        """Return what is in the window's first row, to come back to; `None` where the end is followed."""
        return None if self._view.following else place_of(self._view.bubbles, self._view.top)

    def return_to(self, place: Place | None) -> None:
        """Show what was in the window when `place` returned this, unless it is gone."""
        if place is None:
            self.following = True
        elif place.bubble.message.id in self._view.bubbles.by_id:
            self._view.scroll(find_place(self._view.bubbles, place))
            self.paint()

    @property
    def following(self) -> bool:
        """Whether the end stays in view as it grows."""
        return self._view.following

    @following.setter
    def following(self, value: bool) -> None:
        self._view.following = value
        if value:
            self.paint()

    def scrolled(self, old: int, new: int) -> None:
        self._view.scroll(new)
        self.paint()

    def resized(self, width: int, height: int) -> None:
        self._view.resize(self.size.width, height - self._has_figures)
        if self.text_selection is not None:
            self.screen.clear_selection()
        self.paint()

    # -- drawing

    @property
    def _has_figures(self) -> bool:
        """Whether the last row is for what changes while a reply streams: its figures, and the lines not seen yet."""
        wanted = self._live.latest is not None or self._view.new_lines > 0
        return wanted and self.size.height >= _LOWEST

    def paint(self) -> None:
        """Bring the screen up to date; only rows that changed are painted."""
        view = self._view
        if not self.is_attached or not self.size:
            return
        now = self._clock()
        has_figures = self._has_figures
        view.set_height(self.size.height - has_figures)
        strips = view.rows(now, self._wall())
        if self._idle.is_opening:
            strips = []
        if self._search is not None:
            strips = self._search.mark(strips)
        if (selection := self.text_selection) is not None:
            strips = positions.mark(view, strips, selection)
        if has_figures:
            strips.append(self._figures_row(now))
        self.show_rows(strips, view.top, view.bubbles.total + has_figures)
        self._idle.check()

    def _figures_row(self, now: float) -> Strip:
        bubble = self._live.latest
        if bubble is None or bubble.live is None:
            return unseen_row(self._view.bubbles.frame(None), self._view.new_lines)
        return bubble.live.figures_row(self._view.bubbles.frame(bubble), self._view.new_lines, now)
