"""The state of a conversation in one short line."""

from collections.abc import Mapping, Sequence

from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import BYTES_PER_TOKEN, STALL_S, progress
from streamtui.chat.reply import Reply
from streamtui.chat.statistics import Price

_FEWEST_PAST = 3
"""Past replies without which nothing is guessed."""


def state_line(replies: Sequence[Reply], now: float, past: list[int]) -> str:
    """Return how the replies in view go; `past` are the lengths of the model's earlier ones, in characters."""
    if len(replies) > 1:
        return f"● {len(replies)} replies"
    reply = replies[0]
    meter = reply.meter
    if reply.notice is not None and reply.notice.kind == "retry":
        return "● waiting to retry"
    if meter.first_at is None:
        verb = "waiting" if meter.connected_at is not None else "connecting"
        return f"● {verb} {max(0.0, now - meter.started_at):.0f} s"
    rate, silence = meter.rate(now), meter.silence(now)
    parts: list[str] = []
    if silence >= STALL_S:
        parts.append(f"● no data for {silence:.0f} s")
    else:
        parts.append(f"● ~{rate:.0f} tok/s" if rate is not None else "● streaming")
    parts.append(f"first token {meter.first_at - meter.started_at:.2f} s")
    if (done := _progress(reply, past)) is not None:
        parts.append(f"perhaps {done:.0%} done")
    return " · ".join(parts)


def _progress(reply: Reply, past: list[int]) -> float | None:
    if len(past) < _FEWEST_PAST:
        return None
    limit = reply.request.max_tokens
    return progress(reply.meter.characters, past, limit * BYTES_PER_TOKEN if limit else None)


def idle_line(path: Sequence[ChatMessage], prices: Mapping[str, Price]) -> str:
    """Return how full the model's context is and what the branch has cost, where that is configured."""
    replies = [message for message in path if message.role == "assistant"]
    if not replies or not prices:
        return ""
    parts: list[str] = []
    last = replies[-1]
    window = prices.get(last.model or "", Price()).context
    usage = last.last.usage
    if window and usage is not None:
        parts.append(f"context {((usage.input_tokens or 0) + (usage.output_tokens or 0)) / window:.0%}")
    costs = [cost for message in replies for cost in _costs(message, prices)]
    if costs:
        parts.append(f"cost {sum(costs):.4f}")
    return " · ".join(parts)


def _costs(message: ChatMessage, prices: Mapping[str, Price]) -> list[float]:
    price = prices.get(message.model or "", Price())
    usages = [segment.usage for segment in message.segments if segment.usage is not None]
    costs = [price.cost(usage.input_tokens or 0, usage.output_tokens or 0) for usage in usages]
    return [cost for cost in costs if cost is not None]
