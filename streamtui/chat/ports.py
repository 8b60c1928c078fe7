"""What `chat` needs from outside: the protocols that providers and the store implement, and the values they share."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from streamtui.chat.events import ProviderEvent
from streamtui.chat.messages import ChatMessage, ChatRequest, DraftAttachment, Usage, is_estimate
from streamtui.chat.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a provider waits, in seconds, before it raises `ProviderError("timeout")`."""

    connect: float = 10.0
    first_byte: float = 300.0
    """From sending the request to the first byte of the body: reasoning models may think for minutes."""
    content: float = 300.0
    """Between two pieces of content; keep-alive comments don't count."""
    silence_after_text: float = 10.0
    """After a finish reason, of a body that stays open without a byte: then the reply counts as ended."""
    silence_before_text: float = 20.0
    """The same where no text has come yet: some servers send a finish reason first, and think then."""


class Provider(Protocol):
    """One endpoint that writes replies. Built with everything it needs; owns its connections until `aclose`."""

    @property
    def name(self) -> str:
        """The registry's name, which is also the prefix of its models: `openai`, `anthropic`, `demo`."""
        ...

    @property
    def host(self) -> str:
        """Where the requests go, as the reader should see it: `api.openai.com`, `127.0.0.1:8080`, `offline`."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        """Send `request` once and yield `Connected`, then deltas, usage and notices, then `Finished` if the endpoint
        gave a finish reason. Deltas may hold foreign text: `Reply` cleans it.

        Raises `ProviderError` for everything that goes wrong on the way. Cancelling or closing the generator closes
        the connection. Never retries on its own, except once to leave out a field that the endpoint refuses.
        """
        ...

    def can_prefill(self, model: str) -> bool:
        """Return whether the endpoint goes on writing when the last turn is the assistant's own."""
        ...

    async def models(self) -> list[str]:
        """Return the models on offer, cleaned, as the endpoint orders them. Raises `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class ManagedProvider(Provider, Protocol):
    """A provider that can be had for the length of a block, at whose end its connections are closed."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ClosingProvider(ABC):
    """Base class of providers that are `ManagedProvider`s."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


@dataclass(frozen=True, slots=True)
class Model:
    """A model's name and the endpoint that runs it: all that is needed to ask it."""

    provider: Provider
    name: str
    """Empty where it is the first one on offer, as long as that isn't known."""

    @property
    def id(self) -> str:
        """The model as `-m` takes it and the store keeps it: with its prefix where the provider is not openai
        and not the model itself (`demo`)."""
        return self.name if self.provider.name in ("openai", self.name) else f"{self.provider.name}:{self.name}"

    @property
    def label(self) -> str:
        return f"{self.id if self.name else 'its first model'} @ {self.provider.host}"


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation without its messages. Times are seconds since the epoch."""

    id: str
    title: str
    model: str
    """With the provider's prefix where it is not openai, as `-m` takes it."""
    system: str | None
    created: float
    updated: float
    leaf: str | None = None
    """The last message of the branch in view."""
    pinned: bool = False
    """Whether the user keeps it at hand. Changed by `Library.pin` alone: recording a turn leaves it as it is."""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A line of the list of conversations."""

    id: str
    title: str
    model: str
    messages: int
    status: str
    """Of the last message of the branch in view."""
    created: float
    updated: float
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One place where a searched text stands: a title, or a message with its attachments' names."""

    conversation: ConversationSummary
    message: str | None
    """The message's id; `None` for a hit in the title."""
    snippet: str
    """One line of plain text around the first match."""
    matches: tuple[tuple[int, int], ...]
    """Where the searched words stand in the snippet: start and end of each."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What `Storage.check` found and did."""

    problems: tuple[str, ...]
    """One line each; none for a store in order."""
    mended: tuple[str, ...]
    """What was put right, without loss; one line each."""
    conversations: int
    messages: int
    size: int
    """Of the database, in bytes."""
    unerased: int
    """Deleted conversations of which the files may still hold text."""

    @property
    def is_healthy(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Timing:
    """The figures of one saved reply, for statistics and for the estimate of progress."""

    model: str
    created: float
    status: str
    metrics: Metrics
    output_tokens: int | None
    input_tokens: int | None
    estimated: bool
    """Whether the tokens, or the rate made of them, are our guess."""

    @classmethod
    def of(cls, model: str, created: float, status: str, metrics: Metrics, usage: Usage | None) -> "Timing":
        """A reply that failed before anything arrived has no figures to guess."""
        estimated = is_estimate(usage) and (usage is not None or metrics.characters > 0)
        usage = usage or Usage()
        return cls(model, created, status, metrics, usage.output_tokens, usage.input_tokens, estimated)


class Recorder(Protocol):
    """Writes conversations down as they happen. Only `begin` is waited for; the rest only enqueues and never raises,
    so that settling a reply has no await which a second cancel could interrupt. Order of calls is order on disk."""

    async def begin(
        self, record: ConversationRecord, messages: Sequence[ChatMessage], earlier: Sequence[ChatMessage] = ()
    ) -> None:
        """Put the conversation's row and these messages on disk; return when they are. Existing rows are replaced.

        `earlier` is what else the caller holds of the conversation, parents first. It is on disk already, unless
        another program deleted it meanwhile: then it is written again, in the same transaction.
        Raises `StoreError` when that can't be done now; what was handed over is kept and written when it can be.
        """
        ...

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        """Add a piece to segment number `segment` (from 0) of the message; on disk within about 250 ms."""
        ...

    def settle(self, conversation: str, message: ChatMessage) -> None:
        """Replace all that is stored of the message, pieces included."""
        ...

    def withdraw(self, record: ConversationRecord, messages: Sequence[str]) -> None:
        """Remove these messages, and the conversation's row where none is left."""
        ...

    def update(self, record: ConversationRecord) -> None:
        """Write the conversation's row again: title, model, system message, branch in view."""
        ...


class ForeignDatabase(Protocol):
    """Another program's SQLite database, open for reading. Every method blocks, and may raise `StoreError`."""

    def tables(self) -> Mapping[str, frozenset[str]]:
        """Return the columns of its tables."""
        ...

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        order: Sequence[str] = (),
        where: tuple[str, object] | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield these columns of the rows of a table, of those whose column `where` has a value, in order of columns.

        A value may be of any type, whatever was declared.
        """
        ...


class Library(Protocol):
    """Reads, and looks after, what is saved. Every method may raise `StoreError`."""

    async def conversations(self, limit: int | None = None, offset: int = 0) -> list[ConversationSummary]:
        """Return at most `limit` of the saved conversations after the first `offset`, most recently updated first."""
        ...

    async def pinned(self) -> list[ConversationSummary]:
        """Return the pinned conversations, most recently updated first."""
        ...

    async def count(self) -> int:
        """Return how many conversations are saved."""
        ...

    async def find(self, reference: str, *, at_least: int = 1) -> str:
        """Return the id of the conversation meant by `reference`: `last` for the latest one, an id, its beginning or
        its end of `at_least` characters or more, or a whole title that no other conversation has.

        Raises `NotFoundError` for none or several.
        """
        ...

    async def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Return at most `limit` places where all words of `text` stand, whatever their case: hits in titles first,
        then in messages, newest first. Words between double quotes are one phrase."""
        ...

    async def latest(self) -> str | None:
        """Return the id of the conversation updated last."""
        ...

    async def tail(self, conversation: str, limit: int) -> tuple[ConversationRecord, list[ChatMessage]]:
        """Return the last `limit` messages of the branch in view, oldest first, without reading the others."""
        ...

    async def load(self, conversation: str) -> tuple[ConversationRecord, list[ChatMessage]]:
        """Return all messages of all branches, oldest first; a streaming one with the text written down so far."""
        ...

    async def message(self, message: str) -> ChatMessage:
        """Return one message, a streaming one with the text written down so far: cheap enough to be asked for again
        and again. Raises `NotFoundError`."""
        ...

    async def add(self, record: ConversationRecord, messages: Sequence[ChatMessage]) -> bool:
        """Save a whole conversation from elsewhere, its messages parents first, in one transaction; return whether it
        is new. One that is saved already, or being deleted, stays as it is.

        Messages that have the ids of saved ones get others. Raises `StoreError`; then nothing of it is saved.
        """
        ...

    def open_database(self, path: Path) -> AbstractContextManager[ForeignDatabase]:
        """Open another program's database for reading; it stays as it is. Raises `StoreError`."""
        ...

    async def rename(self, conversation: str, title: str) -> None: ...

    async def pin(self, conversation: str, pinned: bool) -> None: ...

    async def older_than(self, moment: float) -> list[ConversationSummary]:
        """Return the conversations without activity since `moment`, in seconds since the epoch; pinned ones are none
        of them."""
        ...

    async def delete(self, *conversations: str) -> None:
        """Hide the conversations at once; after a grace period, or at the next start, their text goes from disk.

        Raises `NotFoundError` where one of them is not there; then none is deleted.
        """
        ...

    async def restore(self, conversation: str) -> bool:
        """Take `delete` back; return whether that was still possible."""
        ...

    async def prompts(self, limit: int) -> list[str]:
        """Return the prompts sent or stashed most recently, over all conversations, newest first, no doubles."""
        ...

    async def search_prompts(self, text: str, limit: int) -> list[str]:
        """Return the prompts of the history that contain `text`, whatever its case, newest first, no doubles."""
        ...

    async def put_attachment(self, content: bytes) -> str:
        """Save a file's content and return its SHA-256, by which messages refer to it. The same content is kept once.

        Content that no message has referred to for a day is removed. Raises `StoreError` where it can't be saved.
        """
        ...

    async def attachment(self, sha256: str) -> bytes:
        """Return the content saved under its SHA-256. Raises `NotFoundError`."""
        ...

    def remember_prompt(self, text: str) -> None:
        """Put a prompt that is not a message (a stashed draft) on top of the prompt history."""
        ...

    async def draft(self, conversation: str | None) -> str:
        """Return the unsent text of a conversation; `None` stands for the new one that has no row yet."""
        ...

    async def draft_attachments(self, conversation: str | None) -> tuple[DraftAttachment, ...]:
        """Return what goes along with the unsent text of a conversation."""
        ...

    def keep_draft(self, conversation: str | None, text: str, attachments: Sequence[DraftAttachment] = ()) -> None:
        """Save the unsent text and what goes along with it; nothing of both forgets it. Only enqueues."""
        ...

    async def timings(self, model: str | None = None, limit: int = 1000) -> list[Timing]:
        """Return the figures of the latest replies, newest first."""
        ...


class Storage(Protocol):
    """What is saved, and how saving goes."""

    @property
    def recorder(self) -> Recorder: ...

    @property
    def library(self) -> Library: ...

    @property
    def trouble(self) -> str | None:
        """Why nothing can be saved now and what to do, in one line; `None` while all is well."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What the reader should know about how opening went."""
        ...

    def on_trouble(self, callback: Callable[[str | None], None]) -> None:
        """Have `callback` called on the event loop whenever `trouble` changes."""
        ...

    def flush_or_spill(self, timeout: float) -> bool:
        """Get everything on disk within `timeout` seconds, by whatever way; return whether it is. Blocks."""
        ...

    def erase(self, timeout: float, on_progress: Callable[[float], None] = lambda part: None) -> bool:
        """Make deletions final now, and wait at most `timeout` seconds until no file holds deleted text any more.

        Return whether that is so; what is left to do goes on while the store is open, and whenever it is opened again.
        `on_progress` is called now and then with the part that is done, from 0 to 1. Blocks.
        """
        ...

    def check(self) -> HealthReport:
        """Look through all that is saved, and mend what can be mended without loss. Blocks, for seconds where there is
        much. Raises `StoreError` where it can't be read."""
        ...

    def backup(self, path: Path) -> None:
        """Copy all that is saved to a file, as of one moment, while the store and other processes go on using it.

        The file is itself a database that can take the store's place. Blocks. Raises `StoreError`.
        """
        ...


class QuirkStore(Protocol):
    """What was learned about an endpoint and model: `no:stream_options`, `swap:max_tokens`, `insecure-http`…"""

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        """Return what is known; immediate, from memory."""
        ...

    def learn(self, endpoint: str, model: str, quirk: str) -> None:
        """Remember one more, for a week. Only enqueues."""
        ...

    def forget(self, endpoint: str) -> None:
        """Forget all that was learned about the models of an endpoint. Only enqueues."""
        ...


class NullRecorder:
    """Records nothing: for `ask --no-save` and for library use without a store."""

    async def begin(
        self, record: ConversationRecord, messages: Sequence[ChatMessage], earlier: Sequence[ChatMessage] = ()
    ) -> None:
        return

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        return

    def settle(self, conversation: str, message: ChatMessage) -> None:
        return

    def withdraw(self, record: ConversationRecord, messages: Sequence[str]) -> None:
        return

    def update(self, record: ConversationRecord) -> None:
        return


class InMemoryQuirks:
    """Knows no endpoint; what is learned lasts as long as this object."""

    def __init__(self) -> None:
        self._quirks: dict[tuple[str, str], frozenset[str]] = {}

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._quirks.get((endpoint, model), frozenset())

    def learn(self, endpoint: str, model: str, quirk: str) -> None:
        self._quirks[endpoint, model] = self.quirks(endpoint, model) | {quirk}

    def forget(self, endpoint: str) -> None:
        self._quirks = {key: quirks for key, quirks in self._quirks.items() if key[0] != endpoint}
