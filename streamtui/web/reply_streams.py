"""Responses that stream a reply: from a position on, with or without its tree of blocks."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from starlette.responses import Response

from streamtui.chat.events import Event, Failed, Finished
from streamtui.chat.messages import ChatMessage, Status
from streamtui.chat.reply_tasks import Position, ReplyTask
from streamtui.web.blocks import PERIOD_S, BlockPatches
from streamtui.web.http_errors import HTTPError
from streamtui.web.reply_service import ReplyService
from streamtui.web.settings import ServeLimits
from streamtui.web.sse import PING, Encoder, EventId, within_growing
from streamtui.web.stream import EventStream
from streamtui.workspace import PollIntervals, Workspace

Batches = AsyncGenerator[list[Event], None]


class ReplyStreams:
    """Lets clients follow replies, and counts them among the replies' audiences."""

    def __init__(
        self, workspace: Workspace, replies: ReplyService, limits: ServeLimits, closing: Callable[[], bool]
    ) -> None:
        """`closing` says whether the server is about to end."""
        self._workspace = workspace
        self._replies = replies
        self._intervals = PollIntervals(limits.poll_s, limits.ping_s, closing)
        self._ping_s = limits.ping_s

    def of_task(self, task: ReplyTask, *, with_blocks: bool) -> Response:
        """Stream a reply that was just begun, with ids that name it."""
        encoder = Encoder(task.reply.conversation, Position(), message=task.reply.id)
        return self._stream(task.reply.message, encoder, asked=True, with_blocks=with_blocks)

    def of_message(self, conversation: str, reply: ChatMessage, position: Position, *, with_blocks: bool) -> Response:
        """Stream a reply that somebody asked for."""
        encoder = Encoder(conversation, self._within(reply, position))
        return self._stream(reply, encoder, asked=False, with_blocks=with_blocks)

    async def resumed(self, last_event_id: str, *, with_blocks: bool) -> Response:
        """Stream the rest of a reply to the client that asked for it. Raises `HTTPError`, `StreamtuiError`."""
        place = EventId.parse(last_event_id)
        if place is None or not place.message:
            raise HTTPError(400, "bad_request", "This Last-Event-ID is not one of this address.")
        if place.position.done:
            return Response(status_code=204)
        task = self._workspace.tasks.task(place.message)
        reply = task.reply.message if task is not None else await self._workspace.library.message(place.message)
        encoder = Encoder(place.conversation, self._within(reply, place.position), message=reply.id)
        return self._stream(reply, encoder, asked=True, with_blocks=with_blocks)

    def _within(self, reply: ChatMessage, position: Position) -> Position:
        """Return a position, taken back to what there is of the reply."""
        task = self._workspace.tasks.task(reply.id)
        if task is not None:
            return position.within(task.reply.text, task.reply.reasoning)
        if reply.status is Status.STREAMING:
            return within_growing(position, reply.reasoning)
        return position.within(reply.text, reply.reasoning)

    def _stream(self, reply: ChatMessage, encoder: Encoder, *, asked: bool, with_blocks: bool) -> Response:
        headers = {"X-Conversation": encoder.conversation, "X-Message": reply.id}
        if with_blocks:
            frames = self._frames_with_blocks(reply, encoder)
        else:
            frames = _frames(self._workspace.follow(reply.id, encoder.position, self._intervals), encoder)
        if reply.status is not Status.STREAMING:
            return EventStream(frames, headers=headers)
        return EventStream(frames, left=self._replies.join(reply.id, asked=asked), headers=headers)

    async def _frames_with_blocks(self, reply: ChatMessage, encoder: Encoder) -> AsyncGenerator[bytes, None]:
        task = self._workspace.tasks.task(reply.id)
        text = reply.text if task is None else task.reply.text
        patches = BlockPatches(text[: encoder.position.text])
        # A silence is when what waits for the next patch is sent.
        intervals = replace(self._intervals, ping_s=PERIOD_S)
        batches = self._workspace.follow(reply.id, encoder.position, intervals)
        yield encoder.head()
        sent_at = time.monotonic()
        async with aclosing(batches):
            async for batch in batches:
                patch = await patches.take(batch)
                frames = _encoded(batch, patch, encoder)
                if frames or time.monotonic() - sent_at >= self._ping_s:
                    yield frames or PING
                    sent_at = time.monotonic()


async def _frames(batches: Batches, encoder: Encoder) -> AsyncGenerator[bytes, None]:
    yield encoder.head()
    async with aclosing(batches):
        async for batch in batches:
            yield b"".join(map(encoder.encode, batch)) or PING


def _encoded(batch: Sequence[Event], patch: Sequence[object], encoder: Encoder) -> bytes:
    """Return the events of a batch, and the patch before the one that ends the reply."""
    has_end = bool(batch) and isinstance(batch[-1], Finished | Failed)
    body, end = (batch[:-1], batch[-1:]) if has_end else (batch, [])
    blocks = [encoder.blocks(patch)] if patch else []
    return b"".join([*map(encoder.encode, body), *blocks, *map(encoder.encode, end)])
