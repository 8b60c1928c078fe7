"""Formulas as replies have them: set in Unicode where that is exact, else as written, never by halves."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.markdown.formulas import set_formula
from tests.markdown import corpus
from tests.markdown.painting import check_rows, one_shot, rows
from tests.markdown.test_streaming import stream

VERBATIM = "verbatim"


def cases() -> Iterator[tuple[str, str]]:
    """Yield each formula of `formulas.txt` and its look, which is indented there."""
    lines = Path(__file__).with_name("formulas.txt").read_text(encoding="utf-8").splitlines()
    starts = [at for at, line in enumerate(lines) if not line.startswith("    ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start], "\n".join(line.removeprefix("    ") for line in lines[start + 1 : end])


CASES = list(cases())


@pytest.mark.parametrize(("source", "look"), CASES)
def test_a_formula_is_set_exactly_or_stays(source: str, look: str) -> None:
    assert (set_formula(source, is_display=True) or VERBATIM) == look


def test_most_formulas_are_set() -> None:
    assert len(CASES) >= 200
    assert sum(look != VERBATIM for _, look in CASES) >= 150


@pytest.mark.parametrize(("source", "look"), CASES)
def test_a_formula_looks_the_same_within_a_reply_and_as_it_streams(source: str, look: str) -> None:
    inline = look != VERBATIM and "\n" not in look
    verbatim_inline = "" if inline else rf"\({source}\)"
    reply = rf"So \({source}\) holds:" + f"\n\n\\[\n{source}\n\\]\n\nand **$${source}$$** too"
    shown = rows(reply, 300)
    if look != VERBATIM:
        assert shown[2 : 2 + len(look.split("\n"))] == look.split("\n")
    else:
        assert shown[2:5] == ["\\[", source, "\\]"]
    assert shown[0] == f"So {look if inline else verbatim_inline} holds:"
    assert stream(reply, 300, random.Random(source))[1] == one_shot(reply, 300)[1]


@pytest.mark.parametrize(
    ("source", "look"),
    [
        (r"Let \(x \in \mathbb{R}\).", "Let x ∈ ℝ."),
        (r"**Area**: $A = \pi r^2$, $5 each", "Area: A = π r², $5 each"),
        (r"| $x_1$ | \(\alpha\) |" + "\n|-|-|\n| $$a^2$$ | `$x^2$` |", "x₁ │ α"),
        (r"- $\frac{a}{b}$", "• a/b"),
        (r"# On $e^x$", "On eˣ"),
        (r"`\(x^2\)` is code", r"\(x^2\) is code"),
        (r"costs $5, not $10", "costs $5, not $10"),
        (r"\(x^2", r"\(x^2"),
    ],
)
def test_formulas_within_text(source: str, look: str) -> None:
    assert rows(source, 60)[0] == look


def test_a_formula_keeps_its_source_for_a_copy() -> None:
    document, painted = one_shot(r"Let \(x^2\) be", 40)
    sources = {s.style.meta["source"] for row in painted for s in row[0] if s.style and "source" in s.style.meta}
    assert sources == {r"\(x^2\)"}
    assert document.source == r"Let \(x^2\) be"


_PARTS = st.sampled_from(
    ["\\frac", "{", "}", "x", "^", "_", "2", "\\sqrt", "[", "]", "\\alpha", "\\\\", "&", "\\begin{pmatrix}", " ",
     "\\left", "\\end{pmatrix}", "\\text", "(", ")", "\\sum", "\\hat", "\\right", ".", "'",
     "\\begin{aligned}", "\\end{aligned}"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=14).map("".join), st.booleans())
def test_any_formula_is_set_whole_or_not_at_all(source: str, is_display: bool) -> None:
    look = set_formula(source, is_display=is_display)
    if look is None:
        return
    assert "\\" not in look
    assert is_display or "\n" not in look
    for char in "x2α":
        wanted = source.replace("\\alpha", "α").count(char)
        forms = {"x": "xₓˣ", "2": "2₂²", "α": "α"}[char]
        root = "2" if char == "2" and "\\sqrt[2]" in source else ""
        assert root or sum(look.replace("x̂", "x").count(form) for form in forms) >= wanted


def test_formulas_of_any_kind_keep_rows_whole() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        source = "\n\n".join(f"{corpus.prose(rng, 5)}\n$$\n{rng.choice(CASES)[0]}\n$$" for _ in range(4))
        width = rng.choice([10, 20, 60])
        check_rows(one_shot(source, width)[1], width)


def test_nothing_of_maths_is_imported_before_a_formula_comes() -> None:
    script = (
        "import sys, streamtui.markdown as m; d = m.Document('no maths, $5'); d.update();"
        "d.blocks[0].lines(40, m.Styles.of(m.Colors())); assert 'unicodeit' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
