"""The one way from a submission to its replies: wait until everything is ready, ask what has to be asked, send."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from streamtui.chat.catalog import Catalog
from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import ErrorInfo, PlaintextKeyError, StreamtuiError
from streamtui.chat.ports import Library, Model
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.chat.turns import answered
from streamtui.workspace import side_request
from streamtui.workspace.attachments.window import refuse_what_does_not_fit
from streamtui.workspace.background import BackgroundTasks
from streamtui.workspace.condensing import condensed
from streamtui.workspace.session import Session
from streamtui.workspace.submissions import Compact, Regenerate, Revise, SendPrompt, Submission, prompt_of

log = logging.getLogger(__name__)

_PAST: Final = 50
"""Past replies that the estimate of progress rests on."""

Confirm = Callable[[str], Awaitable[bool]]
"""Asks whether a key may travel unencrypted to a host. May raise `ConfigError` instead of asking."""


async def allow_nothing(host: str) -> bool:
    """A `Confirm` for front ends that can't ask. Raises `ConfigError`."""
    raise PlaintextKeyError(host)


@dataclass(frozen=True, slots=True)
class _Pending:
    """Something on its way out: it waits for the SDK, for the rest of its conversation, or for the user's word."""

    session: Session
    submission: Submission


class Sender:
    """Sends what sessions submit. Owns what is on its way out, until its replies start or it is given back."""

    def __init__(
        self,
        catalog: Catalog,
        library: Library,
        confirm: Confirm,
        background: BackgroundTasks,
        on_sent: Callable[[Session], None],
    ) -> None:
        """`on_sent` is called once a submission's replies have started."""
        self.confirm = confirm
        """A front end that can ask the user puts its own question here."""
        self._catalog = catalog
        self._library = library
        self._background = background
        self._on_sent = on_sent
        self._pending: dict[_Pending, asyncio.Task[None]] = {}

    def submit(self, session: Session, submission: Submission) -> None:
        """Send as soon as everything is ready, telling the session's watchers how that goes; a prompt queues while a
        reply streams, anything else is refused."""
        if session.is_streaming or self._of(session):
            if isinstance(submission, SendPrompt):
                session.outgoing.queue(submission)
            else:
                error = StreamtuiError("A reply is still streaming here: stop it first.")
                session.outgoing.refuse(submission, error)
            return
        pending = _Pending(session, submission)
        # The task starts later than this line, so it is in the table by then.
        self._pending[pending] = asyncio.create_task(self._send(pending))

    def send_now(self, session: Session, submission: Submission) -> None:
        """Stop the replies in flight, what arrived of them stays, and send at once. What was queued waits behind it."""
        queued = session.outgoing.take_queue()
        self.take_back(session)
        session.stop()
        self.submit(session, submission)
        for prompt in queued:
            session.outgoing.queue(prompt)

    async def send(self, session: Session, submission: Submission) -> list[ReplyTask]:
        """Send now, and return the replies in flight. Raises `StreamtuiError` where that can't be, or may not."""
        return session.start(await self._authorized(session, submission))

    def on_their_way(self, session: Session) -> list[Submission]:
        """Return what is about to leave from a session."""
        return [pending.submission for pending in self._of(session)]

    def take_back(self, session: Session) -> bool:
        """Take back what is about to leave from a session; return whether there was anything."""
        entries = self._of(session)
        for entry in entries:
            self._pending.pop(entry).cancel()
        session.outgoing.give_back(*(prompt_of(entry.submission) for entry in entries))
        return bool(entries)

    async def authorize(self, model: Model) -> Model:
        """Return `model` ready to be asked. Nothing is sent to it, not even a question for its models, before the user
        has agreed where a key would travel in the clear. Raises `StreamtuiError`."""
        host = self._catalog.exposed_host(model)
        if host is not None:
            if not await self.confirm(host):
                raise StreamtuiError("Not sent.")
            self._catalog.allow_exposed(host)
        return await self._catalog.resolve(model)

    def cancel(self) -> None:
        """Send nothing more of what is on its way, and give nothing back: for the program's end."""
        for task in self._pending.values():
            task.cancel()

    # -- inside

    def _of(self, session: Session) -> list[_Pending]:
        return [pending for pending in self._pending if pending.session is session]

    async def _send(self, pending: _Pending) -> None:
        session = pending.session
        try:
            submission = await self._authorized(session, pending.submission)
            self._pending.pop(pending, None)
            session.start(submission)
            self._on_sent(session)
        except StreamtuiError as error:
            self._pending.pop(pending, None)
            session.outgoing.refuse(pending.submission, error)
        except Exception as error:  # a defect is no reason to lose what was written
            log.exception("a submission broke")
            self._pending.pop(pending, None)
            session.outgoing.refuse(pending.submission, StreamtuiError(f"Not sent: {ErrorInfo.of(error).message}"))

    async def _authorized(self, session: Session, submission: Submission) -> Submission:
        """Return what may be sent. Raises `StreamtuiError` where it can't be, or the user doesn't want it."""
        session.comparison.pick()
        await session.ready.wait()
        if session.is_written_elsewhere:
            await self._catch_up(session)
        match submission:
            case SendPrompt():
                return await self._authorized_prompt(session, submission)
            case Regenerate(model=Model() as model):
                return replace(submission, model=await self.authorize(model))
            case Revise():
                return submission  # nothing is sent anywhere
            case Compact(budget=int(budget)):
                return replace(submission, condensed=await self._condensed(session.conversation, budget))
            case _:
                await self._authorize_own(session)
                return submission

    async def _authorized_prompt(self, session: Session, prompt: SendPrompt) -> SendPrompt:
        """Return a prompt with its files read and its models ready. Raises `StreamtuiError`."""
        async with session.attachments.taking(prompt.attachments) as taken:
            models = [await self.authorize(model) for model in prompt.models]
            answering = models or [await self._authorize_own(session)]
            if taken:
                await refuse_what_does_not_fit(self._catalog, answering, session.attachments, taken)
        return replace(prompt, models=tuple(models), attachments=taken)

    async def _authorize_own(self, session: Session) -> Model:
        """Let the conversation have its model ready to be asked; return it."""
        conversation = session.conversation
        model = await self.authorize(conversation.model)
        if model != conversation.model:
            conversation.use(model)
        if session.is_watched:  # nobody else is shown how far a reply may be
            self._background.start(self._learn_lengths(session))
        return model

    async def _condensed(self, conversation: Conversation, budget: int) -> str:
        """Return what asks for a summary of more than the model can read at once; empty where that isn't so."""
        model = await self.authorize(conversation.model)
        conversation.use(model)

        async def ask(prompt: str) -> str:
            return await side_request.answer(model, prompt, conversation.options)

        return await condensed(answered(conversation.path()), budget, ask) or ""

    async def _catch_up(self, session: Session) -> None:
        """Read what another program has written meanwhile. Raises `StreamtuiError` while it still writes."""
        record, messages = await self._library.load(session.conversation.id)
        session.conversation.tree.catch_up(messages, record.leaf)
        session.show_path()
        if session.is_written_elsewhere:
            raise StreamtuiError("Another program is writing a reply here: wait for it, or stop it there.")

    async def _learn_lengths(self, session: Session) -> None:
        """Read how long this model's replies were, for the estimate of progress; without it there is none."""
        try:
            timings = await self._library.timings(session.conversation.model.id, _PAST)
        except StreamtuiError:
            return
        session.past_lengths = [timing.metrics.characters for timing in timings if timing.status == "complete"]
