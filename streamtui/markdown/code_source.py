"""The code of one block: its lines as they come, and their colours."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from time import perf_counter

from streamtui.markdown.lexing import LineLexer, Runs, add_run, lex_whole, lexer_for, may_lex_whole, plain

CHUNK_LINES = 64
CHUNK_CHARACTERS = 8192
_LINES_AHEAD = 2 * CHUNK_LINES
_CHARACTERS_AHEAD = 2 * CHUNK_CHARACTERS
_TAIL = 256


class CodeSource:
    """The lines of a code block. Their colours are found when first painted, or later where that would take long.

    What stands far below the last coloured line is plain until idle work has come so far. Once the code is complete
    it's lexed again as a whole, if it's such that this can be done in small steps.
    """

    def __init__(self, number: int, info: str, queue: deque[CodeSource]) -> None:
        self.number = number
        self.info = info
        """The fence's info string, as written."""
        self.language = info.split()[0] if info.split() else ""
        self._queue = queue  # of the listings that wait for idle work
        self.lines: list[str] = []
        """Complete lines with their newlines; a very long line in several pieces."""
        self.chunks: list[tuple[int, int]] = []
        """Lines `(from, to)` of the chunks that are frozen."""
        self.first_block = -1
        """Index of the first chunk's block, once frozen."""
        self.look = 0
        """Counts how often lines that were painted have got other colours."""
        self._final: list[Runs] | None = None
        self._is_closed = False
        self._is_queued = False
        self._runs: list[Runs] = []
        self._late: set[int] = set()  # lines painted before their colours were known
        self._stack: tuple[str, ...] = ("root",)
        self._line_lexer: LineLexer | None = None

    @property
    def text(self) -> str:
        """The code so far, but for an incomplete line."""
        return "".join(self.lines)

    def close(self) -> None:
        """Say that no more lines come."""
        self._is_closed = True
        self._enqueue()

    def runs(self, index: int) -> Runs:
        """Return the colours of a complete line, plain for now if they are far to find."""
        if self._final is not None:
            return self._final[index]
        if self._lexer().lexer is None:
            return plain(self.lines[index])
        if not self._is_near(index):
            self._late.add(index)
            self._enqueue()
            return plain(self.lines[index])
        while len(self._runs) <= index:
            self._lex_line()
        self._enqueue()
        return self._runs[index]

    def tail_runs(self, tail: str) -> Runs:
        """Return the colours of an incomplete line after the complete ones; of a long one, those of its start."""
        if self._lexer().lexer is None:
            return plain(tail)
        last = len(self.lines) - 1
        if last >= 0:
            self.runs(last)
        if last >= len(self._runs):
            return plain(tail)
        runs, _ = self._lexer().lex(tail[:_TAIL], self._stack)
        add_run(runs, 0, max(0, len(tail) - _TAIL))
        return runs

    def colouring(self) -> Iterator[None]:
        """Find the colours that are missing, a small step at a time; `settle` puts them in force."""
        if not self._is_whole():
            while len(self._runs) < len(self.lines):
                self._lex_line()
                yield
            return
        whole = _Lines(self.lines)
        lexer = self._lexer().lexer
        for number, length in lex_whole(lexer, self.text) if lexer else ():
            yield from whole.add(number, length)
        self._final = whole.runs

    def settle(self) -> list[int]:
        """Return the numbers of the chunks that look different now; the one after the frozen ones is the open one."""
        if self._is_closed and self._final is None and not self._is_whole():
            self._final = self._runs
        final = self._runs if self._final is None else self._final
        changed = [number for number, chunk in enumerate(self.chunks) if self._differs(*chunk, final)]
        if self._late:
            changed.append(len(self.chunks))
        self._late.clear()
        self.look += bool(changed)
        self._is_queued = False
        if self._final is not None:
            self._runs = []
        self._enqueue()
        return changed

    def _differs(self, first: int, last: int, final: list[Runs]) -> bool:
        known = self._runs[first:last]
        return known != final[first : first + len(known)] or not self._late.isdisjoint(range(first, last))

    def _enqueue(self) -> None:
        """Queue for idle work: once closed and painted, or painted without colours."""
        is_due = self._final is None and ((self._is_closed and bool(self._runs)) or bool(self._late))
        if is_due and not self._is_queued:
            self._is_queued = True
            self._queue.append(self)

    def _is_near(self, index: int) -> bool:
        """Whether a line is coloured already or few lines after the last that is."""
        ahead = index - len(self._runs)
        if ahead < 0:
            return True
        if ahead >= _LINES_AHEAD:
            return False
        return sum(map(len, self.lines[len(self._runs) : index])) < _CHARACTERS_AHEAD

    def _is_whole(self) -> bool:
        """Whether the code is complete and its final colours are those of the whole."""
        return self._is_closed and may_lex_whole(self._lexer().lexer, self.lines)

    def _lex_line(self) -> None:
        at = len(self._runs)
        line = self.lines[at]
        if at and not self.lines[at - 1].endswith("\n"):
            self._runs.append(plain(line))  # the rest of a line that was too long itself
            return
        runs, self._stack = self._lexer().lex(line, self._stack)
        self._runs.append(runs)

    def _lexer(self) -> LineLexer:
        """Return the lexer, found when first asked for: the first of a language imports a module."""
        if self._line_lexer is None:
            self._line_lexer = LineLexer(lexer_for(self.language))
        return self._line_lexer


class _Lines:
    """Sorts the tokens of a whole text into its lines."""

    def __init__(self, lines: list[str]) -> None:
        self.runs: list[Runs] = []
        self._lines = lines
        self._line: Runs = array("H")
        self._left = len(lines[0]) if lines else 0

    def add(self, number: int, length: int) -> Iterator[None]:
        """Take a token, a line of it at a time."""
        while length:
            step = min(length, self._left)
            add_run(self._line, number, step)
            length -= step
            self._left -= step
            if not self._left:
                self.runs.append(self._line)
                self._line = array("H")
                done = len(self.runs)
                self._left = len(self._lines[done]) if done < len(self._lines) else length
            yield


class Highlighter:
    """Finds a listing's missing colours, a slice of time after the other."""

    def __init__(self, listing: CodeSource) -> None:
        self.listing = listing
        self._steps = listing.colouring()

    def work(self, deadline: float) -> bool:
        """Go on until `deadline` (of `perf_counter`) or the end; True if the end is reached."""
        return all(perf_counter() <= deadline for _ in self._steps)
