"""The conversations of one process, and the one way from a prompt to its reply."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from streamtui.chat.conversation import Conversation, Options
from streamtui.chat.errors import ConfigError, ErrorInfo, NotFoundError, StreamtuiError
from streamtui.chat.events import Event
from streamtui.chat.messages import Status
from streamtui.chat.ports import Catalog, Library, Model, Recorder
from streamtui.chat.reply_tasks import Position, ReplyTask, ReplyTasks
from streamtui.workspace.drafts import Drafts
from streamtui.workspace.events import Closed, HistoryRead, NotSent
from streamtui.workspace.following import PollIntervals, follow_saved
from streamtui.workspace.session import Session
from streamtui.workspace.submissions import SendPrompt, Submission, text_of

log = logging.getLogger(__name__)

TAIL: Final = 60
"""Messages read before the rest of a conversation: more than any screen holds."""
IDLE_SESSIONS: Final = 8
"""Sessions that stay open although nobody watches them and nothing happens there; older ones are read again."""
_PAST: Final = 50
"""Past replies that the estimate of progress rests on."""
_STREAMING: Final = Status.STREAMING
EXPOSED: Final = "The key would travel in the clear to {host}: use https, or allow it: --insecure-http."

Confirm = Callable[[str], Awaitable[bool]]
"""Asks whether a key may travel unencrypted to a host. May raise `ConfigError` instead of asking."""


async def allow_nothing(host: str) -> bool:
    """A `Confirm` for front ends that can't ask. Raises `ConfigError`."""
    raise ConfigError(EXPOSED.format(host=host))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the settings and the command line say of conversations."""

    model: Model | None = None
    """From `-m`: it answers even in a reopened conversation."""
    system: str | None = None
    """The system message of new conversations."""
    instruction: str | None = None
    """From `--system`: the system message even of a reopened conversation."""
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class _Pending:
    """Something on its way out: it waits for the SDK, for the rest of its conversation, or for the user's word."""

    session: Session
    submission: Submission


