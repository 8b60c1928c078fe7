"""The rows each kind of block is painted as."""

from __future__ import annotations

from textwrap import dedent

import pytest

from streamtui.markdown import Document
from tests.markdown.painting import LIGHT, one_shot, paint, rows


def look(text: str) -> list[str]:
    """Return the rows of an expected look; `|` marks the left edge."""
    return [line.partition("|")[2].rstrip() for line in dedent(text).strip().split("\n")]


LOOKS = {
    "headings": (
        30,
        "Title\n=====\n\nSub\n---\n# One\ntext  \nhard\nsoft",
        """
        |Title
        |
        |Sub
        |
        |One
        |
        |text
        |hard
        |soft""",
    ),
    "lists": (
        30,
        "- one\n- two\n\n- three\n  1. x\n  2. y\n\n     more\n"
        "> - quoted\n>\n> para\n\n- [ ] open\n- [x] done\n\n- - deep\n-\n",
        """
        |• one
        |• two
        |
        |• three
        |   1. x
        |   2. y
        |
        |      more
        |
        |▎ • quoted
        |▎
        |▎ para
        |
        |☐ open
        |☑ done
        |
        |• ◦ deep
        |•""",
    ),
    "code": (
        24,
        "```python\nprint('a very long line of code that wraps')\n\tx\n```\nafter\n- ~~~\n  plain\n",
        """
        |  1 python ──────── copy
        |  print('a very long lin
        |↪ e of code that wraps')
        |      x
        |
        |after
        |
        |•   2 ───────────── copy
        |    plain""",
    ),
    "table": (
        30,
        "| name | what it does |\n|---|--:|\n| a | short |\n| `bb` | some longer text that wraps |\n| c |\n",
        """
        |name │            what it does
        |─────┼────────────────────────
        |a    │                   short
        |┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
        |bb   │   some longer text that
        |     │                   wraps
        |┈┈┈┈┈┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
        |c    │""",
    ),
    "narrow table": (
        14,
        "| name | what | why |\n|---|---|---|\n| alpha | first thing | because |\n| beta | second |\n",
        """
        |name: alpha
        |what: first
        |thing
        |why: because
        |───
        |name: beta
        |what: second""",
    ),
    "wide characters": (
        12,
        "流式渲染需要保持增量更新，避免每次。 ok 👩‍💻👩‍💻👩‍💻👩‍💻 e\u0301e\u0301 한국어",
        """
        |流式渲染需要
        |保持增量更
        |新，避免每
        |次。 ok 👩‍💻👩‍💻
        |👩‍💻👩‍💻 e\u0301e\u0301 한국
        |어""",
    ),
    "quotes": (
        20,
        "> # h\n> ```\n> x\n> ```\n> | a |\n> |---|\n> | b |\n> > in",
        """
        |▎ h
        |▎
        |▎   1 ───────── copy
        |▎   x
        |▎
        |▎ a
        |▎ ─
        |▎ b
        |▎
        |▎ ▎ in""",
    ),
    "targets": (
        60,
        "[a](http://x.y) [b](docs/a.md) <https://c.d> ![pic](https://h.x/y.png) [c](javascript:x) main.py",
        """
        |a b (docs/a.md) https://c.d 🖼 pic (h.x) [c](javascript:x)
        |main.py""",
    ),
    "footnotes": (
        30,
        "a[^1] b\n\n[^1]: note\n[^2]: two",
        """
        |a[^1] b
        |
        |[^1]: note
        |
        |[^2]: two""",
    ),
    "no html": (
        40,
        "Vec<String> and <b>x</b>\n\n<div>\nhi\n</div>",
        "|Vec<String> and <b>x</b>\n|\n|<div>\n|hi\n|</div>",
    ),
    "long word": (10, "abcdefghijklmnop qr", "|abcdefghij\n|klmnop qr"),
    "deep and narrow": (10, "123456789. a\n- - - - - deep", "|123456789.\n|a\n|\n|‣ • deep"),
    "reference": (40, "[a] [b][a] ~~s~~\n\n[a]: http://x.y", "|a b s\n|\n|[a]: http://x.y"),
}


