"""A conversation that is open in this process: its replies in flight, and the path in view."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Failed, Finished
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask, ReplyTasks
from streamtui.workspace.attachments import Attachments
from streamtui.workspace.comparison import Comparison
from streamtui.workspace.events import (
    ComparisonStarted,
    PathChanged,
    ReplyEnded,
    ReplyStarted,
    SessionEvent,
    TurnTakenBack,
)
from streamtui.workspace.outgoing import Outgoing
from streamtui.workspace.submissions import Compact, Continue, Regenerate, Revise, SendPrompt, Submission

Listener = Callable[[SessionEvent], None]


class Session:
    """Decides what is to happen in one conversation next. Replies go on whether or not anybody watches."""

    def __init__(
        self,
        conversation: Conversation,
        tasks: ReplyTasks,
        submit: Callable[["Session", Submission], None],
        remember: Callable[[str], None],
        attachments: Attachments,
        *,
        is_saved: bool = True,
    ) -> None:
        """`submit` sends what was queued, once its turn has come; `remember` puts a prompt that is taken back, but has
        no place in the draft, into the prompt history; `attachments` keeps the files of this conversation."""
        self.conversation = conversation
        conversation.prepare = attachments.prepare
        self.attachments = attachments
        self.is_saved = is_saved
        """Whether anything of it may touch the disk."""
        self.outgoing = Outgoing(conversation, self.tell, remember)
        self.comparison = Comparison(conversation, self.show_path)
        self.past_lengths: list[int] = []
        """Characters in past replies of the model, for the estimate of progress."""
        self.asked_to_compact: str | None = None
        """The root of the branch for which the user was asked already whether to sum it up."""
        self.ready = asyncio.Event()
        """Set once all messages are read, and with that everything a request is made of."""
        self.ready.set()
        self._tasks = tasks
        self._submit = submit
        self.observer: Callable[[Session, SessionEvent], None] = lambda session, event: None
        """Hears of every event as well, without counting as a watcher."""
        self._listeners: tuple[Listener, ...] = ()
        self._answered: SendPrompt | None = None
        """What the replies in flight answer, if it was a prompt."""

    # -- what it is

    @property
    def tasks(self) -> list[ReplyTask]:
        """The replies in flight, oldest first."""
        return self._tasks.of(self.conversation.id)

    @property
    def task_in_view(self) -> ReplyTask | None:
        """The reply in flight on the branch in view; `None` where there is none, or on another branch."""
        path = {message.id for message in self.conversation.path()}
        return next((task for task in self.tasks if task.reply.id in path), None)

    @property
    def title(self) -> str:
        """The conversation's title, also while its first reply is only just being written down."""
        return self.conversation.title or next((task.reply.title for task in self.tasks), "")

    @property
    def is_streaming(self) -> bool:
        return bool(self.tasks)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was ever asked here."""
        return not (self.conversation.messages or self.is_streaming)

    @property
    def is_watched(self) -> bool:
        return bool(self._listeners)

    @property
    def is_written_elsewhere(self) -> bool:
        """Whether another process was writing a reply when this was read."""
        is_written = any(message.status is Status.STREAMING for message in self.conversation.messages.values())
        return is_written and not self.is_streaming

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from here on; it must be quick and must not raise. Returns the function
        that ends the watching."""
        self._listeners = (*self._listeners, listener)

        def unwatch() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return unwatch

    def tell(self, event: SessionEvent) -> None:
        """Tell all watchers."""
        for listener in self._listeners:
            listener(event)
        self.observer(self, event)

    # -- sending and stopping

    def start(self, submission: Submission) -> list[ReplyTask]:
        """Send, and return the replies in flight. Raises `StreamtuiError` where that makes no sense now."""
        if isinstance(submission, Revise):
            self.conversation.revise(submission.message, submission.text)
            self.show_path()
            return []
        replies = self.replies(submission)
        self._answered = submission if isinstance(submission, SendPrompt) else None
        match submission:
            case SendPrompt(edits=str()) | Regenerate() | Compact():
                return [self._branch(replies[0])]
            case SendPrompt(models=(_, *_)):
                return self._compare(replies)
            case SendPrompt() | Continue():
                return [self._run(replies[0])]
            case _:
                assert_never(submission)

    def replies(self, submission: Submission) -> list[Reply]:
        """Return what is asked for, not yet sent: for a front end that iterates the replies itself, so that whoever
        reads slowly slows the stream down. Raises `StreamtuiError` where asking makes no sense now."""
        if self.is_streaming:
            raise StreamtuiError("A reply is still streaming here: stop it first.")
        conversation = self.conversation
        match submission:
            case SendPrompt(text=text, edits=str(edited)):
                return [conversation.edit(edited, text, submission.taken)]
            case SendPrompt(text=text, models=(_, *_) as models):
                return conversation.compare(text, models, submission.taken)
            case SendPrompt(text=text):
                return [conversation.ask(text, submission.taken)]
            case Regenerate(message=message, model=model):
                return [conversation.regenerate(message, model)]
            case Continue(message=message):
                return [conversation.continue_(message)]
            case Compact(condensed=condensed):
                return [conversation.compact(condensed)]
            case Revise():
                return []
            case _:
                assert_never(submission)

    def stop(self, task: ReplyTask | None = None) -> bool:
        """Stop the replies in flight, or one of them, and give the queued prompts back; return whether there was
        anything to stop.

        A turn in which nothing visible had arrived is taken back, its prompt becoming the draft if that is empty.
        """
        stopped = [task] if task is not None else self.tasks
        taken_back: list[SendPrompt] = []
        for running in stopped:
            running.stop()
            if (prompt := self._take_back_if_empty(running)) is not None:
                answered = self._answered or SendPrompt("")
                taken_back.append(replace(answered, text=prompt.text, attachments=prompt.attachments))
        self.outgoing.stop(taken_back)
        return bool(stopped)

    def stop_in_view(self) -> bool:
        """Stop the reply in view: of several side by side the highlighted one, or else one that still streams. Where
        only branches out of view stream, stop those. Return whether there was anything to stop."""
        return self.stop(self.comparison.running or self.task_in_view)

    # -- branches

    def walk(self, message: str, step: int) -> tuple[int, int] | None:
        """Bring the branch beside a message into view; return its number, from 1, and how many there are, or `None`
        where there is none on that side."""
        if message not in self.conversation.messages:
            return None
        siblings = self.conversation.siblings(message)
        index = siblings.index(message) + step
        if not 0 <= index < len(siblings):
            return None
        self.conversation.choose(siblings[index])
        self.show_path()
        return index + 1, len(siblings)

    def show_branch(self, message: str) -> bool:
        """Bring the branch through a message into view, down to its newest end; return whether it is there."""
        if message not in self.conversation.messages:
            return False
        self.comparison.pick()
        self.conversation.choose(message)
        self.show_path()
        return True

    def show_path(self) -> None:
        """Tell watchers that the path in view is another one."""
        self.tell(PathChanged(tuple(self.conversation.path())))

    # -- inside

    def _branch(self, reply: Reply) -> ReplyTask:
        """Run a reply that stands beside an older one, or whose prompt does; the older branch goes out of view."""
        new = reply.new_messages
        end = new[0].parent if new else reply.message.parent
        self.tell(PathChanged(tuple(self.conversation.path(end)) if end is not None else ()))
        return self._run(reply)

    def _compare(self, replies: Sequence[Reply]) -> list[ReplyTask]:
        tasks = [self._track(reply) for reply in replies]
        self.comparison.begin(tasks)
        self.tell(ComparisonStarted(self.comparison.tasks))
        return tasks

    def _run(self, reply: Reply) -> ReplyTask:
        task = self._track(reply)
        self.tell(ReplyStarted(task, tuple(reply.new_messages)))
        return task

    def _track(self, reply: Reply) -> ReplyTask:
        task = self._tasks.start(reply)
        task.when_ended(partial(self._on_ended, task))
        return task

    def _on_ended(self, task: ReplyTask, ending: Finished | Failed) -> None:
        if task.reply.broken is not None:
            self.show_path()
        self.tell(ReplyEnded(task, ending))
        match ending:
            case Finished(status=Status.COMPLETE) if not self.is_streaming:
                if (queued := self.outgoing.dequeue()) is not None:
                    self._submit(self, queued)
            case Failed():
                self._rescue(task)

    def _rescue(self, task: ReplyTask) -> None:
        """After a failure give back what would have been sent next, and the prompt if it brought nothing."""
        message = task.reply.message
        own = next((new for new in task.reply.new_messages if new.role == "user"), None)
        is_alone = len(self.conversation.tree.siblings(message)) == 1
        brought_nothing = is_alone and not message.text and not message.reasoning
        self.outgoing.give_back_all(_prompt_of(own) if own is not None and brought_nothing else None)

    def take_back(self, reply: ChatMessage) -> SendPrompt | None:
        """Remove a reply in which nothing arrived; return its prompt where that went too."""
        own = self.conversation.messages.get(reply.parent or "")
        is_gone = self.conversation.take_back(reply.id) is not None
        return _prompt_of(own) if is_gone and own is not None else None

    def _take_back_if_empty(self, task: ReplyTask) -> SendPrompt | None:
        """Return the prompt of a stopped turn that is gone because nothing of it had arrived; `None` where it stays."""
        message = task.reply.message
        if message.last.text or message.last.reasoning or message.id not in self.conversation.messages:
            return None
        prompt = self.take_back(message)
        waiting = self.outgoing.next
        if waiting.edits is not None and waiting.edits not in self.conversation.messages:
            self.outgoing.aim(models=waiting.models)
        self.tell(TurnTakenBack())
        return prompt


def _prompt_of(own: ChatMessage) -> SendPrompt:
    """Return one of the user's own messages as it was sent."""
    return SendPrompt(own.text, attachments=own.attachments)
