"""What each address does. The gate has already turned away whatever may not come in."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict

from starlette.responses import JSONResponse, Response

from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.chat.sanitize import sanitize_line
from streamtui.web.access import Access
from streamtui.web.following import Batches, PollIntervals, follow_run, follow_saved
from streamtui.web.http_errors import HTTPError
from streamtui.web.public_errors import plain
from streamtui.web.reply_service import AskParams, ReplyService
from streamtui.web.schemas import AskBody, CodeBody, LastEventId, PathId, QueryId, QueryName, QueryPrompt, TitleBody
from streamtui.web.settings import Engine, ServeLimits
from streamtui.web.sse import PING, Encoder, EventId, Position
from streamtui.web.stream import EventStream


class Routes:
    """The API, over one engine."""

    def __init__(
        self,
        engine: Engine,
        desk: ReplyService,
        access: Access,
        limits: ServeLimits,
        *,
        closing: Callable[[], bool],
        announce: Callable[[str], None],
    ) -> None:
        """`closing` says whether the server is about to end; `announce` tells the reader a fresh one-time code."""
        self._engine = engine
        self._library = engine.storage.library
        self._desk = desk
        self._access = access
        self._limits = limits
        self._pace = PollIntervals(limits.poll_s, limits.ping_s, closing)
        self._announce = announce

    async def post_chat(self, body: AskBody) -> Response:
        """Ask, and stream the reply."""
        question = AskParams(body.prompt, body.conversation, body.model, body.system)
        return self._asked(await self._desk.ask(question), Position(), grace_s=0.0)

    async def get_chat(
        self,
        q: QueryPrompt,
        conversation: QueryId = None,
        model: QueryName = None,
        last_event_id: LastEventId = None,
    ) -> Response:
        """Ask, for `curl -N` and `EventSource`; a client that comes back gets the rest of the same reply."""
        if last_event_id:
            return await self._resumed(last_event_id)
        run = await self._desk.ask(AskParams(q, conversation, model))
        return self._asked(run, Position(), grace_s=self._limits.grace_s)

    async def conversations(self) -> Response:
        return JSONResponse([self._engine.summary(each) for each in await self._library.conversations()])

    async def conversation(self, id: PathId) -> Response:
        """Return a conversation as an export has it, each message with the `error` that ended it, in plain words."""
        record, messages = await self._desk.load(id)
        found = self._engine.transcript(record, messages)
        for each, message in zip(found["messages"], messages, strict=True):
            each["error"] = None if message.last.error is None else asdict(plain(message.last.error))
        return JSONResponse(found)

    async def events(self, id: PathId, message: QueryId = None, last_event_id: LastEventId = None) -> Response:
        """Follow the reply that streams in a conversation, or the one named; one that has ended comes whole."""
        place = EventId.parse(last_event_id) if last_event_id else EventId(Position())
        if place is None:
            raise HTTPError(400, "bad_request", "Last-Event-ID is a number of characters.")
        record, messages = await self._desk.load(id)
        reply = _reply(messages, message or record.leaf, named=message is not None)
        if reply is None or place.position.done:
            return Response(status_code=204)  # which tells an EventSource not to come back
        batches, position = self._follow(reply, place.position)
        return self._stream(batches, Encoder(record.id, position), reply.id)

    async def stop(self, id: PathId) -> Response:
        return JSONResponse({"stopped": await self._desk.stop(id)})

    async def rename(self, id: PathId, body: TitleBody) -> Response:
        await self._library.rename(id, sanitize_line(body.title, 200))
        return Response(status_code=204)

    async def delete(self, id: PathId) -> Response:
        await self._desk.delete(id)
        return Response(status_code=204)

    async def models(self) -> Response:
        allowed = self._limits.models
        names = await self._engine.catalog.available()
        return JSONResponse([name for name in names if allowed is None or name in allowed])

    async def session(self) -> Response:
        """Say what a new conversation would be asked; answering at all says that the cookie is good."""
        model = self._engine.catalog.model()
        return JSONResponse({"model": model.id, "host": model.provider.host})

    async def trade(self, body: CodeBody) -> Response:
        """Give the cookie for a one-time code."""
        if not self._access.trade(body.code):
            raise HTTPError(403, "auth", "This address has been used: streamtui prints the next one.")
        self._announce(self._access.new_code())
        return Response(status_code=204, headers={"Set-Cookie": self._access.set_cookie})

    async def _resumed(self, last_event_id: str) -> Response:
        place = EventId.parse(last_event_id)
        if place is None or not place.message:
            raise HTTPError(400, "bad_request", "This Last-Event-ID is not one of this address.")
        if place.position.done:
            return Response(status_code=204)
        run = self._desk.running(place.message)
        if run is not None and run.is_streaming:
            position = place.position.within(run.reply.text, run.reply.reasoning)
            return self._asked(run, position, grace_s=self._limits.grace_s)
        reply = await self._library.message(place.message)
        batches, position = self._follow(reply, place.position)
        encoder = Encoder(place.conversation, position, message=reply.id)
        if reply.status is not Status.STREAMING:
            return self._stream(batches, encoder, reply.id)
        return self._stream(batches, encoder, reply.id, self._desk.attach(reply.id, self._limits.grace_s))

    def _asked(self, run: ReplyTask, position: Position, *, grace_s: float) -> Response:
        """Stream a reply to a client that asked for it: without it, the reply ends."""
        reply = run.reply
        batches = follow_run(run, position, self._limits.ping_s)
        encoder = Encoder(reply.conversation, position, message=reply.id)
        return self._stream(batches, encoder, reply.id, self._desk.attach(reply.id, grace_s))

    def _follow(self, reply: ChatMessage, position: Position) -> tuple[Batches, Position]:
        """Return what comes after a position, which is taken back to what there is."""
        run = self._desk.running(reply.id)
        if run is not None:
            position = position.within(run.reply.text, run.reply.reasoning)
            return follow_run(run, position, self._limits.ping_s), position
        if reply.status is Status.STREAMING:
            position = position.within_growing(reply.reasoning)
        else:
            position = position.within(reply.text, reply.reasoning)
        return follow_saved(self._library, reply.id, position, self._pace), position

    def _stream(
        self, batches: Batches, encoder: Encoder, message: str, left: Callable[[], None] = lambda: None
    ) -> Response:
        headers = {"X-Conversation": encoder.conversation, "X-Message": message}
        return EventStream(_frames(batches, encoder), stall_s=self._limits.stall_s, left=left, headers=headers)


async def _frames(batches: Batches, encoder: Encoder) -> AsyncGenerator[bytes, None]:
    yield encoder.head()
    async with aclosing(batches):
        async for batch in batches:
            yield b"".join(map(encoder.encode, batch)) or PING


def _reply(messages: list[ChatMessage], wanted: str | None, *, named: bool) -> ChatMessage | None:
    """Return the reply to follow: the one named, else the newest that streams, else the last of the branch in view."""
    replies = [message for message in messages if message.role == "assistant"]
    found = next((reply for reply in replies if reply.id == wanted), None)
    if named:
        return found
    streaming = [reply for reply in replies if reply.status is Status.STREAMING]
    return streaming[-1] if streaming else found
