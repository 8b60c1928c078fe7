"""The rows of a bubble that are not its text: head, folded reasoning, foot. Values in, strips out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from streamtui.chat.finish import FinishKind, finish_kind
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.sanitize import sanitize_line
from streamtui.log.paint.format import clock_time, figures, new_lines
from streamtui.log.paint.frame import Frame, cells_of
from streamtui.log.paint.theme import HeadStyles
from streamtui.markdown.links import is_openable
from streamtui.markdown.wrap import wrap

_SEPARATOR: Final = " · "
_SHORTEST_NAME: Final = 4
"""Cells of a name and the space after it that nothing but a branch takes away."""
_LONGEST_SOURCE: Final = 300
"""Characters of a source's title or address; a row has room for fewer."""
_NAMES: Final = {"user": "you", "system": "system"}


# -- head


def head(message: ChatMessage, frame: Frame, branch: tuple[int, int] | None, now: float) -> list[Strip]:
    """Return the row of distance above a bubble and the row that says who speaks.

    Where room is short the time goes first, then what can be done, then the end of the name; never the branch.
    """
    styles = frame.tone.head_current if frame.current else frame.tone.head
    name = message.model or "assistant" if message.role == "assistant" else _NAMES[message.role]
    who = [Segment(name, styles.name)]
    when = [*who, Segment(_SEPARATOR + clock_time(message.created, now), styles.quiet)]
    fork = _branch(*branch, styles) if branch is not None and branch[1] > 1 else []
    offers = [_offers(message, styles), _menu(styles)] if frame.current else []
    ends = [[*offer, Segment("  ", styles.ground), *fork] if fork else offer for offer in offers] or [fork]
    for left, right in [(when, ends[0]), *((who, end) for end in ends)]:
        if cells_of(left) + 1 + cells_of(right) <= frame.inner:
            return [frame.gap(), frame.line(left, right, styles.ground)]
    right = next((end for end in (ends[-1], fork) if cells_of(end) + _SHORTEST_NAME < frame.inner), fork)
    return [frame.gap(), frame.line(who, right, styles.ground)]


def _offers(message: ChatMessage, styles: HeadStyles) -> list[Segment]:
    """Return what a click can do with the message under the cursor, and the key that opens its menu."""
    segments: list[Segment] = []
    for action in _actions(message):
        segments += [Segment(action, styles.quiet + Style(meta={"do": action})), Segment("  ", styles.ground)]
    return [*segments, *_menu(styles)]


def _actions(message: ChatMessage) -> Sequence[str]:
    if message.role != "assistant":
        return ("copy", "edit")
    return ("copy", "regenerate", "continue") if message.can_continue else ("copy", "regenerate")


def _menu(styles: HeadStyles) -> list[Segment]:
    opens = Style(meta={"do": "menu"})
    return [Segment("enter", styles.accent + opens), Segment(" menu", styles.quiet + opens)]


def _branch(index: int, count: int, styles: HeadStyles) -> list[Segment]:
    back, forth = styles.accent + Style(meta={"do": "branch_left"}), styles.accent + Style(meta={"do": "branch_right"})
    return [
        Segment("‹", back if index > 1 else styles.quiet),
        Segment(f"{index}/{count}", styles.quiet),
        Segment("›", forth if index < count else styles.quiet),
    ]


# -- reasoning


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


# -- foot


def foot(message: ChatMessage, frame: Frame) -> list[Strip]:
    """Return the rows that say how a settled reply ended; the user's own messages have none."""
    if message.role != "assistant":
        return []
    tone = frame.tone
    last = message.last
    items = figures(message)
    mark, word, style = _ENDS[message.status]
    if word:
        items.insert(0, word)
    elif last.finish_reason and (cut := _EARLY_ENDS.get(finish_kind(last.finish_reason))):
        mark, style = "■", "warning"
        items.insert(0, cut)
    color = {"quiet": tone.quiet, "warning": tone.warning, "error": tone.error}[style]
    first = color if word or style == "warning" else tone.quiet
    rows = [*_sources(message, frame), frame.blank(), _items(frame, Segment(mark + " ", color), items, first)]
    if last.error is not None and message.status is not Status.COMPLETE:
        rows += _sentence(last.error.message, frame, tone.error)
    for notice in message.notices:
        rows += _sentence(sanitize_line(notice.text), frame, tone.warning)
    return rows


