"""The figures over all saved replies."""

import pytest

from streamtui.chat import statistics
from streamtui.chat.messages import Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import Timing
from streamtui.chat.statistics import Price


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
    (row,) = statistics.by_model(
        [timing(wait=None, rate=None, output=None, input=None, status="failed"), timing(wait=2.0)], {}
    )
    assert (row.replies, row.complete, row.ttft_p50_s) == (2, 1, 2.0)
    assert (row.input_tokens, row.output_tokens) == (1000, 100)


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
    (row,) = statistics.by_model([timing(), timing()], {"m": price, "other": Price(99, 99)})
    assert row.cost == (None if cost is None else pytest.approx(cost))


def test_the_plot_has_the_latest_rates_oldest_first() -> None:
    newest_first = [timing(rate=float(rate)) for rate in range(100, 0, -1)]
    (row,) = statistics.by_model(newest_first, {})
    assert row.recent_tokens_per_s == tuple(float(rate) for rate in range(77, 101))


def test_a_rate_without_a_count_is_a_guess_and_nothing_at_all_is_none() -> None:
    arrived, nothing = Metrics(characters=40, tokens_per_s=10.0), Metrics(total_s=1.0)
    assert Timing.of("m", 0.0, "failed", arrived, None).estimated
    assert Timing.of("m", 0.0, "stopped", arrived, Usage(3, None)).estimated
    assert not Timing.of("m", 0.0, "complete", arrived, Usage(3, 4)).estimated
    assert not Timing.of("m", 0.0, "failed", nothing, None).estimated


def test_nothing_measured_is_none() -> None:
    (row,) = statistics.by_model([timing(wait=None, rate=None)], {})
    assert (row.ttft_p50_s, row.tokens_per_s_p95, row.recent_tokens_per_s) == (None, None, ())
