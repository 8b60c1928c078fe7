"""Whatever the text: no exception, no byte a terminal obeys, and time in proportion to its length."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamtui.markdown import Document
from streamtui.markdown.inline import leaves_open
from streamtui.markdown.references import References
from tests.markdown import corpus
from tests.markdown.painting import DARK, FORBIDDEN, check_rows, one_shot, paint
from tests.markdown.test_streaming import stream

_SNIPPETS = st.sampled_from(
    [
        "\n",
        "\n\n",
        "    ",
        "\t",
        "- ",
        "1. ",
        "> ",
        "```",
        "~~~\n",
        "|",
        "|-|-|\n",
        "**",
        "`",
        "[",
        "](",
        "[a]: b\n",
        "---\n",
        "# ",
        "\x1b]0;x\x07",
        "&#27;",
        "&#x9b;",
        "&#8238;",
        "\u200d",
        "\ufe0f",
        "🇩🇪",
        "\ud800",
        "<http://%1b>",
        "\\",
        "=\n",
        "👨‍👩‍👧",
        "\u0301",
    ]
)
_TEXT = st.lists(st.one_of(_SNIPPETS, st.text(max_size=6)), max_size=40).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_TEXT, st.integers(10, 200), st.randoms(use_true_random=False))
def test_any_text(source: str, width: int, rng: random.Random) -> None:
    _, painted = one_shot(source, width)
    check_rows(painted, width)
    document = Document()
    for piece in corpus.pieces(source, rng, 8):
        document.append(piece)
        document.update()
        paint(document, width)
    document.finish()
    document.update()
    assert [list(line.strip) for line in paint(document, width)] == [row[0] for row in painted]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 10])
def test_any_width(width: int) -> None:
    for seed in range(20):
        document = Document(corpus.document(seed))
        document.finish()
        document.update()
        for block in document.blocks:
            assert block.estimate(width) >= 0
        assert all(line.strip.cell_length == max(width, 4) for line in paint(document, width))


@pytest.mark.parametrize(
    "source",
    [
        "a &#27;[31m b",
        "`\x1b[2J`",
        "```\n\x9b1m\n```",
        "# \x07",
        "[x](http://a/%1b%07)",
        "<http://a/%1b>",
        "http://a/%1b",
        "|\x1b|\n|-|",
        "![\x1b](http://a)",
        "```\x1b\n```",
        "a\rb",
        "\u202etxt",
        "&#8238;",
        "&NewLine;&Tab;x",
        "![a&#27;](http://b)",
    ],
)
def test_no_control_byte_gets_out(source: str) -> None:
    _, painted = one_shot(source, 30)
    check_rows(painted, 30)
    for segments, *_ in painted:
        for segment in segments:
            href = (segment.style.meta if segment.style else {}).get("href", "")
            assert not FORBIDDEN.search(href)


def _nested(depth: int) -> str:
    return "".join("  " * level + "- a\n" for level in range(depth))


ADVERSARIAL: dict[str, Callable[[int], str]] = {
    "dangling strong": lambda n: "**a " * n,
    "brackets": lambda n: "[" * n,
    "closed brackets": lambda n: "[a](" * n,
    "delimiters": lambda n: "*_" * n,
    "quotes": lambda n: ">" * n,
    "quotes on lines": lambda n: "> " * 60 + "a\n" + "> b\n" * n,
    "backticks": lambda n: " ".join("`" * (i % 90) for i in range(n // 40)),
    "spaces": lambda n: " " * n + "x",
    "dashes": lambda n: "-" * n + "x",
    "bullets": lambda n: "- " * n + "x",
    "deep list": lambda n: _nested(40) * (n // 1800 + 1),
    "definitions": lambda n: "".join(f"[l{i}]: /u\n" for i in range(n // 10)),
    "uses and definitions": lambda n: "[x] " * (n // 8) + "\n\n" + "".join(f"[l{i}]: /u\n\n" for i in range(n // 20)),
    "pipes": lambda n: "|" * n + "\n" + "|-" * n,
    "wide row": lambda n: "|a|b|\n|-|-|\n|" + "x " * n,
    "fence line": lambda n: "```js\n" + "a=1;" * n,
    "fence info": lambda n: "```" + "a" * n,
    "heading": lambda n: "# " + "a " * n,
    "entities": lambda n: "&amp;&#" * n,
    "one word": lambda n: "流" * n,
    "blank code lines": lambda n: "    a\n" + "\n" * n + "    b",
    "link starts": lambda n: "<http://" * n,
}


def _cost(source: str) -> float:
    start = process_time()
    document = Document()
    for at in range(0, len(source), 200):
        document.append(source[at : at + 200])
        first = document.update()
        if first is not None:
            for block in document.blocks[max(first, len(document.blocks) - 5) :]:
                block.lines(80, DARK)
    document.finish()
    document.update()
    return process_time() - start


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_time_is_linear(name: str) -> None:
    make = ADVERSARIAL[name]
    _cost(make(200)[:200])
    small = min(_cost(make(4_000)[:4_000]) for _ in range(2))
    large = min(_cost(make(16_000)[:16_000]) for _ in range(3))  # the quickest is the one nobody else disturbed
    assert large < 0.25 or large < small * 4 * 2.5, f"{small:.3f} s, four times the text: {large:.3f} s"


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_streamed_equals_one_shot_for_the_worst(name: str) -> None:
    source = ADVERSARIAL[name](1200)
    _, expected = one_shot(source, 60)
    assert stream(source, 60, random.Random(5))[1] == expected
    check_rows(expected, 60)
    assert re.search(r"\S", source)


def _frames_at_the_end(source: str, piece: str) -> float:
    """Return the time for a hundred more pieces of a document that is `source` so far."""
    document = Document(source)
    document.update()
    start = process_time()
    for _ in range(100):
        document.append(piece)
        document.update()
    return process_time() - start


@pytest.mark.parametrize("source", [" ", "- a\n\n ", "```\n`", "- ", ">"])
def test_a_line_that_says_nothing_costs_no_more_the_longer_it_gets(source: str) -> None:
    piece = source[-1] * 4
    short = min(_frames_at_the_end(source + piece * 2_000, piece) for _ in range(2))
    long = min(_frames_at_the_end(source + piece * 100_000, piece) for _ in range(2))
    assert long < short * 8, f"{short:.4f} s, {long:.4f} s"


def _parsed(source: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return how often a character of `source` is parsed to find where to cut it."""
    parsed = 0

    def note(text: str, references: References) -> bool:
        nonlocal parsed
        parsed += len(text)
        return leaves_open(text, references)

    with monkeypatch.context() as patch:
        patch.setattr("streamtui.markdown.text_block.leaves_open", note)
        document = Document(source)
        document.update()
    return parsed / len(source)


def test_finding_where_to_cut_a_paragraph_parses_little(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _parsed("some *words and _more words " * 2000, monkeypatch) < 2.5
    assert _parsed("[://" * 12_000, monkeypatch) == 0


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("some plain words " * 6000, ("some plain words " * 12 + "*x* ") * 500),
        ("|a|b|c|\n|-|-|-|\n" + "| `a` | `b` and `c` | it is `d` |\n" * 4000,
         "|a|b|c|\n|-|-|-|\n" + "| *a* | *b* and *c* | it is *d* |\n" * 4000),
    ],
    ids=["paragraph", "table"],
)  # fmt: skip
def test_what_is_plain_is_not_parsed_to_be_measured(plain: str, marked: str) -> None:
    _cost_at_once(marked[:2000])
    assert min(_cost_at_once(plain) for _ in range(3)) < min(_cost_at_once(marked) for _ in range(2)) / 2


def _cost_at_once(source: str) -> float:
    start = process_time()
    Document(source).update()
    return process_time() - start
