"""The callback form of the streaming loop, for user interfaces that are built of callbacks."""

from collections.abc import Callable

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Failed, Finished, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply import Reply


async def stream(
    reply: Reply,
    *,
    on_text: Callable[[str], None] = lambda text: None,
    on_done: Callable[[ChatMessage], None] = lambda message: None,
    on_error: Callable[[ErrorInfo], None] = lambda error: None,
) -> ChatMessage:
    """Run `reply` and call back: `on_text` for every piece, then either `on_done` or `on_error`, once.

    Returns the whole message. Cancelling the task stops the reply and keeps what arrived; then neither is called.
    """
    async with reply:
        async for event in reply:
            match event:
                case TextDelta(text):
                    on_text(text)
                case Finished():
                    on_done(reply.message)
                case Failed(error=error):
                    on_error(error)
    return reply.message
