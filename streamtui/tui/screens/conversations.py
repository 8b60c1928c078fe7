"""The list of saved conversations, with type-to-filter."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.errors import NotFoundError, StoreError
from streamtui.chat.ports import ConversationSummary, Library
from streamtui.tui.screens.picker import Picker

_MODEL: Final = 22
"""Cells of a model's name."""
_WIDE: Final = 60
"""With fewer cells in a row the title needs those of the model's name."""
_MARKS: Final = {"stopped": "■", "failed": "✗", "interrupted": "◌"}


class Conversations(Picker):
    """Dismissed with the id of the chosen conversation. Deleting hides a conversation, which `ctrl+u` takes back."""

    HINT = "enter open · ctrl+x delete · ctrl+u undo · esc close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "dismiss(None)", "close", show=False),
        Binding("ctrl+x", "delete", "delete", show=False, priority=True),
        Binding("ctrl+u", "restore", "undo the deletion", show=False, priority=True),
    ]

    def __init__(
        self,
        library: Library,
        streaming: Callable[[], set[str]],
        deleted: Callable[[str], None],
        deletions: list[str],
        current: str,
    ) -> None:
        """`deletions` are what was deleted so far, the latest last: the list may be closed and opened again before one
        is taken back."""
        super().__init__()
        self._deletions = deletions
        self._library = library
        self._streaming = streaming
        self._deleted = deleted
        self._current = current
        self._all: list[ConversationSummary] = []
        self._shown: list[ConversationSummary] = []

    def on_mount(self) -> None:
        self._load()
        self.set_interval(0.5, self._mark)

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            self._all = await self._library.conversations()
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
        self.offer()

    def on_resize(self) -> None:
        self._mark()

    def matching(self, typed: str) -> list[Option]:
        words = typed.split()
        self._shown = [each for each in self._all if all(word in _haystack(each) for word in words)]
        if not self._all:
            return [Option(Content("Nothing is saved yet."), disabled=True)]
        if not self._shown:
            return [Option(Content("Nothing has all of these words in its title or model."), disabled=True)]
        return [Option(self._row(each), id=each.id) for each in self._shown]

    def _mark(self) -> None:
        """Keep the marks of streaming conversations true while the list is open."""
        for each in self._shown[:100]:
            self.choices.replace_option_prompt(each.id, self._row(each))

    def _row(self, each: ConversationSummary) -> Content:
        mark = "●" if each.id in self._streaming() else _MARKS.get(each.status, " ")
        here = "›" if each.id == self._current else " "
        room = self.choices.scrollable_content_region.width
        model = f"  {_fitted(each.model, _MODEL)}" if room >= _WIDE else ""
        when = f"{ago(time.time() - each.updated):>7}"
        title = _fitted(each.title, max(1, room - len(f"{here}{mark}  {when}") - cell_len(model)))
        return Content(f"{here}{mark} {title} {when}{model}")

    @work
    async def action_delete(self) -> None:
        chosen = self.highlighted
        if chosen is None:
            return
        try:
            self._deleted(chosen)
            with suppress(NotFoundError):  # nothing of it was worth keeping
                await self._library.delete(chosen)
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._deletions.append(chosen)
        self._all = [each for each in self._all if each.id != chosen]
        self.offer()
        self.tell("Deleted. ctrl+u takes it back for ten seconds.", 10)

    @work
    async def action_restore(self) -> None:
        if not self._deletions:
            return
        try:
            restored = await self._library.restore(self._deletions.pop())
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.tell("It is back." if restored else "Too late: it is gone.", 4)
        self._load()


def _fitted(text: str, cells: int) -> str:
    """Return `text` in exactly so many cells, an ellipsis where it is cut."""
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def _haystack(each: ConversationSummary) -> str:
    return f"{each.title} {each.model} {each.id}".casefold()


def ago(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    units: Sequence[tuple[float, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"))
    for size, unit in units:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"
