"""Files that prompts carry: taken in when they are sent, put into each request that has them."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from streamtui.chat.errors import ConfigError, NotFoundError, StreamtuiError
from streamtui.chat.messages import (
    LONGEST_NAME,
    Attachment,
    ChatRequest,
    DraftAttachment,
    FileReference,
    Media,
    Turn,
)
from streamtui.chat.metrics import BYTES_PER_TOKEN, estimate_tokens
from streamtui.chat.sanitize import sanitize_line
from streamtui.workspace.attachments import files
from streamtui.workspace.attachments.contents import Contents
from streamtui.workspace.attachments.conversion import Converter, PagesOfText
from streamtui.workspace.attachments.fences import fenced
from streamtui.workspace.attachments.kinds import PDF, TEXT, media_type_of, text_of

MOST: Final = 32
"""Files that one prompt can carry."""
MOST_BYTES: Final = 64_000_000
"""What they hold together."""
IMAGE_TOKENS: Final = 1_600
"""What an image of the largest size sent counts as."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is sent of one attachment."""

    text: str = ""
    media: Media | None = None


class Attachments:
    """Reads, keeps and gives out the files of conversations that keep their bytes in the same `Contents`."""

    def __init__(self, contents: Contents, converter: Converter) -> None:
        self._contents = contents
        self._converter = converter
        self._read: dict[str, bytes] = {}
        """What was read of files whose prompt has not left yet, by SHA-256."""

    async def look(self, path: str, word: str = "") -> FileReference:
        """Return what is known of a file without reading it. Raises `ConfigError` for what can't be attached."""
        return await asyncio.to_thread(files.look, path, word)

    async def add(self, name: str, content: bytes) -> Attachment:
        """Keep a file that is in memory: uploaded, or pasted. Raises `ConfigError` for what can't be attached."""
        attachment = await self.hold(name, content)
        self._read.pop(attachment.sha256, None)
        await self._contents.put(content)
        return attachment

    async def hold(self, name: str, content: bytes) -> Attachment:
        """Hold a file in memory until the prompt leaves that it goes along with: `taking` keeps it then.

        Raises `ConfigError` for what can't be attached.
        """
        name = sanitize_line(name.replace("\\", "/").rstrip("/").rpartition("/")[2], LONGEST_NAME) or "file"
        files.refuse_too_large(name, len(content))
        attachment = await asyncio.to_thread(_described, name, content)
        await self._parts(attachment, content)  # says now what can't be sent later
        self._read[attachment.sha256] = content
        return attachment

    @asynccontextmanager
    async def taking(self, attached: Sequence[DraftAttachment]) -> AsyncGenerator[tuple[Attachment, ...], None]:
        """Read the files that a prompt is to carry, each once; keep what they hold at the end of the block, unless that
        is left by an exception, since the prompt can't be sent: then nothing of them stays. Raises `ConfigError`."""
        taken: dict[Attachment, None] = {}
        try:
            await self._take(attached, taken)
            read = [content for one in taken if (content := self._read.get(one.sha256)) is not None]
            yield tuple(taken)
            for content in read:
                await self._contents.put(content)
        finally:
            for attachment in taken:
                self._read.pop(attachment.sha256, None)

    async def _take(self, attached: Sequence[DraftAttachment], taken: dict[Attachment, None]) -> None:
        if len(attached) > MOST:
            raise ConfigError(f"A prompt can carry at most {MOST} files: these are {len(attached)}.")
        for one in attached:
            if isinstance(one, FileReference):
                one = await self.hold(one.name, await asyncio.to_thread(files.read, one))
            taken[one] = None
            if sum(attachment.size for attachment in taken) > MOST_BYTES:
                raise ConfigError(f"These files are too large together: send fewer, at most {MOST_BYTES // 10**6} MB.")

    async def content(self, attachment: Attachment) -> bytes | None:
        """Return what a file of a message held; `None` where that can't be read any more."""
        return self._read.get(attachment.sha256) or await self._contents.get(attachment.sha256)

    async def attachment(self, sha256: str) -> bytes:
        """Return the content of an attachment, as a library does. Raises `NotFoundError`."""
        if (content := await self._contents.get(sha256)) is None:
            raise NotFoundError("The content of the attachment is gone.")
        return content

    async def prepare(self, request: ChatRequest) -> ChatRequest:
        """Return a request with what its turns' attachments hold."""
        if not any(turn.attachments for turn in request.turns):
            return request
        return replace(request, turns=tuple([await self._filled(turn) for turn in request.turns]))

    async def count_tokens(self, attachments: Iterable[Attachment]) -> int:
        """Guess how many tokens attachments take in a request."""
        return sum([await self._tokens(attachment) for attachment in attachments])

    # -- inside

    async def _tokens(self, attachment: Attachment) -> int:
        if attachment.media_type == TEXT:
            return -(-attachment.size // BYTES_PER_TOKEN)
        if attachment.media_type != PDF:
            return IMAGE_TOKENS
        parts = await self._sent(attachment)
        return estimate_tokens(parts.text)

    async def _filled(self, turn: Turn) -> Turn:
        if not turn.attachments:
            return turn
        parts = [await self._sent(attachment) for attachment in turn.attachments]
        texts = [*(part.text for part in parts), turn.text]
        media = tuple(part.media for part in parts if part.media is not None)
        return replace(turn, text="\n\n".join(text for text in texts if text), attachments=(), media=media)

    async def _sent(self, attachment: Attachment) -> _Parts:
        """Return what is sent of an attachment: a word where there is nothing to send any more."""
        content = await self.content(attachment)
        if content is None:
            return _Parts(f"[{attachment.name}: what this file held can't be read any more]")
        try:
            return await self._parts(attachment, content)
        except StreamtuiError as error:
            return _Parts(f"[{attachment.name}: left out. {error}]")

    async def _parts(self, attachment: Attachment, content: bytes) -> _Parts:
        """Raises `ConfigError`."""
        name = attachment.name
        if attachment.media_type == TEXT:
            return _Parts(await asyncio.to_thread(lambda: fenced(name, text_of(content, name))))
        if attachment.media_type == PDF:
            pages = await self._converter.pdf(attachment.sha256, name, content)
            if isinstance(pages, PagesOfText):
                return _Parts(fenced(name, pages.text, "text"))
            return _Parts(media=await _media(name, PDF, content))
        picture = await self._converter.image(attachment.sha256, name, attachment.media_type, content)
        return _Parts(media=await _media(name, picture.media_type, picture.content))


def _described(name: str, content: bytes) -> Attachment:
    """Return what a file is. Raises `ConfigError` for one that can't be attached."""
    from hashlib import sha256  # 3 ms that those who attach nothing are spared

    return Attachment(sha256(content).hexdigest(), name, media_type_of(content, name), len(content))


async def _media(name: str, media_type: str, content: bytes) -> Media:
    encoded = await asyncio.to_thread(partial(b64encode, content))
    return Media(name, media_type, encoded.decode("ascii"))
