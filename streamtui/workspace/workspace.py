"""The conversations of one process: opened, followed, let go of."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from streamtui.chat.catalog import Catalog
from streamtui.chat.conversation import Conversation, Options
from streamtui.chat.errors import NotFoundError, StreamtuiError
from streamtui.chat.events import Event
from streamtui.chat.messages import Status
from streamtui.chat.ports import Library, Model, NullRecorder, Recorder
from streamtui.chat.reply_tasks import Position, ReplyTasks
from streamtui.workspace import forks
from streamtui.workspace.attachments import Attachments, Contents, Converter
from streamtui.workspace.attachments.contents import ContentStore
from streamtui.workspace.background import BackgroundTasks
from streamtui.workspace.default_model import DefaultModel
from streamtui.workspace.drafts import Drafts
from streamtui.workspace.events import Closed, HistoryRead
from streamtui.workspace.following import PollIntervals, follow_saved
from streamtui.workspace.open_sessions import OpenSessions
from streamtui.workspace.sender import Confirm, Sender, allow_nothing
from streamtui.workspace.session import Session
from streamtui.workspace.session_events import SessionEvents
from streamtui.workspace.titles import Titles, TitleSource
from streamtui.workspace.unsaved import UnsavedLibrary

TAIL: Final = 60
"""Messages read before the rest of a conversation: more than any screen holds."""
_STREAMING: Final = Status.STREAMING


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
    titles: TitleSource = "prompt"


class Workspace:
    """Opens conversations, decides which model answers there, and lets follow and delete them.

    Must be used on one event loop. Owns the sessions and the replies in flight, not the catalog nor the store.
    """

    def __init__(
        self,
        catalog: Catalog,
        recorder: Recorder,
        library: Library,
        defaults: Defaults | None = None,
        confirm: Confirm = allow_nothing,
        kept: ContentStore | None = None,
    ) -> None:
        """`kept` holds what the files of these conversations hold; by default the library does."""
        self.catalog = catalog
        self.library = library
        self.defaults = defaults or Defaults()
        self.tasks = ReplyTasks()
        self._converter = Converter()
        self.attachments = Attachments(Contents(kept or library, library, UnsavedLibrary()), self._converter)
        self._background = BackgroundTasks()
        self.sender = Sender(catalog, library, confirm, self._background, lambda session: self.drafts.keep(session))
        self.drafts = Drafts(library, self.sender.on_their_way)
        self.default_model = DefaultModel(catalog, self.blank)
        self._recorder = recorder
        self.titles = Titles(self.sender, self.defaults.titles, self._background)
        self.events = SessionEvents()
        self.events.watch(self.titles.hear)
        self._is_saving = not isinstance(library, UnsavedLibrary)
        self._sessions = OpenSessions(self.sender, self.drafts.keep)
        self._deleted: list[str] = []

    # -- opening

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions)

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
        return self._sessions.blank(is_saved=self._is_saving)

    def incognito(self, model: Model | None = None) -> Session:
        """Return an empty conversation's session of which nothing ever touches the disk; in place of the one there
        was, which is closed unless nothing was asked there yet."""
        if (blank := self._sessions.blank(is_saved=False)) is not None:
            return blank
        before = [session for session in self if self.is_incognito(session)]
        conversation = Conversation(
            model or self.defaults.model or self.catalog.model(),
            system=self.defaults.system,
            options=self.defaults.options,
        )
        session = self._add(conversation, is_saved=False)
        for other in before:
            self.close(other.conversation.id)
        return session

    def unsaved(self) -> Session | None:
        """Return the session of the newest conversation that isn't saved, where the others are, if there is one."""
        return next((session for session in reversed(list(self)) if self.is_incognito(session)), None)

    def is_incognito(self, session: Session) -> bool:
        """Return whether a conversation isn't saved where the others are."""
        return self._is_saving and not session.is_saved

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
        _instruct(self.defaults.instruction, resumed)
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
        attachments = await self.library.draft_attachments(conversation)
        model = self.model_for(record.model)
        opened = Conversation.resume(model, self._recorder, record, tail, options=self.defaults.options)
        session = self._add(opened)
        session.outgoing.draft = draft
        session.outgoing.attach(*attachments)
        session.ready.clear()
        self._background.start(self._read_rest(session))
        return session

    async def settled(self, session: Session) -> None:
        """Return once no other program writes a reply in the session's conversation. Raises `StoreError`."""
        conversation = session.conversation
        while session.is_written_elsewhere:
            for message in [message for message in conversation.messages.values() if message.status is _STREAMING]:
                async for _ in self.follow(message.id):
                    pass
            record, messages = await self.library.load(conversation.id)
            conversation.tree.catch_up(messages, record.leaf)

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

    def learn_window(self, model: Model) -> None:
        """Ask an endpoint that has just replied how much its model can read, for the figure of context used."""
        self._background.start(_ask_for_window(self.catalog, model))

    async def fork(self, session: Session, message: str | None = None) -> Session:
        """Return the session of a new conversation, saved already, that has the branch in view, or the one through
        `message` as far as that.

        Raises `StreamtuiError` where there is nothing to fork or a reply streams there, and `StoreError`.
        """
        await session.ready.wait()
        recorder = self._recorder if session.is_saved else NullRecorder()
        forked = forks.fork_of(session.conversation, message, recorder)
        await recorder.begin(forked.record, list(forked.messages.values()))
        return self._add(forked, is_saved=session.is_saved, attachments=session.attachments)

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

    async def rename(self, conversation: str, title: str) -> None:
        """Give a conversation another title, whether it is open or not. Raises `StoreError`."""
        session = self._sessions.get(conversation)
        if session is not None and session.conversation.messages:
            session.conversation.rename(title)
        else:
            await self.library.rename(conversation, title)

    # -- letting go

    def stop(self, session: Session) -> bool:
        """Stop the reply in view, or take back what is about to leave; return whether there was anything."""
        stopped = session.stop_in_view()
        return self.sender.take_back(session) or stopped

    def close(self, conversation: str, error: StreamtuiError | None = None) -> None:
        """Settle a conversation and let go of it; what was unsent there is written down, and watchers are told why."""
        session = self._sessions.get(conversation)
        if session is None:
            return
        self.sender.take_back(session)
        session.stop()
        self.drafts.keep(session)
        self._sessions.pop(conversation)
        session.tell(Closed(error))

    async def delete(self, conversation: str) -> None:
        """Settle a conversation and delete it; for a while `undelete` brings it back. Raises `StoreError`."""
        running = self.tasks.of(conversation)
        session = self._sessions.get(conversation)
        self.close(conversation)
        for task in running:
            task.stop()
            await task.wait()
        if session is not None and (session.is_blank or not session.is_saved):
            return  # its only turn was taken back, because nothing of the reply had arrived; or none was ever saved
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
            self.sender.take_back(session)
            session.stop()
            self.drafts.keep_last(session, in_view=session.is_watched)
        self.tasks.settle()

    async def aclose(self, patience_s: float = 2.0) -> None:
        """End all replies: settled at once, their connections closed within `patience_s` seconds."""
        self.sender.cancel()
        self._background.cancel()
        await self.tasks.aclose(patience_s)

    # -- inside

    def _add(
        self, conversation: Conversation, *, is_saved: bool = True, attachments: Attachments | None = None
    ) -> Session:
        if attachments is None:
            is_private = self._is_saving and not is_saved
            attachments = _in_memory(self.library, self._converter) if is_private else self.attachments
        is_saved = is_saved and self._is_saving
        session = Session(
            conversation,
            self.tasks,
            self.sender.submit,
            self.library.remember_prompt if is_saved else _forget,
            attachments,
            is_saved=is_saved,
        )
        session.observer = self.events.hear
        return self._sessions.add(session)

    async def _read_rest(self, session: Session) -> None:
        conversation = session.conversation
        try:
            _, messages = await self.library.load(conversation.id)
        except StreamtuiError as error:
            self.close(conversation.id, error)  # half a conversation is none
            return
        first = next(iter(conversation.messages), None)
        conversation.tree.adopt(messages)
        _instruct(self.defaults.instruction, conversation)
        session.ready.set()
        session.tell(HistoryRead(first))


async def _ask_for_window(catalog: Catalog, model: Model) -> None:
    with suppress(StreamtuiError):
        await catalog.learn_window(model)


def _in_memory(library: Library, converter: Converter) -> Attachments:
    """Return what keeps the files of a conversation that isn't saved, in a memory that goes with it."""
    memory = UnsavedLibrary()
    return Attachments(Contents(memory, library, memory), converter)


def _instruct(instruction: str | None, conversation: Conversation) -> None:
    if instruction is not None:
        conversation.instruct(instruction)


def _forget(prompt: str) -> None:
    """Remember nothing of a prompt."""
