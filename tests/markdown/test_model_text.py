"""What models write and CommonMark would lose or change: it stays on screen, as written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from streamtui.markdown import Document
from streamtui.markdown.formulas import setter
from streamtui.markdown.lexing import lexer_for
from tests.markdown.painting import one_shot, rows, settle


def texts(source: str, width: int = 60) -> list[str]:
    """Return the rows without blank ones."""
    return [row for row in rows(source, width) if row.strip()]


AS_WRITTEN = [
    "[Answer]: 42",
    "[Alice]: Hello!\n[Bob]: Hi.",
    "[Note]: see (below)",
    '[Bob]: Hi "there"',
    "[00:12]: Welcome",
    "[x]:y",
    "[ERROR]: disk full\n[INFO]: ok",
    "Sources:\n\n[1]: https://a.example/x\n[2]: https://b.example/y",
    "Total: 5\n-",
    "x\n=\ny",
    "\\[\nE\n=\nmc^2\n\\]",
    "$$\nf(x)\n=\n1\n- 2\n+ 3\n$$",
    "$$\nx\n-\ny\n$$",
    "so\n$$\n# x\n> 1\n$$",
    "Then \\[\na\n=\nb\n\\]",
    "\\begin{aligned}\na &= b \\\\\n- c &= d\n\\end{aligned}",
    "$$\n1. not a list",
    "$f(x)_{2}$, $a_{1}$_b_",
    "\\[ a*b*c \\] and \\(a_1*b_2*c\\)",
    "\\(\\{1\\}\\,\\;\\!x\\)",
    r"C:\App\_data",
    r"\\server\share",
    r"^\d+\.\d+$",
    r"C:\\Users\\me",
    r"C:\*.txt and (D:\_x)",
    r"The cost is $\$5$, not \(\$6\)",
    r"\.\,\;\:\'",
    "src/**/*.ts and test/*.py",
    "**/*.md, *.txt and *.rst",
    "5*3*2",
    "2**8**2",
    "COUNT(*) and SUM(*)",
    "SELECT *, a.* FROM b",
    ".*foo.* and .*bar.*",
    "char **argv, **envp",
    "__init__ and __main__.py",
    "costs $5 and $10, or US$5–US$10, $HOME and $PATH",
    "5 $ and 10$ (or 3$)",
    "docker run \\\n  -p 80 \\\n  image",
    "project/\n├── src/\n│   └── main.py\n└── README.md",
    '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}',
    "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n def f(self):\n-    return *a*\n+ return __b__",
    "Traceback:\n  File x\n    raise E\nE: no",
    "id,name\n1,Ada\n2,Bob",
    "$ ls -la\ntotal 8\ndrwxr-xr-x 2 me me",
    "+----+----+\n| a  | b  |\n+----+----+",
    "<answer>\n  <item>1</item>\n</answer>",
    "| a | b | c |\n|---|---|\n| 1 | 2 | 3 |",
    "• one\n• two",
    "[x] a\n[ ] b",
    "Best regards,\nBob\nAcme Inc.\n123 Main St",
    "中文第一行\n第二行",
    '<img title="*"> * <a href="**"> **',
    "2020. x\n2022. y\n2024. z",
    "007. a\n008. b",
]


@pytest.fixture
def no_symbols(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave out the extra that sets maths."""
    monkeypatch.setattr(setter, "symbols", lambda: None)
    setter.set_formula.cache_clear()
    yield
    setter.set_formula.cache_clear()


