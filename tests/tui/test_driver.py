"""What a terminal sends, cut anywhere, is the same keys and pastes."""

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

if sys.platform == "win32":
    pytest.skip("there is no termios", allow_module_level=True)

from streamtui.tui.terminal.driver import PasteDecoder

SENT = "ab\x1b[200~one\r\n\x1b[A/quit\n\x1b[201\x1b[201~c\x1b[200~\x1b[201~\x1b[Bd"
HEARD = ["ab", ("paste", "one\r\n\x1b[A/quit\n\x1b[201"), "c", ("paste", ""), "\x1b[Bd"]


def hear(pieces: list[str]) -> list[str | tuple[str, str]]:
    """Return keys, joined where they adjoin, and pastes."""
    ears = PasteDecoder()
    heard: list[str | tuple[str, str]] = []
    for piece in pieces:
        for each in ears.hear(piece):
            if isinstance(each, events.Paste):
                heard.append(("paste", each.text))
            elif heard and isinstance(heard[-1], str):
                heard[-1] += each
            else:
                heard.append(each)
    return heard


def test_pastes_are_taken_out_whole() -> None:
    assert hear([SENT]) == HEARD


@given(st.lists(st.integers(0, len(SENT))))
def test_pastes_are_whole_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    # A cut right behind Escape is left to the parser, which waits for what follows.
    places = [0, *sorted(cut for cut in cuts if SENT[:cut][-1:] != "\x1b"), len(SENT)]
    pieces = [SENT[start:end] for start, end in pairwise(places)]
    assert hear(pieces) == HEARD


def test_a_lone_escape_is_heard_at_once() -> None:
    assert list(PasteDecoder().hear("\x1b")) == ["\x1b"]


def test_the_beginning_of_a_paste_that_never_comes_is_keys_after_all() -> None:
    ears = PasteDecoder()
    assert list(ears.hear("a\x1b[20")) == ["a"]
    assert ears.rest() == "\x1b[20"
    assert ears.rest() == ""


def test_alt_enter_is_not_enter_but_in_a_paste() -> None:
    assert list(PasteDecoder().hear("\x1b\r")) == ["\x1b[13;3u"]
    (paste,) = PasteDecoder().hear("\x1b[200~\x1b\r\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "\x1b\r"


def test_alt_with_an_arrow_is_no_escape_however_it_is_spelt() -> None:
    assert list(PasteDecoder().hear("\x1b\x1b[D\x1b\x1bOC")) == ["\x1b[1;3D\x1b[1;3C"]
    assert list(PasteDecoder().hear("\x1b\x1b")) == ["\x1b\x1b"]
