"""How a reply ended, as a line of an exported document."""

from streamtui.chat.finish import FinishKind, finish_kind
from streamtui.chat.messages import Segment, Status


def ending_line(segment: Segment) -> str:
    """Return why a reply is not whole, nothing for one that is."""
    if segment.error is not None:
        return f"{segment.status.value}: {segment.error.message}"
    if segment.status is not Status.COMPLETE:
        return segment.status.value
    reason = segment.finish_reason
    return "" if reason is None or finish_kind(reason) is FinishKind.GOOD else f"ended early: {reason}"
