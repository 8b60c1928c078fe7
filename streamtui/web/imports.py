"""Conversations out of files that the page hands over."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

from streamtui.chat.ports import Library
from streamtui.chat.sanitize import sanitize_line
from streamtui.web.http_errors import HTTPError
from streamtui.workspace.imports.importer import Importer, Tally
from streamtui.workspace.imports.values import UnreadableError

PATH: Final = "/api/import"


async def take_in(library: Library, model: str, name: str, content: bytes) -> dict[str, Any]:
    """Save the conversations of a file; return what became of them. `model` answers where a conversation names none.

    The file is on disk meanwhile, for this user alone: readers look at it more than once. Raises `HTTPError`.
    """
    shown, tally = sanitize_line(name, 100), Tally()
    with tempfile.TemporaryDirectory(prefix="streamtui-") as folder:
        path = Path(folder) / "import"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            await Importer(library, model).take_in(path, tally)
        except UnreadableError as error:
            raise HTTPError(422, "bad_request", str(error).replace(str(path), shown)) from None
    return {"line": tally.line, "imported": tally.imported, "conversation": tally.last}
