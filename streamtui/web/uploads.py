"""Files of the page: taken in, given out again, and put along with a prompt."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import Response

from streamtui.chat.errors import ConfigError, NotFoundError
from streamtui.chat.messages import Attachment
from streamtui.web.http_errors import HTTPError
from streamtui.web.schemas import FileName
from streamtui.workspace import Workspace
from streamtui.workspace.attachments.kinds import TAKEN, media_type_of

PATH: Final = "/api/attachments"
_POLICY: Final = {"Content-Security-Policy": "default-src 'none'; sandbox"}
FILE_HEADERS: Final = {**_POLICY, "Content-Disposition": "attachment"}
"""Of what is to be saved: a browser that is led there shows nothing of it."""
_OTHER: Final = "application/octet-stream"


def described(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Return attachments as JSON."""
    return [
        {"sha256": one.sha256, "name": one.name, "media_type": one.media_type, "size": one.size} for one in attachments
    ]


class Uploads:
    """Keeps what clients send by its SHA-256. What a file is says its content, never the client."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def add(self, name: str, content: bytes) -> Attachment:
        """Keep a file. Raises `HTTPError` for one that can't be attached."""
        try:
            return await self._workspace.attachments.add(name, content)
        except ConfigError as error:
            raise HTTPError(422, "bad_request", str(error)) from None

    async def all_of(self, files: Sequence[FileName]) -> tuple[Attachment, ...]:
        """Return the attachments that a client names. Raises `HTTPError` where one is not here."""
        return tuple([await self.add(file.name, await self._content(file.sha256, 422)) for file in files])

    async def response(self, sha256: str) -> Response:
        """Give a file out: an image as what it is, anything else only to be saved. Raises `HTTPError`."""
        content = await self._content(sha256, 404)
        kind = _image_type(content)
        if kind is not None:
            return Response(content, media_type=kind, headers=_POLICY)
        return Response(content, media_type=_OTHER, headers=FILE_HEADERS)

    async def _content(self, sha256: str, status: int) -> bytes:
        try:
            return await self._workspace.library.attachment(sha256)
        except NotFoundError:
            raise HTTPError(status, "not_found", "An attached file is not here any more: attach it again.") from None


def _image_type(content: bytes) -> str | None:
    """Return the type of an image that browsers only ever draw; `None` for anything else."""
    try:
        kind = media_type_of(content, "file")
    except ConfigError:
        return None
    return kind if kind in TAKEN else None
