"""Figures as text for people: what `/stats` and `streamtui stats` show."""

from collections.abc import Sequence
from typing import Final

from streamtui.chat.statistics import ModelStatistics

_BARS: Final = "▁▂▃▄▅▆▇█"


def plot(values: Sequence[float]) -> str:
    """Return a line of bars, the highest value the highest bar."""
    top = max(values, default=0.0)
    if top <= 0:
        return ""
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in values)


def statistics_table(rows: Sequence[ModelStatistics]) -> str:
    """Return the figures as lines of text, one model a paragraph."""
    if not rows:
        return "No replies are saved yet."
    return "\n\n".join(_paragraph(row) for row in rows)


def _paragraph(row: ModelStatistics) -> str:
    about = "~" if row.estimated else ""
    lines = [f"{row.model}: {row.replies} {'reply' if row.replies == 1 else 'replies'}, {row.complete} complete"]
    lines.append(f"  first token   p50 {_figure(row.ttft_p50_s, ' s')}   p95 {_figure(row.ttft_p95_s, ' s')}")
    p50, p95 = (_figure(rate, " tok/s", 0, about) for rate in (row.tokens_per_s_p50, row.tokens_per_s_p95))
    lines.append(f"  rate          p50 {p50}   p95 {p95}")
    recent = row.recent_tokens_per_s
    if len(recent) > 1 and (bars := plot(recent)):
        lines.append(f"  latest {len(recent):<6} {bars}   the highest is {about}{max(recent):.0f} tok/s")
    lines.append(f"  tokens        {about}{row.input_tokens:,} in, {about}{row.output_tokens:,} out{_cost(row)}")
    return "\n".join(lines)


def _figure(value: float | None, unit: str, digits: int = 2, about: str = "") -> str:
    return "–" if value is None else f"{about}{value:.{digits}f}{unit}"


def _cost(row: ModelStatistics) -> str:
    if row.cost is None:
        return ""
    return f", cost {row.cost:.4f}{f' ({row.price_source})' if row.price_source else ''}"
