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

from streamtui.chat.continuation import OverlapTrimmer, continuation
from streamtui.chat.errors import ErrorInfo, ProviderError, StoreError, StreamtuiError
from streamtui.chat.events import Connected, Event, Failed, Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage, ChatRequest, Segment, Status, Usage
from streamtui.chat.metrics import Meter, Metrics, estimate_tokens
from streamtui.chat.ports import ConversationRecord, Model, Recorder
from streamtui.chat.retry import Policy, backoff, delay
from streamtui.chat.sanitize import Sanitizer, sanitize_line
from streamtui.chat.text_buffer import TextBuffer

log = logging.getLogger(__name__)

SLICE_S: Final = 0.002
"""A burst of buffered events never suspends by itself, so the loop gives others a turn this often."""
_BROKEN_OFF: Final = ("dropped", "timeout", "server")
"""What a reply that goes on by itself recovers from."""
BEGIN_S: Final = 1.0
"""For how long sending waits until the turn is on disk; after that the chat goes on unsaved."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a reply is written down: the recorder, the conversation's row, the new rows beside the reply's own, and
    the messages that were there before."""

    recorder: Recorder
    record: ConversationRecord
    rows: Sequence[ChatMessage] = ()
    earlier: Sequence[ChatMessage] = ()


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
        """`message` is the assistant's, its last segment the one to fill; `changed` hears of every settled state.

        `request` ends with the prompt. Where `message` has text already, the model is asked to go on from there.
        """
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
        self._text = TextBuffer()
        self._reasoning = TextBuffer()
        self._finish_reason: str | None = None
        self._text_cleaner = Sanitizer()
        self._reasoning_cleaner = Sanitizer()
        self._seam = OverlapTrimmer("")
        self._sent = request
        """What the model is really asked: `request`, or to go on after the text of earlier segments."""
        self._prefill_refused = False
        self._retries = 0
        self._reconnects = 0
        self._reconnected: Notice | None = None
        """What to say once the endpoint answers again."""
        self._stream: AsyncGenerator[Event, None] = self._events()

    @property
    def id(self) -> str:
        """The id of the assistant's message."""
        return self.message.id

    @property
    def conversation(self) -> str:
        return self.journal.record.id

    @property
    def title(self) -> str:
        """The title of the conversation as this turn is written down."""
        return self.journal.record.title

    @property
    def new_messages(self) -> Sequence[ChatMessage]:
        """The messages that are new with this reply, its own not among them."""
        return self.journal.rows

    @property
    def text(self) -> str:
        """All text so far, earlier segments included."""
        if self.ending is not None:
            return self.message.text
        return self.message.text + self._text.text

    @property
    def reasoning(self) -> str:
        if self.ending is not None:
            return self.message.reasoning
        return self.message.reasoning + self._reasoning.text

    @property
    def visible(self) -> bool:
        """Whether anything a reader can see has arrived in the present segment."""
        return bool(self._text) or bool(self._reasoning)

    def _has_ended(self) -> bool:
        return self.ending is not None

    async def __aenter__(self) -> Self:
        self._changed(self.message)
        try:
            async with asyncio.timeout(BEGIN_S):
                journal = self.journal
                await journal.recorder.begin(journal.record, (*journal.rows, self.message), journal.earlier)
        except (StoreError, TimeoutError) as error:
            reason = str(error) or "the disk is slow"
            self.notice = Notice("not_saved", reason if reason.startswith("Not saved") else f"Not saved yet: {reason}")
        except BaseException:  # cancelled, most likely: nobody will leave a block that was never entered
            self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await self._stream.aclose()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._stream

    def stop(self, reason: str | None = None) -> None:
        """Settle as stopped, unless the reply has already ended, and keep who stopped it, if not the user, as the
        finish reason. The caller then cancels the task that iterates."""
        if self.ending is None:
            self._finish_reason = reason or self._finish_reason
            self._settle(Status.STOPPED)

    def fail(self, error: ErrorInfo) -> Failed | Finished:
        """Settle as failed, unless the reply has already ended; return the last event."""
        return self._settle(Status.FAILED, error)

    def release(self) -> list[Event]:
        """Give up what is held back because it might repeat the text before it, or be half a character; return it as
        events, which count as arrived."""
        events: list[Event] = []
        if reasoning := self._reasoning_cleaner.close():
            events.append(self._enter_reasoning(reasoning, self._clock()))
        if text := self._seam.feed(self._text_cleaner.close()) + self._seam.close():
            events.append(self._enter_text(text, self._clock()))
        return events

    async def _events(self) -> AsyncGenerator[Event, None]:
        if self.notice is not None:
            yield self.notice
        self._go_on()
        while not self._has_ended():
            self.meter.restart(self._clock())
            failure: Exception
            try:
                async with aclosing(self._attempt()) as events:
                    async for event in events:
                        yield event
                break
            except StreamtuiError as caught:
                failure = caught
            except Exception as caught:
                log.exception("a reply failed unexpectedly")
                failure = caught
            for event in self.release():
                yield event
            if self._has_ended():
                break
            self.notice = self._remedy(failure)
            if self.notice is None:
                for event in self._count() if self.visible else ():
                    yield event
                yield self.fail(ErrorInfo.of(failure, self.model.provider))
                return
            yield self.notice
            await asyncio.sleep(self.notice.wait_s or 0)
        for event in self._rest() if not self._has_ended() else ():
            yield event
        yield self._settle(Status.COMPLETE)

    def _remedy(self, failure: Exception) -> Notice | None:
        """Prepare another request where one may help, and return what to say of it; `None` where none will."""
        if not isinstance(failure, ProviderError):
            return None
        if self.visible:
            if self._reconnects >= self.policy.reconnects or failure.kind not in _BROKEN_OFF:
                return None
            return self._reconnect(failure)
        if self._sent.prefill and failure.kind == "bad_request":
            self._prefill_refused = True
            self._go_on()
            return Notice("field_dropped", "the endpoint does not go on by itself, so it is asked to")
        wait = delay(self.policy, self._retries, failure, self._jitter)
        if wait is None:
            return None
        self._retries += 1
        return _waiting(failure, "retrying", wait, f"{self._retries} of {self.policy.retries}")

    async def _attempt(self) -> AsyncGenerator[Event, None]:
        """Run one request to its finish reason. Raises `ProviderError` if the stream ends without one."""
        turn_at = self._clock()
        self._finish_reason = None
        async with aclosing(self.model.provider.stream(self._sent)) as stream:
            async for arrived in stream:
                if self._has_ended():  # stopped from elsewhere: nothing may follow the end
                    return
                now = self._clock()
                event = self._take(arrived, now)
                if event is not None:
                    yield event
                    if self.meter.characters > self.policy.longest_reply:
                        limit = f"{self.policy.longest_reply:,} characters"
                        raise ProviderError("too_large", f"cut off after {limit}: it did not end")
                if now - turn_at > SLICE_S:
                    await asyncio.sleep(0)
                    turn_at = self._clock()
        if self._finish_reason is None:
            raise ProviderError("dropped", "The connection ended before the reply was finished. What arrived is kept.")

    def _go_on(self) -> None:
        """Decide what the model is asked for the present segment, and where its text joins the text before it."""
        written = self.message.text
        if not written.strip():
            self._sent, self._seam = self.request, OverlapTrimmer("")
            return
        prefill = not self._prefill_refused and self.model.provider.can_prefill(self.request.model)
        self._sent = continuation(self.request, written, prefill=prefill)
        # A model that goes on writing its own text repeats nothing; what looks like it is meant.
        self._seam = OverlapTrimmer("" if prefill else written)

    def _take(self, event: ProviderEvent, now: float) -> Event | None:
        """Enter one event into the books and return what the reader gets of it."""
        if type(event) is TextDelta:
            return self._take_text(event, now)
        match event:
            case ReasoningDelta():
                return self._take_reasoning(event, now)
            case Connected():
                self.meter.connected(now)
                self.notice, self._reconnected = self._reconnected, None
                return self.notice
            case Usage():
                self.usage = event
                return event
            case Finished():
                self._finish_reason = sanitize_line(event.finish_reason or "stop", 40)
                return None
            case Notice():
                self.notice = replace(event, text=sanitize_line(event.text))
                return self.notice
            case _:
                return None

    def _take_text(self, event: TextDelta, now: float) -> TextDelta | None:
        text = self._seam.feed(self._text_cleaner.feed(event.text))
        if not text:
            return None
        return self._enter_text(text, now, event)

    def _take_reasoning(self, event: ReasoningDelta, now: float) -> ReasoningDelta | None:
        text = self._reasoning_cleaner.feed(event.text)
        if not text:
            return None
        return self._enter_reasoning(text, now, event)

    def _enter_text(self, text: str, now: float, event: TextDelta | None = None) -> TextDelta:
        self._text.add(text)
        self.meter.delta(now, text)
        self.notice = None
        self.journal.recorder.append(self.message.id, len(self.message.segments) - 1, text, "")
        return event if event is not None and text is event.text else TextDelta(text)

    def _enter_reasoning(self, text: str, now: float, event: ReasoningDelta | None = None) -> ReasoningDelta:
        self._reasoning.add(text)
        self.meter.delta(now, text, reasoning=True)
        self.notice = None
        self.journal.recorder.append(self.message.id, len(self.message.segments) - 1, "", text)
        return event if event is not None and text is event.text else ReasoningDelta(text)

    def _rest(self) -> list[Event]:
        """What is still to be said when the stream has ended well: held-back text, and usage if nobody counted."""
        events = self.release()
        if not self._text:
            events.append(Notice("finish", "The model ended its reply without any text."))
        return events + self._count()

    def _count(self) -> list[Event]:
        """Estimate the tokens that the provider has not counted, as it does at the end; return that as an event."""
        given = self.usage or Usage()
        if given.input_tokens is not None and given.output_tokens is not None:
            return []
        sent, got = given.input_tokens, given.output_tokens
        self.usage = Usage(
            sum(estimate_tokens(turn.text) for turn in self._sent.turns) if sent is None else sent,
            self.meter.estimated_tokens if got is None else got,
            given.reasoning_tokens,
            estimated=True,
        )
        return [self.usage]

    def _reconnect(self, failure: ProviderError) -> Notice:
        """Close the broken segment and open the next, which goes on where it stopped."""
        self.message = self.message.with_last(self._segment(Status.FAILED, ErrorInfo.of(failure)))
        self.journal.recorder.settle(self.conversation, self.message)
        self.message = self.message.with_new(Segment(status=Status.STREAMING))
        self._open_segment()
        self._go_on()
        wait = backoff(self.policy, self._reconnects, self._jitter)
        self._reconnects += 1
        number = f"{self._reconnects} of {self.policy.reconnects}"
        self._reconnected = Notice("reconnected", f"reconnected, {number}")
        return _waiting(failure, "reconnecting", wait, number)

    def _open_segment(self) -> None:
        self._text, self._reasoning, self._finish_reason, self.usage = TextBuffer(), TextBuffer(), None, None
        self._text_cleaner, self._reasoning_cleaner = Sanitizer(), Sanitizer()
        self.meter = Meter(self._clock())

    def _segment(self, status: Status, error: ErrorInfo | None = None) -> Segment:
        """Collect the full text of the present segment, once."""
        self._text.add(self._seam.feed(self._text_cleaner.close()) + self._seam.close())
        self._reasoning.add(self._reasoning_cleaner.close())
        if self.visible:
            self._count()
        return Segment(
            text=self._text.text,
            reasoning=self._reasoning.text,
            status=status,
            finish_reason=self._finish_reason,
            error=error,
            usage=self.usage,
            metrics=self._metrics(),
        )

    def _metrics(self) -> Metrics:
        """Return the figures; a defect in them doesn't keep the text from being written down."""
        try:
            return self.meter.metrics(self._clock(), self.usage.output_tokens if self.usage else None)
        except Exception:
            log.exception("a reply's figures could not be told")
            return Metrics()

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


def _waiting(failure: ProviderError, doing: str, wait: float, number: str) -> Notice:
    """Say what happened, not what to do: that is being done."""
    what = str(failure).split(". ")[0].rstrip(".")
    when = f" in {wait:.0f} s" if wait >= 1 else ""
    return Notice("retry", f"{what} · {doing}{when} ({number})", wait_s=wait)
