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
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from streamtui.chat.accumulator import Accumulator
from streamtui.chat.continuation import continuation
from streamtui.chat.errors import ErrorInfo, MisuseError, ProviderError, StoreError, StreamtuiError
from streamtui.chat.events import (
    Connected,
    Event,
    Failed,
    Finished,
    Notice,
    ProviderEvent,
    ReasoningDelta,
    Revised,
    TextDelta,
)
from streamtui.chat.messages import ChatMessage, ChatRequest, Citation, Segment, Status, Turn, Usage, new_id
from streamtui.chat.metrics import Meter
from streamtui.chat.ports import ConversationRecord, Model, Recorder
from streamtui.chat.retry import Policy, backoff, delay
from streamtui.chat.sanitize import sanitize_line

log = logging.getLogger(__name__)

SLICE_S: Final = 0.002
"""A burst of buffered events never suspends by itself, so the loop gives others a turn this often."""
_BROKEN_OFF: Final = ("dropped", "timeout", "server")
"""What a reply that goes on by itself recovers from."""
BEGIN_S: Final = 1.0
"""For how long sending waits until the turn is on disk; after that the chat goes on unsaved."""
Preparation = Callable[[ChatRequest], Awaitable[ChatRequest]]
"""Puts the content of a request's attachments into its turns. Raises `StreamtuiError`."""


