"""`ask` on a terminal: rendered Markdown, row by row, and never a row that is written twice."""

import fcntl
import os
import pty
import re
import signal
import struct
import termios
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from streamtui.chat import Status
from streamtui.cli.markdown_rows import MarkdownRows
from tests.cli.conftest import Command, Popen
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer

PARTS = [
    "# Head\n\n",
    "Some words of a paragraph that goes on until it wraps on any terminal at all. ",
    "*Really, all of this sentence is emphasised, over more than a row.* ",
    "**bold** and `code` and [a link](https://example.org/page) ",
    "a * b and c_d_e ",
    "\n\n",
    "\n",
    "- item one\n- item two\n  - deeper\n",
    "1. first\n2. second\n\n",
    "```python\ndef f(x):\n    return x | 1\n```\n",
    "| a | b |\n|---|---|\n| one | two |\n| three and a lot more | four |\n\n",
    "a | b\n",
    "> quoted words\n> and more\n\n",
    "Title\n---\n",
    "日本語のテキスト ",
    "[x]: https://example.org\n",
]


def streamed(source: str, sizes: list[int], width: int) -> list[str]:
    """Return the rows that come of a text in pieces of these sizes, the last one again and again."""
    rows = MarkdownRows(width, has_colors=False)
    written, start, number = "", 0, 0
    while start < len(source):
        size = sizes[min(number, len(sizes) - 1)]
        piece = rows.feed(source[start : start + size])
        assert piece == "" or piece.endswith("\n")
        written += piece
        start, number = start + size, number + 1
    return (written + rows.finish()).splitlines()


@given(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=8).map("".join),
    st.lists(st.integers(1, 40), min_size=1, max_size=8),
    st.sampled_from([20, 40, 80]),
)
@settings(deadline=None, database=None, max_examples=60)
def test_rows_are_the_same_however_the_text_arrives(source: str, sizes: list[int], width: int) -> None:
    whole = MarkdownRows(width, has_colors=False)
    expected = (whole.feed(source) + whole.finish()).splitlines()

    rows = streamed(source, sizes, width)

    if "]:" not in source:  # a link whose address comes last can't change what is written
        assert rows == expected


def test_rows_come_as_soon_as_they_are_certain() -> None:
    rows = MarkdownRows(40, has_colors=False)
    words = [f"word{number} " for number in range(60)]

    pieces = [rows.feed(word) for word in words]

    written = "".join(pieces)
    assert len("".join(words)) - len(written) < 120, "all but the last rows"
    assert max(piece.count("\n") for piece in pieces) <= 2


def test_code_comes_line_by_line() -> None:
    rows = MarkdownRows(40, has_colors=False)
    rows.feed("```python\n")

    written = [rows.feed(f"line_{number} = {number}\n") for number in range(5)]

    assert [piece.strip() for piece in written[2:]] == [f"line_{number} = {number}" for number in (1, 2, 3)]


def test_a_table_waits_for_its_widest_row() -> None:
    rows = MarkdownRows(60, has_colors=False)

    assert rows.feed("| a | b |\n|---|---|\n") == rows.feed("| 1 | 2 |\n") == ""
    assert "three and more" in rows.feed("| three and more | 4 |\n\nAfter that") + rows.finish()


class Terminal:
    """A terminal as the command's stdout and stderr, which keeps all that is written to it."""

    def __init__(self, command: Command, width: int, *words: str) -> None:
        self.primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        command.environment |= {"TERM": "xterm-256color"}
        self.process: Popen = command.start(*words, stdout=secondary)
        os.close(secondary)
        self.raw = b""

    def read(self, what: str = "") -> str:
        """Read until `what` is there, or to the end; return everything so far."""
        with suppress(OSError):  # the end of a terminal that nobody has open any more
            while not (what and what in self.text) and (piece := os.read(self.primary, 4096)):
                self.raw += piece
        return self.text

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace").replace("\r\n", "\n")


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_gets_rendered_rows_that_are_only_ever_appended(command: Command, width: int) -> None:
    terminal = Terminal(command, width, "ask", "-m", "markdown-slow-1", "hi")

    text = terminal.read()

    assert terminal.process.wait(PATIENCE_S) == 0
    assert "# A heading" not in text and "A heading" in text and "```" not in text
    assert "\x1b[" in text and not re.search(r"\x1b\[[^m]*[A-HJKSTfhl]|\r|\x08", text)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert max(map(cell_len, plain.splitlines())) <= width


@pytest.mark.parametrize(("variables", "words"), [({"NO_COLOR": "1"}, ()), ({}, ("--raw",))], ids=["NO_COLOR", "raw"])
def test_no_colours_where_they_are_not_wanted(
    command: Command, variables: dict[str, str], words: tuple[str, ...]
) -> None:
    command.environment |= variables
    terminal = Terminal(command, 80, "ask", "-m", "markdown", *words, "hi")

    text = terminal.read()

    assert "\x1b" not in text and "A heading" in text
    assert ("# A heading" in text) == ("--raw" in words)


def test_a_pipe_gets_the_source_and_raw_on_a_terminal_is_the_same(command: Command) -> None:
    source = command.run("ask", "-m", "markdown", "hi").out

    assert Terminal(command, 80, "ask", "-m", "markdown", "--raw", "hi").read() == source
    assert "# A heading" in source and "```" in source


def test_ctrl_c_keeps_what_is_there(command: Command, server: ScriptedServer) -> None:
    terminal = Terminal(command, 40, "ask", "-m", "slow-5", "hi")
    terminal.read("w30")

    terminal.process.send_signal(signal.SIGINT)
    text = terminal.read()

    assert terminal.process.wait(PATIENCE_S) == 130
    message = command.saved()[1]
    assert message.status is Status.STOPPED
    assert re.sub(r"\x1b\[[\d;]*m", "", text).split() == message.text.split()
