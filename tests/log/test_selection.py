"""What the mouse selects is copied as it was written."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.selection import Selection

from streamtui.log import column
from tests.log.conftest import Reader, reading, reply, user

CODE = "def f():\n\treturn '語'  # a long comment " + "x" * 100 + "\n\n\nprint(f())\n"
TEXT = f"First *paragraph* with 日本語 words that {'wrap ' * 30}here.\n\n```python\n{CODE}```\n\nLast `words`."


async def _drag(reader: Reader, start: tuple[int, int], end: tuple[int, int]) -> str:
    pilot, log = reader.pilot, reader.log
    await pilot.mouse_down(log, offset=start)
    await pilot.hover(log, offset=end)
    await pilot.mouse_up(log, offset=end)
    return log.screen.get_selected_text() or ""


async def test_a_drag_over_words_copies_those_words() -> None:
    async with reading([user("one two three")]) as reader:
        x, y = reader.place_of("two")
        assert await _drag(reader, (x, y), (x + 2, y)) == "two"


async def test_wide_characters_are_copied_whole() -> None:
    async with reading([user("ab 日本語 cd")]) as reader:
        _, y = reader.place_of("日本語")
        at = column(80).text + 3
        assert await _drag(reader, (at + 2, y), (at + 5, y)) == "本語"
        assert await _drag(reader, (at + 3, y), (at + 4, y)) == "本語"


@pytest.mark.parametrize("glyph", ["❤️", "👩‍💻", "1️⃣", "👍🏽", "🇩🇪", "e\u0301", "क्षि"])
async def test_characters_of_several_code_points_are_one_to_the_mouse(glyph: str) -> None:
    for message in (user(f"{glyph} word end"), reply(f"{glyph} word end")):
        async with reading([message]) as reader:
            y = reader.row_of("word")
            x = cell_len(reader.rows[y].partition("word")[0])
            assert await _drag(reader, (x, y), (x + 3, y)) == "word"
            assert await _drag(reader, (x - 1, y), (column(80).text, y)) == f"{glyph} "
            await reader.pilot.click(reader.log, offset=(x, y), times=2)
            assert reader.log.screen.get_selected_text() == "word"


async def test_rows_that_were_only_wrapped_are_copied_as_one_line() -> None:
    words = " ".join(f"word{n}" for n in range(40))
    async with reading([user("x"), reply("begin " + words + " end")], (60, 24)) as reader:
        start, end = reader.place_of("word0"), reader.place_of("word39")
        assert await _drag(reader, start, (end[0] + 5, end[1])) == words


async def test_whole_blocks_are_copied_as_markdown_and_gutters_are_not() -> None:
    async with reading([user("x"), reply(TEXT)], (80, 40)) as reader:
        start, end = reader.place_of("First"), reader.place_of("words.")
        assert await _drag(reader, start, (end[0] + 10, end[1])) == TEXT


async def test_a_drag_across_bubbles_copies_the_texts_and_nothing_else() -> None:
    async with reading([user("my question"), reply("the **answer**"), user("and more")]) as reader:
        start, end = reader.place_of("question"), reader.place_of("and more")
        assert await _drag(reader, start, (end[0] + 2, end[1])) == "question\n\nthe **answer**\n\nand"


async def test_a_selection_upwards_is_the_same_selection() -> None:
    async with reading([user("my question"), reply("the **answer**"), user("and more")]) as reader:
        start, end = reader.place_of("question"), reader.place_of("and more")
        assert await _drag(reader, (end[0] + 2, end[1]), start) == "question\n\nthe **answer**\n\nand"


async def test_a_selection_stays_on_its_text_while_a_reply_grows_and_the_log_scrolls() -> None:
    async with reading([user("my question"), reply("the answer"), *[user(f"more {n}") for n in range(9)]]) as reader:
        streaming = reader.begin()
        await reader.settle()
        x, y = reader.place_of("more 7")
        assert await _drag(reader, (x, y), (x + 5, y)) == "more 7"
        await reader.stream(streaming, "line\n\n" * 30)
        assert reader.log.screen.get_selected_text() == "more 7"


async def test_code_is_copied_without_its_fence_where_only_code_is_selected() -> None:
    async with reading(
        [reply(f"a\n\n- item\n\n  ```py\n  def f():\n  \treturn 1  \n\n  {'x' * 90} = 2\n  ```\n")]
    ) as reader:
        start, end = reader.place_of("def f"), reader.place_of("xx = 2")
        text = "def f():\n\treturn 1  \n\n" + "x" * 90 + " = 2"
        assert await _drag(reader, start, (end[0] + 5, end[1])) == text
        assert await _drag(reader, (start[0] + 4, start[1]), (end[0] + 5, end[1])) == text[4:]
        assert await _drag(reader, reader.place_of("return"), (end[0] + 1, end[1])) == text[10:-4]


async def test_a_long_paragraph_is_copied_exactly_from_anywhere_to_anywhere() -> None:
    words = " ".join(f"w{n:04}" for n in range(1200))
    async with reading([reply(words + "\n\nend")], (60, 200)) as reader:
        for start, end in (("w0000", "w1199"), ("w0003", "w1199"), ("w0000", "w1100"), ("w0150", "w0400")):
            x, y = reader.place_of(end)
            assert (
                await _drag(reader, reader.place_of(start), (x + 4, y))
                == words[words.index(start) : words.index(end) + 5]
            )
        x, y = reader.place_of("end")
        assert await _drag(reader, reader.place_of("w0777"), (x + 2, y)) == words[words.index("w0777") :] + "\n\nend"


async def test_a_long_fence_is_copied_exactly() -> None:
    code = "".join(f"line{n} =\t{n}\n" + "\n" * (n % 3) for n in range(150))
    async with reading([reply(f"intro\n\n```py\n{code}```\n\nend")], (60, 400)) as reader:
        start, end = reader.place_of("line0 "), reader.place_of("line149 ")
        assert await _drag(reader, start, (50, end[1])) == code.rstrip("\n")
        end = reader.place_of("end")
        assert await _drag(reader, start, (end[0] + 2, end[1])) == code + "\nend"
        start = reader.place_of("intro")
        assert await _drag(reader, start, (end[0] + 2, end[1])) == f"intro\n\n```py\n{code}```\n\nend"


TABLE = (
    "| Name | What it does for you | Cost |\n|---|---|--:|\n"
    "| **alpha** | a long description that wraps over rows in a narrow window | 1 |\n"
    "| beta | short `a \\| b` | 22 |\n| gamma | last [link](https://x.org) | 333 |"
)


@pytest.mark.parametrize("width", [80, 40, 18])
async def test_rows_of_a_table_are_copied_as_they_were_written_and_words_of_one_as_words(width: int) -> None:
    lines = TABLE.split("\n")
    async with reading([user("q"), reply(f"Intro words.\n\n{TABLE}\n\nOutro.")], (width, 44)) as reader:

        async def copied(first: str, last: str) -> str:
            x, y = reader.place_of(last)
            return await _drag(reader, reader.place_of(first), (x + len(last) - 1, y))

        assert await copied("alpha", "short a") == "\n".join(lines[2:4])
        assert await copied("alpha", "beta") == "\n".join(lines[2:4])
        assert await copied("beta", "Outro.") == "\n".join(lines[3:]) + "\n\nOutro."
        assert await copied("Intro", "gamma") == f"Intro words.\n\n{TABLE}"
        assert (await copied("description", "rows")).startswith("description that wraps over rows")
        assert await copied("last", "link") == "last link"
        assert await copied("333", "333") == "333"
        assert await copied("gamma", "last") == "gamma | last"


@pytest.mark.parametrize("marks", ["> ", "- ", "1. > "])
async def test_rows_of_a_table_are_copied_without_the_marks_of_its_quote_or_list(marks: str) -> None:
    rest = "".join(mark if mark == ">" else " " for mark in marks)
    text = f"\n{rest}".join([f"{marks}| aa | bb |", "|---|---|", "| x1 | y2 |", "| 33 | 44 |"])
    async with reading([reply(text)]) as reader:
        x, y = reader.place_of("y2")
        assert await _drag(reader, reader.place_of("aa"), (x + 1, y)) == "| aa | bb |\n|---|---|\n| x1 | y2 |"


async def test_a_long_table_is_one_to_a_copy() -> None:
    rows = [f"| r{n:03} | **v{n}** |" for n in range(100)]
    async with reading([reply("Intro.\n\n" + "\n".join(["| id | v |", "|---|---|", *rows]))], (60, 120)) as reader:
        x, y = reader.place_of("r036")
        expected = "\n".join(["Intro.\n", "| id | v |", "|---|---|", *rows[:37]])
        assert await _drag(reader, reader.place_of("Intro"), (x + 3, y)) == expected
        assert await _drag(reader, reader.place_of("r030"), (x + 3, y)) == "\n".join(rows[30:37])


async def test_a_double_click_selects_a_word_and_a_third_the_message() -> None:
    async with reading([user("see https://example.com/a now"), user("other")]) as reader:
        x, y = reader.place_of("example")
        await reader.pilot.click(reader.log, offset=(x, y), times=2)
        assert reader.log.screen.get_selected_text() == "https://example.com/a"
        await reader.pilot.click(reader.log, offset=(x, y), times=3)
        assert reader.log.screen.get_selected_text() == "see https://example.com/a now"
        await reader.pilot.click(reader.log, offset=(0, 0), times=1)
        await reader.pilot.click(reader.log, offset=(reader.log.size.width - 1, y), times=2)
        assert not reader.log.screen.get_selected_text()


async def test_selected_text_is_marked_on_screen() -> None:
    async with reading([user("one two three")]) as reader:
        x, y = reader.place_of("two")
        plain = reader.log.render_lines(reader.log.size.region)[y]
        await _drag(reader, (x, y), (x + 2, y))
        marked = reader.log.render_lines(reader.log.size.region)[y]
        assert marked.text == plain.text
        background = reader.log._view.look.selection.bgcolor
        assert [segment.text for segment in marked if segment.style and segment.style.bgcolor == background] == ["two"]


async def test_a_pasted_line_of_a_megabyte_is_shown_and_copied_whole() -> None:
    line = "".join(f"{n:07} " for n in range(125_000)) + "end"
    async with reading([user(line)]) as reader:
        assert "end" in reader.text
        reader.log.scroll_to(y=0)
        assert "0000000 0000001" in reader.text
        reader.log.screen.selections = {reader.log: Selection(None, None)}
        assert reader.log.screen.get_selected_text() == line


async def test_a_formula_that_is_touched_is_copied_as_it_was_written() -> None:
    text = "Say that \\(\\alpha^2 + \\beta\\) is *small* here.\n\n| a | b |\n|---|---|\n| at $x_1^2$ or so | two |"
    async with reading([user("x"), reply(text)], (80, 40)) as reader:
        start, end = reader.place_of("that"), reader.place_of("is small")
        assert await _drag(reader, start, (end[0] + 1, end[1])) == "that \\(\\alpha^2 + \\beta\\) is"
        start = reader.place_of("α²")
        assert await _drag(reader, start, (start[0] + 1, start[1])) == "\\(\\alpha^2 + \\beta\\)"
        start = reader.place_of("at x")
        assert await _drag(reader, start, (start[0] + 4, start[1])) == "at $x_1^2$"


async def test_a_formula_of_several_rows_is_copied_once() -> None:
    formula = "\\[\na &= b \\\\\nc &= d\n\\]"
    async with reading([user("x"), reply(f"Before it\n{formula}\nand after it.")], (80, 40)) as reader:
        start, end = reader.place_of("it"), reader.place_of("and after")
        copied = await _drag(reader, start, (end[0] + 2, end[1]))
        assert copied == f"it\n{formula}\nand"
