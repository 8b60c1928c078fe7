"""The message log. Draws bubbles in one widget; knows messages and Markdown, no store, provider or setting."""

from streamtui.tui.log.widget import Action, MessageLog

__all__ = ["Action", "MessageLog"]
