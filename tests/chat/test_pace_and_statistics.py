"""The typewriter's pace, and the figures over all saved replies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat import statistics
from streamtui.chat.messages import Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.pace import LAG_S, Pacer
from streamtui.chat.ports import Timing
from streamtui.chat.statistics import Price
from tests.cli.conftest import Command, Run, command, run_here

__all__ = ["command", "run_here"]

STEPS = st.lists(st.tuples(st.floats(0, 1, allow_nan=False), st.text(max_size=40)), max_size=40)
"""Seconds since the step before, and what arrives then; nothing arrives where the text is empty."""


# -- pace


@given(STEPS)
def test_what_is_let_out_is_what_came_in(steps: list[tuple[float, str]]) -> None:
    pacer, now, out = Pacer(), 1000.0, ""
    for wait, text in steps:
        now += wait
        if text:
            pacer.feed(now, text)
        out += pacer.release(now)
    assert out + pacer.flush() == "".join(text for _, text in steps)
    assert pacer.flush() == ""


@given(STEPS)
def test_nothing_is_held_longer_than_the_lag_and_order_is_kept(steps: list[tuple[float, str]]) -> None:
    pacer, now, whole, out = Pacer(), 1000.0, "", ""
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
    pacer = Pacer()
    pacer.feed(0.0, "x" * 300)
    beats = [len(pacer.release(beat / 30)) for beat in range(1, 16)]
    assert sum(beats) == 300
    assert sum(map(bool, beats)) > 5
    assert max(beats) < 100


def test_an_even_stream_stays_even() -> None:
    pacer = Pacer()
    sizes: list[int] = []
    for beat in range(1, 300):
        if beat % 3 == 0:
            pacer.feed(beat / 30, "abcdef")
        sizes.append(len(pacer.release(beat / 30)))
    settled = sizes[90:]
    assert max(settled) <= 4
    assert min(settled) >= 1


# -- statistics


def timing(
    model: str = "m",
    *,
    wait: float | None = 0.5,
    rate: float | None = 10.0,
    status: str = "complete",
    output: int | None = 100,
    input: int | None = 1000,
    estimated: bool = False,
) -> Timing:
    return Timing(model, 0.0, status, Metrics(ttft_s=wait, tokens_per_s=rate), output, input, estimated)


def test_percentiles_are_per_model_and_the_most_used_comes_first() -> None:
    timings = [timing("rare", wait=9.0), *(timing("often", wait=n / 100, rate=float(n)) for n in range(1, 101))]
    often, rare = statistics.by_model(timings, {})
    assert (often.model, often.replies, often.ttft_p50_s, often.ttft_p95_s) == ("often", 100, 0.5, 0.95)
    assert (often.tokens_per_s_p50, often.tokens_per_s_p95) == (50, 95)
    assert (rare.model, rare.replies, rare.ttft_p50_s, rare.ttft_p95_s) == ("rare", 1, 9.0, 9.0)


def test_what_was_not_measured_does_not_count() -> None:
    (found,) = statistics.by_model(
        [timing(wait=None, rate=None, output=None, input=None, status="failed"), timing(wait=2.0)], {}
    )
    assert (found.replies, found.complete, found.ttft_p50_s) == (2, 1, 2.0)
    assert (found.input_tokens, found.output_tokens) == (1000, 100)


def test_nothing_measured_is_none_and_a_dash() -> None:
    (found,) = statistics.by_model([timing(wait=None, rate=None)], {})
    assert (found.ttft_p50_s, found.tokens_per_s_p95, found.recent_tokens_per_s) == (None, None, ())
    assert "p50 –   p95 –" in statistics.table([found])


@pytest.mark.parametrize(
    ("price", "cost"),
    [
        (Price(), None),
        (Price(context=8000), None),
        (Price(input=2.0), 0.004),
        (Price(output=10.0), 0.002),
        (Price(input=2.0, output=10.0), 0.006),
        (Price(input=0.0, output=0.0), 0.0),
    ],
)
def test_the_cost_is_per_million_tokens_and_unknown_without_a_price(price: Price, cost: float | None) -> None:
    (found,) = statistics.by_model([timing(), timing()], {"m": price, "other": Price(99, 99)})
    assert found.cost == (None if cost is None else pytest.approx(cost))


def test_the_plot_has_the_latest_rates_oldest_first() -> None:
    newest_first = [timing(rate=float(rate)) for rate in range(100, 0, -1)]
    (found,) = statistics.by_model(newest_first, {})
    assert found.recent_tokens_per_s == tuple(float(rate) for rate in range(77, 101))


def test_the_plot_is_a_bar_per_value_and_the_highest_is_full() -> None:
    assert statistics.plot([0, 1, 2, 4, 8]) == "▁▂▃▅█"
    assert statistics.plot([]) == statistics.plot([0.0, 0.0]) == ""


def test_the_table_has_every_figure_of_every_model() -> None:
    timings = [timing("m", rate=20.0), timing("m", rate=40.0, status="stopped"), timing("n")]
    assert statistics.table(statistics.by_model(timings, {"m": Price(1.0, 1.0)})) == (
        "m: 2 replies, 1 complete\n"
        "  first token   p50 0.50 s   p95 0.50 s\n"
        "  rate          p50 20 tok/s   p95 40 tok/s   █▅\n"
        "  tokens        2,000 in, 200 out, cost 0.0022\n"
        "\n"
        "n: 1 reply, 1 complete\n"
        "  first token   p50 0.50 s   p95 0.50 s\n"
        "  rate          p50 10 tok/s   p95 10 tok/s   █\n"
        "  tokens        1,000 in, 100 out"
    )
    assert statistics.table([]) == "No replies are saved yet."


def test_stats_as_json_of_saved_replies(command: Command, run_here: Run) -> None:
    command.configure('[prices."ok"]\ninput = 1.0\noutput = 2.0\n')
    for model in ("ok", "ok", "drop-after-5"):
        run_here("ask", "-m", model, "Say hello")

    outcome = run_here("stats", "--json")

    ok, dropped = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert (ok["model"], ok["replies"], ok["complete"]) == ("ok", 2, 2)
    assert set(ok) == {
        "model", "replies", "complete", "ttft_s", "tokens_per_s", "input_tokens", "output_tokens", "cost",
        "estimated",
    }  # fmt: skip
    assert 0 <= ok["ttft_s"]["p50"] <= ok["ttft_s"]["p95"]
    assert ok["cost"] == pytest.approx((ok["input_tokens"] + 2 * ok["output_tokens"]) / 1_000_000)
    assert (dropped["model"], dropped["replies"], dropped["complete"], dropped["cost"]) == ("drop-after-5", 1, 0, None)
    assert (ok["estimated"], dropped["estimated"]) == (False, True)
    assert dropped["output_tokens"] > 0


def test_guesses_are_marked_in_the_table() -> None:
    assert "~" not in statistics.table(statistics.by_model([timing()], {}))
    guessed = statistics.table(statistics.by_model([timing(), timing(estimated=True)], {}))
    assert "p50 ~10 tok/s   p95 ~10 tok/s" in guessed
    assert "~2,000 in, ~200 out" in guessed
    assert "p50 0.50 s" in guessed


def test_a_rate_without_a_count_is_a_guess_and_nothing_at_all_is_none() -> None:
    arrived, nothing = Metrics(characters=40, tokens_per_s=10.0), Metrics(total_s=1.0)
    assert Timing.of("m", 0.0, "failed", arrived, None).estimated
    assert Timing.of("m", 0.0, "stopped", arrived, Usage(3, None)).estimated
    assert not Timing.of("m", 0.0, "complete", arrived, Usage(3, 4)).estimated
    assert not Timing.of("m", 0.0, "failed", nothing, None).estimated


def test_stats_for_people_and_without_replies(run_here: Run) -> None:
    assert run_here("stats").out == "No replies are saved yet.\n"
    assert json.loads(run_here("stats", "--json").out) == []
    run_here("ask", "-m", "ok", "Say hello")
    assert run_here("stats").out.startswith("ok: 1 reply, 1 complete\n  first token   p50 ")
