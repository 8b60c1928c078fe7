"""The message cursor: which message the keys are about. Walks over messages; knows no key and no widget."""

from __future__ import annotations

from streamtui.log.model.bubble import Bubble
from streamtui.log.model.viewport import Viewport


class MessageCursor:
    """Moves the cursor of a view. Past the last message it goes away, and the end is followed again."""

    def __init__(self, view: Viewport) -> None:
        self._view = view

    @property
    def bubble(self) -> Bubble | None:
        return self._view.bubbles.current

    @property
    def message_id(self) -> str | None:
        """The message that the cursor is on; None while it is hidden."""
        return None if self.bubble is None else self.bubble.message.id

    def put_on(self, message_id: str | None) -> None:
        """Put the cursor on a message and bring that into the window; None hides it, and so does an unknown one."""
        bubbles = self._view.bubbles
        bubbles.current = None if message_id is None else bubbles.by_id.get(message_id)
        if bubbles.current is not None:
            self._view.reveal(bubbles.current)

    def move(self, step: int, prompts_only: bool = False) -> None:
        """Go up (-1) or down (1) by a message, or to the next one of the user's own.

        A hidden cursor appears on the last message in the window on the way up.
        """
        bubbles = self._view.bubbles
        in_view = self._view.bubbles_shown()
        if self.bubble is None and (step > 0 or not in_view):
            self._view.following = True
            return
        index = bubbles.index(in_view[-1] if self.bubble is None else self.bubble) + (step if self.bubble else 0)
        while prompts_only and 0 <= index < len(bubbles) and bubbles[index].message.role != "user":
            index += step
        if index >= len(bubbles):
            bubbles.current = None
            self._view.following = True
        elif index >= 0 and self.bubble is None and bubbles[index] in in_view:
            bubbles.current = bubbles[index]
        elif index >= 0:
            self.put_on(bubbles[index].message.id)
