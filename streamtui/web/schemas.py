"""What clients send, and how much of it."""

import unicodedata
from typing import Annotated, Final, Literal

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_ID = "^[0-9a-z]{1,64}$"
LONGEST_LINGER_S: Final = 3600.0
MOST_COMPARED: Final = 4
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
"""The levels of `chat.messages.EFFORTS`."""

Prompt = Annotated[str, StringConstraints(max_length=200_000)]
"""Whether there is anything to read in it is asked once it is cleaned."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(pattern=_ID)]

PathId = Annotated[str, Path(alias="id", pattern=_ID)]
QueryId = Annotated[str | None, Query(pattern=_ID)]
QueryPrompt = Annotated[str, Query(max_length=8_000)]
QueryName = Annotated[str | None, Query(min_length=1, max_length=200)]
QueryText = Annotated[str, Query(max_length=200)]
QueryFileName = Annotated[str, Query(alias="name", min_length=1, max_length=200)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
PathSha256 = Annotated[str, Path(alias="sha256", pattern="^[0-9a-f]{64}$")]
QueryLimit = Annotated[int | None, Query(ge=1, le=10_000)]
QueryFlag = Annotated[Literal["0", "1"], Query()]
QueryMessages = Annotated[list[Id], Query(max_length=1000)]
QueryFormat = Annotated[Literal["json", "md", "html"], Query(alias="format")]
QueryLinger = Annotated[float | None, Query(ge=0, le=LONGEST_LINGER_S)]
"""For how many seconds a reply goes on while nobody is connected to it."""
LastEventId = Annotated[str | None, Header(max_length=200)]


def is_blank(text: str) -> bool:
    """Return whether there is nothing to read in `text`: white space, controls and invisible format characters."""
    return all(character.isspace() or unicodedata.category(character) in ("Cf", "Cc") for character in text)


class Body(BaseModel):
    """A JSON object with the fields below and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FileName(Body):
    """A file that was taken in before."""

    sha256: Sha256
    name: Name


Files = Annotated[list[FileName], Field(max_length=32)]


class AskBody(Body):
    """What to ask for: a reply to a prompt, another reply, or more of one.

    A prompt begins a conversation or goes on with a saved one; with `edit` it is another wording of a message in it.
    `system` is pinned first. With `models` all of them answer the prompt, side by side.
    """

    prompt: Prompt | None = None
    edit: Id | None = None
    attachments: Files = []
    regenerate: Id | None = None
    continue_: Annotated[Id | None, Field(alias="continue")] = None
    conversation: Id | None = None
    model: Name | None = None
    models: Annotated[list[Name], Field(min_length=2, max_length=MOST_COMPARED)] | None = None
    effort: Effort | None = None
    system: Annotated[str, Field(max_length=100_000)] | None = None
    linger: Annotated[float, Field(ge=0, le=LONGEST_LINGER_S)] | None = None


class MessageBody(Body):
    """One of a conversation's messages."""

    message: Id


class DraftBody(Body):
    """The unsent text of a conversation, and the files that go with it."""

    text: Prompt
    attachments: Files = []


class SystemBody(Body):
    """A conversation's system message; empty for none."""

    system: Annotated[str, StringConstraints(max_length=100_000)]


class CodeBody(Body):
    """The one-time code of a printed address, and the key with which a page binds its cookie to itself."""

    code: Name
    key: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32,64}$")] | None = None


class TitleBody(Body):
    """A conversation's new title."""

    title: Name
