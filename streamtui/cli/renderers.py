"""The forms in which `ask` writes replies: text, JSON lines, labelled lines, one piece."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streamtui.chat.events import (
    Event,
    Failed,
    Finished,
    Notice,
    ReasoningDelta,
    Revised,
    TextDelta,
    citation_line,
    wire,
)
from streamtui.chat.messages import Citation, Status, Usage, is_estimate
from streamtui.chat.metrics import Metrics
from streamtui.chat.statistics import Price
from streamtui.cli.output import RevisableWriter, TextWriter
from streamtui.workspace.markdown_source import last_fence


class Sink(Protocol):
    """Where the events of a reply go."""

    async def event(self, event: Event, label: str | None) -> None: ...


@dataclass(slots=True)
class JsonLines:
    """One event a line, as the contract has it."""

    output: TextWriter
    conversations: Mapping[str, str]
    """The ids of the conversations by label, the only one where the stream isn't merged."""
    is_saved: Callable[[], bool]
    """Whether all text so far is on disk, or on its way there."""

    async def event(self, event: Event, label: str | None) -> None:
        conversation: str | None = None
        if isinstance(event, Finished | Failed) and self.is_saved():
            conversation = self.conversations.get(label) if label else next(iter(self.conversations.values()), None)
        body = wire(event, conversation, label)
        await self.output.write(json.dumps(body, ensure_ascii=False) + "\n")


@dataclass(slots=True)
class Text:
    """The text of a reply alone, with a newline at its end; notices, reasoning and errors on `stderr`."""

    output: TextWriter
    stderr: TextWriter
    shares_screen: bool = False
    """Whether `output` and `stderr` are the same terminal."""
    knows_unsaved: bool = False
    """Whether a line has said already that nothing can be saved."""
    _in_line: bool = False
    _thinking: bool = False

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            await self._clear_line()
            self._thinking = True
            await self.stderr.write(event.text)
            return
        if self._thinking:
            self._thinking = False
            await self.stderr.write("\n")
        match event:
            case TextDelta(text):
                await self.output.write(text)
                self._in_line = not text.endswith("\n")
            case Notice(kind="not_saved") if self.knows_unsaved:
                pass
            case Revised(text=whole, reason=text):
                if isinstance(self.output, RevisableWriter):
                    await self.output.revise(whole)
                    self._in_line = bool(whole) and not whole.endswith("\n")
                await self._clear_line()
                await self.stderr.write(f"{text}\n")
            case Notice(text=text):
                await self._clear_line()
                await self.stderr.write(f"{text}\n")
            case Citation():
                await self._clear_line()
                await self.stderr.write(f"{citation_line(event)}\n")
            case Failed(error=error):
                await self._end_line()
                await self.stderr.write(f"streamtui: {error.message}\n")
            case Finished():
                await self._end_line()

    async def _clear_line(self) -> None:
        """Let nothing be glued to the text on the screen. The text itself gets no newline that it doesn't have."""
        if self._in_line and self.shares_screen:
            self._in_line = False
            await self.stderr.write("\n")

    async def _end_line(self) -> None:
        if self._in_line:
            self._in_line = False
            await self.output.write("\n")


class LineBuffers:
    """Cuts several texts that arrive in pieces into whole lines, headed by their labels."""

    def __init__(self) -> None:
        self._parts: dict[str | None, list[str]] = {}

    def feed(self, label: str | None, text: str) -> str:
        """Return the lines that are whole now."""
        parts = self._parts.setdefault(label, [])
        first, newline, more = text.partition("\n")
        parts.append(first)
        if not newline:
            return ""
        *whole, rest = ("".join(parts) + newline + more).split("\n")
        parts[:] = [rest]
        return "".join(f"[{label}] {line}\n" for line in whole)

    def is_begun(self, label: str | None) -> bool:
        """Return whether a line waits for its end."""
        return any(self._parts.get(label, ()))

    def end(self, label: str | None) -> str:
        """Return the last line, if it was not whole."""
        rest = "".join(self._parts.pop(label, []))
        return f"[{label}] {rest}\n" if rest else ""


@dataclass(slots=True)
class LabelledLines:
    """Several replies line by line, each line headed by its label, as soon as it is whole; likewise what the models
    think, on `stderr`. Notices about a reply come after the line that they are about."""

    output: TextWriter
    stderr: TextWriter
    knows_unsaved: bool = False
    """Whether a line has said already that nothing can be saved."""
    _lines: LineBuffers = field(default_factory=LineBuffers)
    _reasoning: LineBuffers = field(default_factory=LineBuffers)
    _notices: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, ReasoningDelta):
            await self.stderr.write(self._reasoning.feed(label, event.text))
            return
        await self.stderr.write(self._reasoning.end(label))
        match event:
            case TextDelta(text):
                await self._put(self._lines.feed(label, text), label)
            case Notice(kind="not_saved") if self.knows_unsaved:
                pass
            case Notice(text=text) | Revised(reason=text):
                self._notices.setdefault(label, []).append(f"[{label}] {text}\n")
                if not self._lines.is_begun(label):
                    await self._write_notices(label)
            case Finished() | Failed():
                await self._put(self._lines.end(label), label)
                await self._write_notices(label)
                if isinstance(event, Failed):
                    await self.stderr.write(f"[{label}] streamtui: {event.error.message}\n")

    async def _put(self, lines: str, label: str | None) -> None:
        if lines:
            await self.output.write(lines)
            await self._write_notices(label)

    async def _write_notices(self, label: str | None) -> None:
        await self.stderr.write("".join(self._notices.pop(label, [])))


