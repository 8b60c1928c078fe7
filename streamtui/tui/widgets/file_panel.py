"""What stands between the box and the files that go along with its text: chips, completion of paths, typed words."""

import asyncio
import os
from collections.abc import Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical

from streamtui.chat.messages import DraftAttachment, FileReference, carried
from streamtui.chat.sanitize import sanitize
from streamtui.tui.widgets.attachments import AttachmentBar
from streamtui.tui.widgets.path_menu import PathMenu
from streamtui.tui.widgets.prompt import Prompt
from streamtui.workspace import Session
from streamtui.workspace.attachments.words import FileWord, TypedWords, place_of, word_before, words_in, written


class FilePanel(Vertical):
    """Attaches the files that typed words name, and shows what is attached."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__(id="files")
        self.paths = PathMenu()
        self._offered = ""
        """What was pasted last, where it is paths of files alone."""
        self._bar = AttachmentBar()
        self._prompt = prompt
        self._words = TypedWords()
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self.paths

    def show(self, session: Session) -> None:
        """Show what goes along with another session's draft. Words of that draft were typed only if they are attached:
        nobody knows any more how the others came there."""
        self._session = session
        self._words.forget()
        self.note_foreign(session.outgoing.draft)
        self.show_chips()

    def show_chips(self) -> None:
        if self._session is not None:
            self._bar.show(carried(self._prompt.text, self._attached))

    def note_foreign(self, text: str) -> None:
        """Note that `text` came into the box otherwise than by typing: it makes no file go along."""
        self._words.note_foreign(text)

    # -- words

    @property
    def word(self) -> FileWord | None:
        """The word that is being typed."""
        row, column = self._prompt.cursor_location
        return word_before(self._prompt.document.get_line(row)[:column])

    def text_changed(self) -> None:
        """Suggest paths for the word that is being typed, and attach what the others name."""
        if not self._prompt.text:
            self._words.forget()
        elif self._prompt.text == self._prompt.recent.shown:
            self.note_foreign(self._prompt.text)  # it is out of the history, and may have been pasted then
        word = self.word
        self.paths.suggest(word)
        self.show_chips()
        typed = words_in(self._prompt.text)
        if len(typed) > (word is not None and bool(word.path)):
            self._look_up(self._prompt.text if word is None else self._without(word))

    def files_in(self, text: str) -> Sequence[DraftAttachment]:
        """Return the files that typed words of a text name, beside those that are attached. Raises `ConfigError` for
        what is there, but can't be attached."""
        return self._words.files(text, self._attached)

    @property
    def is_to_complete(self) -> bool:
        """Whether Enter means the highlighted path: not where what is typed names a file as it is."""
        word = self.word
        return self.paths.is_open and word is not None and not os.path.lexists(place_of(word.path))

    @on(PathMenu.Chosen)
    def complete(self, event: PathMenu.Chosen) -> None:
        """Put a path in the place of the word that is being typed."""
        word, is_folder = self.word, event.path.endswith("/")
        if word != event.word:
            return
        row, column = self._prompt.cursor_location
        new = written(event.path)
        new = new.removesuffix('"') if is_folder else f"{new} "
        self._prompt.replace(new, (row, column - len(word.text)), (row, column))
        self._prompt.move_cursor((row, column - len(word.text) + len(new)))

    def _without(self, word: FileWord) -> str:
        """Return the text without the word that is being typed, which may become another one."""
        row, column = self._prompt.cursor_location
        lines = self._prompt.text.split("\n")
        lines[row] = lines[row][: column - len(word.text)] + lines[row][column:]
        return "\n".join(lines)

    @work(exclusive=True, group="words")
    async def _look_up(self, text: str) -> None:
        session = self._session
        files = await asyncio.to_thread(self._words.likely_files, text, self._attached)
        if files and session is not None and session is self._session and self._prompt.text:
            session.outgoing.attach(*files)

    # -- pastes

    @property
    def pasted(self) -> str:
        """The paths of files that were just pasted, and are still in the box; empty for none."""
        return self._offered if self._offered in self._prompt.text else ""

    def offer(self, pasted: str) -> None:
        """Take what was pasted for paths of files that may be attached; empty for nothing."""
        self._offered = sanitize(pasted)

    def cut(self, text: str) -> None:
        """Remove a text from the box, where it is in there."""
        before, found, after = self._prompt.text.partition(text)
        if found:
            self._prompt.put(before + after)

    # -- chips

    @property
    def _attached(self) -> Sequence[DraftAttachment]:
        return () if self._session is None else self._session.outgoing.next.attachments

    @on(AttachmentBar.Removed)
    def take_away(self, event: AttachmentBar.Removed) -> None:
        self.detach(event.attachment)

    def detach(self, attachment: DraftAttachment | None = None) -> bool:
        """Take a file away, by default the last one; return whether there was one. Its word stays, as text."""
        shown = carried(self._prompt.text, self._attached)
        if self._session is None or not shown:
            return False
        attachment = attachment or shown[-1]
        if isinstance(attachment, FileReference):
            self.note_foreign(attachment.word)
        self._session.outgoing.detach(attachment)
        return True