PLANETS = """| planet | diameter in km | moons | day |
| :-- | --: | --: | :-- |
| Mercury | 4,879 | 0 | 175 d 22 h |
| Jupiter | 142,984 | 95 | 9 h 56 min |
"""


@pytest.mark.parametrize("width", [34, 40])
def test_no_word_of_a_table_breaks_where_another_column_has_room(width: int) -> None:
    words = set(PLANETS.replace("|", " ").split())
    assert {
        word for row in rows(PLANETS, width) for word in row.replace("│", " ").split() if not set("─┈") & set(word)
    } <= words


@pytest.mark.parametrize("name", LOOKS)
def test_look(name: str) -> None:
    width, source, expected = LOOKS[name]
    assert rows(source, width) == look(expected)


def test_parts_have_their_styles() -> None:
    styles = LIGHT
    source = "*em* **strong** ~~strike~~ `code` [link](https://x.y)\n# head\n> q\n\n- b"
    document, _ = one_shot(source, 60)
    painted = [segment for block in document.blocks for line in block.lines(60, styles) for segment in line.strip]
    by_text = {segment.text.strip(): segment.style for segment in painted}
    text = styles.text
    assert by_text["em"] == text + styles.em
    assert by_text["strong"] == text + styles.strong
    assert by_text["strike"] == text + styles.strike
    assert by_text["code"] == text + styles.code
    assert by_text["head"] == text + styles.h1
    assert by_text["▎"] == text + styles.quote
    assert by_text["•"] == text + styles.bullet
    link = by_text["link"]
    assert link is not None and link.meta == {"href": "https://x.y"} and link.link is None


@pytest.mark.parametrize(
    ("source", "hrefs"),
    [
        ("[a](https://x.y/z)", {"https://x.y/z"}),
        ("https://x.y", {"https://x.y"}),
        ("[a](HTTPS://X.com)", {"HTTPS://X.com"}),
        ("[a](https://user@host/) [b](https://u:p@host/) [c](https:///x)", set()),
        ("<mailto:a@b.c> a@b.cd [a](mailto:a@b.cd)", set()),
        ("![a](https://x.y/p.png)", {"https://x.y/p.png"}),
        ("[a](ftp://x.y) [b](file:///etc) [c](//x.y) [d](-rf) [e](vscode://x) ![f](data:x)", set()),
        ("readme.md main.py example.com 1.2.3.4", set()),
    ],
)
def test_only_openable_targets_are_links(source: str, hrefs: set[str]) -> None:
    _, painted = one_shot(source, 60)
    assert {s.style.meta["href"] for row in painted for s in row[0] if s.style and "href" in s.style.meta} == hrefs


def test_the_head_of_a_code_block_says_its_number() -> None:
    _, painted = one_shot("```\na\n```\n```py\nb\n```", 30)
    heads = [row[0] for row in painted if any(s.style and "code" in s.style.meta for s in row[0])]
    assert [{s.style.meta["code"] for s in head if s.style} for head in heads] == [{1}, {2}]


def test_rows_say_how_they_join_for_a_copy() -> None:
    _, painted = one_shot("aa bb cc dd\\\nee\n\n```\n" + "x" * 20 + "\ny\n```\n流式渲染需要保持", 10)
    assert [(row[1], row[2], row[3]) for row in painted] == [
        (0, 8, " "), (0, 2, "\n"), (0, 2, "\n"),
        (0, 0, "\n"), (10, 10, "\n"), (2, 10, ""), (2, 10, ""), (2, 6, "\n"), (2, 3, "\n"),
        (0, 0, "\n"), (0, 10, ""), (0, 6, "\n"),
    ]  # fmt: skip


def test_a_table_makes_room_for_the_cells_of_a_row_as_they_come() -> None:
    document = Document("| l | n |\n|---|---|\n")
    shown: list[str] = []
    for piece in ("| Engl", "ish |", " much", " longer", " text |", "\n"):
        document.append(piece)
        document.update()
        shown.append(paint(document, 60)[-1].strip.text.rstrip())
    assert shown[1:] == [
        "English │",
        "English │ much",
        "English │ much longer",
        "English │ much longer text",
        "English │ much longer text",
    ]
