"""A stream cut into pieces that can be read aloud: whole sentences and whole lines, never one twice."""

import re
from typing import Final

_ENDS: Final = re.compile(r"[.!?…][\"'”’)\]*_]*\s+|[。！？]+|\n+")
_LONGEST: Final = 300
"""Characters after which a sentence without an end is given out at a space."""


class Sentences:
    """Holds back what is not a whole sentence yet. All that is fed comes out once, in order."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> str:
        """Take a piece; return what is complete now."""
        self._rest += text
        ends = [match.end() for match in _ENDS.finditer(self._rest)]
        at = ends[-1] if ends else 0
        if len(self._rest) - at > _LONGEST:
            at = self._rest.rfind(" ") + 1 or at
        piece, self._rest = self._rest[:at], self._rest[at:]
        return piece

    def end(self) -> str:
        """Return what is left."""
        piece, self._rest = self._rest, ""
        return piece
