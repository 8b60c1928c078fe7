"""Paths that what is being typed may become."""

import asyncio
import os
import time
from typing import Final

from streamtui.workspace.attachments.path_index import PathIndex
from streamtui.workspace.attachments.path_scan import scan

MOST: Final = 50
"""Suggestions at a time."""
_FRESH_S: Final = 2.0
"""How old the list of files may be before it is made anew, while the old one still serves."""
_REST: Final = 10
"""How many times as long as it took to make a list it serves at least, so that a large tree is not read without end."""
_MOST_ENTRIES: Final = 5_000
"""Of one folder."""
_BEGINNINGS: Final = ("/", "~", ".")


class PathCompletion:
    """Completes paths from one folder on. Files are listed in a thread when the first path is typed, and again once the
    list is old; until then the folder alone is looked into."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder or _here()
        self._index: PathIndex | None = None
        self._old_at = float("-inf")
        """When the list is to be made anew."""
        self._listing: asyncio.Task[None] | None = None
        self._is_open = True

    async def complete(self, typed: str) -> list[str]:
        """Return the best paths for what was typed. What begins with `/`, `~` or `.` is looked up in its folder."""
        if typed.startswith(_BEGINNINGS) or "/." in typed:
            return await asyncio.to_thread(_in_folder, self._folder, typed)
        self._list()
        index = self._index
        if index is None:
            return await asyncio.to_thread(_in_folder, self._folder, typed)
        return index.find(typed, MOST)

    async def listed(self) -> None:
        """Return once the list of files that is being made is there."""
        if self._listing is not None:
            await asyncio.shield(self._listing)

    @property
    def is_listing(self) -> bool:
        """Whether better answers are on their way."""
        return self._listing is not None

    def close(self) -> None:
        """Make no more lists."""
        self._is_open = False

    def _list(self) -> None:
        if self._listing is None and time.monotonic() > self._old_at:
            self._listing = asyncio.create_task(self._make_list())

    async def _make_list(self) -> None:
        began = time.monotonic()
        try:
            self._index = await asyncio.to_thread(lambda: PathIndex(scan(self._folder, lambda: self._is_open)))
        finally:
            now = time.monotonic()
            self._old_at = now + max(_FRESH_S, _REST * (now - began))
            self._listing = None


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - of any name
    except OSError:
        return os.sep  # the present folder is gone


def _in_folder(base: str, typed: str) -> list[str]:
    """Return the files and folders that begin like what was typed, a slash behind folders; hidden ones only where the
    name that is typed begins with a dot."""
    head, slash, name = typed.rpartition("/")
    if typed in ("~", ".", ".."):
        head, slash, name = typed, "/", ""
    place = os.path.join(base, os.path.expanduser(f"{head}{slash}"))  # noqa: PTH111, PTH118 - of any name
    names: list[tuple[bool, str]] = []
    try:
        with os.scandir(place) as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_ENTRIES:
                    break
                if entry.name.lower().startswith(name.lower()) and (name.startswith(".") or entry.name[0] != "."):
                    names.append((not entry.is_dir(), entry.name))
    except (OSError, ValueError):
        return []
    return [f"{head}{slash}{name}{'' if is_file else '/'}" for is_file, name in sorted(names)[:MOST]]
