"""Where replies are asked for, owned and ended: what stands between the routes and the engine."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import NotFoundError, StreamtuiError
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.ports import ConversationRecord, Model
from streamtui.chat.reply_tasks import ReplyTask, ReplyTasks
from streamtui.chat.sanitize import sanitize
from streamtui.web.http_errors import HTTPError, refusal_of
from streamtui.web.limits import ConcurrencyLimit, Slot
from streamtui.web.settings import Engine, ServeLimits
from streamtui.web.worker_signals import StopRequests, Subscribers

_LONGEST_CONVERSATION: Final = 10_000
_TRY_AGAIN_S: Final = 2.0
_STOP_S: Final = 2.0
"""How long stopping waits for a worker to take on that a reply which does not run here is to end."""
_SAVE_S: Final = 10.0
"""How long it then waits for that to be saved, which on a busy machine takes its time."""


@dataclass(frozen=True, slots=True)
class AskParams:
    """What a client wants to know, within the limits that the routes check."""

    prompt: str
    conversation: str | None = None
    model: str | None = None
    system: str | None = None


class ReplyService:
    """The replies that this worker's clients asked for. `live` owns the streams; who asked decides when they end."""

    def __init__(
        self,
        engine: Engine,
        live: ReplyTasks,
        slots: ConcurrencyLimit,
        notes: StopRequests,
        attendance: Subscribers,
        limits: ServeLimits,
    ) -> None:
        self._engine = engine
        self._live = live
        self._slots = slots
        self._notes = notes
        self._attendance = attendance
        self._limits = limits
        self._askers: Counter[str] = Counter()
        self._guards: set[asyncio.Task[None]] = set()
        self._attending: dict[str, asyncio.Task[None]] = {}
        """By message: what tells the worker that runs it that it has clients here."""

    def running(self, message: str) -> ReplyTask | None:
        """Return the run that writes a message here."""
        return self._live.task(message)

    async def ask(self, question: AskParams) -> ReplyTask:
        """Start the reply to a question. Raises `HTTPError`."""
        if not sanitize(question.prompt).strip():
            raise HTTPError(422, "bad_request", "There is nothing to read in the prompt.")
        slot = self._slots.take()
        if slot is None:
            most = f"As many replies as allowed ({self._limits.streams}) are streaming"
            raise HTTPError(429, "busy", f"{most}: try again when one has ended.", retry_after_s=_TRY_AGAIN_S)
        try:
            conversation = await self._conversation(question)
            if self._live.of(conversation.id):
                raise HTTPError(409, "busy", "A reply is still streaming in this conversation: stop it first.")
            run = self._live.start(conversation.ask(question.prompt))
        except BaseException as error:
            slot.release()
            if isinstance(error, StreamtuiError):
                raise refusal_of(error) from None
            raise
        guard = asyncio.create_task(self._guard(run, slot))
        self._guards.add(guard)
        guard.add_done_callback(self._guards.discard)
        return run

    def attach(self, message: str, grace_s: float = 0.0) -> Callable[[], None]:
        """Count one more client as having asked for a reply, whichever worker runs it; return what it does on leaving.

        After the last one's grace the reply is stopped.
        """
        self._askers[message] += 1
        if self._live.task(message) is None and message not in self._attending:
            self._attending[message] = asyncio.create_task(self._attendance.keep(message))

        def leave() -> None:
            self._askers[message] -= 1
            if grace_s:
                asyncio.get_running_loop().call_later(grace_s, self._stop_unattended, message)
            else:
                self._stop_unattended(message)

        return leave

    async def stop(self, conversation: str) -> int:
        """Stop what streams in a conversation; return how many replies that were. Raises `HTTPError`."""
        runs = self._live.of(conversation)
        for run in runs:
            run.stop()
        if runs:
            return len(runs)
        streaming = [message for message in await self._messages(conversation) if message.status is Status.STREAMING]
        for message in streaming:
            await self._stop_elsewhere(message.id)
        return len(streaming)

    async def delete(self, conversation: str) -> None:
        """Settle what streams in a conversation, wherever it runs, then delete it. Raises `HTTPError`."""
        runs = self._live.of(conversation)
        await self.stop(conversation)
        for run in runs:
            await run.wait()
        await self._engine.storage.library.delete(conversation)

    async def load(self, conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
        """Return a saved conversation. Raises `HTTPError` where there is none."""
        try:
            return await self._engine.storage.library.load(conversation)
        except StreamtuiError as error:
            raise refusal_of(error) from None

    async def aclose(self, patience_s: float) -> None:
        """End all replies: settled at once, their connections closed within `patience_s`."""
        await self._live.aclose(patience_s)
        tasks = [*self._guards, *self._attending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _messages(self, conversation: str) -> list[ChatMessage]:
        return (await self.load(conversation))[1]

    async def _conversation(self, question: AskParams) -> Conversation:
        engine = self._engine
        recorder = engine.storage.recorder
        if question.conversation is None:
            system = engine.system if question.system is None else question.system
            model = await self._model(question.model)
            return Conversation(model, recorder, system=system, options=engine.options)
        record, messages = await engine.storage.library.load(question.conversation)
        if len(messages) >= _LONGEST_CONVERSATION:
            raise HTTPError(409, "too_large", "This conversation is too long to go on: start a new one.")
        model = await self._model(question.model or record.model)
        conversation = Conversation.resume(model, recorder, record, messages, options=engine.options)
        if question.system is not None:
            conversation.instruct(question.system)
        return conversation

    async def _model(self, name: str | None) -> Model:
        allowed = self._limits.models
        model = self._engine.catalog.model(name)
        if allowed is not None and model.id not in allowed:
            raise HTTPError(403, "forbidden", "This model may not be asked here.")
        if self._engine.catalog.exposed_host(model):
            raise HTTPError(403, "config", "The key would travel in the clear to this model's endpoint: use https.")
        return await self._engine.catalog.resolve(model)

    async def _guard(self, run: ReplyTask, slot: Slot) -> None:
        """Give the slot back when the connection is closed; meanwhile obey other workers' notes."""
        ended = asyncio.create_task(run.wait())
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=self._notes.period_s)
                if run.is_streaming and self._notes.take(run.reply.id):
                    run.stop()
        finally:
            ended.cancel()
            slot.release()
            self._attendance.forget(run.reply.id)

    async def _stop_elsewhere(self, message: str) -> None:
        self._notes.leave(message)
        taken = False
        try:
            async with asyncio.timeout(_STOP_S) as patience:
                while True:
                    if not taken and (taken := self._notes.was_taken(message)):
                        patience.reschedule(asyncio.get_running_loop().time() + _SAVE_S)
                    found = await self._engine.storage.library.message(message)
                    if found.status is not Status.STREAMING:
                        return
                    await asyncio.sleep(self._notes.period_s)
        except NotFoundError:
            pass
        except TimeoutError:
            raise HTTPError(409, "busy", "This reply runs in another program: stop it there.") from None
        finally:
            self._notes.withdraw(message)

    def _stop_unattended(self, message: str) -> None:
        """Stop a reply, or let go of one that runs elsewhere, unless somebody who asked for it is there."""
        if self._askers[message] > 0:
            return
        del self._askers[message]
        if (attending := self._attending.pop(message, None)) is not None:
            attending.cancel()
        run = self._live.task(message)
        if run is None or not run.is_streaming:
            return
        if self._attendance.of(message):
            asyncio.get_running_loop().call_later(self._notes.period_s, self._stop_unattended, message)
        else:
            run.stop()
