"""Set a formula: a recursive descent over its tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from streamtui.markdown.formulas.layout import Box, Matrix, aligned, beside, bracketed, grouped, spaced, tidy
from streamtui.markdown.formulas.symbols import (
    ALIGNED,
    ALPHABETS,
    BIG,
    FRACTIONS,
    FUNCTIONS,
    IGNORED,
    MATRICES,
    NEGATED,
    SIGNS,
    SPACES,
    TEXTS,
    Symbols,
    Unset,
    symbols,
)
from streamtui.markdown.formulas.tokens import Tokens

_LONGEST: Final = 4000
_DEEPEST: Final = 24
_FACTORS = BIG | frozenset("∂∇√∞")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_LINES = ("\u0305", "\u0332")
"""Accents that may stand over several letters."""


@lru_cache(512)
def set_formula(source: str, *, is_display: bool) -> str | None:
    """Return the formula between delimiters as Unicode, its rows as lines; None where that isn't exact.

    Only display maths may have several rows.
    """
    known = symbols()
    if known is None or len(source) > _LONGEST:
        return None
    setter = _Setter(known, Tokens(source), is_display=is_display)
    try:
        rows = setter.formula()
    except Unset:
        return None
    text = "\n".join(row.rstrip() for row in rows)
    return text if text.strip() and "\\" not in text else None


class _Setter:
    """A recursive descent over a formula's tokens. Any method raises `Unset` where it doesn't know an exact form."""

    def __init__(self, known: Symbols, tokens: Tokens, *, is_display: bool) -> None:
        self._symbols = known
        self._tokens = tokens
        self._depth = 0
        self._fences = 0  # `\\left` without its `\\right` yet
        self._is_display = is_display
        self._boxes: list[Box] = []  # matrices of the row being set, and the text before each

    # -- rows

    def formula(self) -> list[str]:
        """Return the rows of the whole formula."""
        rows: list[str] = []
        while self._tokens.peek():
            rows += self._row({"\\\\"})
            self._tokens.skip("\\\\")
            self._tokens.skip_row_spacing()
        if (len(rows) > 1 and not self._is_display) or self._fences:
            raise Unset
        return rows

    def _row(self, ends: set[str]) -> list[str]:
        """Return the rows that one line of the formula takes."""
        outer, self._boxes = self._boxes, []
        text = self._sequence(ends)
        boxes, self._boxes = [*self._boxes, text], outer
        if len(boxes) == 1:
            return [tidy(text)]
        return beside(boxes)

    # -- sequences

    def _sequence(self, ends: set[str]) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unset
        out = ""
        while (token := self._tokens.peek()) and token not in ends:
            out = self._add(out, self._tokens.next())
        self._depth -= 1
        return out

    def _add(self, out: str, token: str) -> str:
        """Return `out` with what `token` begins."""
        if token.isspace():
            return out if out.endswith(" ") else out + " "
        if token in "^_":
            return out + self._script(token)
        if token == "{":
            return out + self._until("}")
        if token in "}&":
            raise Unset
        if token == "'":
            return out + "′"
        if token in SPACES:
            return out + SPACES[token]
        if token[0] != "\\":
            return spaced(out, token)
        return self._command(out, token)

    def _command(self, out: str, token: str) -> str:
        if token in ("\\left", "\\right"):
            self._fences += 1 if token == "\\left" else -1
            if self._fences < 0:
                raise Unset
        if token in IGNORED:
            if token in ("\\left", "\\right", "\\middle") and self._tokens.peek() == ".":
                self._tokens.next()
            return out
        if token == "\\begin":
            return self._environment(out)
        if token in FUNCTIONS:
            return self._function(out, FUNCTIONS[token])
        if token in FRACTIONS:
            return self._fraction(out)
        if token == "\\binom":
            return self._place(out, bracketed("pmatrix", [[tidy(self._argument())] for _ in range(2)]))
        if (build := self._builders().get(token)) is not None:
            return out + build()
        if token in TEXTS:
            return self._text(out)
        if token in ALPHABETS:
            return out + "".join([self._letter(token, char) for char in self._argument()])
        if token in self._symbols.accents:
            return out + self._accented(self._symbols.accents[token])
        if (sign := self._symbols.signs.get(token)) is None:
            raise Unset
        out = spaced(out, sign)
        return self._after_big(out) if sign in BIG else out

    def _builders(self) -> Mapping[str, Callable[[], str]]:
        return {
            "\\sqrt": self._root, "\\pmod": lambda: f" (mod {self._argument()})", "\\bmod": lambda: " mod ",
            "\\mod": lambda: " mod ", "\\tag": lambda: f"  ({self._argument()})", "\\not": self._negated,
        }  # fmt: skip

    # -- parts

    def _script(self, mark: str) -> str:
        """Return an index: raised or lowered signs, or `^(…)` where one of them has no such form."""
        token = self._tokens.peek_sign()
        if token in ("\\prime", "'"):
            return self._primes()
        text = self._argument().replace(" ", "")
        if not text:
            return ""
        if text in ("∘", "°") and mark == "^":
            return "°"
        if set(text) == {"′"} and mark == "^":
            return text
        signs = [self._symbols.scripts.get(mark + char) for char in text]
        if all(signs):
            return "".join([sign for sign in signs if sign])
        is_clear = len(text) == 1 and not (self._operand_follows() and self._tokens.peek() not in ("(", "\\left"))
        return mark + (text if is_clear else f"({text})")

    def _primes(self) -> str:
        self._argument()
        return "′"

    def _fraction(self, out: str) -> str:
        above, below = tidy(self._argument()), tidy(self._argument())
        if not above or not below:
            raise Unset
        text = f"{grouped(above)}/{grouped(below)}"
        is_factor = out[-1:].isalnum() or out[-1:] in (")", "]", "′") or out.rstrip(" ")[-1:].isdigit()
        stands_alone = not is_factor and not self._operand_follows(after_space=True)
        return out + (text if stands_alone else f"({text})")

    def _root(self) -> str:
        degree = ""
        if self._tokens.peek_sign() == "[":
            self._tokens.skip_space()
            self._tokens.next()
            degree = self._sequence({"]"})
            self._tokens.skip("]")
        raised = [self._symbols.scripts.get("^" + char) for char in degree]
        if degree not in _ROOTS and not all(raised):
            raise Unset
        sign = _ROOTS.get(degree) or "".join([char for char in raised if char]) + "√"
        text = tidy(self._argument())
        return sign + (text if len(text) == 1 or text.isdigit() else f"({text})")

    def _accented(self, accent: str) -> str:
        text = self._argument()
        if (len(text) > 1 and accent not in ("\u0305", "\u0332")) or not text or not text.replace(" ", "").isalnum():
            raise Unset
        return "".join([unicodedata.normalize("NFC", char + accent) for char in text])

    def _letter(self, alphabet: str, char: str) -> str:
        sign = self._symbols.signs.get(f"{alphabet}{{{char}}}")
        if sign is not None:
            return sign
        if char == " " or (not char.isalpha() and alphabet == "\\mathbf"):
            return char
        raise Unset

    def _text(self, out: str) -> str:
        """Return the words of `\text{…}` as they are."""
        words = self._tokens.words()
        if any(token[0] in "\\{}$" and token not in SPACES and token not in SIGNS for token in words):
            raise Unset
        text = "".join([SPACES.get(token, SIGNS.get(token, token)) for token in words])
        return (out + " " if out[-1:].isalnum() and len(text) > 1 and text[0].isalpha() else out) + text

    def _function(self, out: str, name: str) -> str:
        """Return a function's name, set off from letters on both sides."""
        out = (out + " " if out[-1:].isalnum() or out[-1:] == ")" else out) + name
        out = self._indexed(out)
        return out + " " if self._operand_follows() and self._tokens.peek() not in ("(", "\\left") else out

    def _after_big(self, out: str) -> str:
        """Add the indices of a big operator, and a space before what it works on."""
        out = self._indexed(out)
        return out + " " if self._operand_follows() else out

    def _indexed(self, out: str) -> str:
        while self._tokens.peek_sign() in ("^", "_"):
            self._tokens.skip_space()
            out += self._script(self._tokens.next())
        return out

    def _negated(self) -> str:
        sign = NEGATED.get(self._argument().strip())
        if sign is None:
            raise Unset
        return f" {sign} "

    # -- environments

    def _environment(self, out: str) -> str:
        name = self._tokens.name()
        if name in ALIGNED:
            if out.strip():
                raise Unset
            self._boxes.append(Matrix(aligned(self._table(name))))
            return ""
        if name not in MATRICES:
            raise Unset
        return self._place(out, bracketed(name, self._table(name)))

    def _place(self, out: str, rows: list[str]) -> str:
        """Put rows beside the text before them."""
        if not self._is_display:
            raise Unset
        self._boxes += [out, Matrix(rows)]
        return ""

    def _table(self, name: str) -> list[list[str]]:
        """Return the cells of an environment's rows; there is no matrix in a cell."""
        rows: list[list[str]] = [[]]
        while True:
            outer, self._boxes = self._boxes, []
            cell = tidy(self._sequence({"&", "\\\\", "\\end"}))
            if self._boxes:
                raise Unset
            self._boxes = outer
            rows[-1].append(cell)
            match self._tokens.next():
                case "&":
                    continue
                case "\\\\":
                    self._tokens.skip_row_spacing()
                    rows.append([])
                case _:
                    if self._tokens.name() != name:
                        raise Unset
                    return [row for row in rows if any(row)]

    def _name(self) -> str:
        if self._tokens.next() != "{":
            raise Unset
        name = ""
        while (token := self._tokens.next()) != "}":
            name += token
        return name

    def _argument(self) -> str:
        """Return the group or the single sign that follows."""
        self._tokens.skip_space()
        token = self._tokens.next()
        if token == "{":
            return self._until("}")
        if token in "}&^_" or token in ("\\\\", "\\end", "\\begin"):
            raise Unset
        return self._add("", token)

    def _until(self, end: str) -> str:
        count = len(self._boxes)
        text = self._sequence({end})
        self._tokens.next()
        if len(self._boxes) != count:
            raise Unset
        return text

    def _operand_follows(self, *, after_space: bool = False) -> bool:
        """Whether what comes next would read as one with what is before it; without a space, unless `after_space`."""
        token = self._tokens.peek_factor() if after_space else self._tokens.peek()
        if token in ("{", "(", "\\left", "\\sqrt") or token[:1].isalnum():
            return True
        words = (FUNCTIONS, ALPHABETS, TEXTS, FRACTIONS, self._symbols.accents)
        sign = self._symbols.signs.get(token, "")
        return any(token in commands for commands in words) or sign.isalpha() or (sign != "" and sign in _FACTORS)
