"""Texts that the user keeps in files of the config folder: snippets of prompts, and system messages."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize, sanitize_line

Kind = Literal["snippets", "systems"]

_SUFFIX: Final = ".md"
_LONGEST: Final = 1_000_000
"""Bytes of a file."""
_NAME: Final = re.compile(r"[^\s/\\.\x00-\x1f][^/\\\x00-\x1f]*")


class NamedTexts:
    """Reads `snippets/NAME.md` and `systems/NAME.md` anew whenever asked."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the config folder."""
        self._folder = folder

    def names(self, kind: Kind) -> Sequence[str]:
        """Return the names of the texts there are, in order."""
        try:
            files = [path for path in (self._folder / kind).iterdir() if path.suffix == _SUFFIX and path.is_file()]
        except OSError:
            return []
        return sorted((path.stem for path in files if _NAME.fullmatch(path.stem)), key=str.casefold)

    def read(self, kind: Kind, name: str) -> str:
        """Return a text, without the newline at its end. Raises `StreamtuiError`."""
        shown, one = sanitize_line(name, 60), kind.removesuffix("s")
        if not _NAME.fullmatch(name):
            raise StreamtuiError(f"{shown} can't be the name of a {one}.")
        path = self._folder / kind / f"{name}{_SUFFIX}"
        try:
            if not path.is_file():
                raise StreamtuiError(f"There is no {one} {shown}: write it to {sanitize_line(str(path))}.")
            if path.stat().st_size > _LONGEST:
                raise StreamtuiError(f"The {one} {shown} is longer than a million bytes.")
            return sanitize(path.read_text("utf-8", "replace")).removesuffix("\n")
        except OSError as error:
            raise StreamtuiError(f"The {one} {shown} can't be read: {error.strerror}.") from None

    def where(self, kind: Kind) -> str:
        """Return the folder in which the files are, as the user should see it."""
        return sanitize_line(str(self._folder / kind))
