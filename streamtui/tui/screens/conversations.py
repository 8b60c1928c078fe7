"""The list of saved conversations, with type-to-filter."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.chat.ports import ConversationSummary
from streamtui.tui import keymap
from streamtui.tui.keymap import Place
from streamtui.tui.screens.picker import Picker
from streamtui.workspace import Workspace

_MODEL: Final = 22
"""Cells of a model's name."""
_WIDE: Final = 60
"""With fewer cells in a row the title needs those of the model's name."""
_MARKS: Final = {"stopped": "■", "failed": "✗", "interrupted": "◌"}


class Conversations(Picker):
    """Dismissed with the id of the chosen conversation. Deleting hides a conversation, which `ctrl+u` takes back."""

    HINT = "enter open · ctrl+x delete · ctrl+u undo · esc close"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Place.CONVERSATIONS)

    def __init__(self, workspace: Workspace, current: str) -> None:
        """`current` is the id of the conversation in view."""
        super().__init__()
        self._workspace = workspace
        self._current = current
        self._all: list[ConversationSummary] = []
        self._shown: list[ConversationSummary] = []

    def on_mount(self) -> None:
        self._load()
        self.set_interval(0.5, self._mark)

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            self._all = await self._workspace.library.conversations()
        except StoreError as error:
            self.tell(str(error), 10)
        self.offer()

    def on_resize(self) -> None:
        self._mark()

    def matching(self, typed: str) -> list[Option]:
        words = typed.split()
        self._shown = [summary for summary in self._all if all(word in _haystack(summary) for word in words)]
        if not self._all:
            nothing = "Nothing else is saved." if self._workspace.can_undelete else "Nothing is saved yet."
            return [Option(Content(nothing), disabled=True)]
        if not self._shown:
            return [Option(Content("Nothing has all of these words in its title or model."), disabled=True)]
        return [Option(self._row(summary), id=summary.id) for summary in self._shown]

    def _mark(self) -> None:
        """Keep the marks of streaming conversations true while the list is open."""
        for summary in self._shown[:100]:
            self.choices.replace_option_prompt(summary.id, self._row(summary))

    def _row(self, summary: ConversationSummary) -> Content:
        mark = "●" if summary.id in self._workspace.tasks.conversations else _MARKS.get(summary.status, " ")
        here = "›" if summary.id == self._current else " "
        room = self.choices.scrollable_content_region.width
        model = f"  {_fitted(summary.model, _MODEL)}" if room >= _WIDE else ""
        when = f"{ago(time.time() - summary.updated):>7}"
        title = _fitted(summary.title, max(1, room - len(f"{here}{mark}  {when}") - cell_len(model)))
        return Content(f"{here}{mark} {title} {when}{model}")

    @work
    async def action_delete(self) -> None:
        id = self.highlighted
        if id is None:
            return
        try:
            with suppress(NotFoundError):  # nothing of it was worth keeping
                await self._workspace.delete(id)
        except StoreError as error:
            self.tell(str(error), 10)
            return
        self._all = [summary for summary in self._all if summary.id != id]
        self.offer()
        self.tell("Deleted. ctrl+u takes it back for ten seconds.", 10)

    @work
    async def action_undelete(self) -> None:
        if not self._workspace.can_undelete:
            self.tell("There is no deletion to take back.", 4)
            return
        try:
            restored = await self._workspace.undelete()
        except StoreError as error:
            self.tell(str(error), 10)
            return
        self.tell("It is back." if restored else "Too late: it is gone.", 4)
        self._load()


def _fitted(text: str, cells: int) -> str:
    """Return `text` in exactly so many cells, an ellipsis where it is cut."""
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def _haystack(summary: ConversationSummary) -> str:
    return f"{summary.title} {summary.model} {summary.id}".casefold()


def ago(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    units: Sequence[tuple[float, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"))
    for size, unit in units:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"
