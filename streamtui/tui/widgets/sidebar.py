"""The conversations beside the one in view, by day, with what goes on in each."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import events, on, work
from textual.binding import BindingType
from textual.content import Content
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import ConversationSummary
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.screens.conversations import day_of
from streamtui.workspace import ReplyEnded, ReplyStarted, Session, SessionEvent, Workspace

NARROWEST: Final = 84
"""Cells of the terminal below which the sidebar would leave the conversation too little."""
_PAGE: Final = 100
"""Rows that are made at a time."""
_BEAT_S: Final = 0.5
"""How often the rates of streaming conversations are looked at."""
_PINNED: Final = "Pinned"
_MENU: Final = "⋯"


class Sidebar(OptionList):
    """Lists what is saved. Printable keys go to the box."""

    FOCUS_ON_CLICK = False
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.SIDEBAR)

    def __init__(self, workspace: Workspace, do: Callable[[str, str], Awaitable[None]], *, is_wanted: bool) -> None:
        """`do` does something with a conversation: `open`, `rename`, `pin`, `fork`, `delete`, `undelete`, `menu`."""
        super().__init__(id="sidebar", compact=True)
        self._workspace = workspace
        self._do = do
        self._is_wanted = is_wanted
        self.display = False
        self._current = ""
        self._summaries: dict[str, ConversationSummary] = {}
        self._pinned: Sequence[ConversationSummary] = ()
        self._is_whole = False
        """Whether there are no more conversations than are listed."""

    def on_mount(self) -> None:
        self._beat = self.set_interval(_BEAT_S, self._show_rates, pause=True)
        self._workspace.events.watch(self._on_session_event)

    # -- whether it is shown

    def toggle(self) -> bool:
        """Show it and give it the keys, or hide it where it has them; return whether it is wanted. Raises
        `StreamtuiError` where the terminal is too narrow."""
        width = self.app.size.width
        if not self._is_wanted and width < NARROWEST:
            raise StreamtuiError(f"The sidebar needs {NARROWEST} columns; this terminal has {width}.")
        self._is_wanted = not (self._is_wanted and self.has_focus)
        self.fit(width)
        if self.display:
            self.focus()
        return self._is_wanted

    def fit(self, width: int) -> bool:
        """Show it if it is wanted and a terminal so wide has room; return whether it gave way to the conversation."""
        was_shown, self.display = self.display, self._is_wanted and width >= NARROWEST
        if self.display and not was_shown:
            self.load()
        if self.has_focus and not self.display:
            self.leave()
        return was_shown and self._is_wanted and not self.display

    # -- what is listed

    def show(self, current: str) -> None:
        """Mark the conversation in view, and list what is saved now."""
        self._current = current
        if self.display:
            self.load()

    @work(exclusive=True, group="sidebar")
    async def load(self) -> None:
        """List what is saved now: as many rows as were there, or a page."""
        library = self._workspace.library
        limit = max(_PAGE, len(self._summaries))
        try:
            self._pinned = await library.pinned()
            summaries = await library.conversations(limit=limit)
        except StreamtuiError:
            return  # whatever can't be read is said where it is opened
        self._is_whole = len(summaries) < limit
        self._summaries = {summary.id: summary for summary in (*self._pinned, *summaries)}
        self._list(summaries)

    def _list(self, summaries: Sequence[ConversationSummary]) -> None:
        highlighted = self.highlighted_conversation
        top = self.scroll_y
        self.clear_options()
        self.add_options(self._grouped(summaries))
        if self._summaries:
            self._highlight(highlighted or self._current)
            self.scroll_to(y=top, animate=False)
        else:
            self.add_option(Option(Content("Nothing is saved yet."), disabled=True))
        if self._workspace.tasks:
            self._beat.resume()

    def _grouped(self, summaries: Sequence[ConversationSummary]) -> Iterator[Option]:
        today = date.today()
        group = ""
        for summary in (*self._pinned, *(summary for summary in summaries if not summary.pinned)):
            heading = _PINNED if summary.pinned else day_of(summary.updated, today)
            if heading != group:
                group = heading
                yield Option(Content.styled(heading, "bold $foreground-muted"), disabled=True)
            yield Option(self._row(summary), id=summary.id)

    def _highlight(self, conversation: str) -> None:
        if conversation in self._summaries:
            self.highlighted = self.get_option_index(conversation)

    @work(exclusive=True, group="sidebar")
    async def _more(self) -> None:
        try:
            more = await self._workspace.library.conversations(_PAGE, len(self._summaries))
        except StreamtuiError:
            return
        self._is_whole = len(more) < _PAGE
        known = list(self._summaries.values())
        self._summaries |= {summary.id: summary for summary in more}
        self._list([*(summary for summary in known if not summary.pinned), *more])

    @on(OptionList.OptionHighlighted)
    def _look(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if not self._is_whole and self.has_focus and event.option_index >= self.option_count - 5:
            self._more()

    def on_resize(self) -> None:
        self._show(self._summaries)

    # -- rows

    def _on_session_event(self, session: Session, event: SessionEvent) -> None:
        if not self.display:
            return
        match event:
            case ReplyStarted() | ReplyEnded():
                self.load()
            case _:
                pass

    def _show_rates(self) -> None:
        streaming = self._workspace.tasks.conversations
        if not streaming:
            self._beat.pause()
        self._show(streaming)

    def _show(self, conversations: Iterator[str] | Sequence[str] | set[str] | dict[str, ConversationSummary]) -> None:
        for conversation in conversations:
            if (summary := self._summaries.get(conversation)) is not None:
                self.replace_option_prompt(conversation, self._row(summary))

    def _row(self, summary: ConversationSummary) -> Content:
        mark, style, rate = self._state(summary)
        room = max(8, self.scrollable_content_region.width - 6 - cell_len(rate))
        title = sanitize_line(summary.title, 4 * room) or "Untitled"
        title = set_cell_size(title, room) if cell_len(title) <= room else set_cell_size(title, room - 1) + "…"
        is_here = summary.id == self._current
        return Content.assemble(
            "›" if is_here else " ",
            (f"{mark} ", style),
            (title, "bold" if is_here else ""),
            (rate, "$foreground-muted"),
            " ",
            Content.styled(_MENU, Style.from_meta({"menu": summary.id})),
        )

    def _state(self, summary: ConversationSummary) -> tuple[str, str, str]:
        """Return a mark for what goes on in a conversation, its style, and the rate of what streams there."""
        running = self._workspace.tasks.of(summary.id)
        if running:
            now = time.monotonic()
            rate = sum(task.reply.meter.sample(now).rate or 0 for task in running)
            return "●", "$text-primary", f" {rate:.0f}/s" if rate else ""
        if summary.id in self._workspace.events.unread:
            return "◆", "$text-success", ""
        return {"failed": ("✗", "$text-error", ""), "stopped": ("■", "$foreground-muted", "")}.get(
            summary.status, (" ", "", "")
        )

    # -- what the user wants

    @work(group="ask")
    async def _ask(self, action: str, conversation: str) -> None:
        await self._do(action, conversation)
        self.load()

    def leave(self) -> bool:
        """Give the keys back to the box; return whether they were here."""
        had_keys = self.has_focus
        if had_keys:
            self.screen.query_one("Prompt").focus()
        return had_keys

    @property
    def highlighted_conversation(self) -> str | None:
        at = self.highlighted
        return None if at is None or at >= self.option_count else self.get_option_at_index(at).id

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self._ask("open", event.option_id)

    def action_ask(self, action: str) -> None:
        conversation = self.highlighted_conversation
        if conversation is not None or action == "undelete":
            self._ask(action, conversation or "")

    async def on_click(self, event: events.Click) -> None:
        match event.style.meta:
            case {"menu": str(conversation)}:
                event.prevent_default()
                self._ask("menu", conversation)
            case _:
                pass
