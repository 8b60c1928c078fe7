"""The box the user writes in: several lines, grows, remembers what was sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from streamtui.chat.sanitize import sanitize
from streamtui.tui.key import Place
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.widgets.folding_area import FoldingArea


class PromptHistory:
    """The prompts sent before, and which of them is shown. Newest first."""

    def __init__(self, prompts: Sequence[str] = ()) -> None:
        self._prompts = list(prompts)
        self._index = -1

    @property
    def shown(self) -> str | None:
        """The prompt of the history that is in the box; `None` where it is none."""
        return self._prompts[self._index] if self._index >= 0 else None

    def load(self, prompts: Sequence[str]) -> None:
        """Put older prompts below the ones already here."""
        self._prompts += [prompt for prompt in prompts if prompt not in self._prompts]

    def renew(self, prompts: Sequence[str]) -> None:
        """Hold these prompts and no others: some may be gone with their conversation."""
        self._prompts, self._index = list(prompts), -1

    def remember(self, prompt: str) -> None:
        """Put `prompt` on top and stop walking."""
        self._prompts = [prompt, *(other for other in self._prompts if other != prompt)]
        self._index = -1

    def older(self) -> str | None:
        if self._index + 1 >= len(self._prompts):
            return None
        self._index += 1
        return self._prompts[self._index]

    def newer(self) -> str:
        """Return the next newer prompt; past the newest that is the empty box."""
        self._index = max(-1, self._index - 1)
        return self.shown or ""

    def leave(self) -> None:
        self._index = -1


class EnterMeans(Enum):
    """What Enter is for, besides sending."""

    SEND = "send"
    COMMAND = "run the highlighted command"
    """The list of commands is open; it gets Up, Down and Tab as well."""
    PATH = "take the highlighted path"
    """The same of the list of paths."""


class Reading(Protocol):
    """The conversation above the box, for keys that are meant for it although the box has them."""

    @property
    def has_cursor(self) -> bool:
        """Whether the message cursor is shown: then Enter opens the menu of its message."""
        ...

    def page(self, pages: int) -> None:
        """Scroll so many windows up (negative) or down."""
        ...

    def edge(self, edge: int) -> None:
        """Go to the beginning (negative) or to the end, and follow it."""
        ...

    def sideways(self, step: int) -> None:
        """Show the branch beside the present one."""
        ...

    def open_menu(self) -> object:
        """Open the menu of the message under the cursor."""
        ...

    def hide_cursor(self) -> bool:
        """Put the message cursor away; return whether it was there."""
        ...


def _actions(bindings: Iterable[BindingType]) -> dict[str, str]:
    """Return what the keys of these bindings do, later ones instead of earlier ones."""
    known = [binding for binding in bindings if isinstance(binding, Binding)]
    return {key.strip(): binding.action for binding in known for key in binding.key.split(",")}


_HERE: Final = {"home": "home", "end": "end"}
"""Keys that have no row: in a text they do what they do everywhere."""


class Prompt(FoldingArea, inherit_bindings=False):
    """Posts `Submitted` for Enter, and is empty then; never changes or clears a text on its own otherwise."""

    @dataclass
    class Submitted(Message):
        """Enter was pressed on this text, which has left the box: it may be followed at once by more keys. Who has no
        use for it gives it back."""

        text: str

    class SentNothing(Message):
        """Enter was pressed on the empty box."""

    class Recalled(Message):
        """Up was pressed on the empty box: a queued prompt, if there is one, comes back before the history does."""

    @dataclass
    class Cut(Message):
        """This text was cut out of the box."""

        text: str
        what: str = "cut text"

    @dataclass
    class Pasted(Message):
        """This was pasted, and is about to be in the box."""

        text: str

    @dataclass
    class MenuKey(Message):
        """Tab was pressed, or Up, Down or Enter while a list is open that is meant by them."""

        key: str

    def __init__(self, reading: Reading, keys: Keybindings) -> None:
        super().__init__()
        self.cursor_blink = False  # twice a second a frame, which a slow link feels and an idle laptop too
        self.recent = PromptHistory()
        self.enter_means = EnterMeans.SEND
        self._reading = reading
        stock = {key: act for key, act in _actions(TextArea.BINDINGS).items() if key not in keys.default_keys}
        # Run by the box itself: Textual runs a binding only once the key has gone all the way up to the app, when what
        # was typed right behind it is in the box already. The same goes for keys that are bound on the screen.
        self._actions = stock | _HERE | _actions(keys.bindings(Place.BOX))
        self._screen_actions = _actions(keys.bindings(Place.CHAT))

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    def take(self) -> str:
        """Return the text, cleaned, and leave the box empty."""
        text = sanitize(self.draft)
        self.put("")
        return text

    def give_back(self, text: str) -> None:
        """Put what was taken before what was typed since."""
        self.put(text + self.text)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "tab":
            self._stop(event)  # there is nowhere else to go
            self.post_message(self.MenuKey("tab"))
        elif event.key == "enter":
            self._stop(event)
            self._enter()
        elif (action := self._actions.get(event.key)) is not None:
            self._stop(event)
            await self.run_action(action)
        elif (action := self._screen_actions.get(event.key)) is not None:
            self._stop(event)
            await self.app.run_action(action, self.screen)
        elif event.key.startswith("alt+"):
            event.prevent_default()  # it carries a letter, and is a key of the screen all the same
        else:
            if event.is_printable:
                self._leave_messages()
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        self._stop(event)
        self.post_message(self.Pasted(event.text))
        self.insert_pasted(event.text)

    def insert_pasted(self, text: str) -> None:
        """Insert pasted text as text: no newline in it sends, no character in it is a key. A long one is folded."""
        self._leave_messages()
        self.insert_folded(sanitize(text))

    def _stop(self, event: events.Event) -> None:
        event.stop()
        event.prevent_default()

    def _leave_messages(self) -> None:
        if self._reading.has_cursor:
            self._reading.hide_cursor()

    def _enter(self) -> None:
        if self._reading.has_cursor:
            self._reading.open_menu()
            return
        if self.enter_means is EnterMeans.PATH:
            self.post_message(self.MenuKey("enter"))
            return
        row, column = self.cursor_location
        if column and self.document.get_line(row)[column - 1] == "\\":
            self.replace("\n", (row, column - 1), (row, column))
            return
        self.action_submit()

    def action_submit(self) -> None:
        if self.is_blank:
            self.post_message(self.SentNothing())
        else:
            self.post_message(self.Submitted(sanitize(self.draft)))
            self.put("")  # second: what its own message says of the empty box is heard after the other one

    def action_newline(self) -> None:
        self.insert_pasted("\n")

    def action_cut_selection(self) -> None:
        """Cut what is selected; without a selection the clipboard stays as it is."""
        if selected := self.selected_text:
            self.post_message(self.Cut(selected))
            self.action_delete_left()

    async def action_leave_or_delete(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            await self.app.run_action("command('quit')", self.screen)

    def _is_walking(self) -> bool:
        """Return whether the box shows a prompt of the history as it was. Changing it ends the walk."""
        if self.recent.shown != self.text:
            self.recent.leave()
        return self.recent.shown is not None

    def action_up(self) -> None:
        is_walking = self._is_walking()
        if self.enter_means is not EnterMeans.SEND:
            self.post_message(self.MenuKey("up"))
        elif not self.text:
            self.post_message(self.Recalled())
        elif is_walking and self.cursor_at_first_line:
            self.recall()
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        if self.enter_means is not EnterMeans.SEND:
            self.post_message(self.MenuKey("down"))
        elif self._is_walking() and self.cursor_at_last_line:
            self.put(self.recent.newer())
        else:
            self.action_cursor_down()

    def recall(self) -> None:
        """Show the next older prompt."""
        older = self.recent.older()
        if older is not None:
            self.put(older)

    def action_sideways(self, step: int) -> None:
        """Go a word left or right; with no words, let the conversation show another branch."""
        if not self.text or self._reading.has_cursor:
            self._reading.sideways(step)
        elif step < 0:
            self.action_cursor_word_left()
        else:
            self.action_cursor_word_right()

    def action_home(self) -> None:
        if self.text:
            self.action_cursor_line_start()
        else:
            self._reading.edge(-1)

    def action_end(self) -> None:
        row, column = self.cursor_location
        if column < len(self.document.get_line(row)):
            self.action_cursor_line_end()
        else:
            self._reading.edge(1)

    def action_page(self, pages: int) -> None:
        self._reading.page(pages)

    def action_edge(self, edge: int) -> None:
        self._reading.edge(edge)
