"""What each address does. The security middleware has already turned away whatever may not come in."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from fastapi import Request
from starlette.responses import JSONResponse, Response

from streamtui.chat import statistics
from streamtui.chat.errors import StoreError
from streamtui.chat.messages import Attachment, ChatMessage, Status
from streamtui.chat.reply_tasks import Position, ReplyTask
from streamtui.chat.sanitize import sanitize_line
from streamtui.web import imports
from streamtui.web.blocks import trees
from streamtui.web.credentials import Credential
from streamtui.web.drafts import Drafts
from streamtui.web.http_errors import HTTPError
from streamtui.web.public_errors import plain
from streamtui.web.reply_service import AskParams, ReplyService
from streamtui.web.reply_streams import ReplyStreams
from streamtui.web.schemas import (
    AskBody,
    DraftBody,
    LastEventId,
    MessageBody,
    PathId,
    PathSha256,
    QueryFileName,
    QueryFlag,
    QueryFormat,
    QueryId,
    QueryLimit,
    QueryLinger,
    QueryMessages,
    QueryName,
    QueryPrompt,
    QueryText,
    SystemBody,
    TitleBody,
    is_blank,
)
from streamtui.web.settings import Engine, ServeLimits
from streamtui.web.sse import EventId
from streamtui.web.uploads import FILE_HEADERS, Uploads, described
from streamtui.workspace import Continue, Regenerate, SendPrompt, Submission, Workspace
from streamtui.workspace.exports import Form, exported

_MEDIA_TYPES: Final[dict[Form, str]] = {"md": "text/markdown", "json": "application/json", "html": "text/html"}
_TIMINGS: Final = 100_000
"""Replies that figures are made of: the latest ones."""


class Routes:
    """The API, over one engine."""

    def __init__(
        self,
        engine: Engine,
        workspace: Workspace,
        replies: ReplyService,
        streams: ReplyStreams,
        limits: ServeLimits,
    ) -> None:
        self._engine = engine
        self._workspace = workspace
        self._library = workspace.library
        self._replies = replies
        self._limits = limits
        self._uploads = Uploads(workspace)
        self._drafts = Drafts(workspace)
        self._streams = streams

    async def post_chat(self, request: Request, body: AskBody, blocks: QueryFlag = "0") -> Response:
        """Ask; stream the reply, or only name it to a client that accepts nothing but JSON and follows it elsewhere."""
        is_page = request.state.credential is Credential.PAGE
        linger_s = self._limits.page_linger_s if is_page else 0.0
        if body.linger is not None:
            linger_s = body.linger
        submission = _submission(body, await self._uploads.all_of(body.attachments))
        wants_names = request.headers.get("accept") == "application/json"
        if body.models and not wants_names:
            raise HTTPError(422, "bad_request", "Several replies don't fit into one stream: accept application/json.")
        params = AskParams(
            submission, body.conversation, body.model, tuple(body.models or ()), body.effort, body.system, linger_s
        )
        tasks = await self._replies.ask(params)
        # Its client is counted before anything is waited for: a reply that does not linger would end meanwhile.
        stream = None if wants_names else self._streams.of_task(tasks[0], with_blocks=blocks == "1")
        if is_page and isinstance(submission, SendPrompt):
            with suppress(StoreError):
                await self._drafts.write(body.conversation, "")
        if stream is not None:
            return stream
        if await request.is_disconnected():  # nobody would know of the replies
            await self._replies.stop(tasks[0].reply.conversation)
        return JSONResponse(_names(tasks), status_code=202)

    async def get_chat(
        self,
        q: QueryPrompt,
        conversation: QueryId = None,
        model: QueryName = None,
        linger: QueryLinger = None,
        blocks: QueryFlag = "0",
        last_event_id: LastEventId = None,
    ) -> Response:
        """Ask, for `curl -N`; a client that comes back gets the rest of the same reply."""
        if last_event_id:
            return await self._streams.resumed(last_event_id, with_blocks=blocks == "1")
        (task,) = await self._replies.ask(AskParams(SendPrompt(q), conversation, model, linger_s=linger or 0.0))
        return self._streams.of_task(task, with_blocks=blocks == "1")

    async def conversations(self, limit: QueryLimit = None) -> Response:
        summaries = await self._library.conversations(limit)
        return JSONResponse([self._engine.summary(summary) for summary in summaries])

    async def search(self, q: QueryText, limit: QueryLimit = 50) -> Response:
        """Return where words stand: a conversation once for each place, as the list has it."""
        hits = await self._library.search(q, limit or 50)
        return JSONResponse(
            [{**self._engine.summary(hit.conversation), "message": hit.message, "snippet": hit.snippet} for hit in hits]
        )

    async def conversation(self, id: PathId) -> Response:
        """Return a conversation as an export has it, each message with the `error` that ended it, in plain words."""
        record, messages = await self._library.load(id)
        transcript = self._engine.transcript(record, messages)
        for row, message in zip(transcript["messages"], messages, strict=True):
            row["error"] = None if message.last.error is None else plain(message.last.error).wire()
            row["attachments"] = described(message.attachments)
        return JSONResponse(transcript)

    async def draft(self, id: PathId) -> Response:
        """Return the unsent text of a conversation; `new` stands for the one that has no id yet."""
        text, attachments = await self._drafts.read(_saved(id))
        return JSONResponse({"text": text, "attachments": described(attachments)})

    async def keep_draft(self, id: PathId, body: DraftBody) -> Response:
        await self._drafts.write(_saved(id), body.text, await self._uploads.all_of(body.attachments))
        return Response(status_code=204)

    async def upload(self, request: Request, name: QueryFileName) -> Response:
        """Take in a file, to be named in a later request."""
        (attachment,) = described([await self._uploads.add(name, await request.body())])
        return JSONResponse(attachment, status_code=201)

    async def attachment(self, sha256: PathSha256) -> Response:
        """Give out a file that was taken in."""
        return await self._uploads.response(sha256)

    async def keep(self, id: PathId, body: MessageBody) -> Response:
        """Let a streaming reply linger anew; 404 for one that does not stream."""
        if (await self._library.message(body.message)).status is not Status.STREAMING:
            raise HTTPError(404, "not_found", "This reply has ended.")
        self._replies.keep(body.message)
        return Response(status_code=204)

    async def choose(self, id: PathId, body: MessageBody) -> Response:
        """Bring the branch through a message into view; of replies side by side the one to go on with."""
        session = await self._workspace.resume(id)
        if body.message not in session.conversation.messages:
            raise HTTPError(404, "not_found", "There is no such message here.")
        beside = next((task for task in session.comparison.tasks if task.reply.id == body.message), None)
        if beside is not None:
            session.comparison.highlight(beside)
            session.comparison.pick()
        session.conversation.choose(body.message)
        return Response(status_code=204)

    async def export(self, id: PathId, kind: QueryFormat = "json") -> Response:
        """Return a conversation as a file to be saved: all of it as JSON, the branch in view as a document."""
        record, messages = await self._library.load(id)
        text = await exported(self._library, record, messages, kind)
        return Response(text, media_type=f"{_MEDIA_TYPES[kind]}; charset=utf-8", headers=FILE_HEADERS)

    async def take_in(self, request: Request, name: QueryFileName) -> Response:
        """Save the conversations that a file holds: our own exports, and those of other programs."""
        model = self._engine.catalog.model().id
        return JSONResponse(await imports.take_in(self._library, model, name, await request.body()))

    async def fork(self, id: PathId, body: MessageBody) -> Response:
        """Begin a conversation of its own with the messages down to one."""
        session = await self._workspace.resume(id)
        if body.message not in session.conversation.messages:
            raise HTTPError(404, "not_found", "There is no such message here.")
        forked = await self._workspace.fork(session, body.message)
        return JSONResponse({"conversation": forked.conversation.id}, status_code=201)

    async def statistics(self) -> Response:
        """Return how fast each model was, over all that is saved."""
        rows = statistics.by_model(await self._library.timings(limit=_TIMINGS), {})
        return JSONResponse([row.wire() for row in rows])

    async def instruct(self, id: PathId, body: SystemBody) -> Response:
        """Pin another system message."""
        (await self._workspace.resume(id)).conversation.instruct(body.system or None)
        return Response(status_code=204)

    async def undelete(self) -> Response:
        """Bring back the conversation that was deleted here last."""
        return JSONResponse({"conversation": await self._workspace.undelete()})

    async def blocks(self, id: PathId, message: QueryMessages) -> Response:
        """Return some of a conversation's messages as trees, by id."""
        _, messages = await self._library.load(id)
        wanted = [reply for reply in messages if reply.id in set(message)]
        nodes = await trees([reply.text for reply in wanted])
        return JSONResponse({reply.id: node for reply, node in zip(wanted, nodes, strict=True)})

    async def events(
        self, id: PathId, message: QueryId = None, blocks: QueryFlag = "0", last_event_id: LastEventId = None
    ) -> Response:
        """Follow the reply that streams in a conversation, or the one named; one that has ended comes whole."""
        place = EventId.parse(last_event_id) if last_event_id else EventId(Position())
        if place is None:
            raise HTTPError(400, "bad_request", "Last-Event-ID is a number of characters.")
        record, messages = await self._library.load(id)
        reply = _reply(messages, message or record.leaf, named=message is not None)
        if reply is None or place.position.done:
            return Response(status_code=204)  # which tells an EventSource not to come back
        return self._streams.of_message(record.id, reply, place.position, with_blocks=blocks == "1")

    async def stop(self, id: PathId) -> Response:
        return JSONResponse({"stopped": await self._replies.stop(id)})

    async def rename(self, id: PathId, body: TitleBody) -> Response:
        title = sanitize_line(body.title, 200).strip()
        if is_blank(title):
            raise HTTPError(422, "bad_request", "There is nothing to read in the title.")
        await self._library.rename(id, title)
        return Response(status_code=204)

    async def delete(self, id: PathId) -> Response:
        await self._replies.delete(id)
        return Response(status_code=204)

    async def models(self) -> Response:
        return JSONResponse(await self._engine.catalog.available())

    async def session(self) -> Response:
        """Say what a new conversation would be asked; answering at all says that the cookie is good."""
        model = self._engine.catalog.model()
        return JSONResponse({"model": model.id, "host": model.provider.host})


