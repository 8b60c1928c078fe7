"""A conversation that is open in the app, in view or not: its replies in flight, its queued prompt, its draft."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, assert_never

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Event, Failed, Finished
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import Model
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask, ReplyTasks


@dataclass(frozen=True, slots=True)
class SendPrompt:
    """A prompt to be sent."""

    text: str
    edits: str | None = None
    """The message of the reader's own that this is another wording of."""
    models: tuple[Model, ...] = ()
    """Who answers, side by side; without any, the conversation's model does."""


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Another reply to the prompt that a message (the last one) answers."""

    message: str | None = None


@dataclass(frozen=True, slots=True)
class Continue:
    """More of a reply (the last one) that broke off."""

    message: str | None = None


Intent = SendPrompt | Regenerate | Continue
"""What the reader wants sent. It stays whole from the key to the reply."""


class SessionListener(Protocol):
    """What a session tells whoever shows it. Calls come on the event loop and must be quick."""

    def about_to_send(self) -> None:
        """Something is about to be sent from the branch in view: settle which one that is."""

    def turned(self, path: Sequence[ChatMessage]) -> None:
        """What is in view is now this path, to which a reply will be added."""

    def began(self, rows: Sequence[ChatMessage], reply: Reply) -> None:
        """A reply starts; `rows` are the messages that are new with it, its own not among them."""

    def compared(self, runs: Sequence[ReplyTask]) -> None:
        """These replies start, side by side."""

    def arrived(self, run: ReplyTask, event: Event) -> None:
        """Something of a reply arrived, its end included."""

    def taken_back(self) -> None:
        """A turn in which nothing had arrived is gone."""

    def draft_changed(self) -> None:
        """The draft is another one, not by the reader's hand."""

    def next_changed(self) -> None:
        """What is sent next, or how, is something else."""

    def unsent(self) -> str:
        """Return the draft as it stands in the box, which may be ahead of the session's."""


