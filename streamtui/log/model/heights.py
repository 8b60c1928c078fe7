"""Row counts of a run of parts, and where each part begins. Knows nothing of what is in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Heights:
    """Heights with lazily kept prefix sums.

    A change costs nothing until the next question about a position, which then sums up again from the first change
    on: constant at the end, where streams grow, and a fraction of a millisecond at the front of ten thousand.
    """

    __slots__ = ("_heights", "_tops")

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._tops = [0]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def __setitem__(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            del self._tops[index + 1 :]

    def extend(self, heights: Iterable[int]) -> None:
        self._heights.extend(heights)

    def prepend(self, heights: Iterable[int]) -> None:
        self._heights[:0] = heights
        self._tops = [0]

    def cut(self, index: int) -> None:
        """Drop everything from `index` on."""
        del self._heights[index:]
        del self._tops[index + 1 :]

    @property
    def total(self) -> int:
        return self._sums()[-1]

    def top(self, index: int) -> int:
        """Return the row on which part `index` begins; `len` gives the row after the last part."""
        return self._tops[index] if index < len(self._tops) else self._sums()[index]

    def at(self, row: int) -> int:
        """Return the index of the part that covers `row`; rows outside count as the first or the last part."""
        index = bisect_right(self._sums(), row) - 1
        return max(0, min(index, len(self._heights) - 1))

    def _sums(self) -> list[int]:
        tops = self._tops
        known = len(tops) - 1
        if known < len(self._heights):
            last = tops.pop()
            tops.extend(accumulate(self._heights[known:], initial=last))
        return tops
