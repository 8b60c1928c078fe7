"""The list of saved conversations, with type-to-filter."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from rich.cells import set_cell_size
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import ConversationSummary, Library

_MARKS: Final = {"stopped": "■", "failed": "✗", "interrupted": "◌"}


class Conversations(ModalScreen[str | None]):
    """Dismissed with the id of the chosen conversation. Deleting hides a conversation, which `ctrl+u` takes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,ctrl+o", "dismiss(None)", "close", show=False),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("ctrl+x,delete", "delete", "delete", show=False, priority=True),
        Binding("ctrl+u", "restore", "undo the deletion", show=False, priority=True),
    ]

    def __init__(
        self, library: Library, streaming: Callable[[], set[str]], deleted: Callable[[str], None], current: str
    ) -> None:
        super().__init__()
        self._library = library
        self._streaming = streaming
        self._deleted = deleted
        self._current = current
        self._all: list[ConversationSummary] = []
        self._shown: list[ConversationSummary] = []
        self._last_deleted: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog picker"):
            yield Input(placeholder="Type to filter", compact=True)
            yield OptionList(compact=True)
            yield Static(Content("enter open · ctrl+x delete · ctrl+u undo · esc close"), markup=False, classes="hints")

    def on_mount(self) -> None:
        self._load()
        self.set_interval(0.5, self._mark)

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            self._all = await self._library.conversations()
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
        self._show()

    @on(Input.Changed)
    def _filter(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._mark()

    def _show(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        self._shown = found = [each for each in self._all if all(word in _haystack(each) for word in words)]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._row(each), id=each.id) for each in found])
        if found:
            options.highlighted = 0
        elif not self._all:
            options.add_option(Option(Content("Nothing is saved yet."), disabled=True))

    def _mark(self) -> None:
        """Keep the marks of streaming conversations true while the list is open."""
        options = self.query_one(OptionList)
        for each in self._shown[:100]:
            options.replace_option_prompt(each.id, self._row(each))

    def _row(self, each: ConversationSummary) -> Content:
        mark = "●" if each.id in self._streaming() else _MARKS.get(each.status, " ")
        here = "›" if each.id == self._current else " "
        room = self.query_one(OptionList).scrollable_content_region.width
        width = max(12, room - 36)
        when = ago(time.time() - each.updated)
        return Content(f"{here}{mark} {set_cell_size(each.title, width)} {when:>7}  {set_cell_size(each.model, 22)}")

    @on(Input.Submitted)
    def _submit(self) -> None:
        if (chosen := self._highlighted()) is not None:
            self.dismiss(chosen)

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @work
    async def action_delete(self) -> None:
        chosen = self._highlighted()
        if chosen is None:
            return
        try:
            self._deleted(chosen)
            await self._library.delete(chosen)
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._last_deleted = chosen
        self._all = [each for each in self._all if each.id != chosen]
        self._show()
        self.notify("Deleted. ctrl+u takes it back for ten seconds.", markup=False, timeout=10)

    @work
    async def action_restore(self) -> None:
        if self._last_deleted is None:
            return
        last, self._last_deleted = self._last_deleted, None
        try:
            restored = await self._library.restore(last)
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify("It is back." if restored else "Too late: it is gone.", markup=False)
        self._load()

    def _highlighted(self) -> str | None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            return None
        return options.get_option_at_index(options.highlighted).id


def _haystack(each: ConversationSummary) -> str:
    return f"{each.title} {each.model} {each.id}".casefold()


def ago(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    units: Sequence[tuple[float, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"))
    for size, unit in units:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"
