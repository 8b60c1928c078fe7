"""What the next request will be made of, and how much of the model's window that takes."""

from dataclasses import dataclass
from typing import Final

from streamtui.chat.compaction import is_summary_prompt
from streamtui.chat.conversation import Conversation
from streamtui.chat.messages import ChatMessage, user_message
from streamtui.chat.metrics import estimate_tokens
from streamtui.chat.sanitize import sanitize_line
from streamtui.chat.sizes import size_words
from streamtui.chat.statistics import Price, Prices
from streamtui.workspace.session import Session

NEARLY_FULL: Final = 0.8
"""The share of a window from which it is worth a word."""
_TEXT: Final = 34
"""Characters of a message that the list shows."""


@dataclass(frozen=True, slots=True)
class ContextPart:
    """One message, or the system message, as far as requests go."""

    label: str
    text: str
    """Its beginning, in one line."""
    tokens: int
    """Guessed, those of its attachments included."""
    attached: int
    """Bytes of its attachments."""
    is_sent: bool


@dataclass(frozen=True, slots=True)
class ContextUse:
    """All parts of the branch in view, and the window they have to fit into."""

    parts: tuple[ContextPart, ...]
    window: int | None
    """Tokens that the model's window holds, where that is known."""

    @property
    def tokens(self) -> int:
        """How many tokens are sent, as far as can be guessed."""
        return sum(part.tokens for part in self.parts if part.is_sent)

    @property
    def share(self) -> float | None:
        return self.tokens / self.window if self.window else None


async def context_use(session: Session, prices: Prices) -> ContextUse:
    """Return what a prompt sent now would come after."""
    conversation = session.conversation
    path = conversation.path()
    sent = {message.id for message in conversation.omitted.messages([*path, user_message("", conversation.leaf)])}
    parts: list[ContextPart] = []
    for message in path:
        tokens = await session.attachments.count_tokens(message.attachments) if message.attachments else 0
        parts.append(_part(message, tokens, is_sent=message.id in sent))
    if conversation.system:
        system = conversation.system
        parts.insert(0, ContextPart("system", sanitize_line(system, _TEXT), estimate_tokens(system), 0, is_sent=True))
    return ContextUse(tuple(parts), prices.get(conversation.model.id, Price()).context)


def measured_share(conversation: Conversation, prices: Prices) -> float | None:
    """Return how full the window was with the last reply, as the endpoint counted; `None` where that isn't known."""
    last = next((message for message in reversed(conversation.path()) if message.role == "assistant"), None)
    if last is None or (usage := last.last.usage) is None:
        return None
    window = prices.get(last.model or "", Price()).context
    return ((usage.input_tokens or 0) + (usage.output_tokens or 0)) / window if window else None


def _part(message: ChatMessage, attached_tokens: int, *, is_sent: bool) -> ContextPart:
    if is_summary_prompt(message):
        label = "summary asked"
    else:
        label = "you" if message.role == "user" else message.model or "reply"
    attached = sum(attachment.size for attachment in message.attachments)
    return ContextPart(
        label,
        sanitize_line(message.text, _TEXT),
        estimate_tokens(message.text) + attached_tokens,
        attached,
        is_sent=is_sent,
    )


def context_table(use: ContextUse) -> str:
    """Return the parts as lines of text, and what they come to."""
    if not use.parts:
        return "Nothing yet: the next prompt is all that is sent."
    rows = [_row(part) for part in use.parts]
    head = f"  {'~tokens':>8}  {'attached':>9}"
    total = f"  {use.tokens:>8,}  sent in all, about"
    if use.share is not None:
        total += f"; {use.share * 100:.0f} % of the {use.window:,} tokens that the model holds"
    notes = [] if all(part.is_sent for part in use.parts) else ["", "– is not sent"]
    return "\n".join([head, *rows, "", total, *notes])


def _row(part: ContextPart) -> str:
    attached = size_words(part.attached) if part.attached else ""
    mark = " " if part.is_sent else "–"
    return f"{mark} {part.tokens:>8,}  {attached:>9}  {part.label:<18.18}  {part.text}"
