"""A reply in flight, as its bubble words it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.strip import Strip

from streamtui.chat.events import Notice
from streamtui.chat.metrics import Meter
from streamtui.log import header_footer
from streamtui.log.format import live_figures
from streamtui.log.header_footer import Frame

BEAT_S: Final = 0.25
"""The foot of a reply in flight changes this often, so that its figures can be read."""

_NOTICE_S: Final = 3.0


@dataclass(slots=True)
class StreamState:
    """What only a reply in flight has. Moments are seconds of the monotonic clock."""

    meter: Meter
    thinking_since: float | None = None
    notice: Notice | None = None
    notice_at: float = 0.0
    text_at: float = 0.0
    """When text was last taken in."""


def live_foot(live: StreamState, frame: Frame, now: float) -> Strip:
    notice = live.notice
    if notice is None or not _is_news(live, now):
        items, worry = live_figures(live.meter, now)
        return header_footer.live_foot(frame, items, int(now / BEAT_S) % 4 < 2, worry)
    items = [notice.text]
    if notice.wait_s is not None:
        items.append(f"{max(0, round(live.notice_at + notice.wait_s - now))} s left")
    return header_footer.live_foot(frame, items, True, warning=True)


def _is_news(live: StreamState, now: float) -> bool:
    """Whether the notice still says how things are: until text came after it, and long enough to be read."""
    return live.text_at <= live.notice_at or now - live.notice_at < _NOTICE_S
