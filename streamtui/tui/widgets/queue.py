"""The prompts that wait for the reply in flight, above the box."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from streamtui.chat.sanitize import sanitize_line
from streamtui.log import COLUMN_WIDTH
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.workspace import Outgoing

_LONGEST: Final = 300
_WIDE: Final = 60
"""Cells below which a row has no room for buttons."""
_BUTTONS: Final = (("edit", "edit"), ("earlier", "▲"), ("later", "▼"), ("remove", "✕"))
"""What a click on the end of a row does, and how that is written."""


class Queue(OptionList):
    """One row for each. Has the keys only when the user asks for that; the mouse needs no keys."""

    FOCUS_ON_CLICK = False
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.QUEUE)

    def __init__(self) -> None:
        super().__init__(id="queue", compact=True)
        self._outgoing: Outgoing | None = None
        self._texts: Sequence[str] = ()

    def show(self, outgoing: Outgoing) -> None:
        """Show what waits in a session."""
        self._outgoing = outgoing
        self._texts = [prompt.text for prompt in outgoing.next.queued]
        self.set_class(bool(self._texts), "-shown")
        at = self.highlighted
        self.clear_options()
        self.add_options([Option(self._row(n, text)) for n, text in enumerate(self._texts)])
        self.highlighted = min(at or 0, len(self._texts) - 1) if self.has_focus and self._texts else None
        if not self._texts and self.has_focus:
            self.leave()

    def on_resize(self) -> None:
        for number, text in enumerate(self._texts):
            self.replace_option_prompt_at_index(number, self._row(number, text))

    def enter(self) -> bool:
        """Take the keys; return whether there is anything to do with them."""
        if not self._texts:
            return False
        self.focus()
        self.highlighted = 0
        return True

    def leave(self) -> bool:
        """Give the keys back to the box; return whether they were here."""
        had_keys = self.has_focus
        if had_keys:
            self.screen.query_one("Prompt").focus()
        return had_keys

    def on_blur(self) -> None:
        self.highlighted = None

    def _row(self, number: int, text: str) -> Content:
        buttons = Content("  ").join(
            Content.styled(label, Style.from_meta({"queue": action, "number": number})) for action, label in _BUTTONS
        )
        width = self.scrollable_content_region.width or self.app.size.width - 4
        line = Content(f"{'then' if number else 'next'}: {sanitize_line(text, _LONGEST)}")
        if width < _WIDE:
            return line
        room = max(1, min(width, COLUMN_WIDTH) - 2 - buttons.cell_length)
        line = line.truncate(room, ellipsis=True, pad=True)
        return Content.assemble(line, "  ", buttons)

    # -- what is done with a prompt

    def action_edit(self) -> None:
        self._do("edit", self.highlighted)

    def action_remove(self) -> None:
        self._do("remove", self.highlighted)

    def action_move(self, step: int) -> None:
        self._do("earlier" if step < 0 else "later", self.highlighted)

    @on(OptionList.OptionSelected)
    def select(self, event: OptionList.OptionSelected) -> None:
        self._do("edit", event.option_index)

    async def on_click(self, event: events.Click) -> None:
        """Do what the end of a row says; a click on the prompt itself edits it."""
        match event.style.meta:
            case {"queue": str(action), "number": int(number)}:
                event.prevent_default()
                self._do(action, number)
            case _:
                pass

    def _do(self, action: str, number: int | None) -> None:
        outgoing = self._outgoing
        if outgoing is None or number is None or not 0 <= number < len(self._texts):
            return
        match action:
            case "edit":
                self.leave()
                outgoing.edit_queued(number)
            case "remove":
                outgoing.remove_queued(number)
            case _:
                step = -1 if action == "earlier" else 1
                if outgoing.move_queued(number, step) and self.has_focus:
                    self.highlighted = number + step
