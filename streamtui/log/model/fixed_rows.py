"""The painted head, fold and foot of one bubble, made again only when what they say changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.strip import Strip

from streamtui.chat.messages import ChatMessage
from streamtui.log.model.stream_state import StreamState
from streamtui.log.paint import header_footer
from streamtui.log.paint.format import seconds_whole, thought_label, tokens
from streamtui.log.paint.frame import Frame
from streamtui.markdown import StyledLine

_TICKER: Final = 400
"""Characters of the reasoning of which the row shows the end while it streams."""


class FixedRows:
    """Rows by what they stand for. The surface paints none that are the same objects as before."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[object, tuple[object, list[Strip]]] = {}

    def head(self, message: ChatMessage, frame: Frame, branch: tuple[int, int] | None, wall: float) -> list[Strip]:
        """Return the head at the wall-clock time `wall`, of which only the day shows."""
        key = (message, frame, branch, int(wall // 3600))
        return self.kept("head", key, lambda: header_footer.head(message, frame, branch, wall))

    def fold(
        self, message: ChatMessage, reasoning: str, live: StreamState | None, frame: Frame, unfolded: bool, now: float
    ) -> list[Strip]:
        """Return the row that stands for `reasoning`."""
        if live is not None and live.thinking_since is not None:
            amount = tokens(live.meter.estimated_reasoning_tokens, estimated=True)
            label = f"thinking {seconds_whole(now - live.thinking_since)} · {amount}"
            latest = "" if unfolded else reasoning[-_TICKER:]
        else:
            usages = [segment.usage for segment in message.segments]
            label, latest = thought_label(reasoning, usages, _thinking_s(message, live, now)), ""
        key = (frame, label, unfolded, latest)
        return self.kept("fold", key, lambda: [header_footer.fold(frame, label, unfolded, latest)])

    def foot(self, message: ChatMessage, live: StreamState | None, frame: Frame) -> list[Strip]:
        """Return the rows below the text: of a reply in flight a blank one, its figures stand below the window."""
        if live is not None:
            return self.kept("foot", (None, frame), lambda: [frame.blank()])
        return self.kept("foot", (message, frame), lambda: header_footer.foot(message, frame))

    def with_seam(self, rows: Sequence[Strip], at: int, line: StyledLine, frame: Frame) -> list[Strip]:
        """Return `rows` with row `at`, which is `line`, marked as the one in which a continued reply goes on."""

        def marked() -> list[Strip]:
            return [*rows[:at], frame.row(list(line.strip), line.strip.cell_length, seam=True), *rows[at + 1 :]]

        return self.kept(("seam", at), rows, marked)

    def kept(self, name: object, key: object, make: Callable[[], list[Strip]]) -> list[Strip]:
        """Return the rows called `name` that were made for the same `key`, or else make them."""
        kept = self._rows.get(name)
        if kept is None or kept[0] != key:
            kept = self._rows[name] = key, make()
        return kept[1]


def _thinking_s(message: ChatMessage, live: StreamState | None, now: float) -> float | None:
    """Return for how long it reasoned, over all segments, the one in flight included."""
    spans = [segment.metrics.thinking_s for segment in message.segments if segment.metrics is not None]
    if live is not None:
        spans.append(live.meter.thinking_total(now))
    known = [span for span in spans if span is not None]
    return sum(known) if known else None
