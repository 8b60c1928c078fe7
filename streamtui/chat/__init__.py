"""The engine: conversations, and replies that stream. It knows no screen, no database and no SDK.

    async with conversation.ask("…") as reply:
        async for event in reply:
            if isinstance(event, TextDelta):
                print(event.text, end="")

Leaving the block, for whatever reason, keeps what arrived. Cancelling is cancelling the task.
"""

from streamtui.chat.callbacks import stream
from streamtui.chat.conversation import Conversation, Options
from streamtui.chat.errors import ConfigError, ErrorInfo, ProviderError, StoreError, StreamtuiError
from streamtui.chat.events import Connected, Event, Failed, Finished, Notice, ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.merge import merge
from streamtui.chat.messages import ChatMessage, ChatRequest, Segment, Status, Turn, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import Model, Provider
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTasks
from streamtui.chat.retry import Policy

Live = ReplyTasks
"""The name it had in version 0.1."""

__all__ = [
    "ChatMessage",
    "ChatRequest",
    "ConfigError",
    "Connected",
    "Conversation",
    "ErrorInfo",
    "Event",
    "Failed",
    "Finished",
    "Live",
    "Metrics",
    "Model",
    "Notice",
    "Options",
    "Policy",
    "Provider",
    "ProviderError",
    "ProviderEvent",
    "ReasoningDelta",
    "Reply",
    "ReplyTasks",
    "Segment",
    "Status",
    "StoreError",
    "StreamtuiError",
    "TextDelta",
    "Turn",
    "Usage",
    "merge",
    "stream",
]
