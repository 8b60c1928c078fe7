"""Paths in what was pasted: terminals paste the path of a file that is dropped on them, each in its own way."""

import os
import re
import shlex
from typing import Final
from urllib.parse import unquote, urlsplit

from streamtui.chat.messages import FileReference
from streamtui.workspace.attachments import files
from streamtui.workspace.attachments.words import place_of

_LONGEST: Final = 16_384
_MOST: Final = 32
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


def pasted_files(text: str) -> list[FileReference]:
    """Return the files whose paths are all that `text` holds: bare, quoted, with escaped spaces, as `file://`, one or
    several. Nothing where there is anything else in it. Blocks.

    Raises `ConfigError` for one that is there, but can't be attached.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return []
    for paths in _readings(text):
        places = [place for path in paths if (place := _place(path)) is not None]
        if paths and len(places) == len(paths) <= _MOST and all(map(_is_there, places)):
            return [files.look(place) for place in dict.fromkeys(places)]
    return []


def named_files(text: str) -> list[FileReference]:
    """Return the files that the user names: one path, or several, as a shell has them. Blocks.

    Raises `ConfigError` for what can't be attached, or is not there.
    """
    place = place_of(text.strip().removeprefix("@"))
    if not ("\0" in place or os.path.lexists(place)) and (files_ := pasted_files(text) or _in_words(text)):
        return files_
    return [files.look(place)]


def _in_words(text: str) -> list[FileReference]:
    try:
        places = [place_of(word) for word in shlex.split(text)]
    except ValueError:
        return []
    are_there = 0 < len(places) <= _MOST and all("\0" not in place and _is_there(place) for place in places)
    return [files.look(place) for place in dict.fromkeys(places)] if are_there else []


def _readings(text: str) -> list[list[str]]:
    """Return the ways to read a text as paths: one path, one a line, words as a shell has them."""
    readings = [[text], text.splitlines()]
    try:
        readings.append(shlex.split(text))
    except ValueError:
        pass
    return readings


def _place(path: str) -> str | None:
    """Return where a path leads; `None` for what is no path: a bare word counts only with a folder before it."""
    path = path.strip()
    if path.startswith("file://"):
        parts = urlsplit(path)
        return unquote(parts.path) if parts.netloc in ("", "localhost") and parts.path else None
    if _SCHEME.match(path) or "\0" in path or not path:
        return None
    return place_of(path) if path.startswith(("~", ".")) or os.sep in path else None


def _is_there(place: str) -> bool:
    return os.path.lexists(place) and not os.path.isdir(place)  # noqa: PTH112 - of any name
