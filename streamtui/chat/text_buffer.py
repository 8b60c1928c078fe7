"""A text that grows by small parts, and is joined when it is asked for."""

from typing import Final

_RUN: Final = 512
"""Parts that stand alone until they are joined: a string of its own takes ten times the room of a token's letters."""


class TextBuffer:
    """Appending is constant time; asking twice for the text joins once."""

    __slots__ = ("_joined", "_recent")

    def __init__(self) -> None:
        self._joined: list[str] = []
        self._recent: list[str] = []

    def add(self, text: str) -> None:
        if not text:
            return
        self._recent.append(text)
        if len(self._recent) == _RUN:
            self._joined.append("".join(self._recent))
            self._recent.clear()

    def cut(self, size: int) -> None:
        """Take the last `size` characters away."""
        text = self.text
        self._joined = [text[: len(text) - size]] if size < len(text) else []

    def tail(self, size: int) -> str:
        """Return the last `size` characters, without joining the text where the latest parts hold them."""
        recent = "".join(self._recent[-size:])
        return (recent if len(recent) >= size else self.text)[-size:]

    @property
    def text(self) -> str:
        """All of it, in order."""
        if self._recent or len(self._joined) > 1:
            self._joined = ["".join((*self._joined, *self._recent))]
            self._recent.clear()
        return self._joined[0] if self._joined else ""

    def __bool__(self) -> bool:
        return bool(self._joined or self._recent)
