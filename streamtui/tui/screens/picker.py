"""A list to choose from, with type-to-filter."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT

_PAGE: Final = 100
"""Rows that are made at a time: what is further down is seen by going there, or by typing more."""
_NEAR: Final = 10
"""Rows before the last one at which more are made."""


class Picker(ModalScreen[str | None]):
    """Dismissed with the id of what was chosen. A subclass says what is on offer, and calls `offer` when that
    changes."""

    PLACEHOLDER: ClassVar = "Type to filter"
    HINT: ClassVar = "enter choose · esc close"
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.LIST)

    def __init__(self) -> None:
        super().__init__()
        self._hints = Static(Content(self.HINT), markup=False, classes="hints")
        """There from the beginning: news may come before the screen is composed."""
        self._news_timer: Timer | None = None
        self.is_loading = False
        """Whether more may still come to be on offer; Enter on an empty list waits for that."""
        self._is_enter_held = False
        self._more: Iterator[Option] = iter(())
        """What is on offer below the last row."""

    def matching(self, typed: str) -> Iterable[Option]:
        """Return what is on offer for what was typed, in lower case."""
        raise NotImplementedError

    def otherwise(self, typed: str) -> str | None:
        """Return what is chosen where nothing on offer is."""
        return None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog picker"):
            yield Input(placeholder=self.PLACEHOLDER, compact=True)
            yield OptionList(compact=True)
            yield self._hints

    @property
    def choices(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def highlighted(self) -> str | None:
        """The id of the option under the cursor."""
        at = self.choices.highlighted
        return None if at is None else self.choices.get_option_at_index(at).id

    def hint(self, text: str) -> None:
        """Say something below the list; it stays until something else is said."""
        if self._news_timer is not None:
            self._news_timer.stop()
        self._hints.update(Content(text))

    def tell(self, news: str, seconds: float) -> None:
        """Say something for a while, below the list, where it covers nothing."""
        self.hint(news)
        self._news_timer = self.set_timer(seconds, partial(self.hint, self.HINT))

    @on(Input.Changed)
    def _offer_anew(self) -> None:
        self.offer()

    def offer(self, *, keep: bool = False) -> None:
        """Show what matches, with the cursor on the first row; `keep` leaves it on its row if that is still there."""
        highlighted = self.highlighted if keep else None
        self._more = iter(self.matching(self.query_one(Input).value.casefold()))
        self.choices.clear_options()
        first = self._add_page()
        self.choices.highlighted = next((i for i, option in enumerate(first) if not option.disabled), None)
        if highlighted is not None:
            with suppress(OptionDoesNotExist):
                self.choices.highlighted = self.choices.get_option_index(highlighted)
        elif self.choices.highlighted:
            self.call_after_refresh(self.choices.scroll_home, animate=False)  # the heading above it is seen as well
        if self._is_enter_held and self.highlighted is not None:
            self.dismiss(self.highlighted)

    def _add_page(self) -> list[Option]:
        """Make more rows, and return them."""
        options = list(islice(self._more, _PAGE))
        self.choices.add_options(options)
        return options

    def append(self, options: Iterable[Option]) -> None:
        """Put more rows behind all others."""
        self._more = chain(self._more, options)
        if self.choices.option_count < _PAGE:
            self._add_page()

    @on(OptionList.OptionHighlighted)
    def _add_before_the_end(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index >= self.choices.option_count - _NEAR:
            self._add_page()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        if (picked := self.highlighted or self.otherwise(event.value)) is not None:
            self.dismiss(picked)
        else:
            self._is_enter_held = self.is_loading

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, step: int) -> None:
        if step > 0:
            self.choices.action_cursor_down()
        else:
            self.choices.action_cursor_up()
