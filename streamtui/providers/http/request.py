"""One request and its reply: against the clock, with errors in words, and learning from refusals."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Protocol, cast

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Connected, Notice, ProviderEvent
from streamtui.chat.ports import Deadlines, QuirkStore
from streamtui.providers.errors.http import EndpointInfo, redirect_error, status_error, wall_clock
from streamtui.providers.errors.network import network_error, timeout_error
from streamtui.providers.http.body import EventReader
from streamtui.providers.http.client import StatusError, refusal_in
from streamtui.providers.http.quirks import NO_PREFILL, QuirkRule, lesson_of
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.http.timeout import SuspendAwareTimeout
from streamtui.providers.wire.non_stream import Parser, is_foreign, nothing_error, read_foreign


class Response(Protocol):
    """What both SDKs' streaming responses have in common."""

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request ready to be sent: entering `context` sends it."""

    context: AbstractAsyncContextManager[Response]
    sent: Collection[str]
    """Names of the optional fields and roles in it, of which the endpoint may refuse some."""


Drafting = Callable[[frozenset[str]], Awaitable[PreparedRequest]]
"""Makes a request that respects these quirks."""


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """How one provider talks to one endpoint."""

    peer: EndpointInfo
    endpoint: str
    """Key of the endpoint in `memory`."""
    deadlines: Deadlines
    limits: SSELimits
    memory: QuirkStore
    sdk_error: type[Exception]
    """Base of what the SDK raises."""

    def quirks(self, model: str) -> frozenset[str]:
        return self.memory.quirks(self.endpoint, model)

    async def stream(self, model: str, draft: Drafting, parser: Parser) -> AsyncGenerator[ProviderEvent, None]:
        """Do what `Provider.stream` promises."""
        async with AsyncExitStack() as stack:
            reader, notices = await self._open(stack, model, draft)
            yield Connected()
            for notice in notices:
                yield notice
            if is_foreign(head := await reader.peek()):
                for event in await read_foreign(reader, head, parser, self.peer):
                    yield event
                return
            try:
                while not parser.done and (batch := await reader.next_batch()) is not None:
                    for kind, data in batch:
                        for event in parser.feed(kind, data, at_end=reader.at_end):
                            yield event
                            reader.content_arrived()
                    if parser.finished:
                        reader.wind_down()
            except ProviderError:
                for event in () if parser.finished else parser.close():
                    yield event
                raise
            if not parser.recognised:
                raise nothing_error(self.peer, empty=not head)
            for event in parser.close():
                yield event
            await reader.drain()

    async def send(self, stack: AsyncExitStack, context: AbstractAsyncContextManager[Response]) -> EventReader:
        """Send once; return a reader of the response.

        Raises `StatusError` for any status but 2xx, else `ProviderError`.
        """
        started = time.monotonic()
        try:
            async with SuspendAwareTimeout(self.deadlines.first_byte) as wait:
                response = await stack.enter_async_context(context)
        except TimeoutError:
            raise timeout_error(self.peer, self.deadlines.first_byte, "took the request but does not answer") from None
        except (StatusError, self.sdk_error) as error:
            if refusal := refusal_in(error):
                raise refusal from None
            raise network_error(self.peer, error, self.deadlines.connect) from error
        waited = time.monotonic() - started - wait.stood_still
        # A generator in both SDKs; left unclosed, it would be finalised only some time later.
        chunks = cast(AsyncGenerator[bytes, None], response.iter_bytes())
        stack.push_async_callback(chunks.aclose)
        return EventReader(chunks, self.peer, self.deadlines, self.limits, waited=waited)

    def explain(self, refusal: StatusError, model: str) -> ProviderError:
        if refusal.target is not None:
            return redirect_error(self.peer, refusal.status, refusal.target)
        return status_error(self.peer, model, refusal.status, refusal.headers, refusal.body, wall_clock())

    async def _open(self, stack: AsyncExitStack, model: str, draft: Drafting) -> tuple[EventReader, list[Notice]]:
        """Send what `draft` makes of the known quirks; return a reader of the response.

        When the endpoint refuses a field by name, sends again without that field, once for each, and remembers them
        if that helped.
        """
        known, lessons = self.quirks(model), list[QuirkRule]()
        while True:
            request = await draft(known)
            try:
                reader = await self.send(stack, request.context)
            except StatusError as refusal:
                lesson = lesson_of(refusal, request.sent, known)
                if lesson is not None and lesson.quirk == NO_PREFILL:
                    # What to ask instead is for `Reply` to say.
                    self.memory.learn(self.endpoint, model, NO_PREFILL)
                    lesson = None
                if lesson is None:
                    raise self.explain(refusal, model) from None
                lessons.append(lesson)
                known |= {lesson.quirk}
                continue
            for lesson in lessons:
                self.memory.learn(self.endpoint, model, lesson.quirk)
            return reader, [Notice("field_dropped", f"{self.peer.host} {lesson.text}") for lesson in lessons]
