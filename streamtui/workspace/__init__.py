"""What a person does with conversations, without a screen: open, send, queue, follow, branch, delete.

One `Workspace` per process, one `Session` per open conversation. Front ends call their methods and watch typed events.
"""

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
