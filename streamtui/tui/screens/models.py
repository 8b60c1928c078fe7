"""Choosing the model that answers."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Catalog


class Models(ModalScreen[str | None]):
    """Dismissed with a model as `-m` takes it: one of the list, or what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape", "dismiss(None)", "close", show=False),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("up", "move(-1)", "up", show=False, priority=True),
    ]

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog
        self._all: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog picker"):
            yield Input(placeholder="Type a model's name", compact=True)
            yield OptionList(compact=True)
            yield Static(Content("asking the endpoint for its models …"), markup=False, classes="hints")

    def on_mount(self) -> None:
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        hint = "enter choose · esc close"
        try:
            self._all = await self._catalog.available()
        except StreamtuiError as error:
            hint = f"{error} A name that you type is taken as it is."
        self.query_one(".hints", Static).update(Content(hint))
        self._show()

    @on(Input.Changed)
    def _show(self) -> None:
        typed = self.query_one(Input).value.casefold()
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            [Option(Content(name), id=name) for name in dict.fromkeys(self._all) if typed in name.casefold()]
        )
        if options.option_count:
            options.highlighted = 0

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        options = self.query_one(OptionList)
        chosen = options.highlighted
        name = options.get_option_at_index(chosen).id if chosen is not None else event.value.strip()
        self.dismiss(name or None)

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()
