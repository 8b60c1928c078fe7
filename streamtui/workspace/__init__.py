"""What a person does with conversations, without a screen: open, send, queue, follow, branch, delete.

One `Workspace` per process, one `Session` per open conversation. Front ends call their methods and watch typed events.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from streamtui.workspace.events import (
        Closed,
        ComparisonStarted,
        DraftChanged,
        HistoryRead,
        NextChanged,
        NotSent,
        PathChanged,
        ReplyEnded,
        ReplyStarted,
        SessionEvent,
        TitleChanged,
        TurnTakenBack,
    )
    from streamtui.workspace.following import PollIntervals
    from streamtui.workspace.outgoing import Next, Outgoing
    from streamtui.workspace.sender import Sender, allow_nothing
    from streamtui.workspace.session import Session
    from streamtui.workspace.submissions import Compact, Continue, Regenerate, Revise, SendPrompt, Submission
    from streamtui.workspace.workspace import Defaults, Workspace

_MODULES: Final = ("submissions", "events", "following", "outgoing", "session", "sender", "workspace")
"""Where the names are, what needs least first."""

__all__ = [
    "Closed",
    "Compact",
    "ComparisonStarted",
    "Continue",
    "Defaults",
    "DraftChanged",
    "HistoryRead",
    "Next",
    "NextChanged",
    "NotSent",
    "Outgoing",
    "PathChanged",
    "PollIntervals",
    "Regenerate",
    "ReplyEnded",
    "ReplyStarted",
    "Revise",
    "SendPrompt",
    "Sender",
    "Session",
    "SessionEvent",
    "Submission",
    "TitleChanged",
    "TurnTakenBack",
    "Workspace",
    "allow_nothing",
]

if not TYPE_CHECKING:  # a type checker is to know what there isn't

    def __getattr__(name: str) -> Any:
        """Import what is asked for when it is: programs that need one value are spared the rest, and asyncio."""
        if name in __all__:
            for module in _MODULES:
                members = vars(import_module(f"{__name__}.{module}"))
                if name in members:
                    return members[name]
        raise AttributeError(f"module {__name__} has no attribute {name}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
