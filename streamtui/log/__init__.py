"""A log of messages as one Textual widget: Markdown that streams, at any speed and any length.

It needs Textual, `streamtui.markdown` and the values of `streamtui.chat`, and nothing of the app. All of a program
that shows a conversation and lets one more reply stream in:

    from textual.app import App
    from streamtui.chat import ChatMessage, Finished, Segment, Status, TextDelta
    from streamtui.chat.metrics import Meter
    from streamtui.log import MessageLog

    class Chat(App):
        def compose(self):
            yield MessageLog()

        async def on_ready(self):
            log = self.query_one(MessageLog)
            log.show([ChatMessage("1", None, "user", (Segment("How are you?"),))])
            log.begin(ChatMessage("2", "1", "assistant", (Segment(status=Status.STREAMING),), "model"), Meter(0.0))
            for word in ("Never ", "**better**", "."):
                log.feed("2", TextDelta(word))
            log.feed("2", Finished("stop"))

A reply that `streamtui.chat` reads is followed by itself: `log.follow(task)`. What the user asks for is posted as a
message (`Copy`, `OpenLink`, `MessageAction`, `MenuRequested`), to be handled as `on_message_log_copy` and so on.
"""

from streamtui.log.messages import Action
from streamtui.log.paint.frame import COLUMN_WIDTH, Column, column
from streamtui.log.select.search import Match
from streamtui.log.widget import MessageLog

__all__ = ["COLUMN_WIDTH", "Action", "Column", "Match", "MessageLog", "column"]
