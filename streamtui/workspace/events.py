"""What happens in a session, as front ends watch it. Events come on the event loop, in order."""

from dataclasses import dataclass

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Failed, Finished
from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply_tasks import ReplyTask


@dataclass(frozen=True, slots=True)
class PathChanged:
    """Another path through the conversation is in view."""

    path: tuple[ChatMessage, ...]
    """From the root to the last message before the reply that is about to start, if one is."""


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """A reply starts; watch its task for what arrives."""

    task: ReplyTask
    new_messages: tuple[ChatMessage, ...]
    """The messages that are new with it, its own not among them."""


@dataclass(frozen=True, slots=True)
class ComparisonStarted:
    """These replies to one prompt start, side by side."""

    tasks: tuple[ReplyTask, ...]


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """A reply is settled. Comes once for each reply, after the reply's own watchers heard its last event."""

    task: ReplyTask
    ending: Finished | Failed


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """What came before the first messages that were shown is read; nothing else of the path changed."""

    first: str | None
    """The id of the message that was the first so far."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The conversation is no longer open: it was deleted, or its messages can't be read. What was unsent is kept."""

    error: StreamtuiError | None = None
    """Why it can't be read; `None` where it was deleted."""


@dataclass(frozen=True, slots=True)
class TurnTakenBack:
    """A stopped turn in which nothing had arrived is gone."""


@dataclass(frozen=True, slots=True)
class DraftChanged:
    """The draft is another one, not by the user's hand."""


@dataclass(frozen=True, slots=True)
class NextChanged:
    """What is queued, or how the next prompt will be sent, is something else."""


@dataclass(frozen=True, slots=True)
class TitleChanged:
    """The conversation has another title, not by the user's hand."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Something could not be sent; its text is in the draft again."""

    error: StreamtuiError


SessionEvent = (
    PathChanged
    | ReplyStarted
    | ComparisonStarted
    | ReplyEnded
    | HistoryRead
    | Closed
    | TurnTakenBack
    | DraftChanged
    | NextChanged
    | TitleChanged
    | NotSent
)
