"""A place in one line of source, in columns as CommonMark counts them (tab stops of four)."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[ \t]*")
_TAB_STOP = 4


class Cursor:
    """Walks over a line's indentation and markers; a tab may be consumed in part."""

    __slots__ = ("_column", "_spare", "_tabs", "at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        """Offset of the next character that is not consumed."""
        self._column = 0
        self._spare = 0  # columns left of a tab that is consumed in part
        self._tabs = "\t" in text

    @property
    def first(self) -> int:
        """Offset of the next character that is no space or tab."""
        match = _SPACE.match(self.text, self.at)
        return match.end() if match else self.at

    def blank(self) -> bool:
        """Whether nothing but spaces and tabs is left."""
        return self.first == len(self.text)

    def indent(self) -> int:
        """Return the columns of white space ahead."""
        first = self.first
        if not self._tabs:
            return first - self.at
        column = self._column + self._spare
        for char in self.text[self.at : first]:
            column += _TAB_STOP - column % _TAB_STOP if char == "\t" else 1
        return column - self._column

    def skip(self, columns: int) -> None:
        """Consume at most `columns` of white space."""
        if not self._tabs:
            step = min(columns, self.first - self.at)
            self.at += step
            self._column += step
            return
        while columns > 0:
            if not self._spare:
                if self.at >= len(self.text) or self.text[self.at] not in " \t":
                    return
                is_tab = self.text[self.at] == "\t"
                self._spare = _TAB_STOP - self._column % _TAB_STOP if is_tab else 1
                self.at += 1
            step = min(columns, self._spare)
            self._spare -= step
            self._column += step
            columns -= step

    def take(self, count: int) -> None:
        """Consume `count` characters that are not white space."""
        self.at += count
        self._column += count

    def rest(self) -> str:
        """Return what is left, a half consumed tab as spaces."""
        return " " * self._spare + self.text[self.at :]
