"""Shows replies at a typewriter's pace, where the reader wants that."""

from collections.abc import Callable
from typing import Final

from textual.message_pump import MessagePump
from textual.timer import Timer

from streamtui.chat.events import TextDelta
from streamtui.chat.pace import Pacer

BEAT_S: Final = 1 / 30


class Typewriter:
    """Stands between the replies and the log; text that is off passes at once."""

    def __init__(self, owner: MessagePump, show: Callable[[str, TextDelta], None], clock: Callable[[], float]) -> None:
        self._is_on = False
        self._owner = owner
        self._show = show
        self._clock = clock
        self._pacers: dict[str, Pacer] = {}
        self._timer: Timer | None = None

    @property
    def is_on(self) -> bool:
        return self._is_on

    @is_on.setter
    def is_on(self, value: bool) -> None:
        """Switch; what is held when it goes off is shown before what comes next."""
        self._is_on = value
        if not value:
            for message in list(self._pacers):
                self.finish(message)

    def feed(self, message: str, event: TextDelta) -> None:
        """Take in a piece of a reply."""
        if not self.is_on:
            self._show(message, event)
            return
        self._pacers.setdefault(message, Pacer()).feed(self._clock(), event.text)
        if self._timer is None:
            self._timer = self._owner.set_interval(BEAT_S, self._beat)

    def finish(self, message: str) -> None:
        """Show all that is held of a reply: it ended, or goes out of view."""
        pacer = self._pacers.pop(message, None)
        if pacer is not None and (text := pacer.flush()):
            self._show(message, TextDelta(text))
        self._rest()

    def forget(self) -> None:
        """Drop what is held: another conversation comes into view."""
        self._pacers.clear()
        self._rest()

    def _beat(self) -> None:
        now = self._clock()
        for message, pacer in self._pacers.items():
            if text := pacer.release(now):
                self._show(message, TextDelta(text))

    def _rest(self) -> None:
        if not self._pacers and self._timer is not None:
            self._timer.stop()
            self._timer = None
