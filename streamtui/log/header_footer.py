"""The rows of a bubble that are not its text: head, folded reasoning, foot. Values in, strips out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from streamtui.chat.messages import ChatMessage, Status
from streamtui.log.format import clock_time, figures
from streamtui.log.theme import Look, RoleStyles
from streamtui.markdown.wrap import wrap

LEFT: Final = 2
"""Cells of bar and space before a bubble's text."""
RIGHT: Final = 2
"""Cells of padding after it."""
EDGE: Final = 1
"""Cells at the end of every row that are not the bubble's: the scrollbar covers them once there is one."""
WIDEST: Final = 120
"""Text is wrapped at this many cells at most, however wide the window is: longer lines are hard to read."""
BAR: Final = "▍"
BAR_CURRENT: Final = "█"
_SEPARATOR: Final = " · "
_SHORTEST_NAME: Final = 4
"""Cells of a name and the space after it that nothing but a branch takes away."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a bubble's rows: the width of a bubble, the styles, and whether the cursor is on it."""

    width: int
    look: Look
    tone: RoleStyles
    current: bool

    @property
    def inner(self) -> int:
        """Cells for text."""
        return max(4, min(WIDEST, self.width - LEFT - RIGHT))

    def row(self, segments: Sequence[Segment], cells: int) -> Strip:
        """Return the full row around `segments`, which take `cells` cells, edge included."""
        bar = Segment(BAR_CURRENT, self.tone.bar_current) if self.current else Segment(BAR, self.tone.bar)
        rest = max(0, self.width - LEFT - cells)
        body = [bar, Segment(" ", self.tone.text), *segments]
        if rest:
            body.append(Segment(" " * rest, self.tone.text))
        edge = Segment(" " * EDGE, self.look.background)
        if (width := LEFT + cells + rest) > self.width:
            body = list(Strip(body, width).crop(0, self.width))
        return Strip([*body, edge], self.width + EDGE)

    def line(self, left: Sequence[Segment], right: Sequence[Segment] = ()) -> Strip:
        """Return a row with `left` and `right` at its ends; where they don't fit, `left` is cut."""
        tail = _cells(right)
        room = max(0, self.inner - tail - 1) if right else self.inner
        kept, head = _cut(left, room) if _cells(left) > room else (list(left), _cells(left))
        if not right:
            return self.row(kept, head)
        gap = Segment(" " * max(0, self.inner - head - tail), self.tone.text)
        return self.row([*kept, gap, *right], max(self.inner, head + tail))

    def gap(self) -> Strip:
        """Return the row between two bubbles."""
        return Strip.blank(self.width + EDGE, self.look.background)


