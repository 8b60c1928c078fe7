"""Finished code looks as if it had been lexed whole, whatever the language and however it came."""

from __future__ import annotations

import random

import pytest
from pygments.lexers import get_lexer_by_name
from rich.style import Style

from streamtui.markdown import Document, Styles
from streamtui.markdown.lexing import carries_state, lexer_for
from tests.markdown import corpus
from tests.markdown.painting import one_shot, paint, settle

_LANGUAGES = [name for name in corpus.CODE if name not in ("", "nonsense")]


def whole(language: str, text: str) -> list[list[tuple[str, Style | None]]]:
    """Return each line's characters with their styles, as Pygments lexes the whole text."""
    options = {"startinline": True} if language == "php" else {}
    styles = Styles.dark()
    lines: list[list[tuple[str, Style | None]]] = [[]]
    for _, kind, value in get_lexer_by_name(language, **options).get_tokens_unprocessed(text):
        for char in value:
            if char == "\n":
                lines.append([])
            else:
                lines[-1].append((char, styles.token(kind)))
    return lines[:-1]


def shown(document: Document) -> list[list[tuple[str, Style | None]]]:
    """Return each painted code line's characters with their styles."""
    lines: list[list[tuple[str, Style | None]]] = []
    for line in paint(document, 400)[1:]:
        cells = [(char, segment.style) for segment in line.strip for char in segment.text]
        lines.append(cells[2 : line.text_end])
    return lines


@pytest.mark.parametrize("language", _LANGUAGES)
def test_finished_code_is_coloured_as_a_whole(language: str) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        lines = [line.replace("\t", "  ") for line in corpus.code(rng, rng.choice([3, 20, 150]), language)]
        text = "".join(line + "\n" for line in lines if "xxx" not in line)
        document = Document()
        for piece in corpus.pieces(f"```{language}\n{text}```\n", rng, 60):
            document.append(piece)
            first = document.update()
            paint(document, 400, first or 0)
        settle(document, 400)
        assert shown(document) == whole(language, text), f"seed {seed}"


@pytest.mark.parametrize(
    ("language", "carried"),
    [("python", True), ("js", True), ("rust", True), ("c", True), ("cpp", True), ("java", True), ("bash", True),
     ("json", False), ("yaml", False), ("ruby", False), ("console", False), ("php", False), ("html+jinja", False)],
)  # fmt: skip
def test_which_lexers_carry_their_state(language: str, carried: bool) -> None:
    assert carries_state(lexer_for(language)) is carried


def test_a_string_over_many_lines_is_one_string_while_it_streams() -> None:
    document = Document('```python\nx = """\n' + "not code = 1\n" * 200)
    document.update()
    styles = {segment.style for line in paint(document, 40)[-5:] for segment in line.strip if "not" in segment.text}
    python = get_lexer_by_name("python")
    [kind] = {kind for _, kind, value in python.get_tokens_unprocessed('"""\nnot code') if "not" in value}
    assert styles == {Styles.dark().token(kind)}


def test_colouring_comes_in_small_slices() -> None:
    document = Document("```yaml\n" + "key: [1, 2, 'three']  # four\n" * 2000 + "```\n")
    document.finish()
    document.update()
    paint(document, 80)
    slices = 0
    while document.has_idle_work:
        document.idle_work(0.002)
        slices += 1
    assert slices > 5


def test_an_unknown_language_is_plain() -> None:
    document, painted = one_shot("```nonsense\nx = 1\n```", 40)
    assert not document.has_idle_work
    assert {segment.style for segment in painted[1][0]} == {Styles.dark().fence}
