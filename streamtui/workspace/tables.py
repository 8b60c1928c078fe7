"""The tables of a Markdown text, as values and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamtui.markdown.tree import Node

Table = Sequence[Sequence[str]]
"""Rows of cells, the head first; each cell its text without markup."""


def tables(text: str) -> list[Table]:
    """Return the tables in a text, in order."""
    if "|" not in text:
        return []
    from streamtui.markdown.tree import tree  # 40 ms that a start without messages is spared

    return [[list(_cells(row)) for row in _elements(table, "tr")] for table in _elements(tree(text), "table")]


def as_csv(table: Table) -> str:
    """Return a table as comma-separated values, as spreadsheets read them."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(table)
    return written.getvalue()


def _cells(row: "Node") -> Iterator[str]:
    for cell in _elements(row, "th", "td"):
        yield _text(cell).strip()


def _elements(node: "Node", *tags: str) -> Iterator["Node"]:
    """Yield the outermost elements of these kinds, in order. Not by recursion: quotes and lists nest as deep as they
    like."""
    waiting = [node]
    while waiting:
        match waiting.pop():
            case [str(tag), _, list()] as element if tag in tags:
                yield element
            case [str(), _, list(children)]:
                waiting += reversed(children)
            case _:
                pass


def _text(node: "Node") -> str:
    parts: list[str] = []
    waiting = [node]
    while waiting:
        match waiting.pop():
            case str(text):
                parts.append(text)
            case [str(), dict(attributes), list(children)]:
                source = attributes.get("data-source")
                if source:
                    parts.append(str(source))
                else:
                    waiting += reversed(children)
            case _:
                pass
    return "".join(parts)
