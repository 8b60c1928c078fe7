"""Tables of Markdown texts, taken out as values."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.workspace.tables import as_csv, tables

PLAIN = st.characters(codec="utf-8", exclude_characters="|\\`*_[]<>&~!$#", exclude_categories=["C", "Z"])
CELL = st.text(PLAIN, min_size=1, max_size=8)


def test_a_table_is_its_cells_without_markup() -> None:
    (table,) = tables('Look:\n\n| a | **b** |\n|---|--:|\n| `x,y` | [link](http://z) |\n| "q" | |\n\nend')
    assert table == [["a", "b"], ["x,y", "link"], ['"q"', ""]]
    assert as_csv(table) == 'a,b\n"x,y",link\n"""q""",\n'


def test_all_tables_are_found_in_order_however_deep_they_are() -> None:
    text = "| a |\n|---|\n| 1 |\n\n> - | b |\n>   |---|\n>   | 2 |\n\n```\n| c |\n|---|\n```\n"
    assert [table[0] for table in tables(text)] == [["a"], ["b"]]
    assert tables("a | b, but no table") == tables("") == []


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=4))
def test_what_is_in_the_cells_is_in_the_file(rows: list[list[str]]) -> None:
    text = "\n".join(["| h | i |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])
    (table,) = tables(text)
    assert list(csv.reader(io.StringIO(as_csv(table)))) == [["h", "i"], *rows]


@pytest.mark.parametrize("depth", [50, 3000])
def test_deep_texts_take_no_harm(depth: int) -> None:
    assert tables("> " * depth + "a | b") == []
