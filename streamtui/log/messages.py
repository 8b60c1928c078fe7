"""What the user asks of the app through the log; handlers are named after `MessageLog`."""

from __future__ import annotations

from typing import Literal

from textual.message import Message

Action = Literal["regenerate", "edit", "continue", "branch_left", "branch_right"]


class Copy(Message, namespace="message_log"):
    """The user asks for `text` on the clipboard; `what` names it."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what


class OpenLink(Message, namespace="message_log"):
    """The user asks for the page at `href`, which is http or https and has a host."""

    def __init__(self, href: str) -> None:
        super().__init__()
        self.href = href


class MessageAction(Message, namespace="message_log"):
    """The user asks for something to be done with a message."""

    def __init__(self, action: Action, message_id: str) -> None:
        super().__init__()
        self.action: Action = action
        self.message_id = message_id


class MenuRequested(Message, namespace="message_log"):
    """The user asks what can be done with the message under the cursor."""

    def __init__(self, message_id: str) -> None:
        super().__init__()
        self.message_id = message_id
