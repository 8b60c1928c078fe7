"""Indic vowel signs have a cell where the terminal gives them one."""

import subprocess
import sys

import pytest

from streamtui.tui.terminal import spacing_marks

MEASURE = """
from streamtui.tui.terminal import environment
environment.prepare()
from rich.cells import cell_len
from textual._cells import cell_len as textual_cell_len
for text in ("हिन्दी", "தமிழ்", "⚠️", "👍🏽", "e\\u0301", "漢字", "abc"):
    assert cell_len(text) == textual_cell_len(text)
    print(cell_len(text))
"""


@pytest.mark.parametrize(
    ("terminal", "hindi", "tamil"),
    [
        ({"TERM": "tmux-256color"}, 5, 4),
        ({"TERM": "screen"}, 5, 4),
        ({"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(379)"}, 5, 4),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7006"}, 5, 4),
        ({"TERM": "xterm-kitty"}, 3, 3),
        ({"TERM": "xterm-256color"}, 3, 3),
    ],
)
def test_words_are_as_wide_as_the_terminal_draws_them(terminal: dict[str, str], hindi: int, tamil: int) -> None:
    """In a process of its own: the count is the whole process's."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], env={"PYTHONUTF8": "1", **terminal}, capture_output=True, text=True, check=True
    )
    assert [int(line) for line in done.stdout.split()] == [hindi, tamil, 2, 2, 1, 4, 3]


def test_what_a_terminal_says_of_itself_decides() -> None:
    assert spacing_marks.have_cells({"TERM": "screen.xterm-256color"}) is False
    assert spacing_marks.have_cells({}) is False
