"""Choosing the model that answers."""

from textual import work
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.catalog import Catalog
from streamtui.chat.errors import StreamtuiError
from streamtui.tui.screens.picker import Picker


class Models(Picker):
    """Dismissed with a model as `-m` takes it: one of the list, or what was typed."""

    PLACEHOLDER = "Type a model's name"

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog
        self._all: list[str] = []

    def on_mount(self) -> None:
        self.hint("asking the endpoint for its models …")
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        hint = self.HINT
        try:
            self._all = await self._catalog.available()
        except StreamtuiError as error:
            hint = f"{error} A name that you type is taken as it is."
        self.hint(hint)
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        exact_first = sorted(dict.fromkeys(self._all), key=lambda name: name.casefold() != typed)
        options = [Option(Content(name), id=name) for name in exact_first if typed in name.casefold()]
        if self._all and not options:
            return [Option(Content("Not one of the endpoint's models; enter takes the name as it is."), disabled=True)]
        return options

    def otherwise(self, typed: str) -> str | None:
        return typed.strip() or None
