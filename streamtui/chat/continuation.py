"""How a reply that broke off goes on: what the model is asked, and where the new text joins the old."""

import re
from dataclasses import dataclass, replace
from typing import Final

from streamtui.chat.messages import ChatRequest, Turn

CONTINUE_PROMPT: Final = (
    "Your last message was cut off. Continue it from exactly where it stopped, in the middle of the word or code block "
    "if need be. Write only what comes next: no introduction, and nothing you have already written."
)
SHORTEST_REPETITION: Final = 6
"""A shorter match is chance: `e` at the end and `e` at the beginning."""
SHORTEST_AFTER_PREFILL: Final = 60
"""A model that goes on writing its own text repeats nothing; only one that starts over repeats as much as this."""
LONGEST_INTRODUCTION: Final = 200
_SHORTEST_AFTER_INTRODUCTION: Final = 40
LONGEST_HOLD_S: Final = 0.5
"""For how long text is held back that may be a repetition; it is shown after that, and withdrawn if it was one."""
_LONGEST_FIRST_WORD: Final = 14
_MOST_MATCHES: Final = 1000
_INTRODUCTION: Final = re.compile(
    r"\W*(sure|certainly|of course|absolutely|definitely|okay|ok|alright|all right|right|got it|understood|no problem"
    r"|hello|hi|hey|greetings|sorry|(my )?apolog|(i )?apolog|(i'?m )?sorry|great|thanks|thank you|continu|resum|picking"
    r"|here|let me|let's|as (requested|i was)|where (i|we)|to continue|i'?ll|i will|yes|well|so|now|again|below"
    r"|(the )?(continuation|rest|full|complete|previous)"
    r"|natürlich|gerne|klar|entschuldig|hallo|hier|ja|weiter|fortsetz"
    r"|bien sûr|d'accord|désolé|bonjour|voici|oui|je continue|por supuesto|claro|lo siento|hola|aquí|certo|ecco|scusa"
    r"|конечно|извин|вот|当然|好的|抱歉|继续|もちろん|すみません|続き|```)",
    re.IGNORECASE,
)
"""How an introduction begins. What does not look like one is the reply's own text: a verse before a refrain."""
_OPEN_END: Final = re.compile(r"[^\s.!?…。！？)\]}'”’»`*_~|>\x22] *\Z")
_MORE_THAN_A_REFRAIN: Final = 400
"""Characters of a text that nobody writes twice but by starting over."""
_LEADS_OVER: Final = (":", "…", "...", "—", "：")
"""How an introduction in any language may end."""


