"""Lay out what has been set: spaces, brackets of fractions, rows of matrices and equations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from streamtui.markdown.formulas.symbols import MATRICES, PREFIXES, Unset

_ATOM = re.compile(
    r"-?[\d.]+|[^\W\d_]{4,}|[d∂∆][^\W\d_]|[^\W\d_][\u0300-\u036f\u2070-\u209f′²³¹ᵃ-ᵿ]*(?:\([^()]*\))?|[^\w\s]"
)
"""A number, a word, `dx`, a sign with its indices, a function's value: it needs no brackets."""
_EXTRA_SPACE = re.compile(r"(?<=\S) (?= \S)|(?<=[(\[⌊⌈⟨]) | (?=[)\],;⌋⌉⟩])")


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows that stand beside what is before and after them."""

    rows: Sequence[str]


Box = str | Matrix


def spaced(out: str, sign: str) -> str:
    """Return `out` with `sign`, relations and operators that were commands set off by spaces."""
    is_operator = not sign.isascii() and len(sign) == 1 and unicodedata.category(sign) == "Sm" and sign not in PREFIXES
    if sign in "←→↔⇐⇒⇔↦⟶⟹⟺⟵↑↓" or is_operator:
        return f"{out.rstrip(' ')} {sign} " if out.strip() and out[-1:] not in "([{,^_" else f"{out}{sign}"
    return out + sign


def tidy(text: str) -> str:
    """Return `text` without spaces around it, doubled ones, and those within brackets."""
    return _EXTRA_SPACE.sub("", text.strip(" "))


def grouped(text: str) -> str:
    """Return a part of a fraction, in brackets unless it is one thing."""
    return text if _ATOM.fullmatch(text) else f"({text})"


def beside(boxes: Sequence[Box]) -> list[str]:
    """Return the rows of text and matrices side by side, text at half their height."""
    height = max(len(box.rows) for box in boxes if isinstance(box, Matrix))
    rows = [""] * height
    for index, box in enumerate(boxes):
        lines = list(box.rows) if isinstance(box, Matrix) else [_spread(box, is_first=index == 0)]
        above = (height - len(lines)) // 2
        width = max(len(line) for line in lines)
        for at in range(height):
            line = lines[at - above] if above <= at < above + len(lines) else ""
            rows[at] += line.ljust(width)
    return rows


def _spread(text: str, *, is_first: bool) -> str:
    text = tidy(text)
    return f"{'' if is_first else ' '}{text} " if text else ""


def _padded(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells of `rows`, each as wide as the widest of its column."""
    columns = max(map(len, rows), default=0)
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[at]) for row in full) for at in range(columns)]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in full]


def bracketed(name: str, rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        raise Unset
    alone, tall = MATRICES[name]
    lines = ["  ".join(row) for row in _padded(rows)]
    if not tall:
        return lines
    if len(lines) == 1:
        return [f"{alone[0]}{lines[0]}{alone[1]}".rstrip()]
    last = len(lines) - 1
    if name == "cases" and last == 1:
        return [f"⎰ {lines[0]}", f"⎱ {lines[1]}"]
    marks = [0 if at == 0 else 2 if at == last else 1 for at in range(len(lines))]
    return [f"{tall[mark]}{line}{tall[mark + 3]}" for mark, line in zip(marks, lines, strict=True)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned equations: what is left of a `&` ends where what is right of it begins."""
    if not rows:
        raise Unset
    left = max((len(row[0]) for row in rows if len(row) > 1), default=0)
    return [
        row[0].rjust(left) + "".join([(" " if not index else "  ") + cell for index, cell in enumerate(row[1:])])
        for row in rows
    ]
