"""A provider that plays what a test hands it, a recorder that remembers, and a reply as the list of its events."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from streamtui.chat import Conversation, Event, Failed, Finished, Model, Options, Policy, ProviderError, Reply
from streamtui.chat.events import Connected, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage, ChatRequest
from streamtui.chat.ports import ConversationRecord, Recorder
from tests.patience import PATIENCE_S

AT_ONCE_S: Final = 1.0
"""Ten times the 100 ms that DESIGN.md promises, as it allows for tests."""
SWIFT: Final = Policy(retries=3, first_delay=0.001, longest_delay=0.004)


class Hang:
    """A step at which the provider waits until it is cancelled."""


class Nap:
    """A step at which the provider lets the event loop go round once."""


HANG: Final = Hang()
NAP: Final = Nap()
Step = ProviderEvent | Exception | Hang | Nap
OK: Final[tuple[Step, ...]] = (Connected(), TextDelta("Hello"), TextDelta(", world"), Finished("stop"))


def drop(kind: str = "dropped", **more: object) -> ProviderError:
    return ProviderError(kind, f"{kind} happened", **more)  # type: ignore[arg-type]  # for brevity in tests


class ScriptedProvider:
    """Plays one script per request, in order, and the last one again and again."""

    name = "openai"
    host = "a.script"

    def __init__(self, *scripts: Sequence[Step], prefill: bool = False) -> None:
        self.scripts = list(scripts) or [OK]
        self.prefill = prefill
        self.requests: list[ChatRequest] = []
        self.open = 0
        """Requests whose connection is open."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
        self.requests.append(request)
        self.open += 1
        try:
            for step in script:
                match step:
                    case Exception():
                        raise step
                    case Hang():
                        await asyncio.Event().wait()
                    case Nap():
                        await asyncio.sleep(0)
                    case _:
                        yield step
        finally:
            self.open -= 1

    def can_prefill(self, model: str) -> bool:
        return self.prefill

    async def models(self) -> list[str]:
        return ["scripted"]

    async def aclose(self) -> None:
        return


@dataclass
class NotingRecorder:
    """Notes every call, and keeps what a store would hold."""

    calls: list[str] = field(default_factory=list)
    messages: dict[str, ChatMessage] = field(default_factory=dict)
    appended: dict[str, str] = field(default_factory=dict)
    records: dict[str, ConversationRecord] = field(default_factory=dict)
    beginning: Callable[[], object] = lambda: None
    """Called in `begin`; may raise. What it returns is awaited, if it is awaitable."""

    async def begin(
        self, record: ConversationRecord, messages: Sequence[ChatMessage], earlier: Sequence[ChatMessage] = ()
    ) -> None:
        self.calls.append("begin")
        self.records[record.id] = record
        self.messages |= {message.id: message for message in messages}
        waiting = self.beginning()
        if asyncio.iscoroutine(waiting):
            await waiting

    def append(self, message: str, segment: int, text: str, reasoning: str) -> None:
        self.calls.append("append")
        self.appended[message] = self.appended.get(message, "") + text

    def settle(self, conversation: str, message: ChatMessage) -> None:
        self.calls.append("settle")
        self.messages[message.id] = message

    def withdraw(self, record: ConversationRecord, messages: Sequence[str]) -> None:
        self.calls.append("withdraw")
        for message in messages:
            self.messages.pop(message, None)
        self.records[record.id] = record

    def update(self, record: ConversationRecord) -> None:
        self.calls.append("update")
        self.records[record.id] = record


def conversation(
    *scripts: Sequence[Step],
    recorder: Recorder | None = None,
    policy: Policy = SWIFT,
    prefill: bool = False,
    system: str | None = None,
) -> tuple[Conversation, ScriptedProvider]:
    provider = ScriptedProvider(*scripts, prefill=prefill)
    model = Model(provider, "scripted")
    return Conversation(model, recorder, system=system, options=Options(policy=policy)), provider


async def play(reply: Reply) -> list[Event]:
    """Run a reply to its end."""
    async with reply:
        return [event async for event in reply]


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reasoning_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def notices_of(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Notice)]


def failure(events: Sequence[Event]) -> Failed:
    last = events[-1]
    assert isinstance(last, Failed), last
    return last


def ending(events: Sequence[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished), last
    return last


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        await asyncio.sleep(0.002)


async def cancelled(task: "asyncio.Task[object]") -> float:
    """Cancel `task` as Ctrl+C does, and return the seconds until it is over."""
    started = time.monotonic()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return time.monotonic() - started
