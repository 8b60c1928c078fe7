"""The message log: messages on the screen, and what the user does to them. Decides nothing: wishes are posted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.selection import Selection
from textual.strip import Strip

from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.log import messages
from streamtui.log.actions import MessageActions
from streamtui.log.cursor import MessageCursor
from streamtui.log.message_view import NO_BRANCHES, MessageView
from streamtui.log.model.bubble import Bubble
from streamtui.log.select import positions

if TYPE_CHECKING:  # it needs the parser
    from streamtui.markdown import CodeBlock


class MessageLog(MessageView, can_focus=True):
    """One widget for a conversation of any length.

    Ids of messages that are not shown are ignored everywhere: a reply may stream on while another conversation is in
    view. No printable key means anything here; one that arrives hides the message cursor and goes on to the parents.
    """

    FOCUS_ON_CLICK = False
    """A click selects, copies or opens; the focus stays where it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "menu", "Message menu", show=False, id="log.menu"),
        *(
            Binding(f"alt+{number}", f"copy_code({number})", f"Copy code {number}", show=False, id=f"log.copy_{number}")
            for number in range(1, 10)
        ),
    ]

    Copy: TypeAlias = messages.Copy
    OpenLink: TypeAlias = messages.OpenLink
    MessageAction: TypeAlias = messages.MessageAction
    MenuRequested: TypeAlias = messages.MenuRequested

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(id=id, classes=classes, clock=clock, wall=wall)
        self._cursor = MessageCursor(self._view)
        self._actions = MessageActions(self._view, self.post_message)
        self._watches: dict[str, Callable[[], None]] = {}
        """By message: what ends the watching of a reply that is followed."""

    # -- replies

    def follow(self, task: ReplyTask) -> None:
        """Show a reply that streams: what has arrived, then all that arrives, until another conversation is shown."""
        reply = task.reply
        self.begin(reply.message, reply.meter)
        for event in _arrived(reply):
            self.feed(reply.id, event)
        if reply.ending is not None:
            self.update(reply.message)
            return
        self._watches[reply.id] = task.watch(partial(self._take, reply))

    def _take(self, reply: Reply, event: Event) -> None:
        self.feed(reply.id, event)
        match event:
            case Notice():  # between two segments there is always one
                self._live.measure(reply.id, reply.meter)
            case Finished() | Failed():
                self._watches.pop(reply.id, None)
                self.update(reply.message)

    def show(self, messages: Sequence[ChatMessage], branches: Mapping[str, tuple[int, int]] = NO_BRANCHES) -> None:
        self._unwatch()
        super().show(messages, branches)

    def on_unmount(self) -> None:
        self._unwatch()

    def _unwatch(self) -> None:
        watches, self._watches = self._watches, {}
        for unwatch in watches.values():
            unwatch()

    # -- the cursor, and what the app asks for

    @property
    def current(self) -> str | None:
        """The message that the cursor is on; None while it is hidden."""
        return self._cursor.message_id

    @current.setter
    def current(self, message_id: str | None) -> None:
        self._cursor.put_on(message_id)
        self.paint()

    def show_words(self, message_id: str, words: Sequence[str]) -> None:
        """Bring the first place in a message where one of `words` stands into view, and mark that word everywhere; put
        the cursor on the message where none does."""
        for word in words:
            places = (index for index, match in enumerate(self.find(word)) if match.message_id == message_id)
            if (index := next(places, None)) is not None:
                self.show_match(index)
                return
        self.find("")
        self.current = message_id

    def action_cursor_up(self, prompts_only: bool = False) -> None:
        """Move the cursor up by a message, or to the user's own message above."""
        self._cursor.move(-1, prompts_only)
        self.paint()

    def action_cursor_down(self, prompts_only: bool = False) -> None:
        """Move the cursor down; past the last message it goes away, and the end is followed."""
        self._cursor.move(1, prompts_only)
        self.paint()

    def copy_code(self, number: int = 0) -> bool:
        """Copy a code block in view, or of the message under the cursor, by its number; 0 stands for the last.

        Return whether there is one.
        """
        return self._actions.copy_code(number)

    def code_blocks(self) -> list[CodeBlock]:
        """Return the code blocks that a number means: of the message under the cursor, else of those in view."""
        return self._actions.code_blocks()

    def action_copy_message(self) -> None:
        """Copy the message under the cursor, or the last one."""
        bubbles = self._view.bubbles
        if bubbles.current is not None or len(bubbles):
            self._actions.copy(bubbles.current or bubbles[-1])

    def action_open_link(self) -> None:
        """Open the first link in view of the message under the cursor, or of any message."""
        self._actions.open_link(self.strips)

    def action_toggle_reasoning(self) -> None:
        """Fold or unfold the reasoning of the message under the cursor, or of the last one in view that has some."""
        current = self._view.bubbles.current
        for bubble in [current] if current is not None else reversed(self._view.bubbles_shown()):
            if bubble.content is not None and bubble.content.reasoning is not None:
                self._toggle(bubble)
                return

    def action_toggle_message(self) -> None:
        """Fold or unfold the message under the cursor, or the last one in view."""
        bubbles = self._view.bubbles
        shown = [bubbles.current] if bubbles.current is not None else self._view.bubbles_shown()[-1:]
        for bubble in shown:
            self.screen.clear_selection()
            with self._view.held():
                if bubble.toggle_message():
                    bubbles.sync(bubble)
        self.paint()

    def _toggle(self, bubble: Bubble) -> None:
        self.screen.clear_selection()
        with self._view.held():
            bubble.toggle()
            self._view.bubbles.sync(bubble)
        self.paint()

    # -- keys

    def action_menu(self) -> None:
        """Ask for the menu of the message under the cursor; without one the key is not ours."""
        bubble = self._view.bubbles.current
        if bubble is None:
            raise SkipAction
        self._actions.open_menu(bubble)

    def action_copy_code(self, number: int) -> None:
        self.copy_code(number)

    def action_scroll_end(self) -> None:
        """Go to the end, and follow it."""
        self.following = True

    def on_key(self, event: events.Key) -> None:
        if event.is_printable:
            self.current = None

    def on_paste(self) -> None:
        self.current = None

    def on_blur(self) -> None:
        """Hide the cursor: keys mean something else from here on. Back in the terminal's window it is there again."""
        if self.app.app_focus:
            self.current = None

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        if event.button != 1:
            return
        if event.chain > 1:
            self._select_at(event.y, event.x, event.chain)
        elif self.text_selection is None:
            self._click(event.style.meta, event.y)

    def _click(self, meta: dict[str, object], y: int) -> None:
        if "pill" in meta:
            self.following = True
        elif y >= len(self._view.shown):
            return
        elif "fold" in meta:
            self._toggle(self._view.shown[y].bubble)
        else:
            self._actions.clicked(meta, self._view.shown[y].bubble)

    # -- selecting

    def _select_at(self, y: int, x: int, chain: int) -> None:
        word_or_message = positions.word_at(self._view, y, x) if chain == 2 else positions.message_at(self._view, y)
        if word_or_message is not None:
            self.screen.selections = {self: word_or_message}

    def render_line(self, y: int) -> Strip:
        """Return not the looks of row `y` but where its cells are in the text: Textual asks while the mouse drags."""
        return positions.targets(self._view, y)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        from streamtui.log.select.clipboard_text import copied  # it needs the parser

        return copied(self._view, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.paint()


def _arrived(reply: Reply) -> Iterator[Event]:
    """Yield what has arrived of the segment that streams."""
    if reply.notice is not None:
        yield reply.notice
    if reasoning := reply.reasoning[len(reply.message.reasoning) :]:
        yield ReasoningDelta(reasoning)
    if text := reply.text[len(reply.message.text) :]:
        yield TextDelta(text)
