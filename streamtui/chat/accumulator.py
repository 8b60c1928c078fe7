"""What one segment of a reply has got so far: foreign events in, clean ones out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from streamtui.chat.continuation import (
    LONGEST_HOLD_S,
    SHORTEST_AFTER_PREFILL,
    SHORTEST_REPETITION,
    Joined,
    RepetitionFilter,
)
from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import LASTING, Event, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.chat.messages import Citation, SavedNotice, Segment, Status, Turn, Usage
from streamtui.chat.metrics import Meter, Metrics, estimate_tokens
from streamtui.chat.restart import RestartDetector
from streamtui.chat.sanitize import Sanitizer, sanitize_line
from streamtui.chat.text_buffer import TextBuffer
from streamtui.chat.think import CLOSING_TAG, ThinkTags, unopened_reasoning

log = logging.getLogger(__name__)

UNOPENED: Final = "What came before </think> was the model's reasoning; the answer is what follows."
REPEATED: Final = "The model began with what it had already written; that is left out."
STARTED_OVER: Final = "The model began again in other words: this is a branch beside the reply that broke off."
_LONGEST_URL: Final = 2000


class Accumulator:
    """Owned and fed by `Reply`. Text is sanitized, reasoning between tags is told apart from the answer, and what a
    continuation repeats is left out.

    Every method that takes something in returns the events that followers get; they count as arrived.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.meter = Meter(clock())
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.notices: list[SavedNotice] = []
        self.citations: list[Citation] = []
        self._clock = clock
        self._text = TextBuffer()
        self._reasoning = TextBuffer()
        self._text_cleaner = Sanitizer()
        self._reasoning_cleaner = Sanitizer()
        self._tags = ThinkTags()
        self._join = RepetitionFilter("")
        self._restart = RestartDetector("")
        self._starts_over = False
        self._is_plain = False
        """Whether clean text is the answer's as it comes."""

    def goes_on_after(self, written: str, *, prefilled: bool) -> None:
        """Expect a continuation of `written`; `prefilled` says that the model was handed it as its own beginning."""
        self._join = RepetitionFilter(written, SHORTEST_AFTER_PREFILL if prefilled else SHORTEST_REPETITION)
        self._restart = RestartDetector(written)

    @property
    def text(self) -> str:
        return self._text.text

    @property
    def reasoning(self) -> str:
        return self._reasoning.text

    @property
    def is_visible(self) -> bool:
        """Whether anything that a user can see has arrived."""
        return bool(self._text) or bool(self._reasoning)

    @property
    def starts_over(self) -> bool:
        """Whether the text says in other words what was written before, instead of going on."""
        return self._starts_over and not self._join.is_open

    def held_for(self) -> float | None:
        """Return for how many more seconds text that may be a repetition is held back; `None` where none is."""
        since = self._join.held_since
        return None if since is None else max(0.0, since + LONGEST_HOLD_S - self._clock())

    def take_plain(self, event: TextDelta, now: float) -> bool:
        """Take in `event` if its text is the answer's as it is, as almost all are, and return whether it was."""
        text = event.text
        if not self._is_plain or not self._text_cleaner.passes(text):
            return False
        if ">" in text and _may_close(text, self._text):
            return False
        self._text.add(text)
        self.meter.delta(now, text)
        return True

    def take_text(self, event: TextDelta, now: float) -> Sequence[Event]:
        text = self._text_cleaner.feed(event.text)
        return self._take_clean(text, now) if text else ()

    def take_reasoning(self, event: ReasoningDelta, now: float) -> Sequence[Event]:
        text = self._reasoning_cleaner.feed(event.text)
        if not text:
            return ()
        self._reasoning.add(text)
        self.meter.delta(now, text, reasoning=True)
        return (event if text is event.text else ReasoningDelta(text),)

    def begin_anew(self) -> Revised:
        """Count as a reply of its own, since the text starts over; return it as followers get it."""
        self._starts_over = False
        self.notices.append(SavedNotice("revised", STARTED_OVER))
        return Revised(self.text, self.reasoning, STARTED_OVER)

    def take_notice(self, notice: Notice) -> Notice:
        """Return `notice` cleaned; one of a kind that stays with the reply does so."""
        notice = replace(notice, text=sanitize_line(notice.text))
        saved = SavedNotice(notice.kind, notice.text)
        if notice.kind in LASTING and saved not in self.notices:
            self.notices.append(saved)
        return notice

    def take_citation(self, citation: Citation, earlier: int) -> Citation | None:
        """Return `citation` cleaned and numbered after the `earlier` ones of the message; `None` for one known."""
        url = sanitize_line(citation.url, _LONGEST_URL)
        if not url or any(known.url == url for known in self.citations):
            return None
        self.citations.append(Citation(url, sanitize_line(citation.title, 200), earlier + len(self.citations) + 1))
        return self.citations[-1]

    def let_go(self) -> Sequence[Event]:
        """Give up what is held back because it may be a repetition: it has been for long enough."""
        now = self._clock()
        return self._enter(self._join.let_go(now), now)

    def release(self) -> list[Event]:
        """Give up all that is held back: what may be a repetition, a tag, or half a character."""
        now = self._clock()
        events: list[Event] = []
        if reasoning := self._reasoning_cleaner.close():
            events += self.take_reasoning(ReasoningDelta(reasoning), now)
        if text := self._text_cleaner.close():
            events += self._take_clean(text, now)
        for delta in self._tags.close():
            events += self._take_delta(delta, now)
        events += self._enter(self._join.close(), now)
        self._starts_over |= self._restart.close()
        return events

    def conclude(self, sent: Sequence[Turn]) -> list[Event]:
        """Return what is still to be said when the stream has ended well: that there is no text, and a count."""
        events: list[Event] = []
        if not self._text:
            events.append(self.take_notice(Notice("finish", "The model ended its reply without any text.")))
        return events + self.count(sent)

    def count(self, sent: Sequence[Turn]) -> list[Event]:
        """Estimate the tokens that the provider has not counted, as it does at the end; return that as an event."""
        given = self.usage or Usage()
        if given.input_tokens is not None and given.output_tokens is not None:
            return []
        self.usage = Usage(
            sum(estimate_tokens(turn.text) for turn in sent) if given.input_tokens is None else given.input_tokens,
            self.meter.estimated_tokens if given.output_tokens is None else given.output_tokens,
            given.reasoning_tokens,
            estimated=True,
        )
        return [self.usage]

    def segment(self, status: Status, error: ErrorInfo | None = None) -> Segment:
        """Return what there is as a value."""
        return Segment(
            text=self._text.text,
            reasoning=self._reasoning.text,
            status=status,
            finish_reason=self.finish_reason,
            error=error,
            usage=self.usage,
            metrics=None if status is Status.STREAMING else self._metrics(),
            notices=tuple(self.notices),
            citations=tuple(self.citations),
        )

    def _metrics(self) -> Metrics:
        """Return the figures; a defect in them doesn't keep the text from being written down."""
        try:
            return self.meter.metrics(self._clock(), self.usage.output_tokens if self.usage else None)
        except Exception:
            log.exception("a reply's figures could not be computed")
            return Metrics()

    def _take_clean(self, text: str, now: float) -> list[Event]:
        events: list[Event] = []
        for delta in self._tags.feed(text):
            events += self._take_delta(delta, now)
        self._is_plain = self._tags.settled and not self._join.is_open and not self._restart.is_open
        return events

    def _take_delta(self, delta: TextDelta | ReasoningDelta, now: float) -> Sequence[Event]:
        if isinstance(delta, ReasoningDelta):
            self._reasoning.add(delta.text)
            self.meter.delta(now, delta.text, reasoning=True)
            return (delta,)
        return self._enter(self._join.feed(delta.text, now), now)

    def _enter(self, joined: Joined, now: float) -> Sequence[Event]:
        """Enter a piece of the answer."""
        events: list[Event] = []
        if joined.withdrawn:
            self._restart, self._starts_over = RestartDetector(""), False
            self._text.cut(joined.withdrawn)
            events.append(Revised(self.text, self.reasoning, REPEATED))
        text = joined.text
        if not text:
            return events
        if not self._tags.is_opened and ">" in text and CLOSING_TAG in self._text.tail(len(CLOSING_TAG) - 1) + text:
            parts = unopened_reasoning(self.text + text)
            if parts is not None:
                return [*events, *self._reclassify(*parts, now)]
        self._text.add(text)
        self.meter.delta(now, text)
        self._starts_over |= self._restart.feed(text)
        return [*events, TextDelta(text)]

    def _reclassify(self, reasoning: str, answer: str, now: float) -> list[Event]:
        """Take all that was answer so far for reasoning, since a `</think>` came that was never opened."""
        if reasoning:
            self._reasoning.add("\n" + reasoning if self._reasoning else reasoning)
        self._text.cut(len(self.text))
        self.meter.was_reasoning(now)
        self._tags.close_unopened()
        return [Revised("", self.reasoning, UNOPENED), *self._take_clean(answer, now)]


def _may_close(text: str, before: TextBuffer) -> bool:
    """Return whether a piece with a `>` may hold the end of a closing tag; cheaper than looking for one."""
    return CLOSING_TAG[-2:] in text or (text[0] == CLOSING_TAG[-1] and before.tail(1) == CLOSING_TAG[-2])
