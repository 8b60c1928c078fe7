"""The block structure is CommonMark's: markdown-it, which parses whole texts only, is the judge."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from streamtui.markdown import Document
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.containers import Quote
from streamtui.markdown.table import TableChunk
from streamtui.markdown.text_block import Rule, TextBlock
from tests.markdown import corpus

Leaf = tuple[str, str, str]  # containers, kind, content

_CELL = "\x1f"
_TASK = re.compile(r"\[[ xX]\][ \t]")


def judged(source: str) -> list[Leaf]:
    """Return the leaves as markdown-it sees them."""
    tokens = _parse(source)
    leaves: list[Leaf] = []
    containers: list[str] = []
    cells: list[str] | None = None
    kind = ""
    fresh = False
    for token in tokens:
        if token.type in ("blockquote_open", "list_item_open"):
            containers.append("q" if token.type == "blockquote_open" else "i")
            fresh = True
        elif token.type in ("blockquote_close", "list_item_close"):
            containers.pop()
        elif token.type == "table_open":
            cells = []
        elif token.type == "table_close":
            leaves.append(("".join(containers), "table", _CELL.join(cells or ())))
            cells = None
        elif token.type == "heading_open":
            kind = token.tag
        elif token.type == "paragraph_open":
            kind = "p"
        elif token.type == "inline" and cells is not None:
            cells.append(token.content)
        elif token.type == "inline":
            text = token.content
            if fresh and kind == "p" and containers[-1:] == ["i"]:
                text = _TASK.sub("", text, count=1) if _TASK.match(text) else text
            leaves.append(("".join(containers), kind, _flat(text)))
        elif token.type in ("fence", "code_block"):
            leaves.append(("".join(containers), "code", token.content.rstrip("\n")))
        elif token.type == "hr":
            leaves.append(("".join(containers), "hr", ""))
        if token.type not in ("list_item_open", "blockquote_open", "paragraph_open"):
            fresh = False
    return [leaf for leaf in leaves if leaf[1:] != ("p", "")]


def _parse(source: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"html": False, "maxNesting": 200}).parse(source)


def has_row_without_pipe(source: str) -> bool:
    """Whether GFM makes a row of a table's what is meant to be the line after it."""
    lines = source.split("\n")
    tables = [token.map for token in _parse(source) if token.type == "table_open" and token.map]
    return any("|" not in line.replace("\\|", "") for first, end in tables for line in lines[first + 2 : end])


def seen(source: str) -> list[Leaf]:
    """Return the leaves as the renderer sees them."""
    document = Document(source)
    document.finish()
    document.update()
    return list(_leaves(document))


def _leaves(document: Document) -> Iterator[Leaf]:
    text = ""
    rows: list[str] = []
    blocks = document.blocks
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        assert isinstance(block, TextBlock | Rule | CodeChunk | TableChunk)
        where = "".join("q" if isinstance(container, Quote) else "i" for container in block.place.containers)
        if isinstance(block, TextBlock):
            text += block.text[block.defines :]
            if not block.more:
                if text or block.level:
                    yield where, f"h{block.level}" if block.level else "p", _flat(text)
                text = ""
        elif isinstance(block, Rule):
            yield where, "hr", ""
        elif isinstance(block, CodeChunk):
            if block.first == 0:
                yield where, "code", block.listing.text.rstrip("\n")
        else:
            columns = block.columns
            if block.is_head:
                rows = [*columns.head]
            for row in block.rows:
                rows += [*row, *[""] * len(columns.head)][: len(columns.head)]
            if not (isinstance(following, TableChunk) and following.columns is columns):
                yield where, "table", _CELL.join(rows)


def without_surplus(leaves: list[Leaf], judged_leaves: list[Leaf]) -> list[Leaf]:
    """Return `leaves` without the cells that GFM drops: those beyond a table's columns, kept in its last one."""
    out: list[Leaf] = []
    for index, (where, kind, content) in enumerate(leaves):
        wanted = judged_leaves[index][2] if index < len(judged_leaves) else ""
        if kind == "table":
            cells = zip(content.split(_CELL), wanted.split(_CELL), strict=False)
            content = _CELL.join([judge if cell.startswith(f"{judge} | ") else cell for cell, judge in cells])
        out.append((where, kind, content))
    return out


def _flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("batch", range(8))
def test_same_leaves_as_markdown_it(batch: int) -> None:
    for seed in range(batch * 40, batch * 40 + 40):
        source = _comparable(corpus.document(seed))
        if has_row_without_pipe(source):
            continue
        assert without_surplus(seen(source), judged(source)) == judged(source), f"seed {seed}"


def _comparable(source: str) -> str:
    """Take out what is meant to differ: footnotes, very long paragraphs, underlines of one sign; and what markdown-it
    gets wrong: lazy lines after a definition, a quote mark indented by four after an empty quote line."""
    lines = [line[:500] for line in source.split("\n") if "]: https" not in line and not line.rstrip().endswith(">")]
    lines = [re.sub(r"^([ >]*)([=-])\s*$", r"\1\2\2", line) for line in lines]
    return re.sub(r"\[\^|[\x1b\t\u202e]", "x", "\n".join(lines))


CASES = [
    "- a\n\n  b\n- c",
    "- a\n- b\n\nc",
    "> a\nb\n> c",
    "> - a\nb",
    "1. a\n2. b\n1) c",
    "a\n2. b",
    "a\n1. b",
    "Title\n-\nb",
    "-\n  a",
    "-\n\n  a",
    "- - - a",
    "- > a\n  > b\n\n  c",
    "```\na\n  ```\nb\n```x\n```",
    "- ```\n  a\n b",
    "    a\n\n\n    b\n\nc",
    "a\n    b",
    "a\n===\nb\n---\n---",
    "|a|b|\n|-|-|\n|c|",
    "a\n|b|\n|-|\n|c|\n\nd",
    "|a|\n|-|\n> q",
    "- |a|\n  |-|\n  |b|\n|c|",
    "[a]: /b\n'c\nd'\ne",
    "[a]: /b\n===",
    "# a #\n#\n####### b",
    "* a\n*\n* b",
    "-   a\n\n     b",
    "-     a",
    "- a\n      b",
    "1. a\n\n   - b\n\n     c\n2. d",
    "> ```\n> a\nb",
    ">     a\n>\n>     b",
    "~~~ x `y\n~~~",
    "``` a`b\nc",
    "- a\n> b\n- c",
    "***\n- - -\n-- -",
    "\ta\n\tb",
    "- a\n\n\tb",
    ">\ta",
    ">\t\ta",
    "-\ta\n\n\t\tb",
    "1.\n   a",
    "a\n- b\n  - c\n    - d\n  - e\nf",
    "10. a\n   b",
    "- a\n ===\n",
    "> a\n---",
    "> a\n===",
    "- 1.\n\n  text inside the item",
    "- 1. -\n\n  text",
    "1. - -\n\n     b\n\n   c",
]


@pytest.mark.parametrize("source", CASES)
def test_corner_cases(source: str) -> None:
    assert seen(source) == judged(source)
