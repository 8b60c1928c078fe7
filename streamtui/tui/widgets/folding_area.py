"""A text area in which long pastes are chips.

Private Textual names used here, checked on 8.2.8: `textual.document._document`, `textual.document._edit`,
`TextArea._replace_via_keyboard`.
"""

from dataclasses import replace

from textual import events
from textual.document._document import EditResult, Location, Selection
from textual.document._edit import Edit
from textual.widgets import TextArea

from streamtui.tui.widgets.pastes import Pastes


class FoldingArea(TextArea, inherit_bindings=False):
    """Holds a text, parts of it folded; the cursor and every edit go over a chip in one step."""

    def __init__(self) -> None:
        self._pastes = Pastes()  # first: the text area asks at once
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", compact=True)

    @property
    def draft(self) -> str:
        """The text, with what its chips stand for."""
        return self._pastes.unfold(self.text)

    @property
    def selected_text(self) -> str:
        return self._pastes.unfold(super().selected_text)

    def put(self, text: str) -> None:
        """Replace the text, the cursor at its end. Undo brings the old one back."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def insert_folded(self, text: str) -> None:
        """Put a text in place of what is selected, a long one as a chip."""
        result = self._replace_via_keyboard(self._pastes.fold(text), *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def undo(self) -> None:
        self._leave_lines_that_go()
        super().undo()

    def redo(self) -> None:
        self._leave_lines_that_go()
        super().redo()

    def _leave_lines_that_go(self) -> None:
        """Put the cursor where there is text in any case. Textual scrolls to it before it has taken it back, and fails
        where its line is gone; the edit knows where it was."""
        self.selection = Selection.cursor((0, 0))

    # -- chips of long pastes

    def edit(self, edit: Edit) -> EditResult:
        """Do an edit, one that touches a part of a chip to all of it."""
        top, bottom = sorted((edit.from_location, edit.to_location))
        if top == bottom:
            top = bottom = self._out_of_chip(top, to_end=True)
        else:
            top, bottom = self._out_of_chip(top, to_end=False), self._out_of_chip(bottom, to_end=True)
        if {top, bottom} != {edit.from_location, edit.to_location}:
            edit = replace(edit, from_location=top, to_location=bottom)
            self.history.checkpoint()  # a chip goes, and comes back, by itself
        return super().edit(edit)

    def validate_selection(self, selection: Selection) -> Selection:
        """Keep the cursor out of chips: it goes over one in a step."""
        start, end = (self._out_of_chip(place, to_end=place > self.selection.end) for place in selection)
        return Selection(start, end)

    def _out_of_chip(self, place: Location, *, to_end: bool) -> Location:
        row, column = place
        if not self._pastes.has_any or row >= self.document.line_count:
            return place
        chip = self._pastes.chip_at(self.document.get_line(row), column)
        return place if chip is None else (row, chip[to_end])

    def action_unfold(self) -> None:
        """Show long pastes as they are."""
        for row in reversed(range(self.document.line_count)):
            for chip in reversed(self._pastes.chips(self.document.get_line(row))):
                self._unfold(row, *chip)

    def on_click(self, event: events.Click) -> None:
        row, column = self.get_target_document_location(event)
        chips = self._pastes.chips(self.document.get_line(row)) if self.selection.is_empty else []
        for start, end in chips:
            if start <= column < end:
                self._unfold(row, start, end)

    def _unfold(self, row: int, start: int, end: int) -> None:
        text = self._pastes.unfold(self.document.get_line(row)[start:end])
        self.history.checkpoint()
        self.replace(text, (row, start), (row, end))