class Session:
    """Owns what is to happen in one conversation next. Replies are owned by `ReplyTasks` and go on without a view."""

    def __init__(
        self,
        conversation: Conversation,
        live: ReplyTasks,
        dispatch: Callable[["Session", Intent], None],
        remember: Callable[[str], None],
    ) -> None:
        """`dispatch` sends what was queued, once its turn has come; `remember` puts a prompt that is taken back, but
        has no place in the box, into the history."""
        self.conversation = conversation
        self.draft = ""
        """What is in the box while the session is in view, and will be there when it is again."""
        self.queued: SendPrompt | None = None
        self.editing: str | None = None
        """The message of the reader's own that the draft is another wording of."""
        self.comparing: tuple[Model, ...] = ()
        """The models that the next prompt goes to, side by side."""
        self.past: list[int] = []
        """Characters in past replies of the model, for the estimate of progress."""
        self.ready = asyncio.Event()
        """Set once all messages are read, and with that the whole context."""
        self.ready.set()
        self.view: SessionListener | None = None
        self._live = live
        self._dispatch = dispatch
        self._remember = remember
        self._asked: SendPrompt | None = None
        """What the replies in flight answer, if it was a prompt."""

    @property
    def runs(self) -> list[ReplyTask]:
        return self._live.of(self.conversation.id)

    @property
    def run_in_view(self) -> ReplyTask | None:
        """The reply in flight on the branch in view; `None` where there is none, or on another branch."""
        path = {message.id for message in self.conversation.path()}
        return next((run for run in self.runs if run.reply.id in path), None)

    @property
    def unsent(self) -> str:
        """The draft to the last key."""
        return self.draft if self.view is None else self.view.unsent()

    @property
    def title(self) -> str:
        """The conversation's title, also while its first reply is only just being written down."""
        return self.conversation.title or next((run.reply.title for run in self.runs), "")

    @property
    def is_streaming(self) -> bool:
        return bool(self.runs)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was ever asked here."""
        return not (self.conversation.messages or self.is_streaming)

    @property
    def is_written_elsewhere(self) -> bool:
        """Whether another process was writing a reply when this was read."""
        is_written = any(message.status is Status.STREAMING for message in self.conversation.messages.values())
        return is_written and not self.is_streaming

    def asks(self, text: str) -> SendPrompt:
        """Return what sending `text` means now: another wording, a comparison, or a plain prompt."""
        ask = SendPrompt(text, self.editing, self.comparing)
        self.aim()
        return ask

    def aim(self, edits: str | None = None, models: tuple[Model, ...] = ()) -> None:
        """Let the next prompt be another wording of a message, or go to several models, or neither."""
        self.editing, self.comparing = edits, models
        self._tell_next()

    def start(self, intent: Intent) -> None:
        """Send. Raises `StreamtuiError` where that makes no sense now."""
        if self.is_streaming:
            raise StreamtuiError("A reply is still streaming here: stop it first.")
        conversation = self.conversation
        self._asked = intent if isinstance(intent, SendPrompt) else None
        match intent:
            case SendPrompt(text=text, edits=str(edited)):
                self._branch(conversation.edit(edited, text))
            case SendPrompt(text=text, models=(_, *_) as models):
                self._compare(conversation.compare(text, models))
            case SendPrompt(text=text):
                self._run(conversation.ask(text))
            case Regenerate(message=message):
                self._branch(conversation.regenerate(message))
            case Continue(message=message):
                self._run(conversation.continue_(message))
            case _:
                assert_never(intent)

    def queue(self, ask: SendPrompt) -> None:
        """Let `ask` wait for the reply in flight: one prompt at a time, so a second joins the first. Raises
        `StreamtuiError` where it is to be sent in another way than that."""
        if self.queued is not None and (self.queued.edits, self.queued.models) != (ask.edits, ask.models):
            raise StreamtuiError("Another prompt waits, to be sent in another way: Up on an empty box edits it.")
        self.queued = replace(self.queued, text=f"{self.queued.text}\n\n{ask.text}") if self.queued else ask
        self._tell_next()

    def unqueue(self) -> SendPrompt | None:
        """Return the prompt that was queued and is no longer, to be given back."""
        waiting, self.queued = self.queued, None
        if waiting is not None:
            self._tell_next()
        return waiting

    def stop(self, only: ReplyTask | None = None) -> bool:
        """Stop the replies in flight and give the queued prompt back; return whether there was anything to stop.

        A turn in which nothing visible had arrived is taken back, its prompt becoming the draft if that is empty.
        """
        runs = [only] if only is not None else self.runs
        prompts: list[str] = []
        for run in runs:
            run.stop()
            prompts += self._take_back_if_empty(run)
        if self.unsent.strip():
            for prompt in prompts:
                self._remember(prompt)
            prompts = []
        self.give_back(*(replace(self._asked or SendPrompt(""), text=prompt) for prompt in prompts), self.unqueue())
        return bool(runs)

    def give_back(self, *asks: SendPrompt | None) -> None:
        """Put what was not sent, the first one first, before the draft, which is to be sent as that was."""
        given = [ask for ask in asks if ask is not None and ask.text.strip()]
        if not given:
            return
        self.draft = "\n\n".join(text for text in (*(ask.text for ask in given), self.unsent) if text.strip())
        self.aim(self.editing or given[0].edits, self.comparing or given[0].models)
        if self.view is not None:
            self.view.draft_changed()

    def _branch(self, reply: Reply) -> None:
        """Run a reply that stands beside an older one, or whose prompt does; the older branch goes out of view."""
        rows = reply.new_messages
        end = rows[0].parent if rows else reply.message.parent
        if self.view is not None:
            self.view.turned(self.conversation.path(end) if end is not None else [])
        self._run(reply)

    def _compare(self, replies: Sequence[Reply]) -> None:
        view, self.view = self.view, None
        runs = [self._run(reply) for reply in replies]
        self.view = view
        if view is not None:
            view.compared(runs)

    def _run(self, reply: Reply) -> ReplyTask:
        run = self._live.start(reply)
        run.watch(partial(self._heard, run))
        if self.view is not None:
            self.view.began(reply.new_messages, reply)
        return run

    def _heard(self, run: ReplyTask, event: Event) -> None:
        if self.view is not None:
            self.view.arrived(run, event)
        match event:
            case Finished(status=Status.COMPLETE):
                waiting = self.queued
                if waiting is not None and not [other for other in self.runs if other is not run]:
                    self.queued = None
                    self._tell_next()
                    self._dispatch(self, waiting)
            case Failed():
                self._rescue(run)

    def _rescue(self, run: ReplyTask) -> None:
        """After a failure give back what would have been sent next, and the prompt if it brought nothing."""
        message = run.reply.message
        prompt = "".join(row.text for row in run.reply.new_messages if row.role == "user")
        is_alone = len(self.conversation.siblings_of(message)) == 1
        brought_nothing = is_alone and not message.text and not message.reasoning
        self.give_back(SendPrompt(prompt) if brought_nothing else None, self.unqueue())

    def _take_back_if_empty(self, run: ReplyTask) -> list[str]:
        """Return the prompt of a stopped turn that is gone because nothing of it had arrived."""
        message = run.reply.message
        if message.last.text or message.last.reasoning or message.id not in self.conversation.messages:
            return []
        prompt = self.conversation.take_back(message.id)
        if self.editing is not None and self.editing not in self.conversation.messages:
            self.aim(models=self.comparing)
        if self.view is not None:
            self.view.taken_back()
        return [prompt] if prompt else []

    def _tell_next(self) -> None:
        if self.view is not None:
            self.view.next_changed()


class Sessions:
    """The conversations that are open in this process, by id."""

    def __init__(
        self, live: ReplyTasks, dispatch: Callable[[Session, Intent], None], remember: Callable[[str], None]
    ) -> None:
        self._live = live
        self._dispatch = dispatch
        self._remember = remember
        self._open: dict[str, Session] = {}

    def add(self, conversation: Conversation) -> Session:
        session = Session(conversation, self._live, self._dispatch, self._remember)
        self._open[conversation.id] = session
        return session

    def get(self, conversation: str) -> Session | None:
        """Return the session of a conversation, unless what it knows is out of date."""
        session = self._open.get(conversation)
        if session is not None and session.is_written_elsewhere:
            self.close(conversation)
            return None
        return session

    def known(self, conversation: str) -> Session | None:
        """Return the session of a conversation, out of date or not."""
        return self._open.get(conversation)

    def close(self, conversation: str) -> None:
        """Stop what streams there and forget it."""
        session = self._open.pop(conversation, None)
        if session is not None:
            session.view = None
            session.stop()

    def stop_all(self) -> None:
        """Settle every reply, as Escape would."""
        for session in self:
            session.stop()

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._open.values()))
