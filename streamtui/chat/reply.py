"""One assistant turn in flight: the one streaming loop of the program.

`ask`, the terminal app, comparing, merging and the web all run it:

    async with conversation.ask(prompt) as reply:
        async for event in reply:
            ...
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from streamtui.chat.clean import Cleaner, clean_line
from streamtui.chat.errors import ErrorInfo, ProviderError, StoreError, StreamtuiError
from streamtui.chat.events import (
    Connected,
    Event,
    Failed,
    Finished,
    Notice,
    ProviderEvent,
    ReasoningDelta,
    TextDelta,
)
from streamtui.chat.messages import ChatMessage, ChatRequest, Segment, Status, Usage
from streamtui.chat.metrics import Meter, estimate_tokens
from streamtui.chat.ports import ConversationRecord, Model, Recorder
from streamtui.chat.retry import Policy, delay
from streamtui.chat.seam import Seam, continuation

log = logging.getLogger(__name__)

SLICE_S: Final = 0.002
"""A burst of buffered events never suspends by itself, so the loop gives others a turn this often."""
BEGIN_S: Final = 1.0
"""For how long sending waits until the turn is on disk; after that the chat goes on unsaved."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a reply is written down: the recorder, the conversation's row, and the new rows beside the reply's own."""

    recorder: Recorder
    record: ConversationRecord
    rows: Sequence[ChatMessage] = ()


