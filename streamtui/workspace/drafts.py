"""Unsent text and its files, written down: what is on its way out or queued, and after it the draft."""

from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

from streamtui.chat.messages import DraftAttachment, carried
from streamtui.chat.ports import Library
from streamtui.workspace.session import Session
from streamtui.workspace.submissions import SendPrompt, Submission, prompt_of

_Kept = tuple[str | None, str, tuple[DraftAttachment, ...]]
_NOTHING: Final[_Kept] = (None, "", ())


class Drafts:
    """Keeps each session's unsent text on disk. A conversation without messages has no row: its draft is that of the
    next new one, of which there is only one."""

    def __init__(self, library: Library, on_their_way: Callable[[Session], list[Submission]]) -> None:
        """`on_their_way` returns what is about to be sent from a session."""
        self._library = library
        self._on_their_way = on_their_way
        self._new: Session | None = None
        """The session whose draft stands as that of the new conversation."""
        self._kept: WeakKeyDictionary[Session, _Kept] = WeakKeyDictionary()
        """What was written last, and for which conversation."""

    async def restore_new(self, session: Session) -> None:
        """Put the draft that was left for a new conversation before what `session` holds unsent.

        Raises `StoreError`.
        """
        left = await self._library.draft(None)
        attachments = await self._library.draft_attachments(None)
        self._new = session
        self._kept[session] = (None, left, attachments)
        if left or attachments:
            session.outgoing.restore_draft(left, attachments)

    def keep(self, session: Session) -> None:
        """Write down what is unsent in a session, unless it is written already: one in which nothing was ever typed
        leaves the draft of the new conversation alone, and one that isn't saved leaves nothing."""
        if not session.is_saved:
            return
        outgoing = session.outgoing
        typed = outgoing.unsent()
        unsent = SendPrompt(typed, attachments=carried(typed, outgoing.next.attachments))
        submissions = (*self._on_their_way(session), *outgoing.next.queued, unsent)
        prompts = [prompt for submission in submissions if (prompt := prompt_of(submission)) is not None]
        text = "\n\n".join(prompt.text for prompt in prompts if prompt.text)
        attachments = tuple(dict.fromkeys(one for prompt in prompts for one in prompt.attachments))
        conversation = session.conversation.id if session.conversation.messages else None
        if self._kept.get(session, _NOTHING) == (conversation, text, attachments):
            return
        self._kept[session] = (conversation, text, attachments)
        self._library.keep_draft(conversation, text, attachments)
        if conversation is None:
            self._stand_for_new(session)
        elif self._new is session:
            self._new = None
            self._library.keep_draft(None, "")

    def keep_last(self, session: Session, *, in_view: bool) -> None:
        """Write down what is unsent when the program ends. What belongs to no saved conversation goes to the history
        as well: there may be a second new one, here or in another process, and only one draft is kept for all."""
        if not session.is_saved:
            return
        if not session.conversation.messages:
            self._library.remember_prompt(session.outgoing.unsent())
        if session.conversation.messages or in_view or session is self._new:
            self.keep(session)

    def _stand_for_new(self, session: Session) -> None:
        """From here on this session's draft is that of the new conversation; another one's goes to the history."""
        if self._new is not None and self._new is not session:
            _, replaced, _ = self._kept.pop(self._new, _NOTHING)
            self._library.remember_prompt(replaced)
        self._new = session
