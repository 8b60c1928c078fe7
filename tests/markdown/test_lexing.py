"""Finished code looks as if it had been lexed whole, whatever the language and however it came."""

from __future__ import annotations

import random
from time import process_time

import pytest
from pygments.lexers import get_all_lexers, get_lexer_by_name
from rich.style import Style

from streamtui.markdown import Document, preload
from streamtui.markdown.lexing import carries_state, lexer_for
from streamtui.markdown.limits import HOPELESS, TRUSTED
from tests.markdown import corpus
from tests.markdown.painting import DARK, one_shot, paint, settle

_LANGUAGES = [name for name in corpus.CODE if name not in ("", "nonsense")]


def whole(language: str, text: str) -> list[list[tuple[str, Style | None]]]:
    """Return each line's characters with their styles, as Pygments lexes the whole text."""
    options = {"startinline": True} if language == "php" else {}
    styles = DARK
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
    assert styles == {DARK.token(kind)}


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
    assert {segment.style for segment in painted[1][0]} == {DARK.fence}


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("systemd", " " * 1600 + "x"),
        ("easytrieve", "\t" * 1900 + "x"),
        ("autoit", " " * 1900 + "x"),
        ("console", "a" * 16_000),
        ("ini", "a=" * 16_000),
        ("c", " " * 32_000 + "x"),
    ],
)
def test_no_line_of_code_takes_long(language: str, code: str) -> None:
    document = Document(f"```{language}\n{code}\n```\n")
    document.finish()
    document.update()
    longest, began = 0.0, process_time()
    paint(document, 100)
    while document.has_idle_work:
        longest = max(longest, process_time() - began)
        began = process_time()
        document.idle_work()
    assert max(longest, process_time() - began) < 0.2


def test_an_unfinished_line_is_lexed_no_further_than_some_hundred_characters() -> None:
    document = Document("```js\nlet a = 1;" + " f(a, 'b');" * 80)
    document.update()
    first, *_, last = [line.strip for line in paint(document, 100)[1:]]
    assert len({segment.style for segment in first}) > 3
    assert len({segment.style for segment in last if segment.text.strip(" ↪")}) == 1
    document.append("\n```\n")
    document.update()
    assert len({segment.style for segment in paint(document, 100)[-1].strip}) > 2


@pytest.mark.parametrize("language", ["python", "json", "yaml", "console", "nix", "html+jinja", "js", "systemd"])
def test_long_lines_look_the_same_however_they_came(language: str) -> None:
    rng = random.Random(language)
    for _ in range(6):
        lines = [
            rng.choice(["x = {'a': 1} ", "$ ls -l # ", '"a": [1] ']) * rng.choice([1, 2, 30, 200]) for _ in range(40)
        ]
        source = f"```{language}\n" + "\n".join(lines) + rng.choice(["\n```\n", ""])
        _, expected = one_shot(source, 80)
        document = Document()
        for piece in corpus.pieces(source, rng, 3000):
            document.append(piece)
            paint(document, 80, document.update() or 0)
            document.idle_work(0.0005)
        document.finish()
        document.update()
        assert settle(document, 80) == expected


@pytest.mark.parametrize("end", ["```\n", "x = "])
def test_the_end_of_long_code_is_painted_at_once_and_coloured_when_there_is_time(end: str) -> None:
    source = "```python\n" + 'x = "a" + b(c)  # d\n' * 4000 + end
    document = Document(source)
    document.update()
    tail = document.blocks[-1]
    plain = [list(line.strip) for line in tail.lines(80, DARK)]
    steps = 0
    while document.has_idle_work:
        document.idle_work()
        steps += 1
    assert steps
    assert document.blocks[-1] is not tail
    assert plain != [list(line.strip) for line in document.blocks[-1].lines(80, DARK)]
    document.finish()
    document.update()
    assert settle(document, 80) == one_shot(source, 80)[1]


def test_the_limits_name_lexers_that_exist() -> None:
    assert {name for name, *_ in get_all_lexers()} >= TRUSTED | HOPELESS


def test_the_usual_languages_are_ready_after_preloading() -> None:
    lexer_for.cache_clear()
    preload()
    made = lexer_for.cache_info().misses
    assert lexer_for("python") is not None
    assert lexer_for("bash") is not None
    assert lexer_for.cache_info().misses == made