class Reply:
    """An async context manager and, inside it, an async iterator of `Event`s, the last of them `Finished` or `Failed`.

    Entering writes the turn down. Leaving settles it: whatever arrived is kept, and a reply left early (cancelled,
    broken off, or by an exception of the reader's own) has the status `stopped`. Cancelling is cancelling the task;
    `stop` settles at once and is followed by that. Iterate at most once.
    """

    def __init__(
        self,
        model: Model,
        request: ChatRequest,
        message: ChatMessage,
        journal: Journal,
        *,
        policy: Policy | None = None,
        changed: Callable[[ChatMessage], None] = lambda message: None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`message` is the assistant's, its last segment the one to fill; `changed` hears of every settled state."""
        self.model = model
        self.request = request
        self.message = message
        self.journal = journal
        self.policy = policy or Policy()
        self.notice: Notice | None = None
        """What the reader should know just now; gone when text arrives."""
        self.usage: Usage | None = None
        self.ending: Finished | Failed | None = None
        """The last event, once the reply is settled."""
        self.meter = Meter(clock())
        self._changed = changed
        self._clock = clock
        self._jitter = jitter
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._finish_reason: str | None = None
        self._text_cleaner = Cleaner()
        self._reasoning_cleaner = Cleaner()
        self._seam = Seam(message.text)
        self._prefill_refused = False
        self._stream: AsyncGenerator[Event, None] = self._events()

    @property
    def id(self) -> str:
        """The id of the assistant's message."""
        return self.message.id

    @property
    def conversation(self) -> str:
        return self.journal.record.id

    @property
    def text(self) -> str:
        """All text so far, earlier segments included."""
        if self.ending is not None:
            return self.message.text
        return self.message.text + _joined(self._text)

    @property
    def reasoning(self) -> str:
        if self.ending is not None:
            return self.message.reasoning
        return self.message.reasoning + _joined(self._reasoning)

    @property
    def visible(self) -> bool:
        """Whether anything a reader can see has arrived in the present segment."""
        return bool(self._text or self._reasoning)

    async def __aenter__(self) -> Self:
        self._changed(self.message)
        try:
            async with asyncio.timeout(BEGIN_S):
                await self.journal.recorder.begin(self.journal.record, (*self.journal.rows, self.message))
        except (StoreError, TimeoutError) as error:
            reason = str(error) or "the disk is slow"
            self.notice = Notice("not_saved", f"not saved yet: {reason}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await self._stream.aclose()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._stream

    def stop(self) -> None:
        """Settle as stopped, unless the reply has already ended. The caller then cancels the task that iterates."""
        if self.ending is None:
            self._settle(Status.STOPPED)

    async def _events(self) -> AsyncGenerator[Event, None]:
        self.meter.restart(self._clock())
        if self.notice is not None:
            yield self.notice
        request, attempt, reconnects = self.request, 0, 0
        while True:
            try:
                async for event in self._attempt(request):
                    yield event
                break
            except ProviderError as caught:
                failure = caught
            except StreamtuiError as caught:
                yield self._fail(ErrorInfo.of(caught))
                return
            except Exception as caught:
                log.exception("a reply failed unexpectedly")
                yield self._fail(ErrorInfo.of(caught))
                return
            notice: Notice
            if (
                self.visible
                and reconnects < self.policy.reconnects
                and failure.kind in ("dropped", "timeout", "server")
            ):
                reconnects += 1
                request, notice = self._reconnect(failure, reconnects)
            elif not self.visible and request.prefill and failure.kind == "bad_request":
                request = self._without_prefill()
                continue
            elif not self.visible and (wait := delay(self.policy, attempt, failure, self._jitter)) is not None:
                attempt += 1
                notice = self._retry_notice(failure, wait, attempt)
            else:
                yield self._fail(ErrorInfo.of(failure))
                return
            self.notice = notice
            yield notice
            await asyncio.sleep(notice.wait_s or 0)
            self.meter.restart(self._clock())
        for event in self._rest():
            yield event
        yield self._settle(Status.COMPLETE)

    async def _attempt(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Run one request to its finish reason. Raises `ProviderError` if the stream ends without one."""
        turn_at = self._clock()
        self._finish_reason = None
        async with aclosing(self.model.provider.stream(request)) as stream:
            async for arrived in stream:
                now = self._clock()
                event = self._take(arrived, now)
                if event is not None:
                    yield event
                if now - turn_at > SLICE_S:
                    await asyncio.sleep(0)
                    turn_at = self._clock()
        if self._finish_reason is None:
            raise ProviderError("dropped", "the connection ended before the reply was finished; what arrived is kept")

    def _take(self, event: ProviderEvent, now: float) -> Event | None:
        """Enter one event into the books and return what the reader gets of it."""
        if type(event) is TextDelta:
            return self._take_text(event, now)
        match event:
            case ReasoningDelta():
                return self._take_reasoning(event, now)
            case Connected():
                self.meter.connected(now)
                self.notice = None
                return None
            case Usage():
                self.usage = event
                return event
            case Finished():
                self._finish_reason = clean_line(event.finish_reason or "stop", 40)
                return None
            case Notice():
                self.notice = replace(event, text=clean_line(event.text))
                return self.notice
            case _:
                return None

    def _take_text(self, event: TextDelta, now: float) -> TextDelta | None:
        text = self._seam.feed(self._text_cleaner.feed(event.text))
        if not text:
            return None
        self._text.append(text)
        self.meter.delta(now, text)
        self._guard_length()
        self.journal.recorder.append(self.message.id, len(self.message.segments) - 1, text, "")
        return event if text is event.text else TextDelta(text)

    def _take_reasoning(self, event: ReasoningDelta, now: float) -> ReasoningDelta | None:
        text = self._reasoning_cleaner.feed(event.text)
        if not text:
            return None
        self._reasoning.append(text)
        self.meter.delta(now, text, reasoning=True)
        self._guard_length()
        self.journal.recorder.append(self.message.id, len(self.message.segments) - 1, "", text)
        return event if text is event.text else ReasoningDelta(text)

    def _guard_length(self) -> None:
        if self.meter.characters > self.policy.longest_reply:
            raise ProviderError("too_large", f"cut off after {self.policy.longest_reply:,} characters: it did not end")

    def _rest(self) -> list[Event]:
        """What is still to be said when the stream has ended well: held-back text, and usage if nobody counted."""
        events: list[Event] = []
        held = self._seam.feed(self._text_cleaner.close()) + self._seam.close()
        if held:
            self._text.append(held)
            self.meter.delta(self._clock(), held)
            events.append(TextDelta(held))
        if not self._text:
            events.append(Notice("finish", "the model ended its reply without any text"))
        if self.usage is None:
            sent = sum(estimate_tokens(turn.text) for turn in self.request.turns)
            self.usage = Usage(sent, self.meter.estimated_tokens, None, estimated=True)
            events.append(self.usage)
        return events

    def _retry_notice(self, failure: ProviderError, wait: float, attempt: int) -> Notice:
        text = f"{failure} · retrying in {wait:.0f} s ({attempt} of {self.policy.retries})"
        return Notice("retry", text if wait >= 1 else text.replace(" in 0 s", ""), wait_s=wait)

    def _reconnect(self, failure: ProviderError, number: int) -> tuple[ChatRequest, Notice]:
        """Close the broken segment and open the next, which goes on where it stopped."""
        self.message = self.message.with_last(self._segment(Status.FAILED, ErrorInfo.of(failure)))
        self.journal.recorder.settle(self.conversation, self.message)
        self.message = self.message.with_new(Segment(status=Status.STREAMING))
        self._open_segment()
        prefill = self.model.provider.can_prefill(self.request.model) and not self._prefill_refused
        text = f"reconnected, {number} of {self.policy.reconnects}: {failure}"
        return continuation(self.request, self.message.text, prefill=prefill), Notice("reconnected", text)

    def _without_prefill(self) -> ChatRequest:
        self._prefill_refused = True
        asked = self.request
        turns = asked.turns[:-1] if asked.prefill else asked.turns
        return continuation(replace(asked, turns=turns), self.message.text, prefill=False)

    def _open_segment(self) -> None:
        self._text, self._reasoning, self._finish_reason, self.usage = [], [], None, None
        self._text_cleaner, self._reasoning_cleaner = Cleaner(), Cleaner()
        self._seam = Seam(self.message.text)
        self.meter = Meter(self._clock())

    def _segment(self, status: Status, error: ErrorInfo | None = None) -> Segment:
        """Collect the full text of the present segment, once."""
        self._text.append(self._seam.feed(self._text_cleaner.close()) + self._seam.close())
        self._reasoning.append(self._reasoning_cleaner.close())
        return Segment(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            status=status,
            finish_reason=self._finish_reason,
            error=error,
            usage=self.usage,
            metrics=self.meter.metrics(self._clock(), self.usage.output_tokens if self.usage else None),
        )

    def _fail(self, error: ErrorInfo) -> Failed | Finished:
        return self._settle(Status.FAILED, error)

    def _settle(self, status: Status, error: ErrorInfo | None = None) -> Failed | Finished:
        """Write the outcome down. There is no await in here, so a second cancel finds nothing to interrupt."""
        if self.ending is not None:
            return self.ending
        segment = self._segment(status, error)
        self.message = self.message.with_last(segment)
        if error is not None:
            self.ending = Failed(error, segment.metrics)
        else:
            self.ending = Finished(segment.finish_reason, status, segment.metrics)
        self.journal.recorder.settle(self.conversation, self.message)
        self._changed(self.message)
        return self.ending


def _joined(parts: list[str]) -> str:
    """Join the parts, keeping the result in their place so that asking again is cheap."""
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""
