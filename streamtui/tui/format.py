"""The state of a conversation, in words for one short line, the most telling first."""

from collections.abc import Sequence

from streamtui.chat.messages import ChatMessage
from streamtui.chat.metrics import BYTES_PER_TOKEN, progress
from streamtui.chat.reply import Reply
from streamtui.chat.statistics import Price, Prices
from streamtui.workspace import Session
from streamtui.workspace.context_use import NEARLY_FULL, measured_share

_FEWEST_PAST = 3
"""Past replies without which nothing is guessed."""


def state_of(session: Session, prices: Prices, elsewhere: int) -> list[str]:
    """Return how full the context is, what the branch has cost, how far the reply may be, and how many other
    conversations stream. A reply's own figures stand under it."""
    replies = [task.reply for task in session.tasks]
    parts: list[str] = []
    if len(replies) == 1 and (done := _progress(replies[0], session.past_lengths)) is not None:
        parts.append(f"perhaps {done:.0%} done")
    parts += _figures(session.conversation.path(), measured_share(session.conversation, prices), prices)
    if elsewhere > 0:
        parts.append(f"● {elsewhere} elsewhere")
    return parts


def _progress(reply: Reply, past: list[int]) -> float | None:
    if len(past) < _FEWEST_PAST:
        return None
    limit = reply.request.max_tokens
    return progress(reply.meter.characters, past, limit * BYTES_PER_TOKEN if limit else None)


def _figures(path: Sequence[ChatMessage], used: float | None, prices: Prices) -> list[str]:
    """Return how full the model's context is and what the branch has cost, where that is configured."""
    replies = [message for message in path if message.role == "assistant"]
    if not replies:
        return []
    parts: list[str] = []
    if used is not None:
        parts.append(f"context {used * 100:.0f} %" + (", nearly full" if used >= NEARLY_FULL else ""))
    costs = [cost for message in replies for cost in _costs(message, prices)]
    if costs:
        parts.append(f"${sum(costs):.3f}")
    return parts


def _costs(message: ChatMessage, prices: Prices) -> list[float]:
    price = prices.get(message.model or "", Price())
    usages = [segment.usage for segment in message.segments if segment.usage is not None]
    costs = [price.cost(usage.input_tokens or 0, usage.output_tokens or 0) for usage in usages]
    return [cost for cost in costs if cost is not None]
