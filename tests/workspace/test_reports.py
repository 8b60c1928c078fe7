"""Figures as text for people."""

from streamtui.chat import statistics
from streamtui.chat.statistics import Price
from streamtui.workspace import reports
from tests.chat.test_statistics import timing


def test_nothing_measured_is_a_dash() -> None:
    rows = statistics.by_model([timing(wait=None, rate=None)], {})
    assert "p50 –   p95 –" in reports.statistics_table(rows)


def test_the_plot_is_a_bar_per_value_and_the_highest_is_full() -> None:
    assert reports.plot([0, 1, 2, 4, 8]) == "▁▂▃▅█"
    assert reports.plot([]) == reports.plot([0.0, 0.0]) == ""


def test_the_table_has_every_figure_of_every_model() -> None:
    timings = [timing("m", rate=20.0), timing("m", rate=40.0, status="stopped"), timing("n")]
    assert reports.statistics_table(statistics.by_model(timings, {"m": Price(1.0, 1.0)})) == (
        "m: 2 replies, 1 complete\n"
        "  first token   p50 0.50 s   p95 0.50 s\n"
        "  rate          p50 20 tok/s   p95 40 tok/s\n"
        "  latest 2      █▅   the highest is 40 tok/s\n"
        "  tokens        2,000 in, 200 out, cost 0.0022\n"
        "\n"
        "n: 1 reply, 1 complete\n"
        "  first token   p50 0.50 s   p95 0.50 s\n"
        "  rate          p50 10 tok/s   p95 10 tok/s\n"
        "  tokens        1,000 in, 100 out"
    )
    assert reports.statistics_table([]) == "No replies are saved yet."


def test_guesses_are_marked_in_the_table() -> None:
    assert "~" not in reports.statistics_table(statistics.by_model([timing()], {}))
    guessed = reports.statistics_table(statistics.by_model([timing(), timing(estimated=True)], {}))
    assert "p50 ~10 tok/s   p95 ~10 tok/s" in guessed
    assert "~2,000 in, ~200 out" in guessed
    assert "p50 0.50 s" in guessed
