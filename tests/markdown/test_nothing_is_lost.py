"""Whatever a reply is made of, each of its words, numbers and signs is on screen, in order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.markdown.painting import one_shot
from tests.markdown.test_streaming import stream

Part = tuple[str, list[str]]
"""Source, and the words that must be seen; marks of Markdown are not among them."""

_SIGNS = [
    "=",
    "+",
    "5*3*2",
    "2**8",
    "a*b",
    "x_1",
    "__init__",
    "$5",
    "~/x",
    "C:\\App\\_data",
    "\\d+\\.\\d+",
    "a/**/b",
    "*.txt",
    "f(*)",
    "<T>",
    "&x",
    "a|b",
    "^",
    "%",
    "#1",
    "3.",
    "(4)",
    "[x]",
    "[a]:b",
    "{",
    "}",
    "\\\\server\\x",
    "10%",
    "…",
    "中文",
    "،",
    "https://a.example/x_y",
    "me@example.org",
    "@me",
    "!",
    "?",
    "'q'",
    '"q"',
    "€",
    "½",
    "→",
    "✓",
    "~",
    "|",
]
_STARTS = [
    "key:",
    "•",
    "[Answer]:",
    "12.",
    "(a)",
    "$",
    ">>>",
    "├──",
    "1️⃣",
    "@@",
    "2026-11-27",
    "#!",
    "::",
    "==>",
    "{",
    "|x",
]


def numbered(rng: random.Random) -> str:
    """Return a word that no other is like."""
    return "".join(rng.choice("bcdfghjklmnpqrstvwxz") + rng.choice("aeiou") for _ in range(4))


def words(rng: random.Random, count: int) -> list[str]:
    return [numbered(rng) if rng.random() < 0.7 else rng.choice(_SIGNS) for _ in range(count)]


def lines(rng: random.Random) -> Part:
    made = [_line(rng) for _ in range(rng.randrange(1, 6))]
    return "\n".join(" " * rng.choice([0, 0, 2]) + " ".join(line) for line in made), [*chain.from_iterable(made)]


def _line(rng: random.Random) -> list[str]:
    if rng.random() < 0.6:
        return [numbered(rng), *words(rng, rng.randrange(5))]
    start = rng.choice(_STARTS)
    before = [numbered(rng)] if start in ("12.", "{", "|x", "$", "#!") else []
    return [*before, start, *words(rng, rng.randrange(1, 6))]


def items(rng: random.Random) -> Part:
    marks = rng.choice([["-"] * 3, ["*"] * 3, ["7.", "5.", "9."], ["2020.", "2022.", "2024."], ["3)", "2)", "1)"]])
    texts = [[numbered(rng), *words(rng, 2), numbered(rng)] for _ in marks]
    shown = [[*([mark] if mark[0].isdigit() else []), *text] for mark, text in zip(marks, texts, strict=True)]
    source = "\n".join(f"{mark} {' '.join(text)}" for mark, text in zip(marks, texts, strict=True))
    return source, [*chain.from_iterable(shown)]


def definition(rng: random.Random) -> Part:
    label, target = numbered(rng), numbered(rng)
    return f"[{label}]: {target}", [f"[{label}]:", target]


def heading(rng: random.Random) -> Part:
    word = numbered(rng)
    return f"{'#' * rng.randrange(1, 5)} {word}", [word]


def code(rng: random.Random) -> Part:
    inside = [*words(rng, 3), numbered(rng)]
    return "```text\n" + "\n".join(word.replace("`", "'") for word in inside) + "\n```", [
        word.replace("`", "'") for word in inside
    ]


def table(rng: random.Random) -> Part:
    cells = [[numbered(rng) for _ in range(3)] for _ in range(3)]
    rows = ["| " + " | ".join(row[: 2 + (at > 0 and rng.random() < 0.5)]) + " |" for at, row in enumerate(cells)]
    shown = [word for row in rows for word in row.replace("|", " ").split()]
    return "\n".join([rows[0], "|---|---|", *rows[1:]]), shown


def maths(rng: random.Random) -> Part:
    first, second = numbered(rng), numbered(rng)
    mark = rng.choice([("$$", "$$"), ("\\[", "\\]")])
    return f"{mark[0]}\n\\unknown {first}\n=\n- {second}\n{mark[1]}", ["\\unknown", first, "=", "-", second]


def emphasis(rng: random.Random) -> Part:
    one, two, three = numbered(rng), numbered(rng), numbered(rng)
    return f"**{one}** *{two}* [{three}](https://x.y)", [one, two, three]


_KINDS: list[Callable[[random.Random], Part]] = [
    lines, lines, lines, items, definition, heading, code, table, maths, emphasis
]  # fmt: skip


def document(seed: int) -> Part:
    rng = random.Random(seed)
    parts = [rng.choice(_KINDS)(rng) for _ in range(rng.randrange(1, 9))]
    mark = rng.choice(["", "", "> ", "- "])
    source = "\n\n".join(source for source, _ in parts)
    if mark:
        later = "> " if mark == "> " else "  "
        source = "\n".join((later if at else mark) + line for at, line in enumerate(source.split("\n")))
    return source, [word for _, shown in parts for word in shown]


def missing(shown: Iterator[str], wanted: list[str]) -> str | None:
    """Return the first of `wanted` that does not come, in order."""
    for word in wanted:
        if not any(word == other for other in shown):
            return word
    return None


def screen(source: str) -> Iterator[str]:
    painted = one_shot(source, 4000)[1]
    for segments, gutter, *_ in painted:
        text = "".join(segment.text for segment in segments)
        yield from text[:gutter].replace("▎", " ").split()
        yield from text[gutter:].split()


@pytest.mark.parametrize("batch", range(10))
def test_every_word_number_and_sign_is_on_screen(batch: int) -> None:
    for seed in range(batch * 60, batch * 60 + 60):
        source, wanted = document(seed)
        assert missing(screen(source), wanted) is None, f"seed {seed}: {missing(screen(source), wanted)!r}\n{source}"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(10_000, 1_000_000))
def test_it_stays_on_screen_however_it_comes(seed: int) -> None:
    source, _ = document(seed)
    assert stream(source, 60, random.Random(seed))[1] == one_shot(source, 60)[1]
