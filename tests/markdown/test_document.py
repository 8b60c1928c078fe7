"""The interface of a document: blocks, offsets, code blocks, and the changes it reports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamtui.markdown import Document
from tests.markdown import corpus
from tests.markdown.painting import DARK, LIGHT, paint


def finished(source: str) -> Document:
    document = Document(source)
    document.finish()
    document.update()
    return document


@pytest.mark.parametrize(
    ("source", "language", "text"),
    [
        ("```py\na\n\n\tb  \n```\n", "py", "a\n\n\tb  \n"),
        ("  ~~~ py x\n    a\n b\n~~~", "py", "  a\nb\n"),
        ("- ```\n  a\n    b\n\n  ```", "", "a\n  b\n\n"),
        ("> ```\n> a\n>\n>  b\n> ```", "", "a\n\n b\n"),
        ("```\nopen\nend", "", "open\nend"),
        ("    in\n\n      dented\n\nx", "", "in\n\n  dented\n"),
        ("````\n```\n````", "", "```\n"),
        ("```\n```", "", ""),
        ("```\n" + "x" * 9000 + "\n" * 200 + "```", "", "x" * 9000 + "\n" * 200),
        ("1.  ```\n\t    tab\n    ```", "", "    tab\n"),
    ],
)
def test_code_is_exact(source: str, language: str, text: str) -> None:
    [code] = finished(source).code_blocks
    assert (code.number, code.language, code.text) == (1, language, text)


def test_code_blocks_say_where_they_are() -> None:
    document = finished("a\n\n```\n" + "x\n" * 300 + "```\nb\n- ```js\n  y\n  ```\n")
    first, second = document.code_blocks
    assert (first.block, second.number, second.language) == (1, 2, "js")
    head = document.blocks[second.block].lines(40, DARK)[1]
    assert "2 js" in head.strip.text


def test_open_code_can_be_copied_already() -> None:
    document = Document("```js\nlet a\nle")
    document.update()
    assert document.code_blocks[0].text == "let a\nle"


def test_a_late_definition_changes_the_blocks_that_refer_to_it() -> None:
    document = Document("one\n\nsee [the Docs]\n\nthree\n\n|a|\n|-|\n|[the docs]|\n\nfour\n\n")
    document.update()
    before = list(document.blocks)
    document.append("[The  docs]: https://x.y\n\n")
    assert document.update() == 1
    kept = [old is new for old, new in zip(before, document.blocks, strict=False)]
    assert kept == [True, False, True, False, True]
    assert "[The  docs]: https://x.y" in document.blocks[5].lines(40, DARK)[1].strip.text
    assert "see the Docs" in document.blocks[1].lines(40, DARK)[1].strip.text


def test_update_says_what_changed() -> None:
    document = Document()
    assert document.update() is None
    document.append("one\n\ntwo")
    assert document.update() == 0
    document.append(" more")
    assert document.update() == 1
    document.append("\n")
    assert document.update() is None
    document.append("\n# three")
    assert document.update() == 2
    document.finish()
    assert document.update() is None
    assert not document.has_more


@pytest.mark.parametrize("start", ["-", "- ", "1", "1.", "*", "**", "=", "``", "#", "> -", "  +", "|"])
def test_a_lone_mark_at_the_end_changes_nothing_yet(start: str) -> None:
    document = Document("some text\n")
    document.update()
    document.append(start)
    assert document.update() is None
    document.finish()
    assert document.update() is not None


def test_offsets_give_the_source_of_each_block() -> None:
    source = "# head\n\n- item\n  more\n- [ ] task\n\n> quote\n\n```py\ncode\n```\n\n|a|\n|-|\n|b|\n\nend"
    document = finished(source)
    assert [source[block.start : block.end].strip("\n") for block in document.blocks] == [
        "# head",
        "- item\n  more",
        "- [ ] task",
        "> quote",
        "```py\ncode\n```",
        "|a|\n|-|\n|b|",
        "end",
    ]


def test_big_blocks_come_in_chunks_that_freeze() -> None:
    for shape in ("python", "table", "paragraph", "dangling", "list"):
        document = Document(corpus.shape(shape, 5000))
        document.update()
        before = list(document.blocks)
        assert len(before) > 8, shape
        document.append(" x")
        assert document.update() == len(before) - 1, shape


def test_a_column_that_grows_changes_the_rows_above() -> None:
    document = Document("|a|\n|-|\n" + "|b|\n" * 100)
    document.update()
    paint(document, 40)
    document.append("|much wider|\n")
    assert document.update() == 0
    assert {line.text_end for line in paint(document, 40)} >= {10}


def test_estimates_are_exact_once_painted_and_fair_before() -> None:
    document = finished(corpus.shape("mixed", 5000))
    guess = sum(block.estimate(80) for block in document.blocks)
    assert guess * 0.7 < len(paint(document, 80)) < guess * 1.5
    assert all(block.estimate(80) == len(block.lines(80, DARK)) for block in document.blocks)


def test_forgotten_rows_come_back() -> None:
    document = finished(corpus.shape("mixed", 500))
    before = [line.strip.text for line in paint(document, 60)]
    for block in document.blocks:
        block.forget()
    assert [line.strip.text for line in paint(document, 60)] == before


def test_painted_rows_are_kept() -> None:
    [block] = finished("text").blocks
    assert block.lines(20, DARK) is block.lines(20, DARK)
    assert block.lines(20, DARK) is not block.lines(20, LIGHT)


def test_the_parser_is_made_when_it_is_needed() -> None:
    check = "import streamtui.markdown as m, streamtui.markdown.inline as i; assert not i.parser.cache_info().currsize"
    subprocess.run([sys.executable, "-c", check], check=True)