@pytest.mark.usefixtures("no_symbols")
@pytest.mark.parametrize("source", AS_WRITTEN)
def test_it_stands_as_written(source: str) -> None:
    assert texts(source) == [line for line in source.split("\n") if line]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**Name:** Ada\n**Born:** 1815", ["Name: Ada", "Born: 1815"]),
        ("1️⃣ a\n2️⃣ b", ["1️⃣ a", "2️⃣ b"]),
        ("> [!NOTE]\n> Useful", ["▎ [!NOTE]", "▎ Useful"]),
        ("- b\nText", ["• b", "  Text"]),
        ("**Title**\nText", ["Title", "Text"]),
        ("- [Answer]: 42\n- [Other]: 43", ["• [Answer]: 42", "• [Other]: 43"]),
        ("a\n    at b\n\tat c", ["a", "    at b", "    at c"]),
        ("Foo\n=", ["Foo"]),
        ("Foo\n===\nbar", ["Foo", "bar"]),
        ("[foo]: /url\nbar [foo]\n===\nx", ["[foo]: /url", "bar foo (/url)", "x"]),
        ("**[INFO]**: a *b*", ["[INFO]: a b"]),
    ],
)
def test_a_line_is_a_line(source: str, shown: list[str]) -> None:
    assert texts(source) == shown


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ("12. a\n45. b\n97. c", ["12.", "45.", "97."]),
        ("3. three\n2. two\n1. one", ["3.", "2.", "1."]),
        ("1. a\n1. b\n1. c", ["1.", "2.", "3."]),
        ("1. a\n1. b\n3. c", ["1.", "1.", "3."]),
        ("1. a\n1. b\n1. c\n\n   more\n1. d\n2. e", ["1.", "1.", "1.", "1.", "2."]),
        ("7. a\n7. b\n\n   ---\n7. ```\n   x\n   ```\n7. |a|\n   |-|\n8. e", ["7.", "7.", "7.", "7.", "8."]),
        ("1. a\n1. b\n   1. c\n   1. d\n1. e", ["1.", "2.", "1.", "2.", "3."]),
        ("1. a\n1. b\n   1. c\n   1. d\n   4. e\n1. f", ["1.", "2.", "1.", "1.", "4.", "3."]),
        ("2. B\n5. C\n9. A", ["2.", "5.", "9."]),
        ("1. a\n2. b\n\n1. c\n2. d", ["1.", "2.", "1.", "2."]),
        ("0. a\n1. b", ["0.", "1."]),
        ("5) a\n5) b", ["5)", "6)"]),
        ("1. a\n\n   ```\n   x\n   ```\n2. b", ["1.", "2."]),
    ],
)
def test_a_list_shows_the_numbers_written(source: str, numbers: list[str]) -> None:
    marks = [row.split()[0] for row in texts(source) if row.lstrip()[:1].isdigit() and row.split()[0][-1] in ".)"]
    assert marks == numbers


def test_escapes_that_keep_text_from_being_markdown_lose_their_backslash() -> None:
    assert texts(r"\*no\* snake\_case \# 1 \<b> \[x](y) \`c\` \\* \~\~ \| $\$5") == [
        r"*no* snake_case # 1 <b> [x](y) `c` \\* ~~ | $$5"
    ]
    assert texts("1\\. no list\n\n\\- nor this") == ["1. no list", "- nor this"]


PROSE = (
    "The quick brown fox jumps over the lazy dog, and then it goes on for a while. It does so because somebody has "
    "asked it to go on, which is rather kind of them; nobody else ever did such a thing before, as far as anyone can "
    "remember. That it would stop was *never* said, and [nobody](https://x.y) has thought about it since the day when "
    "the dog was seen for the last time. In the end, everyone went home."
)
LINES = [
    "2026-11-27 12:00:01 INFO the server has started on port 8000 with 4 workers\n"
    "2026-11-27 12:00:02 INFO the first client is connected from 127.0.0.1 by now",
    "Whan that Aprille with his shoures soote the droghte of March hath perced to,\n"
    "And bathed every veyne in swich licour, of which vertu engendred is the flour;\n"
    "Whan Zephirus eek with his swete breeth inspired hath in every holt and heeth",
    "name: somebody with a name that is rather long, and who has more than a few of them\n"
    "address: a street that has an even longer name than the person who is living in it\n"
    "remark: this one is as long as the others are, so that it looks like wrapped prose",
    "• the first entry of a list that uses bullets of its own instead of Markdown's dashes\n"
    "• the second entry of that list, which is about as long as the first one happens to be",
    "def function(argument, other): return something(argument) + something_else(other, argument)\n"
    "    indented = another_function(argument, with_more_arguments, and_even_more, of_them)",
    "One sentence stands here that is long enough to be a hard-wrapped line of some prose.\n"
    "Another sentence stands here, and it has got a line of its own because it is written so.\n"
    "A third sentence stands here too, and it ends where the line ends, as the others have done.",
]


@pytest.mark.parametrize("column", range(60, 101, 4))
@pytest.mark.parametrize("mark", ["", "- ", "> ", "> - "])
def test_hard_wrapped_prose_flows(column: int, mark: str) -> None:
    later = mark.replace("-", " ")
    wrapped = textwrap.fill(PROSE, column, initial_indent=mark, subsequent_indent=later)
    assert rows(wrapped, 120) == rows(mark + PROSE, 120)
    assert rows(wrapped, 40) == rows(mark + PROSE, 40)


def test_hard_wrapped_wide_text_flows_without_spaces() -> None:
    text = "流式渲染需要保持增量更新避免每次都重新解析整个文档这样可以让界面在高速输出时依然保持流畅" * 4
    wrapped = "\n".join(text[at : at + 36] for at in range(0, len(text), 36))
    assert rows(wrapped, 110) == rows(text, 110)


@pytest.mark.parametrize("text", LINES)
def test_long_lines_that_are_no_wrapped_prose_stay(text: str) -> None:
    assert [row.split() for row in texts(text, 200)] == [line.split() for line in text.split("\n")]


