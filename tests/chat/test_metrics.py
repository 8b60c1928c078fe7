"""Figures of a reply, from moments handed in."""

import pytest

from streamtui.chat.metrics import FEWEST_TOKENS, Meter, estimate_tokens, percentile, progress


def metered(*deltas: tuple[float, str]) -> Meter:
    meter = Meter(10.0)
    meter.connected(10.5)
    for moment, text in deltas:
        meter.delta(moment, text)
    return meter


def test_the_rate_leaves_the_wait_for_the_first_token_out() -> None:
    meter = metered((15.0, "x" * 200), (17.0, "x" * 200))

    metrics = meter.metrics(18.0)

    assert (metrics.connect_s, metrics.ttft_s, metrics.streaming_s, metrics.total_s) == (0.5, 5.0, 2.0, 8.0)
    assert (metrics.chunks, metrics.characters) == (2, 400)
    assert (metrics.tokens_per_s, metrics.characters_per_s) == (50.0, 200.0)


def test_the_providers_own_count_beats_the_estimate() -> None:
    assert metered((11.0, "x" * 400), (13.0, "x")).metrics(13.0, output_tokens=60).tokens_per_s == 30.0


@pytest.mark.parametrize("deltas", [[], [(11.0, "x" * 36)], [(11.0, "x" * 30), (14.0, "xxx")]])
def test_fewer_than_ten_tokens_have_no_rate(deltas: list[tuple[float, str]]) -> None:
    meter = metered(*deltas)

    assert meter.estimated_tokens < FEWEST_TOKENS
    assert meter.metrics(15.0).tokens_per_s is None
    assert meter.rate(15.0) is None


def test_one_burst_has_no_rate() -> None:
    assert metered((11.0, "x" * 4000)).metrics(11.0).tokens_per_s is None


def test_the_live_rate_looks_back_a_few_seconds_only() -> None:
    meter = metered(*((11.0 + n / 10, "x" * 40) for n in range(100)))

    assert meter.rate(21.0) == pytest.approx(100, rel=0.15)
    assert meter.rate(23.0) == pytest.approx(100 / 3, rel=0.4), "it falls while nothing arrives"


def test_silence_counts_from_the_last_delta_or_else_the_start() -> None:
    assert metered().silence(14.0) == 4.0
    assert metered((12.0, "x")).silence(14.0) == 2.0


def test_all_scripts_cost_about_the_same_by_the_estimate() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("word") == 1
    assert estimate_tokens("你好吗") == 3


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([2.0, 1.0], 0.5, 1.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([1.0, 2.0], 1.0, 2.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_percentiles_are_nearest_ranks(values: list[float], fraction: float, expected: float | None) -> None:
    assert percentile(values, fraction) == expected


def test_progress_is_an_estimate_that_never_claims_the_end() -> None:
    assert progress(0, [100], None) is None
    assert progress(50, [100, 100], None) == 0.5
    assert progress(5000, [100], None) is None
    assert progress(999, [1000], None) == 0.99
    assert progress(50, [], 100) == 0.5


def test_reasoning_is_guessed_while_it_streams_as_it_is_afterwards() -> None:
    meter = Meter(0.0)
    meter.delta(1.0, "x" * 40, reasoning=True)
    meter.delta(2.0, "y" * 40)
    assert meter.estimated_reasoning_tokens == estimate_tokens("x" * 40)


def test_whoever_looks_sees_the_figures_that_were_taken_last() -> None:
    meter = Meter(0.0)
    meter.connected(0.1)
    waiting = meter.sample(0.2)
    meter.delta(0.21, "first token")
    assert meter.sample(0.22) != waiting, "the first token is seen at once"
    for step in range(100):
        meter.delta(0.3 + step / 100, "token " * 4)
    early = meter.take(1.3)
    meter.delta(1.4, "token " * 400)
    assert meter.sample(1.6) is early
    late = meter.take(1.6)
    assert late.rate is not None and early.rate is not None and late.rate > early.rate
    assert meter.sample(1.7) is late
    assert not late.is_stalled and meter.sample(10.0).is_stalled, "old figures are no figures"