def _cells(segments: Sequence[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def _cut(segments: Sequence[Segment], room: int) -> tuple[list[Segment], int]:
    """Return what of `segments` fits, an ellipsis where something was cut, and its cells."""
    kept: list[Segment] = []
    used = 0
    for text, style, _ in segments:
        cells = cell_len(text)
        if used + cells > room:
            kept.append(Segment(set_cell_size(text, max(0, room - used - 1)) + "…"[: room - used], style))
            return kept, room
        kept.append(Segment(text, style))
        used += cells
    return kept, used


def head(message: ChatMessage, frame: Frame, branch: tuple[int, int] | None, now: float) -> list[Strip]:
    """Return the row of distance above a bubble and the row that says who speaks.

    Where room is short the time goes first, then the words of the actions, then the end of the name; never the branch.
    """
    tone = frame.tone
    name = message.model or "assistant" if message.role == "assistant" else _NAMES[message.role]
    who = [Segment(name, tone.name)]
    when = [*who, Segment(_SEPARATOR + clock_time(message.created, now), tone.quiet)]
    fork = _branch(*branch, tone) if branch is not None and branch[1] > 1 else []
    offers = [_actions(message, tone, words) for words in _Words] if frame.current else []
    ends = [[*offer, Segment("  ", tone.text), *fork] if fork else offer for offer in offers] or [fork]
    for left, right in [(when, ends[0]), *((who, end) for end in ends)]:
        if _cells(left) + 1 + _cells(right) <= frame.inner:
            return [frame.gap(), frame.line(left, right)]
    right = next((end for end in (ends[-1], fork) if _cells(end) + _SHORTEST_NAME < frame.inner), fork)
    return [frame.gap(), frame.line(who, right)]


_NAMES: Final = {"user": "you", "system": "system"}


class _Words(Enum):
    """How much is said of each action; those that follow are shorter."""

    ALL = auto()
    WITHOUT_KEY = auto()
    """Only of an action that has no key."""
    NONE = auto()


def _actions(message: ChatMessage, tone: RoleStyles, words: _Words) -> list[Segment]:
    """Return what can be done with the message under the cursor, for a click or by key."""
    names = [("y", "copy"), ("e", "edit")]
    if message.role == "assistant":
        names = [("y", "copy"), ("r", "regenerate"), *([("", "continue")] if message.can_continue else [])]
    segments: list[Segment] = []
    for key, name in names:
        word = name if words is _Words.ALL or (words is _Words.WITHOUT_KEY and not key) else ""
        if not key and not word:
            continue
        meta = Style(meta={"do": name})
        if segments:
            segments.append(Segment("  " if words is _Words.ALL else " ", tone.text))
        if key:
            segments.append(Segment(f"{key} " if word else key, tone.accent + meta))
        if word:
            segments.append(Segment(word, tone.quiet + meta))
    return segments


def _branch(index: int, count: int, tone: RoleStyles) -> list[Segment]:
    back, forth = tone.accent + Style(meta={"do": "branch_left"}), tone.accent + Style(meta={"do": "branch_right"})
    return [
        Segment("‹", back if index > 1 else tone.quiet),
        Segment(f"{index}/{count}", tone.quiet),
        Segment("›", forth if index < count else tone.quiet),
    ]


def fold(frame: Frame, label: str, opened: bool, latest: str = "") -> Strip:
    """Return the row that stands for the reasoning; `latest` is its end, shown in what is left of the row."""
    tone = frame.tone
    click = Style(meta={"fold": True})
    left = [Segment(("▾ " if opened else "▸ ") + label, tone.quiet + click)]
    room = frame.inner - cell_len(left[0].text) - 3
    if latest and room > 10:
        ticker = " ".join(latest[-4 * room :].split())
        while cell_len(ticker) > room:
            ticker = ticker[max(1, cell_len(ticker) - room >> 1) :]
        left.append(Segment(f"  {ticker}", tone.quiet + Style(italic=True, dim=False) + click))
    return frame.line(left)


def foot(message: ChatMessage, frame: Frame) -> list[Strip]:
    """Return the rows that say how a settled reply ended; the reader's own messages have none."""
    if message.role != "assistant":
        return []
    tone = frame.tone
    last = message.last
    items = figures(message)
    mark, word, style = _ENDS[message.status]
    if word:
        items.insert(0, word)
    elif last.finish_reason in _SHORT:
        mark, style = "■", "warning"
        items.insert(0, _SHORT[last.finish_reason])
    color = {"quiet": tone.quiet, "warning": tone.warning, "error": tone.error}[style]
    rows = [_items(frame, Segment(mark + " ", color), items, color if word or style == "warning" else tone.quiet)]
    if last.error is not None and message.status is not Status.COMPLETE:
        text = last.error.message
        for start, end, _ in wrap(text, frame.inner - 2):
            rows.append(frame.line([Segment("  " + text[start:end], tone.error)]))
    return rows


_ENDS: Final = {
    Status.COMPLETE: ("✓", "", "quiet"),
    Status.STREAMING: ("●", "streaming", "quiet"),
    Status.STOPPED: ("■", "stopped", "warning"),
    Status.INTERRUPTED: ("◌", "interrupted", "warning"),
    Status.FAILED: ("✗", "failed", "error"),
}
_SHORT: Final = {
    "length": "cut off: length limit",
    "max_tokens": "cut off: length limit",
    "content_filter": "cut off: content filter",
}


def _items(frame: Frame, mark: Segment, items: Sequence[str], first: Style, right: Sequence[Segment] = ()) -> Strip:
    """Return a foot row of as many `items` as fit; the first shows at the cost of `right`, then however cut."""
    tone = frame.tone
    if right and cell_len(mark.text + items[0]) + _cells(right) + 2 > frame.inner:
        right = ()
    room = frame.inner - (_cells(right) + 2 if right else 0)
    left = [mark]
    used = cell_len(mark.text)
    for index, item in enumerate(items):
        text = item if index == 0 else _SEPARATOR + item
        used += cell_len(text)
        if index and used > room:
            break
        left.append(Segment(text, tone.quiet if index else first))
    return frame.line(left, right)


def live_foot(frame: Frame, items: Sequence[str], beat: bool, warning: bool = False) -> Strip:
    """Return the foot of a reply in flight: one row, whatever it says."""
    tone = frame.tone
    style = tone.warning if warning else tone.accent
    mark = Segment("● ", style if beat or warning else tone.quiet)
    right = [Segment("esc stops", tone.quiet)]
    return _items(frame, mark, items, tone.warning if warning else tone.quiet, right)


def pill(strip: Strip, lines: int, frame_look: Look) -> Strip:
    """Return `strip` with the pill "↓ N new lines" drawn over the right end of its bubble."""
    text = f" ↓ {lines:,} new line{'' if lines == 1 else 's'} "
    cells = cell_len(text)
    width = strip.cell_length - EDGE
    if cells + 2 > width:
        return strip
    at = width - cells - 1
    return Strip.join([strip.crop(0, at), Strip([Segment(text, frame_look.pill)], cells), strip.crop(width - 1)])
