"""Calm mode says a stream by the sentence."""

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from streamtui.cli.calm_text import Sentences
from tests.cli.conftest import ROOT
from tests.patience import PATIENCE_S

PIECES = st.lists(st.text(alphabet='ab .!?\n。*"', max_size=30), max_size=30)


@given(PIECES)
def test_all_that_is_fed_comes_out_once_and_in_order(pieces: list[str]) -> None:
    sentences = Sentences()

    spoken = [sentences.feed(piece) for piece in pieces] + [sentences.end()]

    assert "".join(spoken) == "".join(pieces)


@given(PIECES)
def test_what_is_given_out_ends_like_a_sentence_or_is_very_long(pieces: list[str]) -> None:
    sentences = Sentences()

    for piece in pieces:
        if (spoken := sentences.feed(piece)) and len("".join(pieces)) < 300:
            assert re.search(r"([.!?…][\"*]*\s+|。|\n)\Z", spoken)


def test_a_sentence_waits_for_its_end() -> None:
    sentences = Sentences()

    assert [sentences.feed(piece) for piece in ("Hello", " you. An", "d 3.", "14 is", " pi.\n", "x")] == [
        "", "Hello you. ", "", "", "And 3.14 is pi.\n", "",
    ]  # fmt: skip
    assert sentences.end() == "x"


def test_a_sentence_without_an_end_is_given_out_at_a_space() -> None:
    sentences = Sentences()

    spoken = [sentences.feed("word ") for _ in range(100)]

    assert "".join(spoken)
    assert all(piece == "" or piece.endswith(" ") for piece in spoken)


def test_calm_mode_does_without_the_full_screen() -> None:
    check = "import streamtui.cli.calm, sys; sys.exit('textual' in sys.modules or 'rich' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], timeout=PATIENCE_S, cwd=ROOT).returncode == 0
