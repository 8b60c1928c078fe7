"""Many paths, and those among them that a few typed letters may mean: found within milliseconds."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

_MOST_HITS: Final = 400
"""Hits that are ranked; more than anybody reads."""
_STARTS: Final = re.compile(r"(?:^|[/_\-. ])([^/_\-. ])")


class PathIndex:
    """Finds paths by a part of them, or by letters that follow each other in them, the first one at the beginning of a
    word. Case doesn't matter. Making one takes a second for 100,000 paths: do it in a thread."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self._lines = _Lines(paths, range(len(paths)))
        starts: dict[str, list[int]] = {}
        for number, path in enumerate(paths):
            for letter in set(_STARTS.findall(path.lower())):
                starts.setdefault(letter, []).append(number)
        self._by_start = {letter: _Lines(paths, numbers) for letter, numbers in starts.items()}

    def find(self, query: str, most: int) -> list[str]:
        """Return the best paths for what was typed, at most `most`."""
        query = query.lower()
        if not query:
            return sorted(self.paths[:_MOST_HITS], key=lambda path: (path.count("/"), path))[:most]
        hits = self._lines.holding(query)
        if len(hits) < most and len(query) > 1 and query[0] in self._by_start:
            hits += [hit for hit in self._by_start[query[0]].matching(_in_order(query)) if hit not in set(hits)]
        ranked = sorted(set(hits), key=lambda number: _rank(query, self.paths[number]))
        return [self.paths[number] for number in ranked[:most]]


class _Lines:
    """Paths as one text, which is searched at once."""

    def __init__(self, paths: Sequence[str], numbers: Iterable[int]) -> None:
        self._numbers = list(numbers)
        # A newline in a name would make two lines of it.
        lowered = [paths[number].lower().replace("\n", " ") for number in self._numbers]
        self._text = "\n" + "\n".join(lowered)
        self._ends: list[int] = []
        """Where the newline behind each line stands."""
        end = 0
        for line in lowered:
            end += len(line) + 1
            self._ends.append(end)

    def holding(self, query: str) -> list[int]:
        """Return the numbers of paths that have `query` in them: those with it at the start of a name before others."""
        hits: list[int] = []
        for wanted in (f"\n{query}", f"/{query}", query):
            at, left = self._text.find(wanted), _MOST_HITS
            while at >= 0 and left:
                line = self._line(at + 1)
                hits.append(self._numbers[line])
                at, left = self._text.find(wanted, self._ends[line]), left - 1
        return hits

    def matching(self, pattern: re.Pattern[str]) -> list[int]:
        hits: list[int] = []
        at = 0
        while len(hits) < _MOST_HITS and (match := pattern.search(self._text, at)) is not None:
            line = self._line(match.start() + 1)
            hits.append(self._numbers[line])
            at = self._ends[line]
        return hits

    def _line(self, at: int) -> int:
        return bisect_left(self._ends, at)


def _in_order(query: str) -> re.Pattern[str]:
    """Return what matches the letters of a query one after the other in a line. It never backtracks."""
    gaps = "".join(f"[^\\n{_in_class(letter)}]*+{re.escape(letter)}" for letter in query[1:])
    return re.compile(re.escape(query[0]) + gaps)


def _in_class(letter: str) -> str:
    return re.escape(letter) if letter != "^" else "\\^"


def _rank(query: str, path: str) -> tuple[int, int, int, str]:
    """Return what sorts better hits first: the whole name, its beginning, a part of it, a part of the path, letters."""
    lowered = path.lower()
    name = lowered.rpartition("/")[2]
    if name == query or lowered == query:
        place = 0
    elif name.startswith(query) or lowered.startswith(query):
        place = 1
    elif query in name:
        place = 2
    elif query in lowered:
        place = 3
    else:
        place = 4
    return place, path.count("/"), len(path), path
