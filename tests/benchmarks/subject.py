"""The program that `widgets` measures: one widget in a small app, told what to do by its arguments, which writes what
that took as JSON."""

from __future__ import annotations

import os

# Before Textual is imported: it reads this then.
os.environ.setdefault("TEXTUAL_FPS", "120")

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Protocol

import psutil
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Markdown, Static

from streamtui.chat.events import TextDelta
from streamtui.chat.messages import ChatMessage, Segment, Status, user_message
from streamtui.chat.metrics import Meter
from streamtui.log import MessageLog
from tests.markdown.corpus import shape, tokens

RATE = 100


class Design(Protocol):
    """A way to show a conversation."""

    def widget(self) -> Widget: ...
    async def open(self, texts: list[str]) -> None: ...
    async def begin(self, prefill: str) -> None: ...
    async def write(self, token: str) -> None: ...
    async def end(self) -> None: ...


class Log:
    """The message log."""

    def __init__(self) -> None:
        self._log = MessageLog()
        self._message = ChatMessage("live", None, "assistant", (Segment(status=Status.STREAMING),), "m")
        self._meter = Meter(time.monotonic())

    def widget(self) -> Widget:
        return self._log

    async def open(self, texts: list[str]) -> None:
        messages = [
            user_message(text, None) if at % 2 == 0 else ChatMessage(f"h{at}", None, "assistant", (Segment(text),), "m")
            for at, text in enumerate(texts)
        ]
        self._log.show(messages[-50:])
        self._log.prepend(messages[:-50])

    async def begin(self, prefill: str) -> None:
        self._log.begin(self._message, self._meter)
        await self.write(prefill)

    async def write(self, token: str) -> None:
        self._meter.delta(time.monotonic(), token)
        self._log.feed("live", TextDelta(token))

    async def end(self) -> None:
        pass


class Stock:
    """Textual's own widgets, used as its documentation shows."""

    def __init__(self) -> None:
        self._scroll = VerticalScroll()

    def widget(self) -> Widget:
        return self._scroll

    async def open(self, texts: list[str]) -> None:
        await self._scroll.mount_all([Markdown(text) for text in texts])
        self._scroll.anchor()

    async def begin(self, prefill: str) -> None:
        self._live = Markdown()
        await self._scroll.mount(self._live)
        self._stream = Markdown.get_stream(self._live)
        if prefill:
            await self._stream.write(prefill)

    async def write(self, token: str) -> None:
        await self._stream.write(token)

    async def end(self) -> None:
        await self._stream.stop()


class Nothing:
    """The floor: pacing, and a screen that shows nothing new."""

    def widget(self) -> Widget:
        return Static("nothing")

    async def open(self, texts: list[str]) -> None: ...
    async def begin(self, prefill: str) -> None: ...
    async def write(self, token: str) -> None: ...
    async def end(self) -> None: ...


DESIGNS: dict[str, type[Design]] = {"log": Log, "stock": Stock, "nothing": Nothing}


class Subject(App[None]):
    CSS = "MessageLog, VerticalScroll { height: 1fr; } #foot { height: 1; }"

    def __init__(self, design: Design, plan: dict[str, int | str], out: Path) -> None:
        super().__init__()
        self._design = design
        self._plan = plan
        self._out = out
        self._figures: dict[str, float] = {}
        self._resized = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield self._design.widget()
        yield Input()
        yield Static("foot", id="foot")

    def on_resize(self) -> None:
        if "rss" in self._figures:
            self._resized.set()

    def on_mount(self) -> None:
        self.run_worker(self._run())

    async def _run(self) -> None:
        await asyncio.sleep(0.5)
        history = int(self._plan.get("history", 0))
        if history:
            texts = [shape("mixed", 40 + at % 97, at) if at % 2 else f"Question {at}?" for at in range(history)]
            await self._timed("open", self._design.open(texts), settle_s=2.0)
        prefill, count = int(self._plan.get("prefill", 0)), int(self._plan["tokens"])
        text = shape(str(self._plan["shape"]), prefill + count)
        await self._design.begin(text[: prefill * 4])
        await self._calm()
        await self._timed("stream", self._stream(tokens(text[prefill * 4 :])[:count]), settle_s=0.3)
        self._figures["rss"] = psutil.Process().memory_info().rss / 2**20
        self._out.write_text(json.dumps({"ready": True, **self._figures}))
        if history:
            # The parent resizes the terminal now.
            before = time.process_time()
            await self._resized.wait()
            await self._calm()
            self._figures["resize"] = time.process_time() - before
        self._out.write_text(json.dumps({"done": True, **self._figures}))
        self.exit()

    async def _timed(self, name: str, work: object, settle_s: float) -> None:
        before = time.process_time()
        await work  # type: ignore[misc]
        await asyncio.sleep(settle_s)
        self._figures[name] = time.process_time() - before

    async def _stream(self, pieces: list[str]) -> None:
        started = time.monotonic()
        for at, piece in enumerate(pieces):
            await self._design.write(piece)
            await asyncio.sleep(max(0.0, started + at / RATE - time.monotonic()))

    async def _calm(self) -> None:
        """Wait until nothing is computed any more."""
        quiet = 0
        while quiet < 3:
            before = time.process_time()
            await asyncio.sleep(0.2)
            quiet = quiet + 1 if time.process_time() - before < 0.02 else 0


if __name__ == "__main__":
    Subject(DESIGNS[sys.argv[1]](), json.loads(sys.argv[2]), Path(sys.argv[3])).run()
