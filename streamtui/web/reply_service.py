"""Replies as this worker's clients ask for them, follow them and stop them: how long each goes on, and how many."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from streamtui.chat.errors import NotFoundError, StreamtuiError
from streamtui.chat.messages import Status
from streamtui.chat.ports import Model
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.chat.sanitize import sanitize
from streamtui.web.audience import Audience
from streamtui.web.drafts import hold
from streamtui.web.http_errors import HTTPError, refusal_of
from streamtui.web.limits import ConcurrencyLimit, Slot
from streamtui.web.schemas import is_blank
from streamtui.web.settings import ServeLimits
from streamtui.web.worker_signals import StopRequests, Subscribers
from streamtui.workspace import Regenerate, SendPrompt, Session, Submission, Workspace

ABANDONED: Final = "client_left"
"""The finish reason of a reply that was stopped because everybody who followed it had left."""
_LONGEST_CONVERSATION: Final = 10_000
_TRY_AGAIN_S: Final = 2.0
_STOP_S: Final = 2.0
"""How long stopping waits for a worker to take on that a reply which does not run here is to end."""
_SAVE_S: Final = 10.0
"""How long it then waits for that to be saved, which on a busy machine takes its time."""


@dataclass(frozen=True, slots=True)
class AskParams:
    """What a client asks for, within the limits that the routes check."""

    submission: Submission
    conversation: str | None = None
    model: str | None = None
    models: tuple[str, ...] = ()
    """Who answers a prompt side by side."""
    effort: str | None = None
    system: str | None = None
    linger_s: float = 0.0
    """For how long the reply goes on while nobody is connected to it."""


class ReplyService:
    """The replies that run here, in the sessions of a workspace, and their audiences, which decide how long they run.

    Other workers are asked by way of `stops` and `subscribers`.
    """

    def __init__(
        self,
        workspace: Workspace,
        slots: ConcurrencyLimit,
        stops: StopRequests,
        subscribers: Subscribers,
        limits: ServeLimits,
    ) -> None:
        self._workspace = workspace
        self._slots = slots
        self._stops = stops
        self._subscribers = subscribers
        self._limits = limits
        self._guards: set[asyncio.Task[None]] = set()
        self._obeying: asyncio.Task[None] | None = None
        """Looks for other workers' requests to stop, while something runs here."""
        self._audiences: dict[str, Audience] = {}
        """By message, of replies that run here."""
        self._elsewhere: dict[str, tuple[Audience, asyncio.Task[None]]] = {}
        """By message, of replies of other workers; the task tells the worker that it has an audience here."""

    async def ask(self, params: AskParams) -> list[ReplyTask]:
        """Start a reply, or one for each of several models. Raises `HTTPError`."""
        prompt = params.submission
        if isinstance(prompt, SendPrompt) and is_blank(sanitize(prompt.text)) and not prompt.attachments:
            raise HTTPError(422, "bad_request", "There is nothing to read in the prompt.")
        slots = self._take_slots(len(params.models) or 1)
        try:
            session, submission = await self._session(params), self._submission(params)
            tasks = await self._workspace.sender.send(session, submission)
        except BaseException as error:
            for slot in slots:
                slot.release()
            if isinstance(error, StreamtuiError):
                raise refusal_of(error) from None
            raise
        for task, slot in zip(tasks, slots, strict=True):
            self._look_after(task, slot, params.linger_s)
        return tasks

    def join(self, message: str, *, asked: bool) -> Callable[[], None]:
        """Count one more client that follows a reply, whichever worker runs it; return what to call when it leaves.

        A reply that doesn't linger belongs to the client that `asked`: others who follow it don't keep it.
        """
        if (audience := self._audiences.get(message)) is not None:
            return audience.join() if asked or audience.linger_s else lambda: None
        if message not in self._elsewhere:
            keeping = asyncio.create_task(self._subscribers.keep(message))
            self._elsewhere[message] = Audience(0.0, lambda: self._forget_elsewhere(message)), keeping
        return self._elsewhere[message][0].join()

    def keep(self, message: str) -> None:
        """Let a reply linger anew, for a page that will come back to it but needs its connection for something else."""
        leave = self.join(message, asked=True)
        if message in self._audiences:
            leave()
        else:
            asyncio.get_running_loop().call_later(self._limits.page_linger_s, leave)

    async def stop(self, conversation: str) -> int:
        """Stop what streams in a conversation; return how many replies that were. Raises `HTTPError`.

        A turn in which nothing had arrived is taken back: its prompt is the draft again, if that is empty.
        """
        session = self._workspace.get(conversation)
        if session is not None and (tasks := session.tasks):
            await self._read_draft(session)
            session.stop()
            self._workspace.drafts.keep(session)
            return len(tasks)
        _, messages = await self._workspace.library.load(conversation)
        streaming = [message for message in messages if message.status is Status.STREAMING]
        for message in streaming:
            await self._stop_elsewhere(message.id)
        return len(streaming)

    async def delete(self, conversation: str) -> None:
        """Settle what streams in a conversation, wherever it runs, then delete it. Raises `HTTPError`."""
        if self._workspace.get(conversation) is None:
            await self.stop(conversation)
        await self._workspace.delete(conversation)

    async def aclose(self, patience_s: float) -> None:
        """End all replies: settled at once, their connections closed within `patience_s`."""
        await self._workspace.aclose(patience_s)
        for audience in self._audiences.values():
            audience.close()
        tasks = [*self._guards, *filter(None, [self._obeying]), *(keeping for _, keeping in self._elsewhere.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take_slots(self, count: int) -> list[Slot]:
        """Return slots for so many replies. Raises `HTTPError`."""
        slots: list[Slot] = []
        while len(slots) < count:
            slot = self._slots.take()
            if slot is None:
                for free in slots:
                    free.release()
                most = f"As many replies as allowed ({self._limits.streams}) are streaming"
                raise HTTPError(429, "busy", f"{most}: try again when one has ended.", retry_after_s=_TRY_AGAIN_S)
            slots.append(slot)
        return slots

    def _look_after(self, task: ReplyTask, slot: Slot, linger_s: float) -> None:
        message = task.reply.id
        self._audiences[message] = Audience(linger_s, lambda: self._abandon(message))
        guard = asyncio.create_task(self._guard(task, slot))
        self._guards.add(guard)
        guard.add_done_callback(self._guards.discard)
        if self._obeying is None or self._obeying.done():
            self._obeying = asyncio.create_task(self._obey())

    def _submission(self, params: AskParams) -> Submission:
        """Return what is asked for with the models that answer it. Raises `StreamtuiError`, `HTTPError`."""
        match params.submission:
            case SendPrompt() as prompt if params.models:
                return replace(prompt, models=tuple(map(self._model, params.models)))
            case Regenerate() as regenerate if params.model is not None:
                return replace(regenerate, model=self._model(params.model))
            case submission:
                return submission

    async def _session(self, params: AskParams) -> Session:
        """Return the session to ask in, with the model that answers there. Raises `StreamtuiError`, `HTTPError`."""
        is_once = isinstance(params.submission, Regenerate)
        model = None if params.model is None or is_once else self._model(params.model)
        session = await self._opened(params, model)
        if params.effort is not None:
            session.conversation.options = replace(session.conversation.options, effort=params.effort)
        return session

    async def _opened(self, params: AskParams, model: Model | None) -> Session:
        if params.conversation is None:
            return self._workspace.new(self._permitted(model or self._workspace.catalog.model()), params.system)
        session = await self._workspace.resume(params.conversation, model)
        if session.is_streaming:
            raise HTTPError(409, "busy", "A reply is still streaming in this conversation: stop it first.")
        if len(session.conversation.messages) >= _LONGEST_CONVERSATION:
            raise HTTPError(409, "too_large", "This conversation is too long to go on: start a new one.")
        await self._read_draft(session)
        self._permitted(session.conversation.model)
        if params.system is not None:
            session.conversation.instruct(params.system)
        return session

    def _model(self, name: str) -> Model:
        return self._permitted(self._workspace.catalog.model(name))

    def _permitted(self, model: Model) -> Model:
        if self._workspace.catalog.exposed_host(model):
            raise HTTPError(403, "config", "The key would travel in the clear to this model's endpoint: use https.")
        return model

    async def _read_draft(self, session: Session) -> None:
        """Learn the draft that is saved, which another worker may have written."""
        saved = session.conversation.id if session.conversation.messages else None
        try:
            library = self._workspace.library
            hold(session, await library.draft(saved), await library.draft_attachments(saved))
        except StreamtuiError:
            return

    async def _guard(self, task: ReplyTask, slot: Slot) -> None:
        """Give the slot back when the connection is closed."""
        message = task.reply.id
        try:
            await task.wait()
        finally:
            slot.release()
            self._audiences.pop(message).close()
            self._subscribers.forget(message)

    async def _obey(self) -> None:
        """Obey other workers' requests to stop, until nothing runs here any more."""
        while self._audiences:
            await asyncio.sleep(self._stops.period_s)
            for message in self._stops.left():
                task = self._workspace.tasks.task(message)
                if message in self._audiences and task is not None and task.is_streaming and self._stops.take(message):
                    await self.stop(task.reply.conversation)

    async def _stop_elsewhere(self, message: str) -> None:
        self._stops.leave(message)
        taken = False
        try:
            async with asyncio.timeout(_STOP_S) as patience:
                while True:
                    if not taken and (taken := self._stops.was_taken(message)):
                        patience.reschedule(asyncio.get_running_loop().time() + _SAVE_S)
                    reply = await self._workspace.library.message(message)
                    if reply.status is not Status.STREAMING:
                        return
                    await asyncio.sleep(self._stops.period_s)
        except NotFoundError:
            pass
        except TimeoutError:
            raise HTTPError(409, "busy", "This reply runs in another program: stop it there.") from None
        finally:
            self._stops.withdraw(message)

    def _abandon(self, message: str) -> None:
        """Stop a reply that nobody follows here, unless somebody does at another worker."""
        task, audience = self._workspace.tasks.task(message), self._audiences.get(message)
        if task is None or audience is None or not task.is_streaming:
            return
        if audience.linger_s and self._subscribers.of(message):
            audience.join()()  # which waits again
        else:
            task.stop(ABANDONED)

    def _forget_elsewhere(self, message: str) -> None:
        _, keeping = self._elsewhere.pop(message)
        keeping.cancel()