def _sources(message: ChatMessage, frame: Frame) -> list[Strip]:
    """Return a row of distance and the reply's sources, a row each, numbered as the text refers to them."""
    tone = frame.tone
    rows: list[Strip] = []
    for citation in message.citations:
        url, title = sanitize_line(citation.url, _LONGEST_SOURCE), sanitize_line(citation.title, _LONGEST_SOURCE)
        number = Segment(f"[{citation.number}] ", tone.quiet)
        opens = Style(meta={"href": citation.url}) if is_openable(citation.url) else None
        text = Segment(title or url, tone.quiet if opens is None else tone.link + opens)
        rows.append(frame.line([number, text, *([Segment(f"  {url}", tone.quiet)] if title else [])]))
    return [frame.blank(), *rows] if rows else []


def _sentence(text: str, frame: Frame, style: Style) -> list[Strip]:
    """Return `text` wrapped under the figures."""
    return [
        frame.line([Segment("  " + text[start:end], style)]) for start, end, _ in wrap(text, max(1, frame.inner - 2))
    ]


_ENDS: Final = {
    Status.COMPLETE: ("✓", "", "quiet"),
    Status.STREAMING: ("●", "streaming", "quiet"),
    Status.STOPPED: ("■", "stopped", "warning"),
    Status.INTERRUPTED: ("◌", "interrupted", "warning"),
    Status.FAILED: ("✗", "failed", "error"),
}
_EARLY_ENDS: Final = {
    FinishKind.LIMIT: "cut off: length limit",
    FinishKind.CONTEXT_FULL: "cut off: context full",
    FinishKind.FILTERED: "cut off: content filter",
    FinishKind.REFUSED: "refused",
    FinishKind.PAUSED: "paused",
    FinishKind.BROKEN: "broken off",
    FinishKind.UNKNOWN: "ended early",
}


def _items(frame: Frame, mark: Segment, items: Sequence[str], first: Style, right: Sequence[Segment] = ()) -> Strip:
    """Return a row of as many `items` as fit beside `right`; the first always shows, cut where it must be."""
    tone = frame.tone
    room = frame.inner - (cells_of(right) + 2 if right else 0)
    left = [mark]
    used = cell_len(mark.text)
    for index, item in enumerate(items):
        text = item if index == 0 else _SEPARATOR + item
        used += cell_len(text)
        if index and used > room:
            break
        left.append(Segment(text, tone.quiet if index else first))
    return frame.line(left, right)


def live_figures_row(frame: Frame, items: Sequence[str], lit: bool, warning: bool, unseen: int) -> Strip:
    """Return the row that says how a reply in flight goes; `unseen` are the lines that came in below the window."""
    tone = frame.tone
    style = tone.warning if warning else tone.accent
    mark = Segment("● ", style if lit or warning else tone.quiet)
    return _items(frame, mark, items, tone.warning if warning else tone.quiet, pill(frame, unseen))


def unseen_row(frame: Frame, unseen: int) -> Strip:
    """Return the row that says how many lines came in below the window, where nothing streams any more."""
    segments = pill(frame, unseen)
    left = max(0, frame.column.text + frame.inner - cells_of(segments))
    strip = Strip([Segment(" " * left, frame.look.background), *segments])
    return strip.adjust_cell_length(frame.window, frame.look.background)


def pill(frame: Frame, unseen: int) -> list[Segment]:
    """Return the mark that says how many lines came in below the window, and goes to them at a click."""
    return [Segment(f" {new_lines(unseen)} ", frame.look.pill)] if unseen else []
