"""What stands on the screen, where answers and what is said about them come together."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.cli import output
from streamtui.cli.renderers import LabelledLines, LineBuffers, Sink, Text

LIMIT = Notice("finish", "The reply stopped at the limit of tokens.")


@dataclass
class Screen:
    """Both streams on one terminal, and what of it is stdout's."""

    shown: str = ""
    out: str = ""
    err: "Stderr" = field(init=False)

    def __post_init__(self) -> None:
        self.err = Stderr(self)

    async def write(self, text: str) -> None:
        self.out += text
        self.shown += text


@dataclass
class Stderr:
    screen: Screen

    async def write(self, text: str) -> None:
        self.screen.shown += text


async def show(sink: Sink, *events: Event, label: str | None = None) -> None:
    for event in events:
        await sink.event(event, label)


async def test_a_notice_is_not_glued_to_the_answer_on_a_terminal() -> None:
    screen = Screen()
    sink = Text(screen, screen.err, shares_screen=True)

    await show(sink, TextDelta("Hello "), TextDelta("world."), LIMIT, Finished("length"))

    assert screen.shown == f"Hello world.\n{LIMIT.text}\n"
    assert screen.out == "Hello world.", "the newline is the screen's"


async def test_what_goes_on_after_a_notice_ends_its_line_too() -> None:
    screen = Screen()
    sink = Text(screen, screen.err, shares_screen=True)

    await show(sink, TextDelta("Hel"), ReasoningDelta("Hm."), LIMIT, TextDelta("lo"), Finished("stop"))

    assert screen.shown == f"Hel\nHm.\n{LIMIT.text}\nlo\n"


async def test_an_answer_that_is_read_elsewhere_is_not_cut_by_notices() -> None:
    screen = Screen()

    await show(Text(screen, screen.err), TextDelta("Hel"), LIMIT, TextDelta("lo"), Finished("stop"))

    assert screen.out == "Hello\n"


async def test_what_is_said_about_one_of_several_comes_after_its_line() -> None:
    screen = Screen()
    sink = LabelledLines(screen, screen.err)

    await show(sink, TextDelta("Hello"), LIMIT, label="a")
    assert screen.shown == ""
    await show(sink, TextDelta(" world.\nMore"), label="a")
    assert screen.shown == f"[a] Hello world.\n[a] {LIMIT.text}\n"
    await show(sink, LIMIT, Failed(ErrorInfo("server", "It broke.")), label="a")
    assert screen.shown.endswith(f"[a] More\n[a] {LIMIT.text}\n[a] streamtui: It broke.\n")


async def test_what_is_said_before_anything_came_is_said_at_once() -> None:
    screen = Screen()

    await show(LabelledLines(screen, screen.err), Notice("retry", "retrying in 2 s"), label="a")

    assert screen.shown == "[a] retrying in 2 s\n"


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.text("xy\n", max_size=5)), max_size=20))
def test_labelled_lines_hold_the_same_text_however_it_is_cut(pieces: list[tuple[str, str]]) -> None:
    lines = LineBuffers()

    written = "".join(lines.feed(label, text) for label, text in pieces) + lines.end("a") + lines.end("b")

    for label in "ab":
        text = "".join(text for name, text in pieces if name == label)
        expected = text if not text or text.endswith("\n") else text + "\n"
        texts = [line[4:] for line in written.splitlines(keepends=True) if line.startswith(f"[{label}] ")]
        assert "".join(texts) == expected


@pytest.mark.parametrize("before", ["", "an older reply, which was longer than this one"])
async def test_a_file_holds_what_the_reply_reads_in_the_end(tmp_path: Path, before: str) -> None:
    path = tmp_path / "reply.txt"
    path.write_text(before)
    screen = Screen()
    with output.opened(str(path), in_one_piece=False) as file:
        sink = Text(file, screen.err)
        await show(sink, TextDelta("Half of a rep"), Revised("Another", "", "It began again."), TextDelta(" one."))
        await show(sink, Finished("stop"))
        file.settle(is_complete=True)

    assert path.read_text() == "Another one.\n"
    assert screen.shown == "It began again.\n"
