"""Times, rates and counts as the log words them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from streamtui.chat.messages import ChatMessage, Usage, is_estimate
from streamtui.chat.metrics import Meter, estimate_tokens


def clock_time(moment: float, now: float) -> str:
    """Return the local time of `moment`, with the date where it was not the day of `now`."""
    then, today = time.localtime(moment), time.localtime(now)
    clock = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return clock
    day = f"{then.tm_mday} {time.strftime('%b', then)}"
    return f"{day} {clock}" if then.tm_year == today.tm_year else f"{day} {then.tm_year} {clock}"


def seconds(value: float) -> str:
    if value < 1:
        return f"{value:.2f} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 100:
        return f"{value:.0f} s"
    return f"{int(value) // 60} min {int(value) % 60} s"


def seconds_whole(value: float) -> str:
    return f"{max(0, int(value))} s" if value < 100 else f"{int(value) // 60} min {int(value) % 60} s"


def tokens(count: int, estimated: bool = False) -> str:
    return f"{'~' if estimated else ''}{count:,} token{'' if count == 1 else 's'}"


def first_token(ttft_s: float) -> str:
    return f"first token {seconds(ttft_s)}"


def figures(message: ChatMessage) -> list[str]:
    """Return how a settled reply went: tokens of all its segments, rate and first token of the last one."""
    items: list[str] = []
    counts = [segment.usage for segment in message.segments if segment.usage is not None]
    total = sum(usage.output_tokens or 0 for usage in counts)
    if total:
        items.append(tokens(total, any(usage.estimated for usage in counts)))
    metrics = message.last.metrics
    if metrics is None:
        return items
    if metrics.tokens_per_s is not None:
        items.append(f"{'~' if is_estimate(message.last.usage) else ''}{metrics.tokens_per_s:,.0f} tok/s")
    if metrics.ttft_s is not None:
        items.append(first_token(metrics.ttft_s))
    if metrics.total_s:
        items.append(seconds(metrics.total_s))
    return items


def pulse(meter: Meter, now: float) -> tuple[str, bool]:
    """Return how a reply in flight goes just now, and whether that is a worry."""
    sample = meter.sample(now)
    if meter.first_at is None:
        return f"thinking {seconds_whole(sample.silence)}", False
    if sample.is_stalled:
        return f"no data for {seconds_whole(sample.silence)}", True
    return "streaming" if sample.rate is None else f"~{sample.rate:,.0f} tok/s", False


def live_figures(meter: Meter, now: float) -> tuple[list[str], bool]:
    """Return all that is said of a reply in flight, and whether it is a worry."""
    rate, is_worry = pulse(meter, now)
    if meter.first_at is None:
        return [rate], is_worry
    return [rate, tokens(meter.estimated_tokens, estimated=True)], is_worry


def thought_label(reasoning: str, usages: Sequence[Usage | None], took: float | None) -> str:
    """Return what is said of finished reasoning."""
    counted = sum(usage.reasoning_tokens or 0 for usage in usages if usage is not None)
    amount = tokens(counted) if counted else tokens(estimate_tokens(reasoning), estimated=True)
    return f"thought · {amount}" if took is None else f"thought for {seconds(took)} · {amount}"


def new_lines(count: int) -> str:
    return f"↓ {count:,} new line{'' if count == 1 else 's'}"