async def as_it_is(request: ChatRequest) -> ChatRequest:
    """A `Preparation` for conversations without attachments."""
    return request


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a reply is written down: the recorder, the conversation's row, the new rows beside the reply's own, and
    the messages that were there before."""

    recorder: Recorder
    record: ConversationRecord
    rows: Sequence[ChatMessage] = ()
    earlier: Sequence[ChatMessage] = ()

    def write(self, message: ChatMessage, current: Accumulator, events: Sequence[Event]) -> Sequence[Event]:
        """Write down the `events` of the last segment of `message`, which has got `current` with them; return them as
        they are about the whole message."""
        if any(type(event) is Revised for event in events):
            return self._rewrite(message, current, events)
        number = len(message.segments) - 1
        for event in events:
            if type(event) is TextDelta:
                self.recorder.append(message.id, number, event.text, "")
            elif type(event) is ReasoningDelta:
                self.recorder.append(message.id, number, "", event.text)
        return events

    def _rewrite(self, message: ChatMessage, current: Accumulator, events: Sequence[Event]) -> Sequence[Event]:
        """Write down all of the segment anew, since it changed otherwise than by growing."""
        self.recorder.settle(self.record.id, message.with_last(current.segment(Status.STREAMING)))
        return [
            replace(event, text=message.text + event.text, reasoning=message.reasoning + event.reasoning)
            if isinstance(event, Revised)
            else event
            for event in events
        ]


class Reply:
    """An async context manager and, inside it, an async iterator of `Event`s, the last of them `Finished` or `Failed`.

    Entering writes the turn down. Leaving settles it: whatever arrived is kept, and a reply left early (cancelled,
    broken off, or by an exception of the follower's own) has the status `stopped`. Cancelling is cancelling the task;
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
        prepare: Preparation = as_it_is,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`message` is the assistant's, its last segment the one to fill; `changed` is called with every settled state.

        `request` ends with the prompt; what is made of it goes through `prepare` whenever it is sent. Where `message`
        has text already, the model is asked to go on from there.
        """
        self.model = model
        self.request = request
        self.message = message
        """Its last segment stays empty while the reply streams."""
        self.journal = journal
        self.policy = policy or Policy()
        self.notice: Notice | None = None
        """What the user should know at this moment; gone when text arrives."""
        self.ending: Finished | Failed | None = None
        """The last event, once the reply is settled."""
        self.broken: ChatMessage | None = None
        """What the reply was to go on with, where the model started over instead: now a branch beside it."""
        self._changed = changed
        self._prepare = prepare
        self._clock = clock
        self._jitter = jitter
        self._current = Accumulator(clock)
        """What the present segment has got."""
        self._is_entered = False
        self._has_finished = False
        """Whether the endpoint has said that the present request is answered."""
        self._sent = request
        """What the model is really asked: `request`, or to go on after the text of earlier segments."""
        self._turns: Sequence[Turn] = request.turns
        """The texts of that, attachments included, as far as it has left."""
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
        return self.message.text if self.ending is not None else self.message.text + self._current.text

    @property
    def reasoning(self) -> str:
        return self.message.reasoning if self.ending is not None else self.message.reasoning + self._current.reasoning

    @property
    def meter(self) -> Meter:
        """The figures of the present segment."""
        return self._current.meter

    @property
    def usage(self) -> Usage | None:
        return self._current.usage

    @property
    def visible(self) -> bool:
        """Whether anything a user can see has arrived in the present segment."""
        return self._current.is_visible

    async def __aenter__(self) -> Self:
        if self._is_entered:
            raise MisuseError("This reply was asked for already: ask again for another one.")
        self._is_entered = True
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
        """Iterate over the events. Raises `MisuseError` outside the block: nothing would be saved of it."""
        if not self._is_entered:
            raise MisuseError(
                "Enter the reply first: async with conversation.ask(…) as reply: async for event in reply."
            )
        return self._stream

    def stop(self, reason: str | None = None) -> None:
        """Settle as stopped, unless the reply has already ended, and keep who stopped it, if not the user, as the
        finish reason. The caller then cancels the task that iterates."""
        if self.ending is None:
            self._current.finish_reason = reason or self._current.finish_reason
            self._settle(Status.STOPPED)

    def fail(self, error: ErrorInfo) -> Failed | Finished:
        """Settle as failed, unless the reply has already ended; return the last event."""
        return self._settle(Status.FAILED, error)

    def release(self) -> Sequence[Event]:
        """Give up what is held back because it might repeat the text before it, or be half a character; return it as
        events, which count as arrived."""
        return self._journaled(self._current.release())

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
                for event in self._current.count(self._turns) if self.visible else ():
                    yield event
                yield self.fail(ErrorInfo.of(failure, self.model.provider))
                return
            yield self.notice
            await asyncio.sleep(self.notice.wait_s or 0)
        if not self._has_ended():
            for event in (*self.release(), *self._current.conclude(self._turns)):
                yield event
        yield self._settle(Status.COMPLETE)

    def _has_ended(self) -> bool:
        return self.ending is not None

    def _remedy(self, failure: Exception) -> Notice | None:
        """Prepare another request where one may help, and return what to say of it; `None` where none will."""
        if not isinstance(failure, ProviderError):
            return None
        if self.visible:
            may_help = failure.kind in _BROKEN_OFF and not self._has_finished
            return self._reconnect(failure) if may_help and self._reconnects < self.policy.reconnects else None
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
        """Run one request to its end. Raises `ProviderError` if the endpoint doesn't say that it is answered."""
        turn_at = self._clock()
        self._has_finished = False
        prepared = await self._prepare(self._sent)
        if prepared is not self._sent:
            self._turns = [replace(turn, media=()) for turn in prepared.turns]
        async with (
            aclosing(self.model.provider.stream(prepared)) as stream,
            aclosing(_with_alarms(stream, self._current.held_for)) as arrivals,
        ):
            async for arrived in arrivals if self.message.text else stream:
                if self._has_ended():  # stopped from elsewhere: nothing may follow the end
                    return
                now = self._clock()
                if type(arrived) is TextDelta and self._current.take_plain(arrived, now):
                    number = len(self.message.segments) - 1
                    self.journal.recorder.append(self.message.id, number, arrived.text, "")
                    self.notice = None
                    yield arrived
                else:
                    for event in self._take(arrived, now):
                        yield event
                if self._current.meter.characters > self.policy.longest_reply:
                    limit = f"{self.policy.longest_reply:,} characters"
                    raise ProviderError("too_large", f"cut off after {limit}: it did not end")
                if now - turn_at > SLICE_S:
                    await asyncio.sleep(0)
                    turn_at = self._clock()
        if not self._has_finished:
            raise ProviderError("dropped", "The connection ended before the reply was finished. What arrived is kept.")

    def _go_on(self) -> None:
        """Decide what the model is asked for the present segment, and where its text joins the text before it."""
        written = self.message.text
        if not written.strip():
            self._sent = self.request
            return
        prefill = not self._prefill_refused and self.model.provider.can_prefill(self.request.model)
        self._sent = continuation(self.request, written, prefill=prefill)
        self._current.goes_on_after(written, prefilled=prefill)

    def _take(self, event: ProviderEvent | None, now: float) -> Sequence[Event]:
        """Enter one event into the books and return what followers get of it; `None` says that what is held back has
        been for long enough."""
        match event:
            case None:
                return self._journaled(self._current.let_go())
            case TextDelta():
                return self._journaled(self._current.take_text(event, now))
            case ReasoningDelta():
                return self._journaled(self._current.take_reasoning(event, now))
            case Connected():
                self.meter.connected(now)
                self.notice, self._reconnected = self._reconnected, None
                return () if self.notice is None else (self.notice,)
            case Usage():
                self._current.usage = event
                return (event,)
            case Citation():
                citation = self._current.take_citation(event, len(self.message.citations))
                return () if citation is None else (citation,)
            case Finished(finish_reason=reason):
                self._has_finished = True
                self._current.finish_reason = sanitize_line(reason, 40) if reason else None
                return ()
            case Notice():
                self.notice = self._current.take_notice(event)
                return (self.notice,)
            case _:
                raise TypeError(f"it yielded {type(event).__name__}, which is no event")

    def _journaled(self, events: Sequence[Event]) -> Sequence[Event]:
        """Write down what the present segment got, and return it as followers get it."""
        if events:
            self.notice = None
        if self._current.starts_over and len(self.message.segments) > 1:
            return [self._branch()]
        return self.journal.write(self.message, self._current, events)

    def _branch(self) -> Revised:
        """Make the present segment a reply of its own, which stays in view, beside the one that broke off."""
        self.broken = replace(self.message, id=new_id(), segments=self.message.segments[:-1])
        revised = self._current.begin_anew()
        segment = self._current.segment(Status.STREAMING)
        self.message = replace(self.message, segments=(Segment(status=Status.STREAMING),), created=time.time())
        for message in (self.broken, self.message):
            self._changed(message)
        self.journal.recorder.settle(self.conversation, self.broken)
        self.journal.recorder.settle(self.conversation, self.message.with_last(segment))
        return revised

    def _reconnect(self, failure: ProviderError) -> Notice:
        """Close the broken segment and open the next, which goes on where it stopped."""
        self._current.count(self._turns)
        self.message = self.message.with_last(self._current.segment(Status.FAILED, ErrorInfo.of(failure)))
        self.journal.recorder.settle(self.conversation, self.message)
        self.message = self.message.with_new(Segment(status=Status.STREAMING))
        self._current = Accumulator(self._clock)
        self._go_on()
        wait = backoff(self.policy, self._reconnects, self._jitter)
        self._reconnects += 1
        number = f"{self._reconnects} of {self.policy.reconnects}"
        self._reconnected = Notice("reconnected", f"reconnected, {number}")
        return _waiting(failure, "reconnecting", wait, number)

    def _settle(self, status: Status, error: ErrorInfo | None = None) -> Failed | Finished:
        """Write the outcome down. There is no await in here, so a second cancel finds nothing to interrupt."""
        if self.ending is not None:
            return self.ending
        self.release()
        if self.visible:
            self._current.count(self._turns)
        segment = self._current.segment(status, error)
        self.message = self.message.with_last(segment)
        if error is not None:
            self.ending = Failed(error, segment.metrics)
        else:
            self.ending = Finished(segment.finish_reason, status, segment.metrics)
        self.journal.recorder.settle(self.conversation, self.message)
        self._changed(self.message)
        return self.ending


async def _with_alarms(
    stream: AsyncGenerator[ProviderEvent, None], held_for: Callable[[], float | None]
) -> AsyncGenerator[ProviderEvent | None, None]:
    """Yield what `stream` does, and `None` when it keeps silent while something is held back for long enough."""
    while True:
        arrival = asyncio.ensure_future(anext(stream, None))
        try:
            while not (await asyncio.wait([arrival], timeout=held_for()))[0]:
                yield None
        finally:
            if not arrival.done():
                arrival.cancel()
                with suppress(asyncio.CancelledError):
                    await arrival
        if (event := arrival.result()) is None:
            return
        yield event


def _waiting(failure: ProviderError, doing: str, wait: float, number: str) -> Notice:
    """Say what happened, not what to do: that is being done."""
    what = str(failure).split(". ")[0].rstrip(".")
    when = f" in {wait:.0f} s" if wait >= 1 else ""
    return Notice("retry", f"{what} · {doing}{when} ({number})", wait_s=wait)
