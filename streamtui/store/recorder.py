"""Conversations written down as they happen."""

import asyncio
from collections.abc import Callable, Sequence

from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.store.operations import Begin, Settle, Update, Withdraw
from streamtui.store.queue.writer import QueueWriter


class SavedRecorder:
    """Implements `chat.ports.Recorder`."""

    def __init__(self, writer: QueueWriter, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._clock = clock
        self.append = writer.append
        """`Recorder.append` without a call in between: there is one per token."""

    async def begin(
        self, record: ConversationRecord, messages: Sequence[ChatMessage], earlier: Sequence[ChatMessage] = ()
    ) -> None:
        begin = Begin(record, tuple(messages), tuple(earlier))
        await asyncio.wrap_future(self._writer.pending.written(self._writer.add(begin)))

    def settle(self, conversation: str, message: ChatMessage) -> None:
        self._writer.add(Settle(conversation, message, self._clock()))

    def withdraw(self, record: ConversationRecord, messages: Sequence[str]) -> None:
        self._writer.add(Withdraw(record, tuple(messages)))

    def update(self, record: ConversationRecord) -> None:
        self._writer.add(Update(record))
