"""A log on a screen of its own, and what tests ask of it: always rows as a user sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from streamtui.chat.events import ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage, Segment, Status, Usage
from streamtui.chat.metrics import Meter, Metrics
from streamtui.log import MessageLog
from tests.calm import calm_pilot
from tests.patience import PATIENCE_S

__all__ = ["calm_pilot"]

_ids = count()
METRICS = Metrics(
    connect_s=0.1, ttft_s=0.31, streaming_s=4.2, total_s=4.6, chunks=400, characters=1600, tokens_per_s=84
)


@pytest.fixture(autouse=True)
def many_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log be on a terminal with all colours, wherever the tests run."""
    monkeypatch.setenv("COLORTERM", "truecolor")


def user(text: str) -> ChatMessage:
    return ChatMessage(f"u{next(_ids)}", None, "user", (Segment(text),), created=1.7e9)


def reply(text: str = "", status: Status = Status.COMPLETE, reasoning: str = "", **fields: object) -> ChatMessage:
    settled = status is not Status.STREAMING
    segment = Segment(
        text,
        reasoning,
        status,
        usage=Usage(12, 412, 80 if reasoning else None) if settled else None,
        metrics=METRICS if settled else None,
        **fields,  # type: ignore[arg-type]
    )
    return ChatMessage(f"a{next(_ids)}", None, "assistant", (segment,), "gpt-4o-mini", created=1.7e9)


def conversation(turns: int, lines: int = 3) -> list[ChatMessage]:
    messages: list[ChatMessage] = []
    for turn in range(turns):
        messages.append(user(f"question {turn}"))
        messages.append(reply("\n\n".join(f"answer {turn} line {line}" for line in range(lines))))
    return messages


class Around(Vertical):
    """What stands around the log, and is sent what the log does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[str] = []

    def on_key(self, event: Key) -> None:
        self.received.append(event.key)

    def on_paste(self, event: Paste) -> None:
        self.received.append(event.text)


class LogApp(App[None]):
    CSS = "MessageLog { height: 1fr; } Input { dock: bottom; }"

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        with Around():
            yield MessageLog(clock=lambda: self.now, wall=lambda: 1.7e9)
        yield Input()

    def on_message_log_copy(self, event: MessageLog.Copy) -> None:
        self.posted.append(event)

    def on_message_log_open_link(self, event: MessageLog.OpenLink) -> None:
        self.posted.append(event)

    def on_message_log_message_action(self, event: MessageLog.MessageAction) -> None:
        self.posted.append(event)

    def on_message_log_menu_requested(self, event: MessageLog.MenuRequested) -> None:
        self.posted.append(event)


@dataclass
class Reader:
    """Someone in front of the log."""

    app: LogApp
    pilot: Pilot[None]
    log: MessageLog
    around: Around
    meters: dict[str, Meter] = field(default_factory=dict)
    fed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By message: characters that its answer and its reasoning will have."""

    @property
    def rows(self) -> list[str]:
        """The log's rows as text, the scrollbar's column left out."""
        return [strip.text.rstrip() for strip in self.log.render_lines(self.log.size.region)]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def row_of(self, text: str) -> int:
        rows = [y for y, row in enumerate(self.rows) if text in row]
        assert rows, f"{text!r} is not on screen:\n{self.text}"
        return rows[0]

    def place_of(self, text: str) -> tuple[int, int]:
        """Return x and y of `text`, for the mouse."""
        y = self.row_of(text)
        return self.rows[y].index(text), y

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until `condition` holds; a test's own time limit is the last resort."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"never came true: {what}\n{self.text}"
            await asyncio.sleep(0.001)

    async def settle(self) -> None:
        """Wait until all that was fed is in the log: a frame takes it in and paints it in one go."""
        await self.until(lambda: all(self._has_all(message_id) for message_id in self.fed), "all drawn")
        self.fed.clear()
        await self.pilot.pause()

    def begin(self, message: ChatMessage | None = None) -> str:
        message = message or reply(status=Status.STREAMING)
        self.meters[message.id] = Meter(self.app.now)
        self.log.begin(message, self.meters[message.id])
        return message.id

    def _has_all(self, message_id: str) -> bool:
        return (
            self._shown(message_id) == self.fed[message_id] and not self.log._view.bubbles.by_id[message_id].is_behind
        )

    def _shown(self, message_id: str) -> tuple[int, int]:
        content = self.log._view.bubbles.by_id[message_id].content
        assert content is not None
        return len(content.body.source), len(content.reasoning.source) if content.reasoning is not None else 0

    def feed(self, message_id: str, text: str, *, reasoning: bool = False) -> None:
        answer, thoughts = self.fed.get(message_id) or self._shown(message_id)
        self.fed[message_id] = (answer, thoughts + len(text)) if reasoning else (answer + len(text), thoughts)
        self.meters[message_id].delta(self.app.now, text, reasoning=reasoning)
        self.log.feed(message_id, ReasoningDelta(text) if reasoning else TextDelta(text))

    async def stream(self, message_id: str, text: str, size: int = 4) -> None:
        for at in range(0, len(text), size):
            self.feed(message_id, text[at : at + size])
            if at % 2048 < size:
                await asyncio.sleep(0)
        await self.settle()


@asynccontextmanager
async def reading(messages: Sequence[ChatMessage] = (), size: tuple[int, int] = (80, 24)) -> AsyncIterator[Reader]:
    app = LogApp()
    async with app.run_test(size=size) as pilot:
        log = app.query_one(MessageLog)
        await pilot.pause()
        if messages:
            log.show(messages)
            await pilot.pause()
        reader = Reader(app, pilot, log, app.query_one(Around))
        await reader.until(lambda: not log._idle.is_opening, "parsed")
        yield reader
