"""Messages, their segments and the request made of them: values that every layer shares."""

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.finish import FinishKind, finish_kind
from streamtui.chat.metrics import Metrics
from streamtui.chat.sanitize import sanitize_line

LONGEST_NAME: Final = 255
"""Characters of a file's name."""
_UNFINISHED: Final = (FinishKind.LIMIT, FinishKind.PAUSED)

Role = Literal["system", "user", "assistant"]

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh")
"""Levels of reasoning effort, as endpoints name them."""


class Status(StrEnum):
    """What became of a message. Only a seen finish reason makes a reply complete."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    """The process died; found and marked at the next start."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the provider, or guessed by us where `estimated`. Also an event of the stream."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    """Part of `output_tokens`."""
    estimated: bool = False


def is_estimate(usage: Usage | None) -> bool:
    """Return whether output tokens, and so the rate of a reply with this `usage`, are our guess."""
    return usage is None or usage.estimated or usage.output_tokens is None


@dataclass(frozen=True, slots=True)
class SavedNotice:
    """One line about a reply that stays with it: a field that was left out, a refusal, an end before its time."""

    kind: str
    """A `chat.events.NoticeKind`; a string, since a newer version may have written another."""
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that the endpoint gives for a reply. Also an event of the stream."""

    url: str
    title: str = ""
    number: int = 0
    """Place among the message's sources, from 1; assigned by `Reply`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One uninterrupted stretch of a message; a reply that was continued has several."""

    text: str = ""
    reasoning: str = ""
    status: Status = Status.COMPLETE
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    metrics: Metrics | None = None
    notices: tuple[SavedNotice, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message carries; its content is kept once, under its SHA-256."""

    sha256: str
    """In hexadecimal digits."""
    name: str
    """As the user knows the file, without its folder."""
    media_type: str
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file that a prompt is to carry. Nothing of it is read before the prompt is sent."""

    path: str
    """Absolute, as the system has it: with any character in it."""
    size: int = 0
    """In bytes, when the file was looked at."""
    word: str = ""
    """Where the prompt's text names the file, that name; the file goes along only as long as the text has it."""

    @property
    def name(self) -> str:
        return sanitize_line(self.path.rstrip("/").rpartition("/")[2], LONGEST_NAME)


DraftAttachment = FileReference | Attachment
"""What goes along with a prompt that is not sent yet."""


def carried(text: str, attachments: Iterable[DraftAttachment]) -> tuple[DraftAttachment, ...]:
    """Return those of a draft's attachments that go along with `text`."""
    return tuple(one for one in attachments if not (isinstance(one, FileReference) and one.word not in text))


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A node in a conversation's tree. Times are seconds since the epoch."""

    id: str
    parent: str | None
    role: Role
    segments: tuple[Segment, ...]
    model: str | None = None
    """For an assistant message: the model that wrote it, with its provider prefix where it is not openai."""
    created: float = field(default_factory=time.time)
    attachments: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        return self.segments[0].text if len(self.segments) == 1 else "".join(s.text for s in self.segments)

    @property
    def reasoning(self) -> str:
        return self.segments[0].reasoning if len(self.segments) == 1 else "".join(s.reasoning for s in self.segments)

    @property
    def notices(self) -> tuple[SavedNotice, ...]:
        """What is said under the reply for good, in order, each line once."""
        return tuple(dict.fromkeys(notice for segment in self.segments for notice in segment.notices))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The reply's sources in the order of their numbers."""
        return tuple(citation for segment in self.segments for citation in segment.citations)

    @property
    def last(self) -> Segment:
        return self.segments[-1]

    @property
    def status(self) -> Status:
        return self.segments[-1].status

    @property
    def can_continue(self) -> bool:
        """Whether the reply broke off before the model had finished it, with text to go on from."""
        if self.role != "assistant" or not self.text.strip():
            return False
        if self.status in (Status.STOPPED, Status.INTERRUPTED, Status.FAILED):
            return True
        return self.status is Status.COMPLETE and finish_kind(self.last.finish_reason or "stop") in _UNFINISHED

    def with_last(self, segment: Segment) -> "ChatMessage":
        return replace(self, segments=(*self.segments[:-1], segment))

    def with_new(self, segment: Segment) -> "ChatMessage":
        return replace(self, segments=(*self.segments, segment))


def user_message(text: str, parent: str | None, attachments: Iterable[Attachment] = ()) -> ChatMessage:
    return ChatMessage(new_id(), parent, "user", (Segment(text),), attachments=tuple(attachments))


def assistant_message(parent: str | None, model: str) -> ChatMessage:
    return ChatMessage(new_id(), parent, "assistant", (Segment(status=Status.STREAMING),), model)


def new_id() -> str:
    """Return an identifier that sorts by time of creation and is unique across processes."""
    return f"{time.time_ns() // 1_000_000:011x}{uuid.uuid4().hex[:9]}"


@dataclass(frozen=True, slots=True)
class Media:
    """A file that goes to the endpoint as it is, beside a turn's text: an image or a document."""

    name: str
    media_type: str
    base64: str

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as the model sees it."""

    role: Role
    text: str
    attachments: tuple[Attachment, ...] = ()
    """Files whose content is not in `text` and `media` yet."""
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a provider is asked: the model's name without prefix, and the turns, the system message pinned first.

    User and assistant turns alternate and none is empty. Where `prefill` is set the last turn is the assistant's own
    unfinished text, which the model shall go on writing.
    """

    model: str
    turns: tuple[Turn, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    prefill: bool = False
    effort: str | None = None
    """How hard to think: `low`, `medium`, `high`, or another word that the model knows; `none` for not at all."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the request, in the endpoint's own terms: `top_p`, `stop`, `seed`."""
