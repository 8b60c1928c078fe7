"""The bytes of attachments, by their SHA-256."""

import asyncio
from typing import Final, Protocol

from streamtui.chat.errors import StoreError

_PATIENCE_S: Final = 5.0
"""How long sending waits until bytes are on disk."""


class ContentStore(Protocol):
    """Where bytes are kept, once by their content. `chat.ports.Library` is one."""

    async def put_attachment(self, content: bytes) -> str: ...

    async def attachment(self, sha256: str) -> bytes: ...


class Contents:
    """Keeps bytes in the one place, and reads them from there or else from another.

    For conversations that are saved the two are the library; for others the first one is memory.
    """

    def __init__(self, kept: ContentStore, saved: ContentStore, memory: ContentStore) -> None:
        """`memory` has what `kept` could not take."""
        self._kept = kept
        self._places = (memory, kept, saved)

    async def put(self, content: bytes) -> str:
        """Keep bytes; return their SHA-256. What can't be saved is held in memory, as the conversation itself is."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._kept.put_attachment(content)
        except (StoreError, TimeoutError):
            return await self._places[0].put_attachment(content)

    async def get(self, sha256: str) -> bytes | None:
        """Return the bytes; `None` where they are nowhere, or can't be read."""
        for place in self._places:
            try:
                return await place.attachment(sha256)
            except StoreError:
                continue
        return None
