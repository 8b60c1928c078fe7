"""What is written comes in order, whoever writes it, and nobody waits for a terminal that doesn't read."""

import os
import pty
import time
import tty
from collections.abc import Iterator

import pytest

from streamtui.tui.terminal.output import TerminalOutput
from tests.patience import PATIENCE_S

FULL = 1 << 20
"""More than any kernel keeps for a terminal."""


@pytest.fixture
def terminal() -> Iterator[tuple[int, TerminalOutput]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    output = TerminalOutput(slave)
    output.start()
    yield master, output
    output.drop("")
    output.close()
    os.close(master)
    os.close(slave)


def read(master: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += os.read(master, 65_536)
    return data


def test_a_terminal_that_reads_has_it_before_write_returns(terminal: tuple[int, TerminalOutput]) -> None:
    master, output = terminal
    output.write("frame é")
    os.set_blocking(master, False)
    assert os.read(master, 100) == "frame é".encode()


def test_what_does_not_fit_follows_in_order(terminal: tuple[int, TerminalOutput]) -> None:
    master, output = terminal
    pieces = [f"<{number}>" + "x" * 3000 for number in range(FULL // 3000)]
    started = time.monotonic()
    for piece in pieces:
        output.write(piece)
    assert time.monotonic() - started < PATIENCE_S / 2
    assert output.is_behind
    expected = "".join(pieces).encode()
    assert read(master, len(expected)) == expected
    assert output.drain(PATIENCE_S)
    output.write("and on")
    assert read(master, 6) == b"and on"


def test_text_that_is_no_utf_8_is_written_as_far_as_it_can_be(terminal: tuple[int, TerminalOutput]) -> None:
    master, output = terminal
    output.write("name\udc80.txt")
    assert read(master, 9) == b"name?.txt"
