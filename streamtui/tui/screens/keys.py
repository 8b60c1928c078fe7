"""Giving a key: for which endpoint, and the key itself, which is never shown."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static
from textual.widgets.option_list import Option

from streamtui.chat.credentials import KeptKey, KeyOffer, KeySetup
from streamtui.chat.errors import StreamtuiError
from streamtui.tui.screens.picker import Picker

_NAME = 14
"""Cells for the name of an endpoint."""


class Endpoints(Picker):
    """Dismissed with the name of a known endpoint, or the address that was typed or pasted."""

    PLACEHOLDER = "Choose one, or paste the address of another"
    HINT = "enter choose · an address, such as https://llm.example/v1, is taken as it is · esc close"

    def __init__(self, offers: Sequence[KeyOffer]) -> None:
        super().__init__()
        self._offers = offers

    def on_mount(self) -> None:
        self.offer()

    def matching(self, typed: str) -> list[Option]:
        shown = [one for one in self._offers if typed in f"{one.title} {one.name} {one.host}".casefold()]
        return [Option(_row(one), id=one.name) for one in shown]

    def otherwise(self, typed: str) -> str | None:
        return typed.strip() or None


def _row(offer: KeyOffer) -> Content:
    there = " · has a key" if offer.has_key else ""
    return Content.assemble((f"{offer.title:<{_NAME}}", "bold"), " ", f"{offer.host}{there}")


class _KeyInput(Input):
    """A box whose content is neither shown nor copied."""

    def __init__(self) -> None:
        super().__init__(password=True, placeholder="Paste the key; it is not shown", compact=True)

    @property
    def selected_text(self) -> str:
        return ""


class KeyEntry(ModalScreen[KeptKey | None]):
    """Takes a key, has it checked, and kept; dismissed with what is kept then. A key that is refused can be corrected
    in place."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape,ctrl+c", "dismiss(None)", "close", show=False, priority=True),
    ]

    def __init__(self, keys: KeySetup, offer: KeyOffer) -> None:
        super().__init__()
        self._keys, self._offer = keys, offer

    def compose(self) -> ComposeResult:
        offer = self._offer
        none = " Without one, leave this empty." if offer.is_optional else ""
        with Vertical(classes="dialog key"):
            title = offer.host if offer.title == offer.name else f"{offer.title} ({offer.host})"
            yield Static(Content.assemble((f"Key for {title}", "bold")), markup=False)
            yield _KeyInput()
            if offer.can_use_keyring:
                yield Checkbox("Keep it in the keyring, not in a file", compact=True)
            yield Static(Content(f"It is checked there before it is kept.{none}"), classes="news", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Check and keep", id="yes", variant="primary", compact=True)

    @on(Button.Pressed, "#no")
    def close(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#yes")
    @on(Input.Submitted)
    def submit(self) -> None:
        key = self.query_one(_KeyInput).value
        if key.strip() or self._offer.is_optional:
            self._tell(f"Asking {self._offer.host} …")
            self._check(key)

    @work(exclusive=True)
    async def _check(self, key: str) -> None:
        boxes = self.query(Checkbox)
        in_keyring = bool(boxes) and boxes.first().value
        try:
            models = await self._keys.check(self._offer, key)
            kept = await self._keys.keep(self._offer, key, models, in_keyring=in_keyring)
        except StreamtuiError as error:
            self._tell(str(error))
            return
        self.dismiss(kept)

    def _tell(self, text: str) -> None:
        self.query_one(".news", Static).update(Content(text))
