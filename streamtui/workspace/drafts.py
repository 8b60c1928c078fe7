"""Unsent text, written down: what is on its way out or queued, and after it the draft."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from streamtui.chat.ports import Library
from streamtui.workspace.session import Session


class Drafts:
    """Keeps each session's unsent text on disk. A conversation without messages has no row: its draft is that of the
    next new one, of which there is only one."""

    def __init__(self, library: Library, on_their_way: Callable[[Session], list[str]]) -> None:
        """`on_their_way` returns the texts of what is about to be sent from a session."""
        self._library = library
        self._on_their_way = on_their_way
        self._new: Session | None = None
        """The session whose draft stands as that of the new conversation."""
        self._kept: WeakKeyDictionary[Session, tuple[str | None, str]] = WeakKeyDictionary()
        """What was written last, and for which conversation."""

    async def restore_new(self, session: Session) -> None:
        """Put the draft that was left for a new conversation before what `session` holds unsent.

        Raises `StoreError`.
        """
        left = await self._library.draft(None)
        self._new = session
        self._kept[session] = (None, left)
        if left:
            session.outgoing.restore_draft(left)

    def keep(self, session: Session) -> None:
        """Write down what is unsent in a session, unless it is written already: one in which nothing was ever typed
        leaves the draft of the new conversation alone."""
        queued = [prompt.text for prompt in session.outgoing.next.queued]
        text = "\n\n".join(part for part in (*self._on_their_way(session), *queued, session.outgoing.unsent()) if part)
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

    def keep_last(self, session: Session, *, in_view: bool) -> None:
        """Write down what is unsent when the program ends. What belongs to no saved conversation goes to the history
        as well: there may be a second new one, here or in another process, and only one draft is kept for all."""
        if not session.conversation.messages:
            self._library.remember_prompt(session.outgoing.unsent())
        if session.conversation.messages or in_view or session is self._new:
            self.keep(session)

    def _stand_for_new(self, session: Session) -> None:
        """From here on this session's draft is that of the new conversation; another one's goes to the history."""
        if self._new is not None and self._new is not session:
            _, replaced = self._kept.pop(self._new, (None, ""))
            self._library.remember_prompt(replaced)
        self._new = session
