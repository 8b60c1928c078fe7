"""Unsent text, written down: what is in the box, and before it what is on its way out or queued."""

from weakref import WeakKeyDictionary

from streamtui.chat.ports import Library
from streamtui.tui.session import Session
from streamtui.tui.submissions import Submissions


class Drafts:
    """Keeps each session's unsent text on disk. A conversation without messages has no row: its draft is that of the
    next new one, of which there is only one."""

    def __init__(self, library: Library, outbox: Submissions) -> None:
        self._library = library
        self._outbox = outbox
        self._new: Session | None = None
        """The session whose draft stands as that of the new conversation."""
        self._kept: WeakKeyDictionary[Session, tuple[str | None, str]] = WeakKeyDictionary()
        """What was written last, and for which conversation."""

    async def give_back(self, session: Session) -> None:
        """Put the draft that was left for a new conversation before what `session` holds unsent."""
        left = await self._library.draft(None)
        self._new = session
        self._kept[session] = (None, left)
        session.draft = left + session.draft

    def keep(self, session: Session) -> None:
        """Write down what is unsent in a session, unless it is written already: one in which nothing was ever typed
        leaves the draft of the new conversation alone."""
        queued = session.queued.text if session.queued is not None else ""
        parts = [*self._outbox.texts(session), queued, session.draft]
        text = "\n\n".join(part for part in parts if part)
        conversation = session.conversation.id if session.conversation.messages else None
        if self._kept.get(session, (None, "")) == (conversation, text):
            return
        self._kept[session] = (conversation, text)
        self._library.keep_draft(conversation, text)
        if conversation is None:
            self._stand_for_new(session)
        elif self._new is session:
            self._new = None
            self._library.keep_draft(None, "")

    def _stand_for_new(self, session: Session) -> None:
        """From now on this session's draft is that of the new conversation; another one's goes to the history."""
        if self._new is not None and self._new is not session:
            _, lost = self._kept.pop(self._new, (None, ""))
            self._library.remember_prompt(lost)
        self._new = session

    def keep_last(self, session: Session, *, in_view: bool) -> None:
        """Write down what is unsent when the app ends. What belongs to no saved conversation goes to the history as
        well: there may be a second new one, here or in another process, and only one draft is kept for all."""
        self._outbox.take_back(session)
        if not session.conversation.messages:
            self._library.remember_prompt(session.draft)
        if session.conversation.messages or in_view or session is self._new:
            self.keep(session)
