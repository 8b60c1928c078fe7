"""What happens in all sessions of a process, for whoever watches more than one, and what nobody has seen yet."""

from collections.abc import Callable

from streamtui.chat.events import Finished
from streamtui.chat.messages import Status
from streamtui.workspace.events import ReplyEnded, ReplyStarted, SessionEvent
from streamtui.workspace.session import Session


class SessionEvents:
    """Hands the events of every session on, and remembers which conversations have an end that nobody has seen."""

    def __init__(self) -> None:
        self.unread: set[str] = set()
        """Conversations in which a reply ended while nobody watched."""
        self._listeners: tuple[Callable[[Session, SessionEvent], None], ...] = ()

    def watch(self, listener: Callable[[Session, SessionEvent], None]) -> None:
        """Call `listener` with every event of every session from here on; it must be quick and must not raise."""
        self._listeners = (*self._listeners, listener)

    def seen(self, conversation: str) -> None:
        """Take note that the user has a conversation before them: what ended there is no longer unread."""
        self.unread.discard(conversation)

    def hear(self, session: Session, event: SessionEvent) -> None:
        """Take in an event of a session."""
        conversation = session.conversation.id
        match event:
            case ReplyStarted():
                self.unread.discard(conversation)
            case ReplyEnded(ending=Finished(status=Status.STOPPED)):
                pass
            case ReplyEnded() if not session.is_watched:
                self.unread.add(conversation)
            case _:
                pass
        for listener in self._listeners:
            listener(session, event)