@dataclass(slots=True)
class Buffered:
    """The text of a reply in one piece, and only if it is complete."""

    inner: Sink
    _parts: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        parts = self._parts.setdefault(label, [])
        match event:
            case TextDelta(text):
                parts.append(text)
            case Revised(text=text):
                parts[:] = [text]
            case Finished(status=Status.COMPLETE):
                if text := "".join(parts):
                    await self.inner.event(TextDelta(text), label)
                await self.inner.event(event, label)
            case _:
                await self.inner.event(event, label)


class RowWriter(Protocol):
    """Turns the source of a reply into rows for a terminal."""

    def feed(self, text: str) -> str:
        """Take the next piece; return what can be written, with a newline at its end."""

    def finish(self) -> str:
        """Return the rest."""


@dataclass(slots=True)
class Rendered:
    """The text of a reply as rows on a terminal, each as soon as it is certain."""

    inner: Sink
    new_rows: Callable[[], RowWriter]
    """Makes what renders one text."""
    _rows: RowWriter = field(init=False)

    def __post_init__(self) -> None:
        self._rows = self.new_rows()

    async def event(self, event: Event, label: str | None) -> None:
        if isinstance(event, TextDelta):
            await self._write(self._rows.feed(event.text), label)
            return
        if isinstance(event, Revised | Finished | Failed):
            await self._write(self._rows.finish(), label)
            self._rows = self.new_rows()
        await self.inner.event(event, label)

    async def _write(self, text: str, label: str | None) -> None:
        if text:
            await self.inner.event(TextDelta(text), label)


@dataclass(slots=True)
class Extracted:
    """The last fenced code block of a reply alone, and only of a complete one."""

    inner: Sink
    stderr: TextWriter
    is_missing: bool = False
    """Whether a complete reply had none."""
    _parts: dict[str | None, list[str]] = field(default_factory=dict)

    async def event(self, event: Event, label: str | None) -> None:
        parts = self._parts.setdefault(label, [])
        match event:
            case TextDelta(text):
                parts.append(text)
            case Revised(text=text):
                parts[:] = [text]
            case Finished(status=Status.COMPLETE):
                await self._write_code("".join(parts), label)
                await self.inner.event(event, label)
            case _:
                await self.inner.event(event, label)

    async def _write_code(self, text: str, label: str | None) -> None:
        code = last_fence(text)
        if code is None:
            self.is_missing = True
            name = f"[{label}] " if label else ""
            await self.stderr.write(f"{name}streamtui: The reply has no fenced code block.\n")
        elif code:
            await self.inner.event(TextDelta(code), label)


def metrics_line(metrics: Metrics | None, usage: Usage | None, price: Price | None = None) -> str:
    """Return the figures of a reply in one line; `~` marks an estimate. Context and cost are there where known."""
    metrics = metrics or Metrics()
    about = "~" if is_estimate(usage) else ""
    parts: list[str] = []
    if metrics.connect_s is not None:
        parts.append(f"connected {metrics.connect_s:.2f} s")
    if metrics.ttft_s is not None:
        parts.append(f"first token {metrics.ttft_s:.2f} s")
    parts.append(f"total {metrics.total_s:.2f} s")
    if usage is not None and usage.output_tokens is not None:
        parts.append(f"tokens {about}{usage.input_tokens or 0} in, {about}{usage.output_tokens} out")
    if usage is not None and usage.reasoning_tokens:
        parts.append(f"{usage.reasoning_tokens} of them reasoning")
    if metrics.tokens_per_s is not None:
        parts.append(f"{about}{metrics.tokens_per_s:.0f} tok/s")
    parts.append(f"{metrics.chunks} chunks")
    parts.append(f"{metrics.characters} characters")
    if metrics.characters_per_s is not None:
        parts.append(f"{metrics.characters_per_s:.0f} characters/s")
    if price is not None and usage is not None:
        parts += _price_parts(price, usage.input_tokens or 0, usage.output_tokens or 0, about)
    return " · ".join(parts)


def _price_parts(price: Price, input_tokens: int, output_tokens: int, about: str) -> list[str]:
    parts: list[str] = []
    if price.context:
        parts.append(
            f"context {about}{(input_tokens + output_tokens) / price.context * 100:.1f} % of {price.context:,}"
        )
    if (cost := price.cost(input_tokens, output_tokens)) is not None:
        parts.append(f"{about}${cost:.4f}{f' ({price.source})' if price.source else ''}")
    return parts
