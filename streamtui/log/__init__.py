"""The message log. Draws bubbles in one widget; knows messages and Markdown, no store, provider or setting."""

from streamtui.log.messages import Action
from streamtui.log.widget import MessageLog

__all__ = ["Action", "MessageLog"]
