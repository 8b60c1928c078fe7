"""Makes of images and PDFs what endpoints take, in a process of its own; see `converter`.

The libraries that do it are extras. Without them an image goes as it is, and a PDF as a file.
"""

import asyncio
import importlib.util
import json
import sys
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from streamtui.chat.errors import ConfigError
from streamtui.chat.sizes import size_words
from streamtui.workspace.attachments.kinds import TAKEN

LONGEST_EDGE: Final = 2048
"""Pixels; more than that endpoints scale down themselves."""
LARGEST_IMAGE: Final = 3_750_000
"""Bytes: 5 MB once they are written as text, which is what the strictest endpoint takes."""
_PATIENCE_S: Final = 90.0
_CACHED: Final = 64 * 1024 * 1024
"""Bytes of results that are kept for later turns."""
_PROGRAM: Final = Path(__file__).with_name("converter.py")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as endpoints take it."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PagesOfText:
    """What is written in a PDF."""

    text: str

    @property
    def content(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A PDF that goes as it is, since there is no text to be had of it here."""

    content: bytes


Converted = Picture | PagesOfText | WholeFile
C = TypeVar("C", bound=Converted)


class Converter:
    """Converts each file once, as long as there is room to keep the result. Runs one process at a time."""

    def __init__(self) -> None:
        self._cache: OrderedDict[str, Converted] = OrderedDict()
        self._turn = asyncio.Lock()

    async def image(self, sha256: str, name: str, media_type: str, content: bytes) -> Picture:
        """Return an image upright, in a format and size that endpoints take. Raises `ConfigError`."""
        async with self._turn:
            kept = self._cache.get(sha256)
            if not isinstance(kept, Picture):
                kept = self._keep(sha256, await _picture(name, media_type, content))
        return kept

    async def pdf(self, sha256: str, name: str, content: bytes) -> PagesOfText | WholeFile:
        """Return a PDF's text, or the file where it has none, or nothing is installed that reads it.

        Raises `ConfigError`.
        """
        async with self._turn:
            kept = self._cache.get(sha256)
            if not isinstance(kept, PagesOfText | WholeFile):
                kept = self._keep(sha256, await _pages(name, content))
        return kept

    def _keep(self, sha256: str, converted: C) -> C:
        self._cache[sha256] = converted
        self._cache.move_to_end(sha256)
        while sum(len(kept.content) for kept in self._cache.values()) > _CACHED and len(self._cache) > 1:
            self._cache.popitem(last=False)
        return converted


async def _picture(name: str, media_type: str, content: bytes) -> Picture:
    if importlib.util.find_spec("PIL") is None:
        _refuse_unscaled(name, media_type, content)
        return Picture(media_type, content)
    head, body = await _run(name, content, "image", str(LONGEST_EDGE), str(LARGEST_IMAGE))
    match head:
        case {"unchanged": True}:
            return Picture(media_type, content)
        case {"media_type": str() as kind}:
            return Picture(kind, body)
        case {"problem": "pixels", "width": int() as width, "height": int() as height}:
            raise ConfigError(f"{name} has too many pixels: {width:,} × {height:,}. Nothing was sent.")
        case _:
            raise ConfigError(f"{name} is damaged, or no image: it can't be opened. Nothing was sent.")


def _refuse_unscaled(name: str, media_type: str, content: bytes) -> None:
    install = "pip install 'streamtui[images]'"
    if media_type not in TAKEN:
        kind = media_type.removeprefix("image/").upper()
        raise ConfigError(f"{name} is {kind}, which endpoints don't take: {install} converts it. Nothing was sent.")
    if len(content) > LARGEST_IMAGE:
        size, most = size_words(len(content)), size_words(LARGEST_IMAGE)
        raise ConfigError(
            f"{name} is too large for an image: {size}, at most {most}; {install} scales it. Nothing was sent."
        )


async def _pages(name: str, content: bytes) -> PagesOfText | WholeFile:
    if importlib.util.find_spec("pypdf") is None:
        return WholeFile(content)
    head, body = await _run(name, content, "pdf")
    match head:
        case {"problem": "no text"}:
            return WholeFile(content)
        case {"problem": "encrypted"}:
            raise ConfigError(f"{name} is encrypted: it needs a password. Nothing was sent.")
        case {"problem": "pages", "pages": int() as pages, "most": int() as most}:
            raise ConfigError(f"{name} has {pages:,} pages, and at most {most:,} are read. Nothing was sent.")
        case {"problem": "text"}:
            raise ConfigError(f"{name} has too much text to be sent. Nothing was sent.")
        case {"pages": int()}:
            return PagesOfText(body.decode())
        case _:
            raise ConfigError(f"{name} is damaged, or no PDF: it can't be read. Nothing was sent.")


async def _run(name: str, content: bytes, *words: str) -> tuple[dict[str, Any], bytes]:
    """Return what the converter says of a file, and its result. Raises `ConfigError` where it takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", str(_PROGRAM), *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C in the terminal is ours to handle
    )  # fmt: skip
    try:
        async with asyncio.timeout(_PATIENCE_S):
            output, _ = await process.communicate(content)
    except TimeoutError:
        raise ConfigError(f"{name} took too long to open. Nothing was sent.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    line, _, body = output.partition(b"\n")
    try:
        head = json.loads(line)
    except ValueError:
        head = {}
    return (head if isinstance(head, dict) else {}), body
