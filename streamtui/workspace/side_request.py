"""A question to a model beside the conversation: no turn of it, and nothing of it is saved."""

import asyncio
from collections.abc import Callable
from typing import Final

from streamtui.chat.conversation import Conversation, Options
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Failed
from streamtui.chat.ports import Model
from streamtui.chat.reply import Reply

_PATIENCE_S: Final = 60.0


async def answer(
    model: Model, prompt: str, options: Options, is_enough: Callable[[str], bool] = lambda text: False
) -> str:
    """Return what a model that is ready to be asked answers, at most as far as `is_enough`.

    Raises `StreamtuiError` where no answer comes.
    """
    reply = Conversation(model, options=options).ask(prompt)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await _read(reply, is_enough)
    except TimeoutError:
        raise StreamtuiError("The model took too long.") from None


async def _read(reply: Reply, is_enough: Callable[[str], bool]) -> str:
    async with reply:
        async for event in reply:
            if isinstance(event, Failed):
                raise StreamtuiError(event.error.message)
            if is_enough(reply.text):
                break
    return reply.text
