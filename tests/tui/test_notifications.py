"""What a terminal is sent so that it notifies: one whole sequence, whatever the title is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.tui.notifications import notification


@pytest.mark.parametrize(
    ("form", "sequence"),
    [
        ("bell", "\a"),
        ("osc9", "\x1b]9;A title: done\x1b\\"),
        ("osc777", "\x1b]777;notify;A title;done\x1b\\"),
        ("off", ""),
    ],
)
def test_each_form_is_one_sequence(form: str, sequence: str) -> None:
    assert notification(form, "A title", "done") == sequence  # type: ignore[arg-type]


@given(st.text(), st.sampled_from(["osc9", "osc777"]))
def test_no_title_ends_the_sequence_or_adds_to_it(title: str, form: str) -> None:
    sequence = notification(form, title, "done")  # type: ignore[arg-type]
    body = sequence.removeprefix("\x1b]").removesuffix("\x1b\\")
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in body)
    assert body.count(";") == {"osc9": 1, "osc777": 3}[form]
