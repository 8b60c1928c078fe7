"""The list of paths that a word after an `@` may become."""

from dataclasses import dataclass

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.widgets.suggestions import Suggestions
from streamtui.workspace.attachments.completion import PathCompletion
from streamtui.workspace.attachments.words import FileWord


class PathMenu(Suggestions):
    """Shows paths for one word at a time."""

    @dataclass
    class Chosen(Message):
        """This path is what the word shall become."""

        word: FileWord
        path: str

    class Changed(Message):
        """The list is open now, or no longer."""

    def __init__(self) -> None:
        super().__init__("paths")
        self._completion = PathCompletion()
        self._word: FileWord | None = None
        self._dismissed = ""
        """The word for which the list was closed by hand."""
        self._paths: list[str] = []
        self._takes_first = False
        """Whether Tab was pressed before the list was there."""

    @property
    def is_open(self) -> bool:
        return bool(self._paths)

    def on_unmount(self) -> None:
        self._completion.close()

    def suggest(self, word: FileWord | None) -> None:
        """Show what a word may become, as soon as that is known; nothing for no word."""
        if word == self._word:
            return
        self._word, self._takes_first = word, False
        if word is None or word.text == self._dismissed:
            self._show([])
        else:
            self._find(word)

    def dismiss_word(self) -> bool:
        """Close the list until the word is another one; return whether it was open."""
        was_open = self.is_open
        self._dismissed = self._word.text if self._word is not None and was_open else ""
        self._show([])
        return was_open

    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Announce the highlighted path, or else the first one once there is one."""
        if self._paths and self._word is not None:
            self.post_message(self.Chosen(self._word, self._paths[self.highlighted or 0]))
        else:
            self._takes_first = self._word is not None

    @work(exclusive=True, group="paths")
    async def _find(self, word: FileWord) -> None:
        self._show(await self._completion.complete(word.path))
        if self._completion.is_listing:
            await self._completion.listed()
            self._show(await self._completion.complete(word.path))

    def _show(self, paths: list[str]) -> None:
        if self._word is not None and paths == [self._word.path]:
            paths = []  # there is nothing left to complete
        if paths != self._paths:
            self._paths = paths
            self.set_class(bool(paths), "-shown")
            self.clear_options()
            self.add_options([Option(Content(sanitize_line(path, 300))) for path in paths])
            self.highlighted = 0 if paths else None
            self.post_message(self.Changed())
        if paths and self._takes_first:
            self._takes_first = False
            self.choose()
