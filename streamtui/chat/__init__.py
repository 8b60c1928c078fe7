"""The engine: conversations, and replies that stream. It knows no screen, no database and no SDK.

    async with conversation.ask("…") as reply:
        async for event in reply:
            match event:
                case TextDelta(text):
                    print(text, end="")
                case Failed(error=error):
                    print(error.message)

Leaving the block, for whatever reason, keeps what arrived. Cancelling is cancelling the task. `stream` is the same with
callbacks, `merge` runs several replies as one stream, and `ReplyTasks` lets them go on whoever watches.

Implement `Provider` for an endpoint of your own, `Recorder` and `Library` for a store of your own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from streamtui.chat.callbacks import Callback, stream
    from streamtui.chat.conversation import Conversation, Options
    from streamtui.chat.errors import (
        ConfigError,
        ErrorInfo,
        ErrorKind,
        MisuseError,
        NotFoundError,
        ProviderError,
        StoreError,
        StreamtuiError,
    )
    from streamtui.chat.events import (
        Connected,
        Event,
        Failed,
        Finished,
        Notice,
        ProviderEvent,
        ReasoningDelta,
        Revised,
        TextDelta,
    )
    from streamtui.chat.merging import merge
    from streamtui.chat.messages import (
        ChatMessage,
        ChatRequest,
        Citation,
        Role,
        SavedNotice,
        Segment,
        Status,
        Turn,
        Usage,
    )
    from streamtui.chat.metrics import Metrics
    from streamtui.chat.ports import (
        ConversationRecord,
        ConversationSummary,
        Deadlines,
        Library,
        ManagedProvider,
        Model,
        NullRecorder,
        Provider,
        Recorder,
    )
    from streamtui.chat.reply import Reply
    from streamtui.chat.reply_tasks import ReplyTask, ReplyTasks
    from streamtui.chat.retry import Policy

    Live, Run, NoRecorder = ReplyTasks, ReplyTask, NullRecorder

_MODULES: Final = (
    "errors",
    "messages",
    "events",
    "metrics",
    "ports",
    "retry",
    "reply",
    "conversation",
    "reply_tasks",
    "callbacks",
    "merging",
)
"""Where the names are, what needs least first."""
_FORMER: Final = {"Live": "ReplyTasks", "Run": "ReplyTask", "NoRecorder": "NullRecorder"}
"""The names they had in version 0.1."""

__all__ = [
    "Callback",
    "ChatMessage",
    "ChatRequest",
    "Citation",
    "ConfigError",
    "Connected",
    "Conversation",
    "ConversationRecord",
    "ConversationSummary",
    "Deadlines",
    "ErrorInfo",
    "ErrorKind",
    "Event",
    "Failed",
    "Finished",
    "Library",
    "Live",
    "ManagedProvider",
    "Metrics",
    "MisuseError",
    "Model",
    "NoRecorder",
    "NotFoundError",
    "Notice",
    "NullRecorder",
    "Options",
    "Policy",
    "Provider",
    "ProviderError",
    "ProviderEvent",
    "ReasoningDelta",
    "Recorder",
    "Reply",
    "ReplyTask",
    "ReplyTasks",
    "Revised",
    "Role",
    "Run",
    "SavedNotice",
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

if not TYPE_CHECKING:  # a type checker is to know what there isn't

    def __getattr__(name: str) -> Any:
        """Import what is asked for when it is: programs that need one value are spared the rest, and asyncio."""
        if name in __all__:
            name = _FORMER.get(name, name)
            for module in _MODULES:
                members = vars(import_module(f"{__name__}.{module}"))
                if name in members:
                    return members[name]
        raise AttributeError(f"module {__name__} has no attribute {name}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
