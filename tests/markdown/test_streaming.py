"""Streamed equals one-shot: for every document, fragmentation and width, also when the width changes on the way."""

from __future__ import annotations

import random

import pytest

from streamtui.markdown import Block, Document
from streamtui.markdown.text_block import LONG, TextBlock
from tests.markdown import corpus
from tests.markdown.painting import DARK, Painted, check_rows, one_shot, paint, settle

_BATCH = 50


def stream(source: str, width: int, rng: random.Random) -> tuple[Document, list[Painted]]:
    """Feed `source` in random pieces, painting now and then, checking what `update` says on the way."""
    document = Document()
    painted_at = width
    for piece in corpus.pieces(source, rng, rng.choice([12, 80, 400])):
        document.append(piece)
        if rng.random() < 0.6:
            continue
        before = list(document.blocks)
        first = document.update()
        check_change(before, list(document.blocks), first)
        if rng.random() < 0.1:
            painted_at = rng.randrange(10, 200) if painted_at == width else width
        if rng.random() < 0.5 and first is not None:
            paint(document, painted_at, first)
        if rng.random() < 0.1:
            before = list(document.blocks)
            first = document.idle_work(0.0005)
            check_change(before, list(document.blocks), first)
    assert document.source == source.replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
    document.finish()
    document.update()
    return document, settle(document, width)


def offsets(document: Document) -> list[tuple[int, int]]:
    return [(block.start, block.end) for block in document.blocks]


def copied(painted: list[Painted]) -> str:
    """Return the text of the rows as a copy has it."""
    return "".join(
        "".join(segment.text for segment in segments).rstrip(" ") + joint for segments, _, _, joint in painted
    ).rstrip("\n")


def check_change(before: list[Block], after: list[Block], first: int | None) -> None:
    """Assert that blocks before the first changed one are the same objects, and the first one is not."""
    kept = len(after) if first is None else first
    assert len(before) >= kept
    assert all(old is new for old, new in zip(before[:kept], after[:kept], strict=True))
    if first is None:
        assert len(before) == len(after)
    elif first < min(len(before), len(after)):
        assert before[first] is not after[first]


@pytest.mark.parametrize("batch", range(40))
def test_streamed_equals_one_shot(batch: int) -> None:
    for seed in range(batch * _BATCH, (batch + 1) * _BATCH):
        rng = random.Random(seed)
        source = corpus.document(seed, 4)
        width = rng.choice([10, 20, 40, 60, 80, 116, 200])
        whole, expected = one_shot(source, width)
        live, got = stream(source, width, rng)
        assert got == expected, f"seed {seed}, width {width}"
        assert live.code_blocks == whole.code_blocks
        assert offsets(live) == offsets(whole)
        check_rows(got, width)


@pytest.mark.parametrize("batch", range(10))
def test_replies_stream_as_they_open(batch: int) -> None:
    for seed in range(batch * 20, (batch + 1) * 20):
        rng = random.Random(seed)
        source = corpus.reply(seed)
        width = rng.choice([10, 40, 80, 116])
        whole, expected = one_shot(source, width)
        live, got = stream(source, width, rng)
        assert got == expected, f"seed {seed}, width {width}"
        assert live.code_blocks == whole.code_blocks
        assert offsets(live) == offsets(whole)
        check_rows(got, width)


@pytest.mark.parametrize("seed", range(12))
def test_huge_blocks_stream_as_they_open(seed: int) -> None:
    shape = ["python", "table", "paragraph", "dangling", "list", "json", "cpp", "yaml"][seed % 8]
    source = corpus.shape(shape, 2500, seed)
    rng = random.Random(seed)
    _, expected = one_shot(source, 72)
    assert stream(source, 72, rng)[1] == expected


