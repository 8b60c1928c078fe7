"""Several replies as one labelled stream."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from streamtui.chat.events import Event, Failed, Finished
from streamtui.chat.reply import Reply

_AHEAD: Final = 64
"""Events that may wait for the reader; a slow one slows the streams instead of filling memory."""


async def merge(replies: Mapping[str, Reply]) -> AsyncGenerator[tuple[str, Event], None]:
    """Run all replies at once and yield `(label, event)` as they come, each label's own last event included.

    A reply that fails leaves the others running. Leaving early stops and settles all. Iterate it under
    `contextlib.aclosing`.
    """
    queue: asyncio.Queue[tuple[str, Event | Exception]] = asyncio.Queue(_AHEAD)

    async def pump(label: str, reply: Reply) -> None:
        try:
            async with reply:
                async for event in reply:
                    await queue.put((label, event))
        except Exception as error:  # a defect: it must end the merge, not leave it waiting for an end that never comes
            await queue.put((label, error))

    tasks = [asyncio.create_task(pump(label, reply), name=f"merge {label}") for label, reply in replies.items()]
    open_labels = len(tasks)
    try:
        while open_labels:
            label, event = await queue.get()
            if isinstance(event, Exception):
                raise event
            open_labels -= isinstance(event, Finished | Failed)
            yield label, event
    finally:
        for reply in replies.values():
            reply.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
