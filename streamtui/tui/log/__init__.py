"""The message log. Draws bubbles in one widget; knows messages and Markdown, no store, provider or setting."""

from streamtui.tui.log.posts import Action
from streamtui.tui.log.widget import MessageLog

__all__ = ["Action", "MessageLog"]
