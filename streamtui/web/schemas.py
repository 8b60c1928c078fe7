"""What clients send, and how much of it."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_ID = "^[0-9a-z]{1,64}$"

Prompt = Annotated[str, StringConstraints(max_length=200_000)]
"""Whether there is anything to read in it is asked once it is cleaned."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(pattern=_ID)]

PathId = Annotated[str, Path(alias="id", pattern=_ID)]
QueryId = Annotated[str | None, Query(pattern=_ID)]
QueryPrompt = Annotated[str, Query(max_length=8_000)]
QueryName = Annotated[str | None, Query(min_length=1, max_length=200)]
LastEventId = Annotated[str | None, Header(max_length=200)]


class Body(BaseModel):
    """A JSON object with the fields below and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AskBody(Body):
    """A prompt, for a new conversation or a saved one; `system` is pinned first."""

    prompt: Prompt
    conversation: Id | None = None
    model: Name | None = None
    system: Annotated[str, Field(max_length=100_000)] | None = None


class CodeBody(Body):
    """The one-time code of a printed address."""

    code: Name


class TitleBody(Body):
    """A conversation's new title."""

    title: Name
