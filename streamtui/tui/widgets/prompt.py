"""The box the reader writes in: several lines, grows, remembers what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from streamtui.chat.sanitize import sanitize

NEWLINE_KEYS: Final = ("shift+enter", "ctrl+enter", "ctrl+j", "alt+enter")


class PromptHistory:
    """The prompts sent before, and where the reader is among them. Newest first."""

    def __init__(self, prompts: Sequence[str] = ()) -> None:
        self._prompts = list(prompts)
        self._at = -1

    @property
    def shown(self) -> str | None:
        """The prompt that the reader is at."""
        return self._prompts[self._at] if self._at >= 0 else None

    def load(self, prompts: Sequence[str]) -> None:
        """Put older prompts below the ones already here."""
        self._prompts += [prompt for prompt in prompts if prompt not in self._prompts]

    def remember(self, prompt: str) -> None:
        """Put `prompt` on top and stop walking."""
        self._prompts = [prompt, *(each for each in self._prompts if each != prompt)]
        self._at = -1

    def older(self) -> str | None:
        if self._at + 1 >= len(self._prompts):
            return None
        self._at += 1
        return self._prompts[self._at]

    def newer(self) -> str:
        """Return the next newer prompt; past the newest that is the empty box."""
        self._at = max(-1, self._at - 1)
        return self.shown or ""

    def leave(self) -> None:
        self._at = -1


class Prompt(TextArea):
    """Posts `Submitted` for Enter, and is empty then; never changes or clears a text on its own otherwise."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "send", show=False, priority=False),
        Binding("ctrl+d", "leave_or_delete", "quit on an empty box", show=False),
        Binding("up", "up", "prompt history on an empty box", show=False),
        Binding("down", "down", "newer prompt", show=False),
        Binding("home", "home", "start of line, or of the conversation on an empty box", show=False),
        Binding("end", "end", "end of line, or of the conversation on an empty box", show=False),
        Binding("pageup", "page(-1)", "scroll up", show=False),
        Binding("pagedown", "page(1)", "scroll down", show=False),
        Binding("ctrl+home", "edge(-1)", "start of the conversation", show=False),
        Binding("ctrl+end", "edge(1)", "end of the conversation", show=False),
        Binding("ctrl+underscore,ctrl+slash", "undo", "undo", show=False),  # the usual ctrl+z suspends
    ]

    @dataclass
    class Submitted(Message):
        """Enter was pressed on this text, which has left the box: it may be followed at once by more keys. Who has no
        use for it gives it back."""

        text: str

    @dataclass
    class Scrolled(Message):
        """A key for the conversation above: `pages` up or down, or to its `edge`."""

        pages: int = 0
        edge: int = 0

    class SentNothing(Message):
        """Enter was pressed on the empty box."""

    class Recalled(Message):
        """Up was pressed on the empty box: a queued prompt, if there is one, comes back before the history does."""

    class Left(Message):
        """Ctrl+D was pressed on the empty box."""

    @dataclass
    class MenuKey(Message):
        """Up, Down or Tab was pressed while the list of commands is open."""

        key: str

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", compact=True)
        self.recent = PromptHistory()
        self.has_menu = False
        """Whether the list of commands is open, which then gets Up, Down and Tab."""

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    def take(self) -> str:
        """Return the text, cleaned, and leave the box empty."""
        text = sanitize(self.text)
        self.put("")
        return text

    def give_back(self, text: str) -> None:
        """Put what was taken before what was typed since."""
        self.put(text + self.text)

    def put(self, text: str) -> None:
        """Replace the text, the cursor at its end. Undo brings the old one back."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if self.has_menu and event.key in ("up", "down", "tab"):
            self._stop(event)
            self.post_message(self.MenuKey(event.key))
        elif event.key in NEWLINE_KEYS:
            self._stop(event)
            self.insert("\n")
        elif event.key == "enter":
            self._stop(event)
            self._enter()
        elif event.key.startswith("alt+"):
            event.prevent_default()  # it carries a letter, and is a key of the screen all the same
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        self._stop(event)
        self.insert_pasted(event.text)

    def insert_pasted(self, text: str) -> None:
        """Insert pasted text as text: no newline in it sends, no character in it is a key."""
        result = self._replace_via_keyboard(sanitize(text), *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)

    def _stop(self, event: events.Event) -> None:
        event.stop()
        event.prevent_default()

    def _enter(self) -> None:
        row, column = self.cursor_location
        if column and self.document.get_line(row)[column - 1] == "\\":
            self.replace("\n", (row, column - 1), (row, column))
            return
        self.action_submit()

    def action_submit(self) -> None:
        if self.is_blank:
            self.post_message(self.SentNothing())
        else:
            self.post_message(self.Submitted(sanitize(self.text)))
            self.put("")  # second: what its own message says of the empty box is heard after the other one

    def action_leave_or_delete(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Left())

    def _is_walking(self) -> bool:
        """Return whether the box shows a prompt of the history as it was. Changing it ends the walk."""
        if self.recent.shown != self.text:
            self.recent.leave()
        return self.recent.shown is not None

    def action_up(self) -> None:
        is_walking = self._is_walking()
        if not self.text:
            self.post_message(self.Recalled())
        elif is_walking and self.cursor_at_first_line:
            self.recall()
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        if self._is_walking() and self.cursor_at_last_line:
            self.put(self.recent.newer())
        else:
            self.action_cursor_down()

    def recall(self) -> None:
        """Show the next older prompt."""
        older = self.recent.older()
        if older is not None:
            self.put(older)

    def action_home(self) -> None:
        if self.text:
            self.action_cursor_line_start()
        else:
            self.post_message(self.Scrolled(edge=-1))

    def action_end(self) -> None:
        row, column = self.cursor_location
        if column < len(self.document.get_line(row)):
            self.action_cursor_line_end()
        else:
            self.post_message(self.Scrolled(edge=1))

    def action_page(self, pages: int) -> None:
        self.post_message(self.Scrolled(pages=pages))

    def action_edge(self, edge: int) -> None:
        self.post_message(self.Scrolled(edge=edge))