class Workspace:
    """Opens conversations, decides which model answers and whether a key may travel, sends, and lets follow.

    Must be used on one event loop. Owns the sessions and the replies in flight, not the catalog nor the store.
    """

    def __init__(
        self,
        catalog: Catalog,
        recorder: Recorder,
        library: Library,
        defaults: Defaults | None = None,
        confirm: Confirm = allow_nothing,
    ) -> None:
        self.catalog = catalog
        self.library = library
        self.defaults = defaults or Defaults()
        self.tasks = ReplyTasks()
        self.drafts = Drafts(library, self.on_their_way)
        self.confirm = confirm
        """A front end that can ask the user puts its own question here."""
        self._recorder = recorder
        self._sessions: dict[str, Session] = {}
        """By conversation, the one opened last at the end."""
        self._pending: dict[_Pending, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._deleted: list[str] = []

    # -- opening

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def new(self, model: Model | None = None, system: str | None = None) -> Session:
        """Return an empty conversation's session; nothing of it is saved before its first reply starts.

        Raises `ConfigError` where the settings name no model that can be asked.
        """
        conversation = Conversation(
            model or self.defaults.model or self.catalog.model(),
            self._recorder,
            system=self.defaults.system if system is None else system,
            options=self.defaults.options,
        )
        return self._add(conversation)

    def blank(self) -> Session | None:
        """Return the session in which nothing was asked yet, nor is about to be, if there is one: the watched one, or
        else the newest."""
        blank = [session for session in self if session.is_blank and not self._of(session)]
        return next((session for session in blank if session.is_watched), blank[-1] if blank else None)

    def get(self, conversation: str) -> Session | None:
        """Return the session of a conversation that is open here, unless what it knows is out of date."""
        session = self._sessions.get(conversation)
        return None if session is None or session.is_written_elsewhere else session

    async def resume(self, id: str | None = None, model: Model | None = None) -> Session:
        """Return the session of a saved conversation, whole. `id` is what `Library.find` takes; without one it is the
        conversation used last.

        Raises `NotFoundError` where there is none, and `StoreError`.
        """
        conversation = await self.locate(id)
        session = self.get(conversation)
        if session is not None and (session.is_streaming or session.is_watched):
            return session
        record, messages = await self.library.load(conversation)
        resumed = Conversation.resume(
            model or self.model_for(record.model), self._recorder, record, messages, options=self.defaults.options
        )
        self._instruct(resumed)
        return self._add(resumed)

    async def open(self, conversation: str) -> Session:
        """Return the session of a saved conversation as soon as its last messages and its draft are read.

        The rest is read meanwhile; then `session.ready` is set and `HistoryRead` told, or `Closed` where it can't be
        read. Raises `StoreError`.
        """
        if (session := self.get(conversation)) is not None:
            return session
        record, tail = await self.library.tail(conversation, TAIL)
        draft = await self.library.draft(conversation)
        model = self.model_for(record.model)
        opened = Conversation.resume(model, self._recorder, record, tail, options=self.defaults.options)
        session = self._add(opened)
        session.outgoing.draft = draft
        session.ready.clear()
        self._in_background(self._read_rest(session))
        return session

    async def settled(self, session: Session) -> None:
        """Return once no other program writes a reply in the session's conversation. Raises `StoreError`."""
        conversation = session.conversation
        while session.is_written_elsewhere:
            for message in [message for message in conversation.messages.values() if message.status is _STREAMING]:
                async for _ in self.follow(message.id):
                    pass
            conversation.catch_up(*await self.library.load(conversation.id))

    async def locate(self, id: str | None) -> str:
        """Return the whole id of the conversation that `id` means, or of the one used last.

        Raises `NotFoundError` and `StoreError`.
        """
        if id is not None:
            return await self.library.find(id)
        latest = await self.library.latest()
        if latest is None:
            raise NotFoundError("There is no saved conversation to continue.")
        return latest

    def model_for(self, id: str) -> Model:
        """Return the model that answers in a reopened conversation whose own model has this id."""
        return self.defaults.model or self.catalog.saved(id)

    async def name_model(self) -> Session | None:
        """Where no model was named, learn which one answers, unless the user has to agree first that anything is sent
        there; return the blank session that has it then. What goes wrong here goes wrong again on sending."""
        try:
            unnamed = self.catalog.model()
            if unnamed.name or self.catalog.exposed_host(unnamed):
                return None
            named = await self.catalog.resolve(unnamed)
        except StreamtuiError:
            return None
        blank = self.blank()
        if blank is None or blank.conversation.model != unnamed:
            return None
        blank.conversation.use(named)
        return blank

    # -- sending

    def submit(self, session: Session, submission: Submission) -> None:
        """Send as soon as everything is ready, telling the session's watchers how that goes; a prompt queues while a
        reply streams, anything else is refused."""
        if session.is_streaming or self._of(session):
            if isinstance(submission, SendPrompt):
                session.outgoing.queue(submission)
            else:
                session.tell(NotSent(StreamtuiError("A reply is still streaming here: stop it first.")))
            return
        pending = _Pending(session, submission)
        # The task starts later than this line, so it is in the table by then.
        self._pending[pending] = asyncio.create_task(self._send(pending))

    async def send(self, session: Session, submission: Submission) -> list[ReplyTask]:
        """Send now, and return the replies in flight. Raises `StreamtuiError` where that can't be, or may not."""
        return session.start(await self._authorized(session, submission))

    def on_their_way(self, session: Session) -> list[str]:
        """Return the texts of what is about to leave from a session, empty ones for what is no prompt."""
        return [text_of(pending.submission) for pending in self._of(session)]

    def take_back(self, session: Session) -> bool:
        """Take back what is about to leave from a session; return whether there was anything."""
        entries = self._of(session)
        for entry in entries:
            self._pending.pop(entry).cancel()
        session.outgoing.give_back(*(entry.submission for entry in entries if isinstance(entry.submission, SendPrompt)))
        return bool(entries)

    async def authorize(self, model: Model) -> Model:
        """Return `model` ready to be asked. Nothing is sent to it, not even a question for its models, before the user
        has agreed where a key would travel in the clear. Raises `StreamtuiError`."""
        host = self.catalog.exposed_host(model)
        if host is not None:
            if not await self.confirm(host):
                raise StreamtuiError("Not sent.")
            self.catalog.allow_exposed(host)
        return await self.catalog.resolve(model)

    def learn_window(self, model: Model) -> None:
        """Ask an endpoint that has just replied how much its model can read, for the figure of context used."""
        self._in_background(self._ask_for_window(model))

    # -- following

    def follow(
        self, message: str, position: Position | None = None, intervals: PollIntervals | None = None
    ) -> AsyncGenerator[list[Event], None]:
        """Yield batches of the events of a reply from a position on: as they arrive for one that runs here, else by
        what is saved of it. An empty batch breaks a silence; the last batch ends in `Finished` or `Failed`."""
        intervals = intervals or PollIntervals()
        position = position or Position()
        task = self.tasks.task(message)
        if task is not None:
            return task.follow(position, intervals.ping_s)
        return follow_saved(self.library, message, position, intervals)

    # -- letting go

    def close(self, conversation: str, error: StreamtuiError | None = None) -> None:
        """Settle a conversation and let go of it; what was unsent there is written down, and watchers are told why."""
        session = self._sessions.get(conversation)
        if session is None:
            return
        self.take_back(session)
        session.stop()
        self.drafts.keep(session)
        del self._sessions[conversation]
        session.tell(Closed(error))

    async def delete(self, conversation: str) -> None:
        """Settle a conversation and delete it; for a while `undelete` brings it back. Raises `StoreError`."""
        running = self.tasks.of(conversation)
        self.close(conversation)
        for task in running:
            task.stop()
            await task.wait()
        await self.library.delete(conversation)
        self._deleted.append(conversation)

    async def undelete(self) -> str | None:
        """Bring back the conversation that was deleted last; return its id, `None` where it is too late, or there is
        none. Raises `StoreError`."""
        if not self._deleted:
            return None
        conversation = self._deleted.pop()
        return conversation if await self.library.restore(conversation) else None

    @property
    def can_undelete(self) -> bool:
        return bool(self._deleted)

    def settle(self) -> None:
        """Settle every reply, and write down all that is unsent, without waiting for anything: for the program's end
        and for signals."""
        for session in self:
            self.take_back(session)
            session.stop()
            self.drafts.keep_last(session, in_view=session.is_watched)
        self.tasks.settle()

    async def aclose(self, patience_s: float = 2.0) -> None:
        """End all replies: settled at once, their connections closed within `patience_s` seconds."""
        for task in (*self._pending.values(), *self._background):
            task.cancel()
        await self.tasks.aclose(patience_s)

    # -- inside

    def _add(self, conversation: Conversation) -> Session:
        session = Session(conversation, self.tasks, self.submit, self.library.remember_prompt)
        self._sessions.pop(conversation.id, None)
        self._sessions[conversation.id] = session
        self._let_go_of_idle(session)
        return session

    def _let_go_of_idle(self, newest: Session) -> None:
        idle = [session for session in self if session is not newest and self._is_idle(session)]
        for session in idle[: max(0, len(idle) - IDLE_SESSIONS)]:
            self.drafts.keep(session)
            del self._sessions[session.conversation.id]

    def _is_idle(self, session: Session) -> bool:
        is_needed = session.is_watched or session.is_streaming or session.outgoing.next.queued or self._of(session)
        return not (is_needed or session.is_blank) and session.ready.is_set()

    def _of(self, session: Session) -> list[_Pending]:
        return [pending for pending in self._pending if pending.session is session]

    async def _send(self, pending: _Pending) -> None:
        session = pending.session
        try:
            submission = await self._authorized(session, pending.submission)
            self._pending.pop(pending, None)
            session.start(submission)
            self.drafts.keep(session)
        except StreamtuiError as error:
            self._pending.pop(pending, None)
            session.outgoing.refuse(pending.submission, error)
        except Exception as error:  # a defect is no reason to lose what was written
            log.exception("a submission broke")
            self._pending.pop(pending, None)
            session.outgoing.refuse(pending.submission, StreamtuiError(f"Not sent: {ErrorInfo.of(error).message}"))

    async def _authorized(self, session: Session, submission: Submission) -> Submission:
        """Return what may be sent. Raises `StreamtuiError` where it can't be, or the user doesn't want it."""
        session.pick()
        await session.ready.wait()
        if session.is_written_elsewhere:
            await self._catch_up(session)
        conversation = session.conversation
        if isinstance(submission, SendPrompt) and submission.models:
            models = [await self.authorize(model) for model in submission.models]
            return replace(submission, models=tuple(models))
        model = await self.authorize(conversation.model)
        if model != conversation.model:
            conversation.use(model)
        self._in_background(self._learn_lengths(session))
        return submission

    async def _catch_up(self, session: Session) -> None:
        """Read what another program has written meanwhile. Raises `StreamtuiError` while it still writes."""
        session.conversation.catch_up(*await self.library.load(session.conversation.id))
        session.show_path()
        if session.is_written_elsewhere:
            raise StreamtuiError("Another program is writing a reply here: wait for it, or stop it there.")

    async def _read_rest(self, session: Session) -> None:
        conversation = session.conversation
        try:
            _, messages = await self.library.load(conversation.id)
        except StreamtuiError as error:
            self.close(conversation.id, error)  # half a conversation is none
            return
        first = next(iter(conversation.messages), None)
        conversation.adopt(messages)
        self._instruct(conversation)
        session.ready.set()
        session.tell(HistoryRead(first))

    async def _learn_lengths(self, session: Session) -> None:
        """Read how long this model's replies were, for the estimate of progress; without it there is none."""
        try:
            timings = await self.library.timings(session.conversation.model.id, _PAST)
        except StreamtuiError:
            return
        session.past_lengths = [timing.metrics.characters for timing in timings if timing.status == "complete"]

    async def _ask_for_window(self, model: Model) -> None:
        with suppress(StreamtuiError):
            await self.catalog.learn_window(model)

    def _instruct(self, conversation: Conversation) -> None:
        if self.defaults.instruction is not None:
            conversation.instruct(self.defaults.instruction)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
