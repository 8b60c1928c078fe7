"""The tokens of a formula, and a place among them."""

from __future__ import annotations

import re

from streamtui.markdown.formulas.symbols import SPACES, Unset

_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|.", re.S)
_ROW_SPACING = 8


class Tokens:
    """Commands, signs and runs of white space, taken one after the other."""

    def __init__(self, source: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(source)
        self._at = 0

    def next(self) -> str:
        """Take a token; raises `Unset` at the end."""
        if self._at >= len(self._tokens):
            raise Unset
        self._at += 1
        return self._tokens[self._at - 1]

    def peek(self) -> str:
        """Return the next token, "" at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def peek_sign(self) -> str:
        """Return the next token that is no white space, "" at the end."""
        at = self._at
        while at < len(self._tokens) and self._tokens[at].isspace():
            at += 1
        return self._tokens[at] if at < len(self._tokens) else ""

    def peek_factor(self) -> str:
        """Return the next token that is no space of any kind, "" at the end."""
        at = self._at
        while at < len(self._tokens) and (self._tokens[at].isspace() or self._tokens[at] in SPACES):
            at += 1
        return self._tokens[at] if at < len(self._tokens) else ""

    def skip(self, token: str) -> None:
        """Take the next token if it is `token`."""
        if self.peek() == token:
            self._at += 1

    def skip_space(self) -> None:
        while self.peek().isspace():
            self._at += 1

    def skip_row_spacing(self) -> None:
        """Take the `[2pt]` after a row's end."""
        if self.peek() == "[" and "]" in self._tokens[self._at : self._at + _ROW_SPACING]:
            self._at = self._tokens.index("]", self._at) + 1

    def name(self) -> str:
        """Take an environment's name and its braces."""
        if self.next() != "{":
            raise Unset
        name = ""
        while (token := self.next()) != "}":
            name += token
        return name

    def words(self) -> list[str]:
        """Take a group in braces; return its tokens."""
        self.skip_space()
        if self.next() != "{":
            raise Unset
        start, depth = self._at, 1
        while depth:
            token = self.next()
            depth += (token == "{") - (token == "}")
        return self._tokens[start : self._at - 1]
