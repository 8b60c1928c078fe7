"""What is said about the replies of the session in view, beside their bubbles."""

from collections.abc import Callable
from typing import Final

from streamtui.chat.events import Event, Failed, Finished, Notice
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.widgets.bars import Severity
from streamtui.workspace import NotSent, ReplyEnded, ReplyStarted, Session, SessionEvent

SPOKEN: Final = ("reconnected", "field_dropped", "not_saved", "refusal", "tool_call", "finish")
"""Notices that are worth a word, because the text soon takes their place in the bubble."""


class ReplyNews:
    """Says how replies go, and what can be done about one that broke off."""

    def __init__(
        self,
        keys: Keybindings,
        say: Callable[[str, Severity], None],
        offer: Callable[[Session, Reply], None],
        look_at_context: Callable[[Session], None],
    ) -> None:
        """`offer` offers what can be done about a conversation that is too long for its model; `look_at_context` is
        called once a reply is whole."""
        self._keys = keys
        self._say = say
        self._offer = offer
        self._look_at_context = look_at_context

    def hear(self, session: Session, event: SessionEvent) -> None:
        """Take in what happens in the session in view."""
        match event:
            case ReplyStarted(task=task):
                task.watch(self._on_reply_event)
            case ReplyEnded(task=task, ending=ending):
                self._on_ended(session, task, ending)
            case NotSent(error=error):
                self._say(str(error), "error")
            case _:
                pass

    def _on_reply_event(self, event: Event) -> None:
        if isinstance(event, Notice) and event.kind in SPOKEN:
            self._say(event.text, "information")

    def _on_ended(self, session: Session, task: ReplyTask, ending: Finished | Failed) -> None:
        match ending:
            case Failed(error=error) if error.kind == "context_length":
                if not session.comparison.tasks:
                    self._offer(session, task.reply)
            case Failed() if task.reply.message.can_continue:
                key = self._keys["continue"] or "/continue"
                self._say(f"{key} lets the reply go on where it stopped.", "information")
            case Finished() if not session.comparison.tasks:
                self._look_at_context(session)
            case _:
                pass
