"""The prompts that were ever sent, with type-to-filter."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.errors import StoreError
from streamtui.chat.ports import Library
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.screens.picker import Picker

_MOST: Final = 200
"""Prompts that are shown: who wants an older one types more of it."""
_LONGEST_LINE: Final = 300


class Prompts(Picker):
    """Dismissed with a number for which `text` returns the prompt."""

    PLACEHOLDER = "Search your prompts"
    HINT = "enter put it into the box · ctrl+r older · esc close"
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.PROMPTS)

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._prompts: Sequence[str] = ()
        self._typed = ""

    def text(self, id: str) -> str:
        """Return the whole prompt that was chosen."""
        return self._prompts[int(id)]

    def on_mount(self) -> None:
        self.is_loading = True
        self._load("")

    def matching(self, typed: str) -> list[Option]:
        """Return what is known already; the store is asked for more."""
        if typed != self._typed:
            self.is_loading = True
            self._load(typed)
        options = [
            Option(Content(sanitize_line(prompt, _LONGEST_LINE)), id=str(number))
            for number, prompt in enumerate(self._prompts)
            if typed in prompt.casefold()
        ]
        if options or self.is_loading:
            return options
        nothing = "None of your prompts has that in it." if typed else "Nothing was sent yet."
        return [Option(Content(nothing), disabled=True)]

    @work(exclusive=True, group="load")
    async def _load(self, typed: str) -> None:
        self._typed = typed
        try:
            self._prompts = await self._library.search_prompts(typed, _MOST)
        except StoreError as error:
            self.tell(str(error), 10)
        self.is_loading = False
        self.offer()
