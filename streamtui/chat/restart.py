"""Whether a model that was to go on with a reply writes the reply again in other words.

Where it repeats itself to the letter, `continuation.RepetitionFilter` joins the two texts. Where it does not, no place
is right to join them at, and what it writes is another reply.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final

from streamtui.chat.continuation import LONGEST_INTRODUCTION, begins_with_introduction, is_cut

_OPENING: Final = 12_000
"""Characters at the beginning of the old text that the new text is compared with."""
_FIRST_LOOK: Final = 80
_NEXT_LOOK: Final = 1.25
"""The new text is compared each time that it has grown by this factor: in all that takes as long as a few looks."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
"""A word that says something: a long one, or two characters of a script without spaces."""
_STEM: Final = 5
"""Letters by which words are compared, so that endings don't count."""
_FRESH: Final = re.compile(r"[\W_]*(?=[^\W\d_])(?P<letter>\w)")
_ITEM: Final = re.compile(r"^\s*[#*_ ]*(?:\w+ )?(\d+)[.):]", re.MULTILINE)
_FEWEST_WORDS: Final = 4
_FEWEST_WITHOUT_CUT: Final = 12
_SHARE_AFTER_CUT: Final = 0.5
_SHARE_BEHIND_INTRODUCTION: Final = 0.4
_SHARE_OF_ALL: Final = 0.5
_SHARE_OF_PART: Final = 0.2
_IN_ORDER: Final = 0.65
_LENGTH_OF_ALL: Final = 0.6
"""Of the old text: so long is a text that says all of it again."""
_LONGER: Final = 1.6
"""How many times longer than the old text another wording of it may be."""
_ENOUGH: Final = 400
"""Characters of the old text that are more than a refrain."""


class RestartDetector:
    """Compares the beginning of a continuation with the beginning of the text before it.

    A text is a restart where the words that the old text has only once come again in their order. A refrain, a list
    that counts on and the same subject share other words, or not from the old text's beginning on.
    """

    __slots__ = ("_first_item", "_is_cut", "_length", "_look_at", "_new", "_places", "is_open")

    def __init__(self, before: str) -> None:
        opening = before[:_OPENING]
        words = _words(opening)
        if words and not before[len(opening) :] and is_cut(opening):
            words.pop()  # it may be half a word
        counts = Counter(word for word, _ in words)
        self._places = {word: at for word, at in words if counts[word] == 1}
        """Where in the old text those words stand that it has once."""
        self._length = len(opening)
        self._is_cut = is_cut(before)
        self._first_item = _first_item(opening)
        self._new = ""
        self._look_at = float(_FIRST_LOOK)
        self.is_open = len(self._places) >= _FEWEST_WORDS
        """Whether what comes may still show that the text is a restart."""

    def feed(self, text: str) -> bool:
        """Take a piece of the new text; return whether all of it so far says the old text again."""
        if not self.is_open:
            return False
        self._new += text
        if len(self._new) < self._look_at:
            return False
        self._look_at = len(self._new) * _NEXT_LOOK
        is_restart = self._restarts(is_whole=False)
        self.is_open = not is_restart and len(self._new) < 2 * self._length + _ENOUGH
        return is_restart

    def close(self) -> bool:
        """Return, once no more comes, whether the new text is a restart; `False` where `feed` has said so."""
        is_restart = self.is_open and self._restarts(is_whole=True)
        self.is_open = False
        return is_restart

    def _restarts(self, *, is_whole: bool) -> bool:
        new = self._new.lstrip()
        if not new or self._counts_on(new):
            return False
        has_introduction = begins_with_introduction(new)
        if self._is_cut and _goes_on(self._new):
            return False
        if self._is_cut and (has_introduction or (_begins_anew(new) and not _parted(self._new))):
            least = min(_LENGTH_OF_ALL * self._length, _FIRST_LOOK if is_whole else _ENOUGH)
            return self._says_again(new, least, _SHARE_BEHIND_INTRODUCTION if has_introduction else _SHARE_AFTER_CUT)
        if has_introduction and self._says_again(new, min(self._length, 2 * _ENOUGH), _SHARE_OF_ALL):
            return len(self._places) >= _FEWEST_WITHOUT_CUT
        return self._says_all_again(new)

    def _counts_on(self, new: str) -> bool:
        """Return whether the new text begins with a later number than the old one: the next item, chapter, step."""
        first = _first_item(new[:_FIRST_LOOK])
        return first is not None and (self._first_item is None or first > self._first_item)

    def _says_again(self, new: str, least: float, share: float) -> bool:
        """Return whether the new text says again what stands in the old text up to a point at or after `least`."""
        if len(new) < least:
            return False
        end = min(len(new), self._length)
        known = [at for at in self._places.values() if at < end]
        window = int(_LONGER * end) + (LONGEST_INTRODUCTION if begins_with_introduction(new) else 0)
        common = [at for at in self._repeated(new[:window]) if at < end]
        beginning = [len([at for at in places if at < end // 2]) for places in (common, known)]
        return (
            len(common) >= _FEWEST_WORDS
            and len(common) >= share * len(known)
            and beginning[0] >= _SHARE_OF_PART * beginning[1]
            and _longest_rise(common) >= _IN_ORDER * len(common)
        )

    def _says_all_again(self, new: str) -> bool:
        """Return whether most of the old text is said again, in order, and something of each third."""
        if len(self._places) < _FEWEST_WITHOUT_CUT or len(new) < _LENGTH_OF_ALL * self._length:
            return False
        repeated = self._repeated(new)
        if not repeated or _longest_rise(repeated) < _IN_ORDER * len(repeated):
            return False
        thirds = Counter(3 * at // self._length for at in self._places.values())
        common = Counter(3 * at // self._length for at in repeated)
        return (
            len(thirds) == 3
            and len(repeated) >= _SHARE_OF_ALL * len(self._places)
            and all(common[third] >= _SHARE_OF_PART * thirds[third] for third in thirds)
        )

    def _repeated(self, new: str) -> list[int]:
        """Return the places in the old text of the words that the new text has too, in the order of the new text."""
        words = dict.fromkeys(word for word, _ in _words(new[:_OPENING]))
        return [self._places[word] for word in words if word in self._places]


def _words(text: str) -> list[tuple[str, int]]:
    return [(match[0][:_STEM].casefold(), match.start()) for match in _WORD.finditer(text)]


def _begins_anew(text: str) -> bool:
    """Return whether a text begins as a reply does, and not in the middle of a sentence."""
    match = _FRESH.match(text)
    return match is not None and match["letter"].isupper()


def _goes_on(text: str) -> bool:
    """Return whether a text begins in the middle of a sentence."""
    return text.lstrip(" ")[:1].islower()


def _parted(text: str) -> bool:
    """Return whether a text begins a new line after the text before it."""
    return "\n" in text[: len(text) - len(text.lstrip())]


def _first_item(text: str) -> int | None:
    """Return the number of the first numbered line."""
    match = _ITEM.search(text)
    return int(match[1][:9]) if match else None


def _longest_rise(places: Sequence[int]) -> int:
    """Return how many of the places, at most, follow each other in order."""
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)
