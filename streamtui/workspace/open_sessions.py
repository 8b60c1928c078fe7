"""The sessions of one process, by conversation."""

from collections.abc import Callable, Iterator
from typing import Final

from streamtui.workspace.sender import Sender
from streamtui.workspace.session import Session

IDLE_SESSIONS: Final = 8
"""Sessions that stay open although nobody watches them and nothing happens there; older ones are read again."""


class OpenSessions:
    """Holds sessions as long as they are needed. Those that aren't saved are needed until they are closed."""

    def __init__(self, sender: Sender, let_go: Callable[[Session], None]) -> None:
        """`let_go` is called with a session that is idle, before it is dropped."""
        self._sender = sender
        self._let_go = let_go
        self._sessions: dict[str, Session] = {}
        """The one opened last at the end."""

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def get(self, conversation: str) -> Session | None:
        return self._sessions.get(conversation)

    def pop(self, conversation: str) -> Session | None:
        return self._sessions.pop(conversation, None)

    def add(self, session: Session) -> Session:
        """Hold a session, in place of another one of the same conversation."""
        self._sessions.pop(session.conversation.id, None)
        self._sessions[session.conversation.id] = session
        idle = [other for other in self if other is not session and self._is_idle(other)]
        for other in idle[: max(0, len(idle) - IDLE_SESSIONS)]:
            self._let_go(other)
            del self._sessions[other.conversation.id]
        return session

    def blank(self, *, is_saved: bool) -> Session | None:
        """Return the session in which nothing was asked yet, nor is about to be, if there is one: the watched one, or
        else the newest."""
        blank = [
            session
            for session in self
            if session.is_blank and session.is_saved == is_saved and not self._sender.on_their_way(session)
        ]
        return next((session for session in blank if session.is_watched), blank[-1] if blank else None)

    def _is_idle(self, session: Session) -> bool:
        is_needed = (
            not session.is_saved
            or session.is_watched
            or session.is_streaming
            or session.outgoing.next.queued
            or self._sender.on_their_way(session)
        )
        return not (is_needed or session.is_blank) and session.ready.is_set()
