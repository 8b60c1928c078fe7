"""What can be done with messages: which one, which code, which link is meant, and the message that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from textual.message import Message
from textual.strip import Strip

from streamtui.log import messages
from streamtui.log.model.bubble import Bubble
from streamtui.log.model.viewport import Viewport

if TYPE_CHECKING:  # it needs the parser
    from streamtui.markdown import CodeBlock


class MessageActions:
    """Asks the app to copy, open, branch, edit. Nothing is done here: every wish is posted."""

    def __init__(self, view: Viewport, post: Callable[[Message], object]) -> None:
        self._view = view
        self._post = post

    def clicked(self, meta: dict[str, object], bubble: Bubble) -> None:
        """Ask for what was clicked on in `bubble`, if it is anything."""
        match meta:
            case {"href": str(href)}:
                self.open(href)
            case {"code": int(number)}:
                self._copy_code(code for code in _codes(bubble) if code.number == number)
            case {"do": "copy"}:
                self.copy(bubble)
            case {"do": "menu"}:
                self.open_menu(bubble)
            case {"do": ("regenerate" | "edit" | "continue" | "branch_left" | "branch_right") as action}:
                self._post(messages.MessageAction(action, bubble.message.id))

    def open_menu(self, bubble: Bubble) -> None:
        self._post(messages.MenuRequested(bubble.message.id))

    def copy(self, bubble: Bubble) -> None:
        self._post(messages.Copy(bubble.message.text, "message"))

    def open(self, href: str) -> None:
        scheme, colon, rest = href.partition(":")
        self._post(messages.OpenLink(scheme.lower() + colon + rest))

    def open_link(self, strips: Sequence[Strip]) -> None:
        """Open the first link in `strips`, the rows in view: of the message under the cursor, or of any message."""
        current = self._view.bubbles.current
        for row, strip in zip(self._view.shown, strips, strict=False):
            if current not in (None, row.bubble):
                continue
            for segment in strip:
                href = segment.style.meta.get("href") if segment.style is not None else None
                if isinstance(href, str):
                    self.open(href)
                    return

    # -- code

    def code_blocks(self) -> list[CodeBlock]:
        """Return the code blocks that a number means: of the message under the cursor, else of those in view."""
        current = self._view.bubbles.current
        bubbles = [current] if current is not None else self._view.bubbles_shown()
        return [code for bubble in bubbles for code in _codes(bubble)]

    def copy_code(self, number: int) -> bool:
        """Copy a code block by its number, 0 for the last; of several with that number, the last in view."""
        return self._copy_code(code for code in self.code_blocks() if number in (0, code.number))

    def _copy_code(self, codes: Iterable[CodeBlock]) -> bool:
        chosen = list(codes)
        if chosen:
            self._post(messages.Copy(chosen[-1].text, f"code block {chosen[-1].number}"))
        return bool(chosen)


def _codes(bubble: Bubble) -> Sequence[CodeBlock]:
    return bubble.content.body.code_blocks if bubble.content is not None else ()