def test_a_long_wrapped_paragraph_flows_throughout() -> None:
    text = " ".join([PROSE] * 12)
    assert rows(textwrap.fill(text, 72), 100) == rows(text, 100)


def test_surplus_cells_stay() -> None:
    source = "| op | meaning | example |\n|---|---|---|\n| `a || b` | logical or | `x || y` |\n| x | y | z | w |"
    assert texts(source)[2:] == ["a || b │ logical or │ x || y", "x      │ y          │ z | w"]


def test_a_table_after_a_paragraph_of_any_length_is_a_table() -> None:
    table = "\n| a | b |\n|---|---|\n| 1 | 2 |"
    for words in [*range(198, 210), 404, 405, 406, 407, 408, 409, 410]:
        for before in ("", "- "):
            shown = rows(before + ("word " * words).rstrip() + table.replace("\n", "\n" + " " * len(before)), 100)
            assert shown[-3:] == [" " * len(before) + row for row in ("a │ b", "──┼──", "1 │ 2")], words
    lines = "\n".join(["a line of some words"] * 45)
    assert rows(lines + table, 100)[-3:] == ["a │ b", "──┼──", "1 │ 2"]


@pytest.mark.parametrize("length", [2030, 2040, 2048, 5000, 20_000])
def test_rows_of_any_length_are_rows(length: int) -> None:
    source = f"| a | b |\n|---|---|\n| 1 | {'x' * length} |\n| 2 | y |"
    shown = rows(source, 80)
    assert sum(row.count("x") for row in shown) == length
    assert shown[-1] == "2 │ y"
    assert "|" not in "".join(shown)


@pytest.mark.parametrize("columns", [80, 100, 300])
def test_heads_of_any_length_are_heads(columns: int) -> None:
    head = "|" + "|".join(f" column {index} " for index in range(columns)) + "|\n"
    source = head + "|-" * columns + "|\n" + "| 1 " * columns + "|"
    assert rows(source, 80) == [f"column {index}: 1" for index in range(columns)]


def test_a_hard_break_is_kept_wherever_a_long_paragraph_is_cut() -> None:
    for length in range(500, 530):
        source = "a" * 500 + " " + "b" * length + " end  \nnext line" + " c" * 200
        assert rows(source, 3000)[-1].startswith("next line"), length
    for count in (20, 60):
        lines = [f"a line of a poem, the {index}th of its kind" + " la" * (index % 7) for index in range(count)]
        assert texts("  \n".join(lines), 200) == lines


@pytest.mark.parametrize(
    "link", ['[the link](https://x.y/z "a b c")', "[x](<https://x.y/a b>)", '![alt](u "a b")', "[a b](https://x.y)"]
)
def test_a_link_is_a_link_wherever_a_long_paragraph_is_cut(link: str) -> None:
    for before in range(900, 1060, 3):
        source = "w " * (before // 2) + link + " after " + "x " * 700
        assert "](" not in "".join(rows(source, 100)), before


def test_maths_longer_than_a_piece_stays_verbatim() -> None:
    lines = [f"x_{{{index}}} *a* = b" if index % 3 else "-" for index in range(300)]
    source = "$$\n" + "\n".join(lines) + "\n$$ and *text*"
    assert texts(source) == ["$$", *lines, "$$ and text"]


def test_a_reply_of_definitions_alone_is_shown_and_linked() -> None:
    _, painted = one_shot("see [1]\n\n[1]: https://a.example/x", 60)
    hrefs = [segment.style.meta.get("href") for row in painted for segment in row[0] if segment.style]
    assert hrefs.count("https://a.example/x") == 2


def test_many_definitions_without_blank_lines_are_all_shown() -> None:
    lines = [f"[{index}]: https://a.example/{index}" for index in range(400)]
    assert texts("\n".join(lines)) == lines


def hrefs(source: str) -> list[str]:
    """Return the targets that can be clicked, in order."""
    targets = [
        segment.style.meta["href"]
        for row in one_shot(source, 100)[1]
        for segment in row[0]
        if segment.style and "href" in segment.style.meta
    ]
    return [target for at, target in enumerate(targets) if targets[at - 1] != target or not at]


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("请看https://example.com/a，谢谢", ["https://example.com/a"]),
        ("见https://example.com/a、https://example.com/b。", ["https://example.com/a", "https://example.com/b"]),
        ("（https://example.com/a）", ["https://example.com/a"]),
        ("“https://example.com/a”…", ["https://example.com/a"]),
        ("https://example.com/a’s", ["https://example.com/a"]),
        ("https://example.com/a—b", ["https://example.com/a"]),
        ("https://example.com。", ["https://example.com"]),
        ("**https://example.com/a**：x", ["https://example.com/a"]),
        ("(https://en.wikipedia.org/wiki/A_(b))", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("https://zh.wikipedia.org/wiki/中文 x", ["https://zh.wikipedia.org/wiki/%E4%B8%AD%E6%96%87"]),
        ("[![Build](https://img.x/b.svg)](https://ci.x/p)", ["https://ci.x/p"]),
        ("[](https://a.b)", ["https://a.b"]),
    ],
)
def test_links_open_what_was_meant(source: str, targets: list[str]) -> None:
    assert hrefs(source) == targets


