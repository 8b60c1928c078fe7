"""What the reader does with the log: scrolls, selects, clicks, presses keys. Knows no stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.selection import Selection
from textual.strip import Strip

from streamtui.log import header_footer, messages, selection
from streamtui.log.bubble import Bubble
from streamtui.log.clipboard_text import copied
from streamtui.log.line_view import LineView
from streamtui.log.messages import Action
from streamtui.log.palette import ANSI_DARK
from streamtui.log.theme import look
from streamtui.log.viewport import Viewport
from streamtui.markdown import CodeBlock


class Interaction(LineView):
    """A surface that shows a view, with everything a reader can do to it."""

    FOCUS_ON_CLICK = False
    """A click selects or copies; the cursor stays in the prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "cursor_up", "Message above", id="log.cursor_up"),
        Binding("j", "cursor_down", "Message below", id="log.cursor_down"),
        Binding("g,home", "scroll_home", "Beginning", id="log.home"),
        Binding("G,end", "scroll_end", "End", id="log.end"),
        Binding("y", "copy_message", "Copy message", id="log.copy"),
        Binding(
            "c",
            "copy_code(0)",
            "Copy code",
            id="log.copy_code",
            tooltip="The last code block in view; 1 to 9 by number",
        ),
        Binding("o", "open_link", "Open link", id="log.open_link"),
        Binding("t", "toggle_reasoning", "Reasoning", id="log.reasoning"),
        Binding("r", "ask('regenerate')", "Regenerate", id="log.regenerate"),
        Binding("e", "ask('edit')", "Edit", id="log.edit"),
        # One key per number would bury the others in the footer; the numbers stand on the blocks themselves.
        *(Binding(str(n), f"copy_code({n})", f"Copy code {n}", show=False, id=f"log.copy_{n}") for n in range(1, 10)),
    ]

    def __init__(
        self, *, id: str | None, classes: str | None, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._wall = wall
        self._view = Viewport(look(ANSI_DARK))
        self._new_lines = 0

    # -- where the reader is

    @property
    def following(self) -> bool:
        """Whether the end stays in view as it grows."""
        return self._view.following

    @following.setter
    def following(self, value: bool) -> None:
        self._view.following = value
        if value:
            self._paint()

    @property
    def new_lines(self) -> int:
        """Rows that came in below the window since the reader left the end."""
        view = self._view
        return 0 if view.following else min(self._new_lines, view.furthest - view.top)

    @property
    def current(self) -> str | None:
        """The message that the cursor is on."""
        bubble = self._view.current
        return None if bubble is None else bubble.message.id

    @current.setter
    def current(self, message_id: str | None) -> None:
        bubble = None if message_id is None else self._view.by_id.get(message_id)
        self._view.current = bubble
        if bubble is not None:
            self._view.reveal(bubble)
        self._paint()

    def scrolled(self, old: int, new: int) -> None:
        self._view.scroll(new)
        self._paint()

    def resized(self, width: int, height: int) -> None:
        self._view.resize(width, height)
        if self.text_selection is not None:
            self.screen.clear_selection()
        self._paint()

    # -- drawing

    def show_figures(self) -> None:
        """Show the figures of replies in flight as they stand now, for who shows them elsewhere as well."""
        self._paint()

    def _paint(self) -> None:
        view = self._view
        if not self.is_attached or not self.size:
            return
        strips = view.rows(self._clock(), self._wall())
        if view.following:
            self._new_lines = 0
        chosen = self.text_selection
        if chosen is not None:
            strips = selection.mark(view, strips, chosen)
        if (lines := self.new_lines) and strips:
            strips[-1] = header_footer.pill(strips[-1], lines, view.look)
        self.show_rows(strips, view.top, view.total)
        self._painted()

    def _painted(self) -> None:
        """The window is up to date."""

    def blank(self) -> Strip:
        return Strip.blank(self.size.width, self._view.look.background)

    def _in_view(self) -> list[Bubble]:
        return list(dict.fromkeys(row.bubble for row in self._view.shown))

    # -- selecting

    @property
    def allow_select(self) -> bool:
        return True

    def render_line(self, y: int) -> Strip:
        """Return not the looks of row `y` but where its cells are in the text: Textual asks while the mouse drags."""
        return selection.targets(self._view, y)

    def get_selection(self, selection_: Selection) -> tuple[str, str] | None:
        return copied(self._view, selection_), "\n"

    def selection_updated(self, selection_: Selection | None) -> None:
        self._paint()

    # -- the mouse

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        if event.button != 1:
            return
        if event.chain > 1:
            self._select_at(event.y, event.x, event.chain)
            return
        if self.text_selection is not None or event.y >= len(self._view.shown):
            return
        self._clicked(event.style.meta, self._view.shown[event.y].bubble, self._view.shown[event.y].part)

    def _select_at(self, y: int, x: int, chain: int) -> None:
        found = selection.word_at(self._view, y, x) if chain == 2 else selection.message_at(self._view, y)
        if found is not None:
            self.screen.selections = {self: found}

    def _clicked(self, meta: dict[str, object], bubble: Bubble, part: int) -> None:
        match meta:
            case {"pill": True}:
                self.following = True
            case {"href": str(href)}:
                self._open(href)
            case {"code": int(number)}:
                self._copy_code_of(bubble, number)
            case {"fold": True}:
                self._toggle(bubble)
            case {"do": "copy"}:
                self.post_message(messages.Copy(bubble.message.text, "message"))
            case {"do": ("regenerate" | "edit" | "continue" | "branch_left" | "branch_right") as action}:
                self.post_message(messages.MessageAction(action, bubble.message.id))
            case _ if part == 0 and self._view.current is bubble:
                self.current = None
            case _ if part == 0:
                self.focus()  # what the head then names are keys
                self.current = bubble.message.id

    def _open(self, href: str) -> None:
        scheme, colon, rest = href.partition(":")
        self.post_message(messages.OpenLink(scheme.lower() + colon + rest))

    # -- keys

    def on_blur(self) -> None:
        """Take the cursor away: its keys do nothing from here on. Back in the terminal's window it is there again."""
        if self.app.app_focus:
            self.current = None

    def action_cursor_up(self) -> None:
        """Move the message cursor up."""
        self._move_cursor(-1)

    def action_cursor_down(self) -> None:
        """Move the message cursor down; past the last message it goes away."""
        self._move_cursor(1)

    def _move_cursor(self, step: int) -> None:
        view = self._view
        if not view.bubbles:
            return
        if view.current is None:
            in_view = self._in_view()
            if step > 0 or not in_view:
                self.following = True
                return
            view.current = in_view[-1]
            self._paint()
            return
        index = view.index(view.current) + step
        if index >= len(view.bubbles):
            self.current = None
            self.following = True
        elif index >= 0:
            self.current = view.bubbles[index].message.id

    def action_copy_message(self) -> None:
        """Copy the message under the cursor, or the last one."""
        if bubble := self._chosen():
            self.post_message(messages.Copy(bubble.message.text, "message"))

    def action_copy_code(self, number: int) -> None:
        """Copy a code block by its number; 0 stands for the last one in view."""
        self.copy_code(number)

    def action_open_link(self) -> None:
        """Open the first link in view of the message under the cursor, or of any message."""
        for row, strip in zip(self._view.shown, self._strips, strict=False):
            if self._view.current not in (None, row.bubble):
                continue
            for segment in strip:
                href = segment.style.meta.get("href") if segment.style is not None else None
                if isinstance(href, str):
                    self._open(href)
                    return

    def action_toggle_reasoning(self) -> None:
        """Fold or unfold the reasoning of the message under the cursor, or of the last one that has some."""
        view = self._view
        bubbles = [view.current] if view.current is not None else list(reversed(self._in_view()))
        for bubble in bubbles:
            if bubble.thoughts is not None:
                self._toggle(bubble)
                return

    def action_ask(self, action: Action) -> None:
        """Ask for something to be done with the message under the cursor, or with the last one of its kind."""
        role = "user" if action == "edit" else "assistant"
        bubble = self._view.current
        if bubble is None:
            bubble = next((each for each in reversed(self._view.bubbles) if each.message.role == role), None)
        if bubble is not None:
            self.post_message(messages.MessageAction(action, bubble.message.id))

    def action_page_up(self) -> None:
        """Scroll up by a window less a row."""
        self.scroll_relative(y=1 - self.size.height)

    def action_page_down(self) -> None:
        """Scroll down by a window less a row."""
        self.scroll_relative(y=self.size.height - 1)

    def action_scroll_home(self) -> None:
        """Go to the beginning."""
        self.scroll_to(y=0)

    def action_scroll_end(self) -> None:
        """Go to the end, and follow it."""
        self.following = True

    # -- code

    def code_blocks_in_view(self) -> list[CodeBlock]:
        """Return the code blocks that a number key copies: of the message under the cursor, else of those in view."""
        current = self._view.current
        bubbles = [current] if current is not None else self._in_view()
        return [code for bubble in bubbles if bubble.body is not None for code in bubble.body.code_blocks]

    def copy_code(self, number: int = 0) -> bool:
        """Copy a code block by its number, 0 for the last; of several with that number, the last in view."""
        found = [code for code in self.code_blocks_in_view() if number in (0, code.number)]
        if found:
            self.post_message(messages.Copy(found[-1].text, f"code block {found[-1].number}"))
        return bool(found)

    def _copy_code_of(self, bubble: Bubble, number: int) -> None:
        codes = bubble.body.code_blocks if bubble.body is not None else ()
        for code in codes:
            if code.number == number:
                self.post_message(messages.Copy(code.text, f"code block {number}"))

    def _chosen(self) -> Bubble | None:
        view = self._view
        return view.current or (view.bubbles[-1] if view.bubbles else None)

    def _toggle(self, bubble: Bubble) -> None:
        self.screen.clear_selection()
        with self._view.held():
            bubble.toggle()
            self._view.sync(bubble)
        self._paint()
