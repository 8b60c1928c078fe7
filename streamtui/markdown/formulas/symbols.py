"""The symbols of formulas: what `unicodeit` has, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType


class Unset(Exception):
    """A formula has no exact Unicode form."""


SPACES = MappingProxyType(
    {"\\,": " ", "\\;": " ", "\\:": " ", "\\ ": " ", "\\quad": "  ", "\\qquad": "    ", "\\!": "", "~": " ", "\\>": " "}
)
SIGNS = MappingProxyType(
    {
        "\\%": "%", "\\$": "$", "\\&": "&", "\\#": "#", "\\_": "_", "\\{": "{", "\\}": "}", "\\|": "‖", "\\dots": "…",
        "\\dotsc": "…", "\\dotsb": "⋯", "\\lt": "<", "\\gt": ">", "\\lvert": "|", "\\rvert": "|", "\\lVert": "‖",
        "\\rVert": "‖", "\\vert": "|", "\\mid": "|", "\\colon": ":", "\\implies": "⟹", "\\iff": "⟺", "\\land": "∧",
        "\\lor": "∨", "\\prime": "′", "\\lbrace": "{", "\\rbrace": "}", "\\lbrack": "[", "\\rbrack": "]",
        "\\langle": "⟨", "\\rangle": "⟩",
        "\\degree": "°", "\\epsilon": "ϵ", "\\varepsilon": "ε", "\\phi": "ϕ", "\\varphi": "φ",
    }
)  # fmt: skip
FUNCTIONS = MappingProxyType(
    {
        **{
            f"\\{name}": name
            for name in [
                "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "coth",
                "log", "ln", "lg", "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "arg", "deg",
                "hom", "Pr",
            ]
        },
        "\\limsup": "lim sup", "\\liminf": "lim inf",
    }
)  # fmt: skip
IGNORED = frozenset(
    [
        "\\displaystyle", "\\textstyle", "\\scriptstyle", "\\limits", "\\nolimits", "\\left", "\\right", "\\middle",
        "\\big", "\\Big", "\\bigg", "\\Bigg", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl", "\\biggr", "\\Biggl",
        "\\Biggr", "\\nonumber", "\\notag",
    ]
)  # fmt: skip
"""Commands for sizes and places that one line of text doesn't have."""
TEXTS = frozenset(
    ["\\text", "\\mathrm", "\\textrm", "\\operatorname", "\\mathop", "\\textnormal", "\\mbox", "\\mathsf", "\\mathtt"]
)
ALPHABETS = frozenset(["\\mathbb", "\\mathcal", "\\mathfrak", "\\mathbf", "\\mathit", "\\mathscr"])
FRACTIONS = frozenset(["\\frac", "\\dfrac", "\\tfrac", "\\cfrac"])
PREFIXES = frozenset("∑∏∐∫∬∭∮√∛∜∂∇∞¬∀∃∄∅∆∠′‖|⋯…⌊⌋⌈⌉⟨⟩%&#°∘")
"""Signs of mathematics that no space goes around."""
BIG = frozenset("∑∏∐∫∬∭∮⋃⋂⨁⨂")
MATRICES = MappingProxyType(
    {
        "matrix": ("", ""), "pmatrix": ("()", "⎛⎜⎝⎞⎟⎠"), "bmatrix": ("[]", "⎡⎢⎣⎤⎥⎦"), "vmatrix": ("||", "││││││"),
        "Vmatrix": ("‖‖", "‖‖‖‖‖‖"), "Bmatrix": ("{}", "⎧⎨⎩⎫⎬⎭"), "smallmatrix": ("", ""), "cases": ("{ ", "⎧⎨⎩   "),
    }
)  # fmt: skip
"""Brackets of one row, and of the first, middle and last of several."""
ALIGNED = frozenset(
    [
        "aligned",
        "align",
        "align*",
        "split",
        "gather",
        "gather*",
        "gathered",
        "equation",
        "equation*",
        "eqnarray",
        "eqnarray*",
    ]
)
NEGATED = MappingProxyType({"=": "≠", "∈": "∉", "⊂": "⊄", "⊆": "⊈", "≡": "≢", "∣": "∤", "|": "∤", "∼": "≁", "≈": "≉"})
_TAKING = ("under", "over", "x", "text", "math", "frac", "sqrt", "not")
"""How names of commands begin that take an argument, where they stand for a sign of their own in the tables."""


@dataclass(frozen=True, slots=True)
class Symbols:
    signs: Mapping[str, str]
    scripts: Mapping[str, str]
    """`^2` and `_i` to raised and lowered signs."""
    accents: Mapping[str, str]
    """Commands to combining characters."""


@cache
def symbols() -> Symbols | None:
    """Return the symbols, None if the library is not installed."""
    try:
        from unicodeit import data  # type: ignore[import-untyped]
    except ImportError:
        return None
    signs = {
        command: sign
        for command, sign in data.REPLACEMENTS
        if command.startswith("\\") and ("{" in command or not _takes_argument(command))
    }
    return Symbols({**signs, **SIGNS}, dict(data.SUBSUPERSCRIPTS), dict(data.COMBININGMARKS))


def _takes_argument(command: str) -> bool:
    name = command.removeprefix("\\")
    return name.startswith(_TAKING) and name not in ("xi", "notin")
