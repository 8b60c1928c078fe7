"""The list of saved conversations, grouped by day, with type-to-filter and what is found in the messages."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from streamtui.chat.errors import NotFoundError, StoreError, StreamtuiError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationSummary, SearchHit
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.screens.picker import Picker
from streamtui.workspace import Workspace

PAGE: Final = 100
"""Rows that are made at a time: what is further down is seen by scrolling there, or by typing more."""
PREVIEW_WIDTH: Final = 120
"""With so many cells on the screen, the end of the conversation under the cursor is shown beside the list."""
_PAUSE_S: Final = 0.15
"""How long the user stops typing, or moving, before messages are looked through or read."""
_MODEL: Final = 22
"""Cells of a model's name."""
_WIDE: Final = 60
"""With fewer cells in a row the title needs those of the model's name."""
_MARKS: Final = {"stopped": "■", "failed": "✗", "interrupted": "◌"}
_PREVIEWED: Final = 6
_HITS_OF_ONE: Final = 3
"""Messages of one conversation that are listed: others are found too, and Ctrl+F goes on from there."""
_BEFORE: Final = 200
"""Characters of a message before what is searched for, in the preview."""
_LONGEST_PREVIEW: Final = 1_500
"""Characters of one message in the preview."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A conversation, and all its words in which what is typed is looked for."""

    summary: ConversationSummary
    words: str


