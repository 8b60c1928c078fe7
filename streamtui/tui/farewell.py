"""What stays on the terminal once the app has left it. Imports no Textual."""

from dataclasses import dataclass
from typing import Literal

from streamtui.workspace import Session

LastWord = Literal["nothing", "resume", "reply"]
"""Nothing; how to come back; that and the last reply."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the settings want to stay."""

    command: str = "streamtui"
    """What was called, with what it takes to find the conversation again."""
    last_word: LastWord = "resume"

    def text(self, session: Session) -> str:
        """Return what to write below the prompt for the session in view: nothing of one in which nothing is saved."""
        conversation = session.conversation
        if self.last_word == "nothing" or not conversation.messages or not session.is_saved:
            return ""
        lines = [f"To go on with this conversation: {self.command} --resume {conversation.id}"]
        replies = [message.text for message in conversation.path() if message.role == "assistant" and message.text]
        if self.last_word == "reply" and replies:
            lines.insert(0, replies[-1] + "\n")
        return "\n".join(lines)
