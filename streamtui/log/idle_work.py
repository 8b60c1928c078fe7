"""What the log puts off until nothing else is to be done: text that came all at once, colours of code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.timer import Timer

from streamtui.log.live_replies import LiveReplies
from streamtui.log.model.viewport import Viewport

_IDLE_S: Final = 0.02
_OPENING_S: Final = 0.001
"""Nothing is shown meanwhile, so the next slice comes as soon as everybody else had a turn."""


class IdleWork:
    """Does a slice of work now and then, as long as there is any."""

    def __init__(
        self, view: Viewport, live: LiveReplies, set_timer: Callable[[float, Callable[[], None]], Timer]
    ) -> None:
        self._view = view
        self._live = live
        self._set_timer = set_timer
        self._timer: Timer | None = None

    @property
    def is_pending(self) -> bool:
        """Whether there is anything left to do."""
        behind = any(bubble.is_behind for bubble in self._live)
        return behind or any(bubble.has_idle_work for bubble in self._view.bubbles_shown())

    @property
    def is_opening(self) -> bool:
        """Whether the end is to be shown of messages that are not parsed to their end: it would be another text."""
        if not self._view.following:
            return False
        return any(bubble.is_behind for bubble in self._view.bubbles_shown() if bubble not in self._live)

    def check(self) -> None:
        """Work soon, if there is anything to do."""
        if self._timer is None and self.is_pending:
            self._timer = self._set_timer(_OPENING_S if self.is_opening else _IDLE_S, self._work)

    def _work(self) -> None:
        self._timer = None
        if self._live.catch_up() or self._work_in_view():
            self._live.frames.request()
        self.check()

    def _work_in_view(self) -> bool:
        """Parse or colour what is in view for a moment. Return whether anything changed."""
        view = self._view
        bubble = next((bubble for bubble in view.bubbles_shown() if bubble.has_idle_work), None)
        if bubble is None:
            return False
        with view.held():
            changed = bubble.idle_work()
            view.bubbles.sync(bubble)
        return changed
