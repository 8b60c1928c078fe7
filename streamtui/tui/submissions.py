"""From the prompt to the reply: what must be ready, and be asked, before anything leaves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from textual.dom import DOMNode
from textual.worker import Worker

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Catalog, Library, Model
from streamtui.tui.session import Intent, SendPrompt, Session

PAST: Final = 50
"""Past replies that the estimate of progress rests on."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Something on its way out. The first one waits for the SDK, or for the reader's word."""

    session: Session
    intent: Intent

    @property
    def ask(self) -> SendPrompt | None:
        return self.intent if isinstance(self.intent, SendPrompt) else None


class Submissions:
    """Everything that is sent goes through here, also what was queued; Escape takes back what has not left yet."""

    def __init__(
        self,
        owner: DOMNode,
        catalog: Catalog,
        library: Library,
        confirm: Callable[[str], Awaitable[bool]],
        say: Callable[[str], None],
        left: Callable[[Session], None],
    ) -> None:
        """`confirm` asks whether a key may travel unencrypted to a host; `say` shows what went wrong; `left` hears of
        sessions from which something was sent."""
        self._owner = owner
        self._catalog = catalog
        self._library = library
        self._confirm = confirm
        self._say = say
        self._left = left
        self._waiting: dict[Pending, Worker[None]] = {}

    def dispatch(self, session: Session, intent: Intent) -> None:
        """Send as soon as everything is ready; a prompt queues while a reply streams, anything else is refused."""
        if session.is_streaming or self.texts(session):
            if isinstance(intent, SendPrompt):
                self._queue(session, intent)
            else:
                self._say("A reply is still streaming here: stop it first.")
            return
        if session.view is not None:
            session.view.about_to_send()
        entry = Pending(session, intent)
        # The worker's coroutine starts later than this line, so it finds its entry.
        self._waiting[entry] = self._owner.run_worker(self._send(entry))

    def _queue(self, session: Session, ask: SendPrompt) -> None:
        try:
            session.queue(ask)
        except StreamtuiError as error:
            self._say(str(error))
            session.give_back(ask)

    def texts(self, session: Session) -> list[str]:
        """Return the texts of all that waits to leave from a session, empty ones for what is no prompt."""
        return [entry.ask.text if entry.ask else "" for entry in self._of(session)]

    def take_back(self, session: Session) -> bool:
        """Take back what is about to leave from a session; return whether there was anything."""
        found = self._of(session)
        for entry in found:
            self._waiting.pop(entry).cancel()
        session.give_back(*(entry.ask for entry in found))
        return bool(found)

    def _of(self, session: Session) -> list[Pending]:
        return [entry for entry in self._waiting if entry.session is session]

    async def _send(self, entry: Pending) -> None:
        session = entry.session
        try:
            intent = await self._prepare(entry)
            self._waiting.pop(entry, None)
            session.start(intent)
            self._left(session)
        except StreamtuiError as error:
            self._waiting.pop(entry, None)
            self._say(str(error))
            session.give_back(entry.ask, session.unqueue())

    async def _prepare(self, entry: Pending) -> Intent:
        """Return what may now be sent. Raises `StreamtuiError` where it can't, or the reader doesn't want it."""
        session, intent = entry.session, entry.intent
        await session.ready.wait()
        if session.is_written_elsewhere:
            await self._catch_up(session)
        conversation = session.conversation
        if isinstance(intent, SendPrompt) and intent.models:
            return replace(intent, models=tuple([await self.admit(model) for model in intent.models]))
        model = await self.admit(conversation.model)
        if model != conversation.model:
            conversation.use(model)
        self._owner.run_worker(self._learn_lengths(session), group="lengths")
        return intent

    async def _catch_up(self, session: Session) -> None:
        """Read what another program has written meanwhile. Raises `StreamtuiError` while it still writes."""
        session.conversation.catch_up(*await self._library.load(session.conversation.id))
        if session.view is not None:
            session.view.turned(session.conversation.path())
        if session.is_written_elsewhere:
            raise StreamtuiError("Another program is writing a reply here: wait for it, or stop it there.")

    async def admit(self, model: Model) -> Model:
        """Return `model` ready to be asked. Nothing is sent to it, not even a question for its models, before the
        reader has agreed where a key would travel in the clear. Raises `StreamtuiError`."""
        host = self._catalog.exposed_host(model)
        if host is not None:
            if not await self._confirm(host):
                raise StreamtuiError("Not sent.")
            self._catalog.allow_exposed(host)
        return await self._catalog.resolve(model)

    async def _learn_lengths(self, session: Session) -> None:
        """Read how long this model's replies were, for the estimate of progress; without it there is none."""
        try:
            timings = await self._library.timings(session.conversation.model.id, PAST)
        except StreamtuiError:
            return
        session.past = [each.metrics.characters for each in timings if each.status == "complete"]
