"""A typewriter's pace: text that came in bursts, let out evenly at the rate it really comes in."""

from __future__ import annotations

from collections import deque
from typing import Final

LAG_S: Final = 0.5
"""Nothing is held back for longer than this."""
_WINDOW_S: Final = 2.0


class Typewriter:
    """Holds the text of one reply back and lets it out. Moments are seconds of one monotonic clock, in order."""

    __slots__ = ("_arrived", "_held", "_owed", "_released_at")

    def __init__(self) -> None:
        self._held: deque[tuple[float, str]] = deque()
        self._arrived: deque[tuple[float, int]] = deque()
        self._released_at: float | None = None
        self._owed = 0.0

    @property
    def is_holding(self) -> bool:
        """Whether there is text that has not been let out."""
        return bool(self._held)

    def feed(self, now: float, text: str) -> None:
        """Take in a piece that arrived `now`."""
        self._held.append((now, text))
        self._arrived.append((now, len(text)))
        if self._released_at is None:
            self._released_at = now

    def release(self, now: float) -> str:
        """Return what is due: as many characters as come in on average in the time since the last call, and whatever
        has waited for `LAG_S`."""
        self._owed += self._rate(now) * (now - (self._released_at if self._released_at is not None else now))
        self._released_at = now
        due = int(self._owed)
        parts: list[str] = []
        while self._held:
            moment, text = self._held[0]
            if now - moment >= LAG_S or len(text) <= due:
                parts.append(text)
                self._held.popleft()
            elif due > 0:
                parts.append(text[:due])
                self._held[0] = (moment, text[due:])
            else:
                break
            due -= len(parts[-1])
            if due <= 0 and self._held and now - self._held[0][0] < LAG_S:
                break
        self._owed = max(0.0, self._owed - sum(map(len, parts))) if self._held else 0.0
        return "".join(parts)

    def flush(self) -> str:
        """Return all that is held: the reply has ended, or the pace goes off."""
        text = "".join(text for _, text in self._held)
        self._held.clear()
        self._owed = 0.0
        return text

    def _rate(self, now: float) -> float:
        """Return characters per second over the last seconds."""
        while self._arrived and self._arrived[0][0] < now - _WINDOW_S:
            self._arrived.popleft()
        if not self._arrived:
            return 0.0
        span = max(LAG_S, now - self._arrived[0][0])
        return sum(size for _, size in self._arrived) / span
