"""The forms in which `ask` puts out what a reply says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, TextDelta, wire
from streamtui.chat.merge import Lines
from streamtui.chat.messages import Status
from streamtui.cli.async_io import TextWriter


class Sink(Protocol):
    """Where the events of a reply go."""

    async def event(self, event: Event, label: str | None) -> None: ...


@dataclass(slots=True)
class JsonLines:
    """One event a line, as the contract has it."""

    output: TextWriter
    conversations: Mapping[str, str | None]
    """By label; the only one where the stream isn't merged."""

    async def event(self, event: Event, label: str | None) -> None:
        conversation = self.conversations[label] if label else next(iter(self.conversations.values()))
        body = wire(event, conversation, label)
        await self.output.write(json.dumps(body, ensure_ascii=False) + "\n")


@dataclass(slots=True)
class Text:
    """The answer alone, with a newline at its end; notices, reasoning and errors beside it on `aside`."""

    output: TextWriter
    aside: TextWriter
    shares_screen: bool = False
    """Whether both are the same terminal."""
    _in_line: bool = False
    _thinking: bool = False

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            await self._clear_line()
            self._thinking = True
            await self.aside.write(event.text)
            return
        if self._thinking:
            self._thinking = False
            await self.aside.write("\n")
        match event:
            case TextDelta(text):
                await self.output.write(text)
                self._in_line = not text.endswith("\n")
            case Notice(kind="not_saved"):
                pass  # said by whoever opened the store
            case Notice(text=text):
                await self._clear_line()
                await self.aside.write(f"{text}\n")
            case Failed(error=error):
                await self._end_line()
                await self.aside.write(f"streamtui: {error.message}\n")
            case Finished():
                await self._end_line()

    async def _clear_line(self) -> None:
        """Let nothing be glued to the answer on the screen. The answer itself gets no newline that it doesn't have."""
        if self._in_line and self.shares_screen:
            self._in_line = False
            await self.aside.write("\n")

    async def _end_line(self) -> None:
        if self._in_line:
            self._in_line = False
            await self.output.write("\n")


@dataclass(slots=True)
class LabelledLines:
    """Several answers line by line, each line headed by its label, as soon as it is whole; likewise what the models
    think, on `aside`. What is to be said about an answer comes after the line that it is about."""

    output: TextWriter
    aside: TextWriter
    _lines: Lines = field(default_factory=Lines)
    _thoughts: Lines = field(default_factory=Lines)
    _notices: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            await self.aside.write(self._thoughts.feed(label, event.text))
            return
        await self.aside.write(self._thoughts.end(label))
        match event:
            case TextDelta(text):
                await self._put(self._lines.feed(label, text), label)
            case Notice(kind="not_saved"):
                pass  # said, once for all, by whoever opened the store
            case Notice(text=text):
                self._notices.setdefault(label, []).append(f"[{label}] {text}\n")
                if not self._lines.is_begun(label):
                    await self._say_notices(label)
            case Finished() | Failed():
                await self._put(self._lines.end(label), label)
                await self._say_notices(label)
                if isinstance(event, Failed):
                    await self.aside.write(f"[{label}] streamtui: {event.error.message}\n")

    async def _put(self, lines: str, label: str | None) -> None:
        if lines:
            await self.output.write(lines)
            await self._say_notices(label)

    async def _say_notices(self, label: str | None) -> None:
        await self.aside.write("".join(self._notices.pop(label, [])))


@dataclass(slots=True)
class Buffered:
    """The answer in one piece, and only if it is complete."""

    inner: Sink
    _parts: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        parts = self._parts.setdefault(label, [])
        match event:
            case TextDelta(text):
                parts.append(text)
            case Finished(status=Status.COMPLETE):
                if text := "".join(parts):
                    await self.inner.event(TextDelta(text), label)
                await self.inner.event(event, label)
            case _:
                await self.inner.event(event, label)
