"""The typewriter's pace."""

from hypothesis import given
from hypothesis import strategies as st

from streamtui.log.typewriter import LAG_S, Typewriter

STEPS = st.lists(st.tuples(st.floats(0, 1, allow_nan=False), st.text(max_size=40)), max_size=40)
"""Seconds since the step before, and what arrives then; nothing arrives where the text is empty."""


@given(STEPS)
def test_what_is_let_out_is_what_came_in(steps: list[tuple[float, str]]) -> None:
    pacer, now, out = Typewriter(), 1000.0, ""
    for wait, text in steps:
        now += wait
        if text:
            pacer.feed(now, text)
        out += pacer.release(now)
    assert out + pacer.flush() == "".join(text for _, text in steps)
    assert pacer.flush() == ""


@given(STEPS)
def test_nothing_is_held_longer_than_the_lag_and_order_is_kept(steps: list[tuple[float, str]]) -> None:
    pacer, now, whole, out = Typewriter(), 1000.0, "", ""
    ages: list[tuple[float, int]] = []
    for wait, text in steps:
        now += wait
        out += pacer.release(now)
        overdue = max((end for arrived, end in ages if now - arrived >= LAG_S), default=0)
        assert len(out) >= overdue
        assert whole.startswith(out)
        if text:
            pacer.feed(now, text)
            whole += text
            ages.append((now, len(whole)))


def test_a_burst_is_spread_over_several_beats() -> None:
    pacer = Typewriter()
    pacer.feed(0.0, "x" * 300)
    beats = [len(pacer.release(beat / 30)) for beat in range(1, 16)]
    assert sum(beats) == 300
    assert sum(map(bool, beats)) > 5
    assert max(beats) < 100


def test_an_even_stream_stays_even() -> None:
    pacer = Typewriter()
    sizes: list[int] = []
    for beat in range(1, 300):
        if beat % 3 == 0:
            pacer.feed(beat / 30, "abcdef")
        sizes.append(len(pacer.release(beat / 30)))
    settled = sizes[90:]
    assert max(settled) <= 4
    assert min(settled) >= 1
