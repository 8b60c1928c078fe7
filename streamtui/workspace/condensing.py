"""What asks for a summary of more than the model can read at once: part by part, each with the summary so far."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from streamtui.chat.compaction import PROMPT
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import Turn
from streamtui.chat.metrics import BYTES_PER_TOKEN, estimate_tokens

_ATTEMPTS: Final = 4
_FEWEST_TOKENS: Final = 200
"""A part is never smaller than this: below it the question is most of what is sent."""
_SO_FAR: Final = "This is a summary of the conversation until then:\n\n{summary}\n\n"
_PART: Final = "{prompt}\n\n{so_far}This is what was said{then}:\n\n{part}"
_CUT: Final = "\n[…]\n"


async def condensed(turns: Sequence[Turn], budget: int, ask: Callable[[str], Awaitable[str]]) -> str | None:
    """Return the one prompt that asks for the summary of all turns, where they take more than `budget` tokens; `None`
    where they don't.

    `ask` is asked for the summaries of all parts but the last; where it refuses one, smaller parts are tried. Raises
    what it raises.
    """
    if sum(_tokens(turn) for turn in turns) <= budget:
        return None
    for attempt in range(_ATTEMPTS):
        try:
            return await _in_parts(turns, max(_FEWEST_TOKENS, budget >> attempt), ask)
        except StreamtuiError:
            if attempt == _ATTEMPTS - 1:
                raise
    return None


async def _in_parts(turns: Sequence[Turn], budget: int, ask: Callable[[str], Awaitable[str]]) -> str:
    *earlier, last = _parts(turns, budget)
    summary = ""
    for part in earlier:
        summary = await ask(_prompt(summary, part))
        if not summary.strip():
            raise StreamtuiError("The model sums up nothing.")
    return _prompt(summary, last)


def _parts(turns: Sequence[Turn], budget: int) -> list[str]:
    """Return the conversation as texts of at most so many tokens; a message that is longer loses its middle."""
    parts: list[list[str]] = [[]]
    room = budget
    for turn in turns:
        text = _shortened(turn, budget)
        tokens = estimate_tokens(text)
        if tokens > room and parts[-1]:
            parts.append([])
            room = budget
        parts[-1].append(text)
        room -= tokens
    return ["\n\n".join(part) for part in parts]


def _shortened(turn: Turn, budget: int) -> str:
    most = budget * BYTES_PER_TOKEN // 2
    text = turn.text if len(turn.text) <= most else turn.text[: most // 2] + _CUT + turn.text[-most // 2 :]
    return f"{turn.role}: {text}"


def _prompt(summary: str, part: str) -> str:
    so_far = _SO_FAR.format(summary=summary) if summary else ""
    return _PART.format(prompt=PROMPT, so_far=so_far, then=" after that" if summary else "", part=part)


def _tokens(turn: Turn) -> int:
    return estimate_tokens(turn.text)