@pytest.mark.parametrize("seed", range(4))
def test_one_endless_line(seed: int) -> None:
    rng = random.Random(seed)
    start = ["", "> - ", "```js\n", "    "][seed]
    source = start + corpus.prose(rng, 3000).replace("\n", " ") + "\n\nafter"
    whole, expected = one_shot(source, 50)
    live, got = stream(source, 50, rng)
    assert got == expected
    assert offsets(live) == offsets(whole)


_ENDLESS = ["# ", "---", "```", "~~~", "| a |", "- ", "> ", " ", "=", "[a]: /b ", "1. "]
_BEFORE = ["", "text\n", "- item\n\n  ", "```\n", "    code\n", "|a|\n|-|\n", "> "]


@pytest.mark.parametrize("mark", _ENDLESS)
@pytest.mark.parametrize("filling", [" ", "x", "same"])
def test_what_a_line_is_shows_before_it_is_long(mark: str, filling: str) -> None:
    rng = random.Random(0)
    text = "".join(
        f"{before}{mark}{(mark if filling == 'same' else filling) * (LONG + past)}{end}"
        for before in _BEFORE
        for past, end in [(-len(mark) - 1, "\n\n"), (-len(mark), "\nx\n\n"), (99, "end\n\n")]
    )
    whole, expected = one_shot(text, 50)
    live, got = stream(text, 50, rng)
    assert got == expected
    assert offsets(live) == offsets(whole)
    assert copied(got).count("end") == len(_BEFORE)


@pytest.mark.parametrize("shape", ["mixed", "python", "table", "paragraph", "dangling", "list", "anything"])
def test_text_taken_in_by_and_by_looks_as_if_taken_in_at_once(shape: str) -> None:
    source = "\n".join(map(corpus.document, range(30))) if shape == "anything" else corpus.shape(shape, 6000)
    whole, expected = one_shot(source, 60)
    document = Document(source)
    document.finish()
    steps = 0
    while document.has_more:
        before = list(document.blocks)
        first = document.update(0.0)
        check_change(before, list(document.blocks), first)
        if first is not None:
            paint(document, 60, first)
        steps += 1
    assert steps > 5
    assert document.source == whole.source
    assert document.code_blocks == whole.code_blocks
    assert offsets(document) == offsets(whole)
    assert settle(document, 60) == expected


@pytest.mark.parametrize("text", ["\u0301", "\u200b", "a\u200d", "\ufe0f"])
def test_text_without_cells_takes_no_more_time_the_longer_it_gets(text: str) -> None:
    rng = random.Random(1)
    source = "a" + text * 12_000
    whole, expected = one_shot(source, 50)
    assert stream(source, 50, rng)[1] == expected
    assert copied(expected) == source
    assert max(block.lead(50, DARK) for block in whole.blocks if isinstance(block, TextBlock)) < 50
    longest = max(len("".join(segment.text for segment in row[0])) for row in expected)
    assert longest < 3000


def test_a_far_piece_of_a_paragraph_is_painted_without_all_before_it() -> None:
    source = "word " * 40_000 + "end"
    document = Document(source)
    document.finish()
    document.update()
    document.blocks[-1].lines(60, DARK)
    laid_out = [block for block in document.blocks if isinstance(block, TextBlock) and block._carry_key]
    assert len(laid_out) < 10
    assert copied(settle(document, 60)) == source


@pytest.mark.parametrize("marks", ["[a\n", "*a _", "~~a ", "*a **a `"])
def test_dense_marks_stream_as_they_open(marks: str) -> None:
    source = marks * (8_000 // len(marks))  # four pieces of a paragraph
    _, expected = one_shot(source, 60)
    assert stream(source, 60, random.Random(1))[1] == expected


def test_a_look_does_not_depend_on_what_was_painted_before() -> None:
    source = corpus.document(77, 6)
    document = Document(source)
    document.finish()
    document.update()
    wide = settle(document, 120)
    settle(document, 33)
    for block in document.blocks:
        block.forget()
    assert settle(document, 120) == wide
