"""The demo model: offline, instant, and the same every time."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from streamtui.chat.events import Connected, Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Usage
from streamtui.chat.metrics import estimate_tokens
from streamtui.chat.ports import ClosingProvider, Deadlines, QuirkStore
from streamtui.providers.demo import pages as pages
from streamtui.providers.demo.long import long_page
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.http.sse import SSELimits

_TOKEN = re.compile(r"\s*\S{1,5}|\s+")
_TURN_S: Final = 0.005
"""How often the event loop gets a turn when nothing else paces the stream."""
_COMMAND_WORDS: Final = 8
"""In longer prompts, "long" or "code" are just words."""

_SPEEDS: Final[dict[str, float | None]] = {"slow": 8.0, "fast": None}
_PAGES: Final[tuple[tuple[str, str], ...]] = (
    ("table tables", pages.TABLE),
    ("code program", pages.CODE),
    ("markdown format formatting", pages.MARKDOWN),
    ("model models configure config connect setup openai ollama server endpoint url api", pages.MODELS),
    ("key keys shortcut shortcuts bindings keyboard", pages.KEYS),
    ("stop esc escape cancel interrupt", pages.STOP),
    ("save saved history conversation conversations export find reopen", pages.HISTORY),
    ("tour help hi hello hey about start welcome", pages.TOUR),
)


def create(endpoint: Endpoint, *, deadlines: Deadlines, memory: QuirkStore, limits: SSELimits) -> "DemoProvider":
    return DemoProvider()


@dataclass(frozen=True, slots=True)
class Performance:
    """What to say and how fast."""

    parts: Iterable[str]
    tokens_per_s: float | None
    reasons: bool


class DemoProvider(ClosingProvider):
    """Recites a page about the app. Words in the prompt or in the model's name choose the page and the speed."""

    name: Final = "demo"
    host: Final = "offline"

    def can_prefill(self, model: str) -> bool:
        return True

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        performance = perform(request)
        yield Connected()
        pace = _Pace(performance.tokens_per_s)
        spoken = 0
        if performance.reasons:
            for token in _TOKEN.findall(pages.REASONING):
                await pace.wait()
                spoken += 1
                yield ReasoningDelta(token)
        thought = spoken
        for token in _tokens(performance.parts):
            if request.max_tokens is not None and spoken >= request.max_tokens:
                break
            await pace.wait()
            spoken += 1
            yield TextDelta(token)
        else:
            yield _usage(request, spoken, thought)
            yield Finished("stop")
            return
        yield _usage(request, spoken, thought)
        yield Notice("finish", "The reply stopped at the limit of tokens.")
        yield Finished("length")

    async def models(self) -> list[str]:
        return [
            "demo",
            "fast",
            "slow",
            "long",
            "long-fast",
            "think",
            "table",
            "code",
        ]

    async def aclose(self) -> None:
        return


def perform(request: ChatRequest) -> Performance:
    """Choose page and speed. A reply that is being continued goes on where its text ends."""
    prompts = [turn.text for turn in request.turns if turn.role == "user"]
    words = set(_words(request.model))
    prompt = _words(prompts[-1]) if prompts else []
    if len(prompt) <= _COMMAND_WORDS:
        words.update(prompt)
    speed = next((_SPEEDS[word] for word in _SPEEDS if word in words), 80.0)
    parts: Iterable[str] = [_page(set(prompt) | words, first=len(prompts) <= 1)]
    if "long" in words:
        parts = long_page()
    written = request.turns[-1].text if request.prefill else ""
    if written:
        whole = "".join(parts)
        parts = [whole.removeprefix(written) if whole.startswith(written) else " … and that is where I stopped.\n"]
    reasons = not written and bool(words & {"think", "reason", "reasoning", "thinking"})
    return Performance(parts, speed, reasons)


def _page(words: set[str], *, first: bool) -> str:
    for names, page in _PAGES:
        if words & set(names.split()):
            return page
    return pages.TOUR if first else pages.AGAIN


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _tokens(parts: Iterable[str]) -> Iterator[str]:
    return chain.from_iterable(_TOKEN.findall(part) for part in parts)


def _usage(request: ChatRequest, spoken: int, thought: int) -> Usage:
    asked = sum(estimate_tokens(turn.text) for turn in request.turns)
    return Usage(asked, spoken, thought or None)


class _Pace:
    """An even rate that doesn't drift; without a rate, a turn for the event loop now and then."""

    def __init__(self, per_s: float | None) -> None:
        self._step = None if per_s is None else 1 / per_s
        self._due = time.monotonic()

    async def wait(self) -> None:
        now = time.monotonic()
        if self._step is not None:
            # After a long pause of the reader, go on from here instead of catching up in a burst.
            self._due = max(self._due + self._step, now - 10 * self._step)
            await asyncio.sleep(max(0.0, self._due - now))
        elif now > self._due:
            self._due = now + _TURN_S
            await asyncio.sleep(0)
