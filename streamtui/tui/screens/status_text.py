"""What the status bar says of the session in view."""

import time
from typing import TYPE_CHECKING

from streamtui.log import MessageLog
from streamtui.tui.format import idle_line, state_line
from streamtui.tui.widgets.bars import Keys

if TYPE_CHECKING:
    from streamtui.tui.screens.chat import ChatScreen


def state(chat: "ChatScreen") -> list[str]:
    """Return how the replies go, here and elsewhere. The figures taken for it are those that the bubbles show."""
    session, app = chat.session, chat.app
    replies = [run.reply for run in session.runs]
    now = time.monotonic()
    for reply in replies:
        reply.meter.take(now)
    if replies:
        said = state_line(replies, now, session.past)
    else:
        said = idle_line(session.conversation.path(), app.start.prices)
    elsewhere = len(app.live) - len(replies)
    return [*said, f"● {elsewhere} elsewhere"] if elsewhere > 0 else said


def keys(chat: "ChatScreen") -> Keys:
    """Return what the keys do now."""
    if chat.menu.is_open:
        return Keys.MENU
    if isinstance(chat.focused, MessageLog):
        return Keys.MESSAGES
    if chat.stage.columns is not None:
        return Keys.RACING if chat.session.is_streaming else Keys.COLUMNS
    return Keys.STREAMING if chat.session.is_streaming else Keys.IDLE
