"""What is sent next in a conversation: the draft, how it will be sent, and the prompts that wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import Attachment, DraftAttachment, Status, carried
from streamtui.chat.ports import Model
from streamtui.workspace.events import DraftChanged, NextChanged, NotSent, SessionEvent
from streamtui.workspace.submissions import Revise, SendPrompt, Submission, prompt_of


@dataclass(frozen=True, slots=True)
class Next:
    """What is sent next, and how. Owned by `Outgoing`; replaced, never changed."""

    edits: str | None = None
    """The id of the message that the draft is another wording of."""
    models: tuple[Model, ...] = ()
    """The models that the next prompt goes to, side by side."""
    queued: tuple[SendPrompt, ...] = ()
    """The prompts that wait for the reply in flight, the first one first."""
    attachments: tuple[DraftAttachment, ...] = ()
    """The files that go along with the draft, as far as its text names those that it is to name."""


class Outgoing:
    """Holds what one session has not sent yet, and takes back what could not be sent. Sends nothing itself."""

    def __init__(
        self,
        conversation: Conversation,
        tell: Callable[[SessionEvent], None],
        remember: Callable[[str], None],
    ) -> None:
        """`tell` reaches the session's watchers; `remember` puts a prompt that is taken back, but has no place in the
        draft, into the prompt history."""
        self.draft = ""
        self.unsent: Callable[[], str] = lambda: self.draft
        """Reads the draft to the last key: a box that shows it may be ahead of `draft` by what was just typed."""
        self._next = Next()
        self._place: int | None = None
        """Where in the queue the draft was taken from."""
        self._conversation = conversation
        self._tell = tell
        self._remember = remember

    @property
    def next(self) -> Next:
        """How the draft will be sent, and what waits."""
        return self._next

    # -- the draft, and how it will be sent

    def prompt(self, text: str) -> SendPrompt | Revise:
        """Return what sending `text` means: another wording, a comparison, or a plain prompt. The prompt after it will
        be a plain one."""
        edits, models, attachments = self._next.edits, self._next.models, self._next.attachments
        self.aim()
        self.detach(*attachments)
        edited = self._conversation.messages.get(edits or "")
        if edited is not None and edited.role == "assistant":
            return Revise(edited.id, text)
        return SendPrompt(text, edits, models, carried(text, attachments))

    def attach(self, *attachments: DraftAttachment) -> None:
        """Let files go along with the draft, each once."""
        kept = {_identity(one): one for one in (*self._next.attachments, *attachments)}
        self._set_next(replace(self._next, attachments=tuple(kept.values())))

    def detach(self, *attachments: DraftAttachment) -> None:
        """Let files go along no longer."""
        if attachments:
            kept = tuple(one for one in self._next.attachments if one not in attachments)
            self._set_next(replace(self._next, attachments=kept))

    def aim(self, edits: str | None = None, models: Sequence[Model] = ()) -> None:
        """Let the next prompt be another wording of a message, or go to several models, or neither."""
        self._set_next(replace(self._next, edits=edits, models=tuple(models)))

    def edit(self, message: str) -> None:
        """Take a message into the draft; sending it makes a branch beside the old wording: with a reply to it, or of
        the reply that it is.

        What the draft held goes into the prompt history. Raises `StreamtuiError` for a message that is gone, or that
        is still being written.
        """
        edited = self._conversation.messages.get(message)
        if edited is None or edited.status is Status.STREAMING:
            raise StreamtuiError("The message is still being written, or gone: it can't be edited now.")
        if (unsent := self.unsent()).strip():
            self._remember(unsent)
        self.aim(edits=message)
        self._set_next(replace(self._next, attachments=edited.attachments))
        self._set_draft(edited.text)

    def leave_edit(self) -> None:
        """Let the draft be no other wording of a message any more, nor carry that message's files."""
        if self._next.edits is not None:
            self._set_next(replace(self._next, edits=None, attachments=()))

    def restore_draft(self, text: str, attachments: Sequence[DraftAttachment] = ()) -> None:
        """Put what was written down earlier before what is unsent now."""
        self.attach(*attachments)
        self._set_draft(text + self.unsent())

    def withdraw(self, prompt: SendPrompt) -> None:
        """Remove a prompt that was given back from the draft again, since it is about to be sent another way."""
        self.detach(*prompt.attachments)
        self._set_draft(self.unsent().removeprefix(prompt.text).lstrip("\n"))

    def stash(self, text: str) -> None:
        """Put an unsent text on top of the prompt history, and plan nothing special for the next prompt."""
        self.aim(models=self._next.models)
        self._remember(text)

    # -- the queue

    def queue(self, prompt: SendPrompt) -> None:
        """Let a prompt wait until the reply in flight, and what was queued before, is complete. One that was taken out
        to be edited goes back to its place."""
        queued = list(self._next.queued)
        queued.insert(len(queued) if self._place is None else self._place, prompt)
        self._place = None
        self._set_next(replace(self._next, queued=tuple(queued)))

    def edit_queued(self, index: int) -> None:
        """Take a queued prompt into the draft; sending it puts it back where it was."""
        before = len(self._next.queued)
        if self.unqueue(index) and before > 1:
            self._place = index % before

    def remove_queued(self, index: int) -> None:
        """Take a prompt out of the queue, and put it into the prompt history."""
        queued = list(self._next.queued)
        self._remember(queued.pop(index).text)
        self._set_next(replace(self._next, queued=tuple(queued)))

    def move_queued(self, index: int, step: int) -> bool:
        """Let a queued prompt be sent earlier (negative) or later; return whether that was possible."""
        queued = list(self._next.queued)
        if not 0 <= index + step < len(queued):
            return False
        queued.insert(index + step, queued.pop(index))
        self._set_next(replace(self._next, queued=tuple(queued)))
        return True

    def dequeue(self) -> SendPrompt | None:
        """Take the prompt that has waited longest out of the queue; `None` where none waits."""
        if not self._next.queued:
            return None
        first, *rest = self._next.queued
        self._place = max(0, self._place - 1) if self._place is not None and rest else None
        self._set_next(replace(self._next, queued=tuple(rest)))
        return first

    def unqueue(self, index: int = -1) -> bool:
        """Give a queued prompt (by default the newest) back, before the draft; return whether there was one."""
        queued = list(self._next.queued)
        if not queued:
            return False
        prompt = queued.pop(index)
        self._set_next(replace(self._next, queued=tuple(queued)))
        self.give_back(prompt)
        return True

    # -- taking back

    def give_back(self, *prompts: SendPrompt | None) -> None:
        """Put what was not sent, the first one first, before the draft, which is to be sent as that was."""
        given = [prompt for prompt in prompts if prompt is not None and not prompt.is_empty]
        if not given:
            return
        self.attach(*(one for prompt in given for one in prompt.attachments))
        self.aim(self._next.edits or given[0].edits, self._next.models or given[0].models)
        self._set_draft("\n\n".join(text for text in (*(p.text for p in given), self.unsent()) if text.strip()))

    def give_back_all(self, *prompts: SendPrompt | None) -> None:
        """Give back these prompts, and behind them the queued ones."""
        self.give_back(*prompts, *self.take_queue())

    def stop(self, taken_back: Sequence[SendPrompt]) -> None:
        """Give back the queue of a conversation whose replies were stopped.

        `taken_back` are the prompts of turns that are gone: they become the draft if that is empty, else they go into
        the prompt history.
        """
        if self._is_blank:
            self.give_back_all(*taken_back)
            return
        for prompt in taken_back:
            self._remember(prompt.text)
        self.give_back_all()

    def refuse(self, submission: Submission, error: StreamtuiError) -> None:
        """Give back what could not be sent, and what was queued behind it, and tell why."""
        self.give_back_all(prompt_of(submission))
        self._tell(NotSent(error))

    # -- inside

    @property
    def _is_blank(self) -> bool:
        text = self.unsent()
        return not (text.strip() or carried(text, self._next.attachments))

    def take_queue(self) -> tuple[SendPrompt, ...]:
        """Empty the queue, and return what waited there."""
        queued, self._place = self._next.queued, None
        if queued:
            self._set_next(replace(self._next, queued=()))
        return queued

    def _set_draft(self, text: str) -> None:
        self.draft = text
        self._tell(DraftChanged())

    def _set_next(self, value: Next) -> None:
        self._next = value
        self._tell(NextChanged())


def _identity(attachment: DraftAttachment) -> tuple[str, str]:
    """Return what makes two attachments of a draft the same one."""
    if isinstance(attachment, Attachment):
        return attachment.sha256, attachment.name
    return attachment.path, ""