def continuation(request: ChatRequest, text: str, *, prefill: bool) -> ChatRequest:
    """Return `request` changed so that the model goes on after `text`, its own unfinished answer."""
    turns = (*request.turns, Turn("assistant", text))
    if not prefill:
        turns = (*turns, Turn("user", CONTINUE_PROMPT))
    return replace(request, turns=turns, prefill=prefill)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a piece of a continuation adds to the reply."""

    text: str = ""
    withdrawn: int = 0
    """Characters passed on before that turned out to be a repetition: they go before `text` is added."""


_NOTHING: Final = Joined()


class _Match:
    """A stretch of the new text, from `start`, that repeats the old text from `at`; `size` characters so far."""

    __slots__ = ("at", "is_over", "size", "start")

    def __init__(self, start: int, at: int, size: int) -> None:
        self.start = start
        self.at = at
        self.size = size
        self.is_over = False

    def extend(self, old: str, new: str) -> None:
        """Compare further, up to the end of either text or the first difference."""
        if self.is_over:
            return
        most = min(len(old) - self.at, len(new) - self.start)
        step = 1024
        while self.size < most:
            size = min(step, most - self.size)
            here, there = self.at + self.size, self.start + self.size
            if old[here : here + size] == new[there : there + size]:
                self.size += size
            elif size == 1:
                self.is_over = True
                return
            else:
                step = max(1, size // 2)
        self.is_over = self.at + self.size >= len(old)


class RepetitionFilter:
    """Drops what the beginning of a continuation repeats of the text before it, up to that text's end: the last words,
    or all from any point on, also behind an introduction. So a model that starts over still writes one reply.

    A part of the old text that is repeated but does not lead to its end (a refrain) stays, as does a repetition of
    what the old text has twice. The result is the same for every fragmentation.
    """

    __slots__ = (
        "_beginning",
        "_end",
        "_held_since",
        "_matches",
        "_new",
        "_old",
        "_passed",
        "_probed",
        "_shortest",
        "is_open",
    )

    def __init__(self, before: str, shortest: int = SHORTEST_REPETITION) -> None:
        """`shortest` is how many characters make a repetition."""
        self._old = before
        self._beginning = len(before) - len(before.lstrip())
        self._end = len(before.rstrip()) or len(before)
        """White space at the end need not be repeated."""
        self._shortest = shortest
        self._new = ""
        self._passed = 0
        """Characters of the new text that were passed on already."""
        self._matches: list[_Match] = []
        self._probed = 0
        """Up to where the new text has been searched for beginnings of a repetition."""
        self._held_since: float | None = None
        self.is_open = bool(before)
        """Whether the beginning of the new text is still being compared."""

    @property
    def held_since(self) -> float | None:
        """When what is held back began to be, on the clock that `feed` gets; `None` where nothing is."""
        return self._held_since

    def feed(self, text: str, now: float) -> Joined:
        """Take a piece of the new text that arrived `now` (seconds)."""
        if not self.is_open:
            return Joined(text)
        self._new += text
        self._search()
        for match in self._matches:
            match.extend(self._old, self._new)
        if not self._is_undecided():
            return self._decide()
        return self.let_go(now) if self._is_late(now) else _NOTHING

    def let_go(self, now: float) -> Joined:
        """Pass on what is held back, without deciding about it."""
        text = self._new[self._passed :]
        self._passed, self._held_since = len(self._new), None
        return Joined(text)

    def close(self) -> Joined:
        """Decide by what has come: nothing more will, or what comes is passed on as it is."""
        return self._decide() if self.is_open else _NOTHING

    def _is_late(self, now: float) -> bool:
        if not (self._may_be_introduction() or any(not match.is_over for match in self._matches) or self._is_short()):
            return True
        if self._held_since is None:
            self._held_since = now
        return now - self._held_since >= LONGEST_HOLD_S

    def _is_short(self) -> bool:
        return len(self._new) - self._first() < self._shortest

    def _first(self) -> int:
        """Return where the new text begins after white space."""
        return len(self._new) - len(self._new.lstrip())

    def _search(self) -> None:
        """Find where the new text may begin to repeat the old, as soon as there is enough to compare."""
        first = self._first()
        if self._probed <= first and len(self._new) >= first + self._shortest:
            self._probe(first, self._shortest)
            self._probed = first + 1
        while self._probed and (start := self._probed) <= LONGEST_INTRODUCTION + first:
            if len(self._new) < start + _SHORTEST_AFTER_INTRODUCTION:
                return
            if _begins_sentence(self._new, start) and _is_introduction(self._new[:start]):
                self._probe(start, _SHORTEST_AFTER_INTRODUCTION)
            elif self._starts_over(start):
                self._matches.append(_Match(start, self._beginning, _SHORTEST_AFTER_INTRODUCTION))
            self._probed += 1

    def _starts_over(self, start: int) -> bool:
        """Return whether the old text begins again at `start`, where no refrain does: behind anything at all."""
        opening = self._old[self._beginning : self._beginning + _SHORTEST_AFTER_INTRODUCTION]
        is_no_refrain = not self._old.endswith("\n") or self._end > _MORE_THAN_A_REFRAIN
        if not is_no_refrain or not self._new[start - 1].isspace():
            return False
        return len(opening) == _SHORTEST_AFTER_INTRODUCTION and self._new.startswith(opening, start)

    def _probe(self, start: int, size: int) -> None:
        probe = self._new[start : start + size]
        if not any(map(str.isalnum, probe)):  # a rule of dashes repeats itself
            return
        at = self._old.rfind(probe)
        for _ in range(_MOST_MATCHES):
            if at < 0:
                return
            if not (at and self._old[at - 1].isalnum() and self._old[at].isalnum()):  # not in the middle of a word
                self._matches.append(_Match(start, at, size))
            at = self._old.rfind(probe, 0, at + size - 1)

    def _is_undecided(self) -> bool:
        if any(not match.is_over for match in self._matches):
            return True
        if any(map(self._repetition, self._matches)):
            return False
        return self._probed <= LONGEST_INTRODUCTION + self._first()

    def _may_be_introduction(self) -> bool:
        head = self._new.lstrip()
        if len(head) < _LONGEST_FIRST_WORD and not any(map(str.isspace, head)):
            return True
        return len(head) <= LONGEST_INTRODUCTION + _SHORTEST_AFTER_INTRODUCTION and bool(_INTRODUCTION.match(head))

    def _repetition(self, match: _Match) -> int:
        """Return how many characters at the beginning of the new text go because of `match`; 0 for none."""
        if match.at + match.size < self._end:
            return 0
        repeated = self._old[match.at : match.at + match.size]
        if self._old.find(repeated.rstrip() or repeated) != match.at:
            return 0
        return match.start + match.size

    def _decide(self) -> Joined:
        self.is_open, self._held_since = False, None
        ends = [(match.start, -end) for match in self._matches if (end := self._repetition(match))]
        dropped = -min(ends)[1] if ends else 0
        new, passed = self._new, self._passed
        self._new, self._matches = "", []
        if not dropped:
            return Joined(new[passed:])
        return Joined(new[dropped:], withdrawn=passed)


def _begins_sentence(text: str, at: int) -> bool:
    """Return whether a sentence or a line of `text` begins at `at`."""
    if at >= len(text) or text[at].isspace() or not text[at - 1].isspace():
        return False
    before = text[:at].rstrip()
    return "\n" in text[len(before) : at] or before.endswith((".", "!", "?", *_LEADS_OVER))


def is_cut(text: str) -> bool:
    """Return whether a text ends in the middle of a sentence."""
    return _OPEN_END.search(text) is not None


def begins_with_introduction(text: str) -> bool:
    return bool(_INTRODUCTION.match(text))


def _is_introduction(text: str) -> bool:
    return begins_with_introduction(text) or text.rstrip().endswith(_LEADS_OVER)
