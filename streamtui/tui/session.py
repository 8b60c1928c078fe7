"""A conversation that is open in the app, in view or not: its replies in flight, its queued prompt, its draft."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

from streamtui.chat.conversation import Conversation
from streamtui.chat.events import Event, Failed, Finished
from streamtui.chat.live import Live, Run
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import Model
from streamtui.chat.reply import Reply


class View(Protocol):
    """What a session tells whoever shows it. Calls come on the event loop and must be quick."""

    def began(self, rows: Sequence[ChatMessage], reply: Reply) -> None:
        """A reply starts; `rows` are the messages that are new with it, its own not among them."""

    def arrived(self, run: Run, event: Event) -> None:
        """Something of a reply arrived, its end included."""

    def taken_back(self, messages: Sequence[str], prompt: str) -> None:
        """A turn in which nothing had arrived is gone; `prompt` is what had been asked."""

    def queue_changed(self) -> None: ...


class Session:
    """Owns what is to happen in one conversation next. Replies are owned by `Live` and go on without a view."""

    def __init__(self, conversation: Conversation, live: Live) -> None:
        self.conversation = conversation
        self.draft = ""
        self.queued = ""
        self.is_new = False
        """Whether its draft was saved as that of the conversation that has no row yet."""
        self.unread = False
        """Whether a reply ended while the conversation was out of view."""
        self.editing: str | None = None
        """The message of the reader's own that the draft is another wording of."""
        self.compared: tuple[Model, ...] = ()
        """The models that the next prompt goes to, side by side."""
        self.past: list[int] = []
        """Characters in past replies of the model, for the estimate of progress."""
        self.ready = asyncio.Event()
        """Set once all messages are read, and with that the whole context."""
        self.ready.set()
        self.view: View | None = None
        self._live = live

    @property
    def runs(self) -> list[Run]:
        return self._live.of(self.conversation.id)

    @property
    def title(self) -> str:
        """The conversation's title, also while its first reply is only just being written down."""
        return self.conversation.title or next((run.reply.journal.record.title for run in self.runs), "")

    @property
    def is_streaming(self) -> bool:
        return bool(self.runs)

    def send(self, prompt: str) -> None:
        """Ask, or queue the prompt while a reply streams: one at a time, so a second joins the first."""
        if self.is_streaming:
            self.queued = f"{self.queued}\n\n{prompt}" if self.queued else prompt
            self._tell_queue()
            return
        self.run(self.conversation.ask(prompt))

    def run(self, reply: Reply) -> Run:
        """Start a reply of this conversation."""
        run = self._live.start(reply)
        run.watch(partial(self._heard, run))
        if self.view is not None:
            self.view.began(reply.journal.rows, reply)
        return run

    def stop(self, only: Run | None = None) -> bool:
        """Stop the replies in flight and give the queued prompt back; return whether there was anything to stop.

        A turn in which nothing visible had arrived is taken back, its prompt becoming the draft if that is empty.
        """
        runs = [only] if only is not None else self.runs
        waiting = self.unqueue()
        for run in runs:
            run.stop()
            self._take_back_if_empty(run)
        if waiting:
            self._give_back(waiting)
        return bool(runs)

    def unqueue(self) -> str:
        """Return the queued prompt, which then is queued no longer."""
        waiting, self.queued = self.queued, ""
        if waiting:
            self._tell_queue()
        return waiting

    def _heard(self, run: Run, event: Event) -> None:
        if self.view is not None:
            self.view.arrived(run, event)
        match event:
            case Finished(status=Status.COMPLETE):
                self.unread = self.view is None
                if self.queued and not self._others(run):
                    self.run(self.conversation.ask(self.unqueue()))
            case Failed():
                self.unread = self.view is None
                self._rescue(run)

    def _others(self, run: Run) -> list[Run]:
        return [other for other in self.runs if other is not run]

    def _rescue(self, run: Run) -> None:
        """After a failure give back what would have been sent next, and the prompt if it brought nothing."""
        waiting = self.unqueue()
        message = run.reply.message
        prompt = "".join(row.text for row in run.reply.journal.rows if row.role == "user")
        is_alone = len(self.conversation.siblings_of(message)) == 1
        if is_alone and not message.text and not message.reasoning:
            waiting = "\n\n".join(part for part in (prompt, waiting) if part)
        if waiting:
            self._give_back(waiting)

    def _take_back_if_empty(self, run: Run) -> None:
        message = run.reply.message
        if message.last.text or message.last.reasoning or message.id not in self.conversation.messages:
            return
        had_segments = len(message.segments) > 1
        gone = [row.id for row in run.reply.journal.rows] + [message.id]
        prompt = self.conversation.take_back(message.id)
        if had_segments:
            return
        removed = [each for each in gone if each not in self.conversation.messages]
        if self.view is not None:
            self.view.taken_back(removed, prompt or "")
        elif prompt and not self.draft:
            self.draft = prompt

    def _give_back(self, text: str) -> None:
        if self.view is not None:
            self.view.taken_back((), text)
        else:
            self.draft = f"{text}\n\n{self.draft}" if self.draft else text

    def _tell_queue(self) -> None:
        if self.view is not None:
            self.view.queue_changed()


class Sessions:
    """The conversations that are open in this process, by id."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._open: dict[str, Session] = {}

    def add(self, conversation: Conversation) -> Session:
        session = Session(conversation, self.live)
        self._open[conversation.id] = session
        return session

    def get(self, conversation: str) -> Session | None:
        return self._open.get(conversation)

    def close(self, conversation: str) -> None:
        """Stop what streams there and forget it."""
        session = self._open.pop(conversation, None)
        if session is not None:
            session.stop()

    def stop_all(self) -> None:
        """Settle every reply, as Escape would."""
        for session in self._open.values():
            session.stop()

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._open.values()))