def _saved(id: str) -> str | None:
    return None if id == "new" else id


def _names(tasks: Sequence[ReplyTask]) -> dict[str, object]:
    """Return the ids of what a request began: the conversation, the replies, and the prompt that is new with them."""
    reply = tasks[0].reply
    prompt = next((message.id for message in reply.new_messages if message.role == "user"), None)
    names: dict[str, object] = {"conversation": reply.conversation, "message": reply.id, "prompt": prompt}
    return names if len(tasks) == 1 else {**names, "messages": [task.reply.id for task in tasks]}


def _submission(body: AskBody, attachments: tuple[Attachment, ...]) -> Submission:
    """Return what a request asks for. Raises `HTTPError` where it is nothing, or several things."""
    if body.models is not None and (body.prompt is None or body.edit or body.model):
        raise HTTPError(422, "bad_request", "models compares replies to a new prompt, and names all who answer it.")
    if sum(kind is not None for kind in (body.prompt, body.regenerate, body.continue_)) > 1:
        raise HTTPError(422, "bad_request", "Ask for one thing: prompt, regenerate or continue.")
    if body.prompt is not None:
        return SendPrompt(body.prompt, body.edit, attachments=attachments)
    if body.conversation is not None and body.regenerate is not None:
        return Regenerate(body.regenerate)
    if body.conversation is not None and body.continue_ is not None:
        return Continue(body.continue_)
    raise HTTPError(422, "bad_request", "prompt is missing.")


def _reply(messages: list[ChatMessage], wanted: str | None, *, named: bool) -> ChatMessage | None:
    """Return the reply to follow: the one named, else the newest that streams, else the last of the branch in view."""
    replies = [message for message in messages if message.role == "assistant"]
    chosen = next((reply for reply in replies if reply.id == wanted), None)
    if named:
        return chosen
    streaming = [reply for reply in replies if reply.status is Status.STREAMING]
    return streaming[-1] if streaming else chosen
