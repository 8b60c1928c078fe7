"""The state of replies in one short line."""

from collections.abc import Sequence

from streamtui.chat.metrics import STALL_S
from streamtui.chat.reply import Reply


def state_line(replies: Sequence[Reply], now: float, streaming: int) -> str:
    """Return what streams in view, in figures; elsewhere, how many; nothing where nothing does."""
    if not replies:
        return f"● {streaming} elsewhere" if streaming else ""
    line = " · ".join(_figures(replies[0], now)) if len(replies) == 1 else f"● {len(replies)} replies"
    elsewhere = streaming - len(replies)
    return f"{line} · {elsewhere} elsewhere" if elsewhere > 0 else line


def _figures(reply: Reply, now: float) -> list[str]:
    meter = reply.meter
    if meter.first_at is None:
        verb = "waiting" if meter.connected_at is not None else "connecting"
        return [f"● {verb} {max(0.0, now - meter.started_at):.0f} s"]
    parts: list[str] = []
    silence = meter.silence(now)
    rate = meter.rate(now)
    if silence >= STALL_S:
        parts.append(f"● no data for {silence:.0f} s")
    else:
        parts.append(f"● ~{rate:.0f} tok/s" if rate is not None else "● streaming")
    parts.append(f"first token {meter.first_at - meter.started_at:.2f} s")
    return parts
