"""After any frames a terminal shows the last one, and as little as possible was written for it."""

import random

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from streamtui.tui.terminal.cells import overhang
from streamtui.tui.terminal.frame_writer import Frame, FrameWriter

WIDTH, HEIGHT = 24, 10
SIZE = Size(WIDTH, HEIGHT)
ORIGIN = Offset(0, 0)
STYLES = [
    Style(),
    Style(bold=True),
    Style(color="red"),
    Style(bgcolor="#102030"),
    Style(bold=True, underline=True, color="#ff0000", bgcolor="blue"),
    Style(reverse=True, color="bright_black"),
]
DOUBTFUL = ["⚠️", "✔️", "1️⃣", "👍🏽", "👨‍💻", "👨‍👩‍👧", "🇩🇪", "🏳️‍🌈", "🪿", "हि"]


class Screen:
    """A terminal, and the frames that were drawn on it."""

    def __init__(self) -> None:
        self.writer = FrameWriter()
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.screen.reset_mode(7, private=True)
        self._stream = pyte.Stream(self.screen)

    def show(self, frame: Frame, cursor: Offset = ORIGIN) -> str:
        text = self.writer.draw(frame, SIZE, cursor, ColorSystem.TRUECOLOR)
        self._stream.feed(text)
        return text

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def cells(self) -> list[list[tuple[object, ...]]]:
        return [[tuple(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def strip(text: str, style: Style | None = None) -> Strip:
    return Strip([Segment(text, style)]).adjust_cell_length(WIDTH, style)


def frame(*rows: Strip) -> LayoutUpdate:
    blank = [strip("")] * (HEIGHT - len(rows))
    return LayoutUpdate([[row] for row in [*rows, *blank]], Region(0, 0, WIDTH, HEIGHT))


def part(y: int, x: int, piece: Strip) -> ChopsUpdate:
    """Return the update of a piece of one row."""
    right = x + piece.cell_length
    chops: list[dict[int, Strip | None]] = [{0: None, x: piece, right: None} for _ in range(HEIGHT)]
    return ChopsUpdate(chops, [(y, x, right)], [[x, right, WIDTH] for _ in range(HEIGHT)])


words = st.text("ab cd_é漢字│─●", max_size=WIDTH // 2)
segments = st.lists(st.builds(Segment, words, st.sampled_from(STYLES)), max_size=3)
strips = segments.map(lambda parts: Strip(parts).adjust_cell_length(WIDTH, STYLES[3]))
frames = st.lists(strips, min_size=HEIGHT, max_size=HEIGHT).map(lambda rows: frame(*rows))


@given(st.lists(frames, min_size=1, max_size=4))
def test_any_frames_end_as_the_last_one_drawn_alone(shown: list[LayoutUpdate]) -> None:
    screen, fresh = Screen(), Screen()
    for update in shown:
        screen.show(update)
    fresh.show(shown[-1])
    assert screen.cells == fresh.cells
    assert screen.writer.draw(shown[-1], SIZE, ORIGIN, ColorSystem.TRUECOLOR) == ""


@given(st.randoms(use_true_random=False), st.integers(-4, 4), st.lists(strips, min_size=12, max_size=12))
@settings(max_examples=50)
def test_text_that_moves_between_what_stays_ends_where_it_belongs(
    chance: random.Random, distance: int, pool: list[Strip]
) -> None:
    head, foot = strip("the title", STYLES[4]), strip("the box", STYLES[1])
    screen, fresh = Screen(), Screen()
    start = 4
    for _ in range(4):
        update = frame(head, *(pool[(start + row) % 12] for row in range(HEIGHT - 3)), foot)
        screen.show(update)
        start += chance.choice([distance, 0, 1])
    fresh.show(update)
    assert screen.cells == fresh.cells


def test_a_part_of_a_frame_changes_that_part_alone() -> None:
    screen = Screen()
    screen.show(frame(strip("one two three"), strip("four")))
    text = screen.show(part(0, 4, Strip([Segment("TWO")])))
    assert screen.lines[:2] == ["one TWO three", "four"]
    assert "three" not in text


def test_a_row_that_comes_moves_the_others_instead_of_writing_them() -> None:
    screen = Screen()
    rows = [strip(f"line {number} of the text") for number in range(12)]
    screen.show(frame(strip("title"), *rows[:7], strip(""), strip("box")))
    text = screen.show(frame(strip("title"), *rows[1:8], strip(""), strip("box")))
    assert screen.lines == ["title", *(f"line {number} of the text" for number in range(1, 8)), "", "box"]
    assert text.count("of the text") == 1


def test_words_are_written_whole() -> None:
    """What changed may be a letter; who looks through what was written looks for words."""
    screen = Screen()
    screen.show(frame(strip("we stop shopping here")))
    text = screen.show(frame(strip("we step shipping here")))
    assert "step" in text
    assert "shipping" in text
    assert "here" not in text


def test_looks_are_said_only_when_they_change() -> None:
    screen = Screen()
    text = screen.show(frame(Strip([Segment("aa", STYLES[2]), Segment("bb", STYLES[2])]).adjust_cell_length(WIDTH)))
    assert text.count("\x1b[31m") == 1


def test_the_cursor_is_moved_where_nothing_else_changes() -> None:
    screen = Screen()
    screen.show(frame(strip("x")))
    assert screen.show(frame(strip("x")), Offset(3, 2)) == "\x1b[3;4H"
    assert screen.show(frame(strip("x")), Offset(3, 2)) == ""


def test_what_was_forgotten_is_drawn_again() -> None:
    screen = Screen()
    screen.show(frame(strip("x")))
    screen.screen.reset()
    screen.screen.reset_mode(7, private=True)
    screen.writer.forget()
    screen.show(frame(strip("x")))
    assert screen.lines[0] == "x"


@pytest.mark.parametrize("cluster", DOUBTFUL)
def test_a_cluster_that_is_counted_otherwise_moves_nothing_else(cluster: str) -> None:
    """pyte adds up the widths of all code points, as tmux does."""
    assert overhang(cluster) is not None
    screen = Screen()
    screen.show(frame(strip("W" * WIDTH), strip(f"W{'x' * 10}|")))
    screen.show(frame(strip(f"a {cluster} short │"), strip(f"{cluster}{cluster}│after the two")))
    column = Segment(f"a {cluster} short ").cell_length
    for x in range(column + 1, WIDTH):
        assert screen.screen.buffer[0][x].data == " "
    assert screen.screen.buffer[0][column].data == "│"
    assert " short │" in screen.lines[0]
    assert screen.lines[1].endswith("│after the two")
    screen.show(frame(strip("plain"), strip("again")))
    assert screen.lines[:2] == ["plain", "again"]


@pytest.mark.parametrize("cluster", DOUBTFUL)
def test_what_a_cluster_is_drawn_over_comes_back_though_it_did_not_change(cluster: str) -> None:
    screen = Screen()
    screen.show(frame(strip(f"a {' ' * Segment(cluster).cell_length}bcdefgh")))
    screen.show(frame(strip(f"a {cluster}bcdefgh")))
    assert screen.lines[0].endswith("bcdefgh")


@pytest.mark.parametrize("text", ["a", "é", "漢", "│", "●", "▌", "✓", "─"])
def test_what_all_terminals_agree_on_needs_no_care(text: str) -> None:
    assert overhang(text) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=WIDTH))
def test_no_control_character_gets_to_the_terminal(text: str) -> None:
    written = Screen().writer.draw(frame(strip(text)), SIZE, ORIGIN, ColorSystem.TRUECOLOR)
    assert not [c for c in written.replace("\x1b[", "") if c < " " or "\x7f" <= c <= "\x9f"]