@pytest.mark.parametrize(
    "url", ["http://xn--80ak6aa92e.com/", "https://x.y/%22%3E%20a%0Ab", "https://x.y/a_b*c?d=e&f=g#h"]
)
def test_a_bare_link_is_shown_as_written(url: str) -> None:
    assert texts(f"see {url} there", 100) == [f"see {url} there"]
    assert texts(f"<{url}>", 100) == [url]


def strong(source: str) -> str:
    """Return what is bold."""
    return "|".join(
        segment.text for row in one_shot(source, 100)[1] for segment in row[0] if segment.style and segment.style.bold
    )


@pytest.mark.parametrize(
    ("source", "bold"),
    [
        ("**注意：**请先备份。这是**「重点」**内容", "注意：|「重点」"),
        ("**真。**她", "真。"),
        ('**"quoted"**text', '"quoted"'),
        ("这是**重点**。", "重点"),
        ("**한국어(조선말)**는 언어", "한국어(조선말)"),
        ("**日本語（にほんご）**は", "日本語（にほんご）"),
        ("中文**bold**中文", "bold"),
        ("**N**ational **A**eronautics", "N|A"),
        ("**src/**: sources, **src/app.py**: code", "src/|src/app.py"),
        ("**`a*b`** and **C:\\Users** and **5*3**", "a*b|C:\\Users|5*3"),
        ("a **b** c **d**", "b|d"),
        ("2 ** 3 ** 4", ""),
    ],
)
def test_bold_is_what_was_meant(source: str, bold: str) -> None:
    assert strong(source) == bold


@pytest.mark.parametrize("after", ["**Note:** it", "text\nand more", "a\\|b", "![i](u)"])
def test_a_line_after_a_table_is_no_row(after: str) -> None:
    shown = texts(f"| a | b |\n|---|---|\n| 1 | 2 |\n3 | 4\n{after}")
    assert [row for row in shown if "│" in row] == ["a │ b", "1 │ 2", "3 │ 4"]
    assert shown[-1] == texts(after)[-1]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("| a |\n|-|\n| one<br>two |\n| <br> |", ["a", "────", "one", "two", "┈┈┈┈", "<br>"]),
        ("| <BR/> tag | x<br />y |\n|-|-|\n| `a<br>b` | c |", ["", "", "tag", "a<br>b │ c"]),
    ],
)
def test_a_break_tag_breaks_a_cell(source: str, shown: list[str]) -> None:
    rows_shown = texts(source)
    if shown[0]:
        assert rows_shown == shown
    assert rows_shown[-1] == shown[-1]


@pytest.mark.parametrize("length", [48, 900, 5000, 88_000])
@pytest.mark.parametrize("before", ["", "word " * 400, "| a |\n|-|\n| "])
def test_the_data_of_an_image_is_folded(length: int, before: str) -> None:
    if "|" in before and length > 30_000:
        before = ""
    data = ("iVBORw0KGgo" * 8000)[:length]
    size = length * 3 // 4
    label = f"🖼 chart (data:image/png, {f'{size / 1000:.0f} kB' if size >= 1000 else f'{size} B'})"
    source = f"{before}![chart](data:image/png;base64,{data}) after *it*"
    assert " ".join(" ".join(rows(source, 100)).split()).endswith(f"{label} after it")
    document = Document()
    for at in range(0, len(source), 37):
        document.append(source[at : at + 37])
        document.update()
    document.finish()
    document.update()
    assert settle(document, 100) == one_shot(source, 100)[1]
    assert document.source == source


def test_text_has_its_direction_marks() -> None:
    assert texts("a\u061cb\u200ec") == ["a\u061cb\u200ec"]


def test_a_footnote_has_paragraphs() -> None:
    shown = texts("[^1]: a\n\n    second *paragraph*\n\n    third")
    assert shown == ["[^1]: a", "second paragraph", "third"]


@pytest.mark.parametrize(
    "info", ["python:src/main.py", "python{1,3}", "{.python}", "Python title=x", "python,linenos", "src/main.py"]
)
def test_the_info_of_a_fence_gives_its_colours_and_is_shown(info: str) -> None:
    assert getattr(lexer_for(info.split()[0]), "name", "") == "Python"
    assert rows(f"```{info}\nx = 1\n```", 60)[0].startswith(f"  1 {info} ─")
