"""Long pastes, folded to a short chip in the box. The chip stands for the whole text until it is unfolded."""

import re
from typing import Final

MOST_LINES: Final = 20
MOST_CHARACTERS: Final = 2_000
_KEPT: Final = 50
"""Pastes whose chips undo may bring back."""


class Pastes:
    """Knows the text behind each chip. A chip is never cut: who would change a part of it changes all of it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def fold(self, text: str) -> str:
        """Return the chip for a pasted text, or the text itself where it is short."""
        lines = text.count("\n") + 1
        if lines <= MOST_LINES and len(text) <= MOST_CHARACTERS:
            return text
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        chip, number = f"[pasted {size}]", 1
        while self._texts.get(chip, text) != text:
            number += 1
            chip = f"[pasted {size}, no. {number}]"
        self._texts.pop(chip, None)
        self._texts[chip] = text
        while len(self._texts) > _KEPT:
            del self._texts[next(iter(self._texts))]
        return chip

    @property
    def has_any(self) -> bool:
        return bool(self._texts)

    def unfold(self, text: str) -> str:
        """Return `text` with what its chips stand for in their place."""
        if "[pasted " not in text or not self._texts:
            return text
        return self._pattern.sub(lambda match: self._texts[match[0]], text)

    def chip_at(self, line: str, column: int) -> tuple[int, int] | None:
        """Return where a chip begins and ends that has `column` strictly inside."""
        if not self._texts or "[pasted " not in line:
            return None
        spans = (match.span() for match in self._pattern.finditer(line))
        return next(((start, end) for start, end in spans if start < column < end), None)

    def chips(self, line: str) -> list[tuple[int, int]]:
        """Return where the chips of a line begin and end."""
        return [match.span() for match in self._pattern.finditer(line)] if self._texts else []

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._texts)))
