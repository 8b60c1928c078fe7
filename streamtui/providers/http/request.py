"""One request and its reply: against the clock, with errors in words, and learning from refusals."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol, cast

from streamtui.chat.errors import ProviderError
from streamtui.chat.events import Connected, Finished, Notice, ProviderEvent
from streamtui.chat.messages import ChatRequest
from streamtui.chat.ports import Deadlines, QuirkStore
from streamtui.providers.errors.http import (
    EndpointInfo,
    is_about_interface,
    redirect_error,
    status_error,
    stream_error,
    wall_clock,
)
from streamtui.providers.errors.network import network_error, timeout_error
from streamtui.providers.http.body import EventReader
from streamtui.providers.http.client import StatusError, refusal_in
from streamtui.providers.http.media_refusals import media_lesson_of, media_texts_of
from streamtui.providers.http.quirks import (
    LIMIT_PREFIX,
    MOST_LESSONS,
    NO_PREFILL,
    USE_RESPONSES,
    QuirkRule,
    lesson_of,
    limit_in,
    texts_of,
)
from streamtui.providers.http.sse import SSELimits
from streamtui.providers.http.timeout import SuspendAwareTimeout
from streamtui.providers.wire.non_stream import is_foreign, nothing_error, read_foreign
from streamtui.providers.wire.parser import Parser


class Response(Protocol):
    """What both SDKs' streaming responses have in common."""

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request ready to be sent: entering `context` sends it."""

    context: AbstractAsyncContextManager[Response]
    parser: Parser
    """What reads the reply."""
    body: Mapping[str, Any]
    """Everything in it but model and messages."""
    roles: Collection[str] = ()
    """What of the messages an endpoint may refuse: `system`, `developer`, `prefill`."""
    unheard: Collection[str] = ()
    """Quirks that kept a wish of the user's out of it."""
    own_limit: int | None = None
    """The limit of tokens in it, where it is ours and not the user's."""
    may_use_responses: bool = False
    """Whether the same can be asked through the Responses interface."""

    @property
    def sent(self) -> set[str]:
        return {*self.body, *self.roles}

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream"))


Preparation = Callable[[frozenset[str]], Awaitable[PreparedRequest]]
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

    async def stream(self, request: ChatRequest, prepare: Preparation) -> AsyncGenerator[ProviderEvent, None]:
        """Do what `Provider.stream` promises."""
        async with AsyncExitStack() as stack:
            opened = await self._open(stack, request, prepare)
            reader, parser = opened.reader, opened.prepared.parser
            yield Connected()
            for notice in opened.notices:
                yield notice
            deadlines, is_streamed = self.deadlines, opened.prepared.is_streamed
            try:
                is_whole = is_foreign(head := await reader.peek())
                if is_whole:
                    for event in await read_foreign(reader, head, parser, self.peer, is_streamed=is_streamed):
                        yield event
                # Up to the end mark, the end of the body, or a long silence after a finish reason.
                while not is_whole and not parser.is_done and (batch := await reader.next_batch()) is not None:
                    for kind, data in batch:
                        for event in parser.feed(kind, data, at_end=reader.at_end):
                            yield event
                            reader.content_arrived()
                    if parser.is_finished:
                        has_text = parser.has_text
                        reader.expect_end(deadlines.silence_after_text if has_text else deadlines.silence_before_text)
                    else:
                        reader.expect_content()
            except ProviderError:
                for event in parser.close():
                    yield event
                raise
            if not parser.is_recognised:
                raise nothing_error(self.peer, reader.start)
            closing = parser.close()
            for event in closing:
                yield event
            if reader.bare_line and not any(isinstance(event, Finished) for event in closing):
                raise stream_error(self.peer, request, reader.bare_line, is_begun=True)
            if (failure := parser.failure()) is not None:
                raise failure
            if not is_whole:
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

    def explain(self, refusal: StatusError, request: ChatRequest) -> ProviderError:
        if refusal.target is not None:
            return redirect_error(self.peer, refusal.status, refusal.target)
        return status_error(self.peer, request, refusal.status, refusal.headers, refusal.body, wall_clock())

    async def _open(self, stack: AsyncExitStack, request: ChatRequest, prepare: Preparation) -> "_Opened":
        """Send what `prepare` makes of the known quirks; return what is needed to read the response.

        When the endpoint refuses a field by name, sends again without that field, once for each, and remembers them
        if that helped.
        """
        lessons = _Lessons(self.quirks(request.model))
        while True:
            prepared = await prepare(lessons.known)
            try:
                reader = await self.send(stack, prepared.context)
            except StatusError as refusal:
                if not lessons.learn(refusal, prepared):
                    if lessons.refuses_prefill:
                        # What to ask instead is for `Reply` to say.
                        self.memory.learn(self.endpoint, request.model, NO_PREFILL)
                    raise self.explain(lessons.first or refusal, request) from None
                continue
            for quirk in lessons.learned:
                self.memory.learn(self.endpoint, request.model, quirk)
            texts = dict.fromkeys([*lessons.texts, *texts_of(prepared.unheard), *media_texts_of(prepared.unheard)])
            return _Opened(reader, prepared, [Notice("field_dropped", f"{self.peer.host} {text}") for text in texts])


@dataclass(frozen=True, slots=True)
class _Opened:
    reader: EventReader
    prepared: PreparedRequest
    notices: list[Notice]


class _Lessons:
    """What the refusals of one request have taught so far."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.learned: list[str] = []
        self.texts: list[str] = []
        self.refuses_prefill = False
        self.first: StatusError | None = None
        """The refusal to show where the other interface fails too."""

    def learn(self, refusal: StatusError, prepared: PreparedRequest) -> bool:
        """Return whether there is another way to ask."""
        if len(self.learned) >= MOST_LESSONS:
            return False
        if (media := media_lesson_of(refusal, prepared.sent)) is not None:
            return self._add(media.quirk, media)
        if prepared.may_use_responses and is_about_interface(refusal.status, refusal.body):
            self.first = refusal
            return self._add(USE_RESPONSES)
        if prepared.own_limit is not None and (limit := limit_in(refusal, prepared.own_limit)) is not None:
            self.known = frozenset(quirk for quirk in self.known if not quirk.startswith(LIMIT_PREFIX))
            self.learned = [quirk for quirk in self.learned if not quirk.startswith(LIMIT_PREFIX)]
            return self._add(f"{LIMIT_PREFIX}{limit}")
        rule = lesson_of(refusal, prepared.sent, self.known)
        self.refuses_prefill = rule is not None and rule.quirk == NO_PREFILL
        return rule is not None and not self.refuses_prefill and self._add(rule.quirk, rule)

    def _add(self, quirk: str, rule: QuirkRule | None = None) -> bool:
        self.known |= {quirk}
        self.learned.append(quirk)
        if rule is not None:
            self.texts.append(rule.text)
        return True
