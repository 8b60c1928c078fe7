"""The files that go along with the draft, above the box: a chip with name and size for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from streamtui.chat.messages import DraftAttachment
from streamtui.chat.sanitize import sanitize_line
from streamtui.workspace.attachments import size_words

MOST_ROWS: Final = 3
_LONGEST_NAME: Final = 40
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class _Chip:
    attachment: DraftAttachment
    text: str
    row: int
    start: int

    @property
    def end(self) -> int:
        return self.start + cell_len(self.text)


class AttachmentBar(Static):
    """Chips of files; a click on one takes it away."""

    @dataclass
    class Removed(Message):
        attachment: DraftAttachment

    def __init__(self) -> None:
        super().__init__(id="attachments", markup=False)
        self._attachments: Sequence[DraftAttachment] = ()
        self._chips: list[_Chip] = []

    def show(self, attachments: Sequence[DraftAttachment]) -> None:
        """Show these chips, or nothing."""
        if attachments != self._attachments:
            self._attachments = attachments
            self.set_class(bool(attachments), "-shown")
            self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def on_click(self, event: events.Click) -> None:
        for chip in self._chips:
            if chip.row == event.y and chip.start <= event.x - self.styles.padding.left < chip.end:
                self.post_message(self.Removed(chip.attachment))

    def _arrange(self) -> None:
        width = max(20, (self.size.width or self.app.size.width) - self.styles.padding.width)
        self._chips = _laid_out(self._attachments, width)
        hidden = len(self._attachments) - len(self._chips)
        lines: list[str] = []
        for chip in self._chips:
            if chip.row == len(lines):
                lines.append("")
            lines[-1] += " " * (chip.start - cell_len(lines[-1])) + chip.text
        self.update(Content("\n".join(lines) + (f"  … {hidden} more" if hidden else "")))


def _laid_out(attachments: Sequence[DraftAttachment], width: int) -> list[_Chip]:
    """Return chips in rows of `width` cells, as many as `MOST_ROWS` hold."""
    chips: list[_Chip] = []
    row, at = 0, 0
    for attachment in attachments:
        text = chip_text(attachment, min(_LONGEST_NAME, width - 14))
        if at and at + cell_len(text) > width:
            row, at = row + 1, 0
        if row == MOST_ROWS:
            break
        chips.append(_Chip(attachment, text, row, at))
        at += cell_len(text) + _GAP
    return chips


def chip_text(attachment: DraftAttachment, longest: int) -> str:
    """Return what a chip says: the name, cut to `longest` cells, the size, and a sign that takes it away."""
    name = sanitize_line(attachment.name)
    if cell_len(name) > longest:
        name = set_cell_size(name, longest - 1) + "…"
    return f"▣ {name} {size_words(attachment.size)} ×"
