"""Finding text in a conversation: in every message's source, whether it was ever on screen or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.strip import Strip

from streamtui.log.model.bubble import Bubble
from streamtui.log.model.parts import BlockPart
from streamtui.log.model.viewport import Viewport
from streamtui.log.select.positions import restyled, text_of
from streamtui.markdown import StyledLine


@dataclass(frozen=True, slots=True)
class Match:
    """A place in the source of a message."""

    message_id: str
    in_reasoning: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """A match as it is painted: number so-and-so of its block."""

    bubble: Bubble
    part: int
    number: int


class Search:
    """One query over the messages that a view holds when it begins; knows where its matches are on screen."""

    def __init__(self, view: Viewport, query: str, earlier: Search | None = None) -> None:
        """Words of `query` match in any case, however their accents are composed, with any white space between them.

        `earlier` is the search for the same query that this one takes the place of.
        """
        words = query.split()
        self.query = query
        self._view = view
        self._pattern = re.compile(r"\s+".join(map(_either_form, words)), re.IGNORECASE)
        self._current: _Hit | None = earlier._current if earlier is not None else None
        self.matches: Sequence[Match] = list(self._search(_forms(words[0].casefold()))) if words else []

    def _search(self, word: Sequence[str]) -> Iterator[Match]:
        """Yield the matches, oldest message first. A text without `word`, in either form, is passed over, which is far
        quicker."""
        for bubble in self._view.bubbles.ordered:
            content = None if bubble.is_folded else bubble.content
            reasoning = bubble.message.reasoning
            if content is not None:
                reasoning = content.reasoning.source if content.reasoning is not None else ""
            text = bubble.message.text if content is None else content.body.source
            for source, in_reasoning in ((reasoning, True), (text, False)):
                folded = source.casefold()
                if any(form in folded for form in word):
                    for match in self._pattern.finditer(source):
                        yield Match(bubble.message.id, in_reasoning, *match.span())

    def nearest(self) -> int:
        """Return the first match from the top of the window on, or else the last one."""
        view = self._view
        top = view.bubbles.index(view.shown[0].bubble) if view.shown else 0
        from_top = (
            index
            for index, match in enumerate(self.matches)
            if view.bubbles.index(view.bubbles.by_id[match.message_id]) >= top
        )
        return next(from_top, max(0, len(self.matches) - 1))

    # -- bringing one into view

    def show(self, index: int) -> None:
        """Bring match `index` into the window; where its row is there already, nothing moves."""
        match, view = self.matches[index], self._view
        bubble = view.bubbles.by_id.get(match.message_id)
        if bubble is None:
            return
        view.following = False
        at = view.bubbles.index(bubble)
        with view.growing(bubble):
            view.bubbles.opened(at)
            if bubble.is_folded:
                bubble.toggle_message()
            bubble.parse()
            if match.in_reasoning and not bubble.unfolded:
                bubble.toggle()
        part = self._part_of(bubble, match)
        block = bubble.parts.block(part)
        if block is None:
            return
        number = self._number(block, match)
        view.bubbles.rows(at, part)
        line = self._line(bubble.lines(part, view.bubbles.frame(bubble)), number)
        self._current = _Hit(bubble, part, number)
        if not any((row.bubble, row.part, row.line) == (bubble, part, line) for row in view.shown):
            view.go_to(view.bubbles.top(at) + bubble.parts.top(part) + line)

    def _part_of(self, bubble: Bubble, match: Match) -> int:
        content = bubble.content
        assert content is not None
        document = content.reasoning if match.in_reasoning and content.reasoning is not None else content.body
        begun = [index for index, block in enumerate(document.blocks) if block.start <= match.start]
        return bubble.parts.part_of(document, begun[-1] if begun else 0)

    def _number(self, block: BlockPart, match: Match) -> int:
        """Return how many matches there are before `match` in its block."""
        before = block.document.source[block.block.start : match.start]
        return sum(1 for _ in self._pattern.finditer(before))

    def _line(self, lines: Sequence[StyledLine], number: int) -> int:
        """Return the row in which match `number` of a block begins; the first where it is not painted as written."""
        spans = list(self._spans(lines))
        return spans[min(number, len(spans) - 1)][0][0] if spans else 0

    # -- marking them

    def mark(self, strips: list[Strip]) -> list[Strip]:
        """Return the window's strips with every match marked, and the one shown last marked more."""
        view, marked = self._view, list(strips)
        spans: dict[tuple[Bubble, int], list[list[tuple[int, int, int]]]] = {}
        for y, row in enumerate(view.shown[: len(strips)]):
            lines = row.bubble.lines(row.part, view.bubbles.frame(row.bubble))
            if not lines:
                continue
            key = (row.bubble, row.part)
            if key not in spans:
                spans[key] = list(self._spans(lines))
            for number, rows in enumerate(spans[key]):
                is_current = self._current == _Hit(row.bubble, row.part, number)
                style = view.look.match_current if is_current else view.look.match
                for line, first, last in rows:
                    if line == row.line:
                        marked[y] = restyled(marked[y], lines[line], (first, last), view.width, style)
        return marked

    def _spans(self, lines: Sequence[StyledLine]) -> Iterator[list[tuple[int, int, int]]]:
        """Yield each match in a block as (row, first character, one after the last), one for every row it touches."""
        starts: list[int] = []
        text = ""
        for line in lines:
            starts.append(len(text))
            text += text_of(line) + line.joint
        for match in self._pattern.finditer(text):
            rows = [
                (row, max(0, match.start() - start), min(match.end(), end) - start)
                for row, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True))
                if start < match.end() and match.start() < end
            ]
            yield [(row, first, min(last, len(text_of(lines[row])))) for row, first, last in rows]


def _forms(word: str) -> Sequence[str]:
    """Return a word with its accents as characters of their own, and as parts of their letters."""
    return [unicodedata.normalize(form, word) for form in ("NFC", "NFD")]


def _either_form(word: str) -> str:
    composed, decomposed = map(re.escape, _forms(word))
    return composed if composed == decomposed else f"(?:{composed}|{decomposed})"