class Conversations(Picker):
    """Dismissed with the id of the chosen conversation, for one found by a message with that message's id behind it.
    Deleting hides a conversation, which `ctrl+u` takes back."""

    HINT = "enter open · ctrl+x delete · ctrl+u undo · esc close"
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.CONVERSATIONS)

    def __init__(self, workspace: Workspace, current: str) -> None:
        """`current` is the id of the conversation in view."""
        super().__init__()
        self._workspace = workspace
        self._current = current
        self._rows: list[_Row] = []
        self.has_changed = False
        """Whether any was deleted here, or taken back."""
        self._is_whole = False
        """Whether `_rows` are all there are, or will soon be."""
        self._matches: list[_Row] = []
        self._typed = ""
        """What `_matches` match."""
        self._hits: list[SearchHit] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog picker conversations"):
            yield Input(placeholder=self.PLACEHOLDER, compact=True)
            with Horizontal():
                yield OptionList(compact=True)
                yield Static(Content(""), markup=False, classes="preview")
            yield self._hints

    def on_mount(self) -> None:
        self.is_loading = True
        self._load()
        self.set_interval(0.5, self._mark)

    def on_resize(self) -> None:
        self.set_class(self.size.width >= PREVIEW_WIDTH, "-previewing")
        self._mark()

    # -- what there is

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        """Show the newest ones; the others are read when something is typed, or the last one comes near."""
        try:
            summaries = await self._workspace.library.conversations(limit=PAGE)
        except StoreError as error:
            self.tell(str(error), 10)
            summaries = []
        self._is_whole = len(summaries) < PAGE
        self._take(summaries)

    @work(exclusive=True, group="rest")
    async def _load_rest(self) -> None:
        self._is_whole = True
        try:
            rest = await self._workspace.library.conversations(offset=len(self._rows))
        except StoreError as error:
            self.tell(str(error), 10)
            return
        self._take([*(row.summary for row in self._rows), *rest])

    def _take(self, summaries: Iterable[ConversationSummary]) -> None:
        self._rows = [_Row(summary, _words(summary)) for summary in summaries]
        self._matches, self._typed = self._rows, ""
        self.is_loading = False
        self.offer(keep=True)

    def matching(self, typed: str) -> Iterable[Option]:
        known = self._matches if self._typed and typed.startswith(self._typed) else self._rows
        words = typed.split()
        self._matches = [row for row in known if all(word in row.words for word in words)] if words else self._rows
        self._typed, self._hits = typed, []
        if words:
            self._search(typed)
        if not self._rows:
            nothing = "Nothing else is saved." if self._workspace.can_undelete else "Nothing is saved yet."
            return [Option(Content(nothing), disabled=True)]
        if not self._matches:
            return [Option(Content("Nothing has all of these words in its title or model."), disabled=True)]
        return self._by_day(self._matches)

    def _by_day(self, rows: Iterable[_Row]) -> Iterator[Option]:
        """Yield the rows' options, with a heading wherever another day begins."""
        group, today = "", date.today()
        for row in rows:
            if (day := day_of(row.summary.updated, today)) != group:
                group = day
                yield Option(Content.styled(group, "bold $foreground-muted"), disabled=True)
            yield Option(self._line(row.summary), id=row.summary.id)

    @on(OptionList.OptionHighlighted)
    def _look(self, event: OptionList.OptionHighlighted) -> None:
        """Read the others where the last row comes near, and show the end of the conversation under the cursor."""
        if event.option_index >= self.choices.option_count - 5 and not self._is_whole:
            self._load_rest()
        if event.option_id is not None and self.size.width >= PREVIEW_WIDTH:
            self._preview(event.option_id)

    # -- in the messages

    @work(exclusive=True, group="search")
    async def _search(self, typed: str) -> None:
        """Add the conversations whose messages have what was typed, once the user pauses."""
        await asyncio.sleep(_PAUSE_S)
        with suppress(StoreError):
            hits = await self._workspace.library.search(typed, limit=50)
            if typed == self._typed:
                self._show_hits(hits)

    def _show_hits(self, hits: Sequence[SearchHit]) -> None:
        listed = {row.summary.id for row in self._matches}
        titled = [hit for hit in hits if hit.message is None and hit.conversation.id not in listed]
        self._hits = list(_few_of_each(hit for hit in hits if hit.message is not None))
        if not (titled or self._hits):
            return
        if not self._matches:
            self.choices.clear_options()
        options = [*self._by_day([_Row(hit.conversation, _words(hit.conversation)) for hit in titled])]
        if self._hits:
            options.append(Option(Content.styled("In messages", "bold $foreground-muted"), disabled=True))
        options += [Option(self._hit_line(hit), id=f"{hit.conversation.id} {hit.message}") for hit in self._hits]
        self.append(options)
        if self.choices.highlighted is None:
            self.choices.highlighted = 1

    # -- rows

    def _mark(self) -> None:
        """Keep the marks of streaming conversations true while the list is open."""
        for row in self._matches[: self.choices.option_count]:
            with suppress(OptionDoesNotExist):  # some rows are headings, and some are not made yet
                self.choices.replace_option_prompt(row.summary.id, self._line(row.summary))

    def _line(self, summary: ConversationSummary) -> Content:
        mark = "●" if summary.id in self._workspace.tasks.conversations else _MARKS.get(summary.status, " ")
        here = "›" if summary.id == self._current else " "
        room = self.choices.scrollable_content_region.width
        model = f"  {fitted(summary.model, _MODEL)}" if room >= _WIDE else ""
        when = f"{ago(time.time() - summary.updated):>7}"
        title = fitted(summary.title, max(1, room - len(f"{here}{mark}  {when}") - cell_len(model)))
        return Content(f"{here}{mark} {title} {when}{model}")

    def _hit_line(self, hit: SearchHit) -> Content:
        room = self.choices.scrollable_content_region.width
        title = fitted(hit.conversation.title, min(30, room // 3))
        snippet = Content.styled(hit.snippet, "$foreground-muted")
        for start, end in hit.matches:
            snippet = snippet.stylize("bold $text-accent", start, end)
        return Content.assemble(f"   {title}  ", snippet.truncate(max(1, room - cell_len(title) - 5), ellipsis=True))

    @work(exclusive=True, group="preview")
    async def _preview(self, id: str) -> None:
        await asyncio.sleep(_PAUSE_S)
        conversation, _, message = id.partition(" ")
        library = self._workspace.library
        try:
            if message:
                messages = [await library.message(message)]
            else:
                _, messages = await library.tail(conversation, _PREVIEWED)
        except StreamtuiError as error:
            text = Content(str(error))
        else:
            text = Content("\n\n").join([self._previewed(message) for message in messages])
        self.query_one(".preview", Static).update(text)

    def _previewed(self, message: ChatMessage) -> Content:
        """Return a message from a little before what is searched for, or from its beginning."""
        words = self.words
        at = min((place for word in words if (place := message.text.casefold().find(word)) > 0), default=0)
        start = max(0, at - _BEFORE)
        text = Content(f"{'…' if start else ''}{message.text[start : start + _LONGEST_PREVIEW].strip()}")
        for word in words:
            text = text.highlight_regex(re.compile(re.escape(word), re.IGNORECASE), style="bold $text-accent")
        return Content.assemble((f"{sanitize_line(message.model or 'you', 60)}\n", "bold"), text)

    @property
    def words(self) -> list[str]:
        """The words that are searched for."""
        return self._typed.replace('"', " ").split()

    # -- deleting

    @work
    async def action_delete(self) -> None:
        if self.highlighted is None:
            return
        id, _, _ = self.highlighted.partition(" ")
        try:
            with suppress(NotFoundError):  # nothing of it was worth keeping
                await self._workspace.delete(id)
        except StoreError as error:
            self.tell(str(error), 10)
            return
        self.has_changed = True
        self._rows = [row for row in self._rows if row.summary.id != id]
        self._matches, self._typed = self._rows, ""
        self.offer()
        self.tell("Deleted. ctrl+u takes it back for ten seconds.", 10)

    @work
    async def action_undelete(self) -> None:
        if not self._workspace.can_undelete:
            self.tell("There is no deletion to take back.", 4)
            return
        try:
            restored = await self._workspace.undelete()
        except StoreError as error:
            self.tell(str(error), 10)
            return
        self.tell("It is back." if restored else "Too late: it is gone.", 4)
        self._load()


def fitted(text: str, cells: int) -> str:
    """Return `text` in exactly so many cells, an ellipsis where it is cut."""
    text = sanitize_line(text, 4 * cells)
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def _few_of_each(hits: Iterable[SearchHit]) -> Iterator[SearchHit]:
    """Iterate over the hits, leaving out those of a conversation that has had its share."""
    shown: Counter[str] = Counter()
    for hit in hits:
        shown[hit.conversation.id] += 1
        if shown[hit.conversation.id] <= _HITS_OF_ONE:
            yield hit


def _words(summary: ConversationSummary) -> str:
    return f"{summary.title} {summary.model} {summary.id}".casefold()


def day_of(moment: float, today: date) -> str:
    """Return the heading under which something of that moment stands."""
    day = date.fromtimestamp(moment)
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "This week"
    if (day.year, day.month) == (today.year, today.month):
        return "This month"
    return day.strftime("%B") if day.year == today.year else str(day.year)


def ago(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    units: Sequence[tuple[float, str]] = ((86_400, "d"), (3_600, "h"), (60, "min"))
    for size, unit in units:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"
