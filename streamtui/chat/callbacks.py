"""The callback form of the streaming loop, for user interfaces that are built of callbacks."""

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.chat.messages import ChatMessage, Usage
from streamtui.chat.reply import Reply

T = TypeVar("T")
Callback = Callable[[T], Awaitable[None] | None]
"""A function, or a coroutine function, which is awaited: the stream waits for it."""


def _ignore(value: object) -> None:
    return


async def stream(
    reply: Reply,
    *,
    on_text: Callback[str] = _ignore,
    on_reasoning: Callback[str] = _ignore,
    on_notice: Callback[Notice] = _ignore,
    on_usage: Callback[Usage] = _ignore,
    on_done: Callback[ChatMessage] = _ignore,
    on_error: Callback[ErrorInfo] = _ignore,
) -> ChatMessage:
    """Run `reply` and call back: for every piece as it arrives, then either `on_done` or `on_error`, once.

    Returns the whole message. Cancelling the task stops the reply and keeps what arrived; then neither is called.
    """

    async def call_back(event: Event) -> None:
        match event:
            case TextDelta(text):
                await _call(on_text, text)
            case ReasoningDelta(text):
                await _call(on_reasoning, text)
            case Notice():
                await _call(on_notice, event)
            case Revised(reason=reason):
                await _call(on_notice, Notice("revised", reason))
            case Usage():
                await _call(on_usage, event)
            case Finished():
                await _call(on_done, reply.message)
            case Failed(error=error):
                await _call(on_error, error)

    async with reply:
        async for event in reply:
            await call_back(event)
    return reply.message


async def _call(callback: Callback[T], value: T) -> None:
    result = callback(value)
    if inspect.isawaitable(result):
        await result
