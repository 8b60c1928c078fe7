"""The session in view as it is drawn: its messages, or models side by side, or a welcome."""

from collections.abc import Callable, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.log import MessageLog
from streamtui.tui.message_actions import MessageActions
from streamtui.tui.screens.menu import MessageMenu
from streamtui.tui.widgets.columns import ComparePane
from streamtui.tui.widgets.welcome import Welcome
from streamtui.workspace import (
    ComparisonStarted,
    HistoryRead,
    PathChanged,
    ReplyStarted,
    Session,
    SessionEvent,
    TurnTakenBack,
)


class ConversationView(Horizontal):
    """Draws one session at a time, the one last given to `show`, and what happens in it. Holds the message cursor."""

    class CursorMoved(Message):
        """The message cursor is on another message, or gone."""

    def __init__(self, actions: MessageActions) -> None:
        super().__init__(id="pane")
        self.log_view = MessageLog()
        """The log of the branch in view."""
        self.log_view.can_focus = False  # the box always has the keys
        self.welcome = Welcome()
        self.actions = actions
        self._session: Session | None = None
        self._unwatch: Callable[[], None] = lambda: None
        self._is_smooth = False
        self._columns: ComparePane | None = None

    def compose(self) -> ComposeResult:
        yield self.welcome
        yield self.log_view

    @property
    def has_cursor(self) -> bool:
        """Whether the message cursor is shown."""
        return self.log_view.current is not None

    @property
    def columns(self) -> ComparePane | None:
        """The comparison in view, if one is."""
        return self._columns

    @property
    def log_in_view(self) -> MessageLog:
        """The log that the user reads: of a comparison the highlighted column's."""
        return self.log_view if self._columns is None else self._columns.highlighted.log_view

    # -- which session

    def show(self, session: Session) -> None:
        """Show a session's branch in view, and what happens in it from here on."""
        self.let_go()
        self._session = session
        self._unwatch = session.watch(self._on_session_event)
        self._show_path(session.conversation.path())

    def let_go(self) -> None:
        """Follow nothing any more."""
        self._unwatch()
        self._session = None
        self.hide_cursor()

    def _on_session_event(self, event: SessionEvent) -> None:
        match event:
            case PathChanged(path=path):
                self._show_path(path)
            case ReplyStarted(task=task, new_messages=new):
                self._begin(task, new)
            case ComparisonStarted(tasks=tasks):
                self._compare(tasks)
            case HistoryRead(first=first):
                self._show_older(first)
            case TurnTakenBack():
                self._show_without()
            case _:
                pass

    # -- messages

    def _show_path(self, path: Sequence[ChatMessage]) -> None:
        session = self._session
        if session is None:
            return
        self._close_columns()
        self.log_view.show(path, session.conversation.tree.places(path))
        shown = {message.id for message in path}
        for task in session.tasks:
            if task.reply.id in shown:
                self.log_view.follow(task)
        self.show_emptiness()

    def _show_older(self, first: str | None) -> None:
        """Put what was read after the end above it; nothing in view moves."""
        session = self._session
        if session is None:
            return
        path = session.conversation.path()
        older = next((index for index, message in enumerate(path) if message.id == first), 0)
        self.log_view.prepend(path[:older])
        for message, (index, count) in session.conversation.tree.places(path).items():
            self.log_view.set_branches(message, index, count)

    def _show_without(self) -> None:
        """Show the conversation as it is without a turn that was taken back."""
        session = self._session
        if session is None:
            return
        if self._columns is None or not self._columns.are_in(session.conversation.messages):
            self._show_path(session.conversation.path())

    def _begin(self, task: ReplyTask, new: Sequence[ChatMessage]) -> None:
        """Show a reply that starts, and the messages that are new with it, and follow the end."""
        session = self._session
        if session is None:
            return
        log, reply = self.log_view, task.reply
        log.find("")
        for message in new:
            log.add(message)
        log.follow(task)
        log.following = True
        for message in (*new, reply.message):
            siblings = session.conversation.tree.siblings(message)
            if len(siblings) > 1:
                log.set_branches(message.id, siblings.index(message.id) + 1, len(siblings))
        self.show_emptiness()

    async def show_message(self, message: str, words: Sequence[str]) -> None:
        """Bring the place in a message of the session in view where one of `words` stands into the window, marked; its
        beginning where they stand in the names of its attachments. Its branch comes with it."""
        session = self._session
        if session is None:
            return
        await session.ready.wait()
        if session is not self._session:
            return
        if all(message != shown.id for shown in session.conversation.path()):
            session.show_branch(message)
        self._close_columns()
        self.log_view.show_words(message, words)

    # -- what keys in the box are for (`prompt.Reading`)

    def page(self, pages: int) -> None:
        if pages < 0:
            self.log_view.action_page_up()
        else:
            self.log_view.action_page_down()

    def edge(self, edge: int) -> None:
        if edge < 0:
            self.log_view.action_scroll_home()
        else:
            self.log_view.action_scroll_end()

    def sideways(self, step: int) -> None:
        """Highlight the next column, or show the next branch of the message at the cursor or of the last that has
        some."""
        if self._columns is not None:
            self._columns.step(step)
        elif self._session is not None:
            cursor = self.log_view.current
            shown = self.actions.walk(self._session, cursor, step)
            if cursor is not None and shown is not None:
                self.log_view.current = shown

    def move_cursor(self, step: int, *, prompts_only: bool = False) -> None:
        """Put the message cursor on the message above (negative) or below, or on the user's own one there; below the
        last one it goes away."""
        if not self.log_view.display:
            return
        if step < 0:
            self.log_view.action_cursor_up(prompts_only)
        else:
            self.log_view.action_cursor_down(prompts_only)
        self.post_message(self.CursorMoved())

    def hide_cursor(self) -> bool:
        was_shown = self.log_view.current is not None
        if was_shown:
            self.log_view.current = None
            self.post_message(self.CursorMoved())
        return was_shown

    @work
    async def open_menu(self) -> None:
        """Let the user choose what to do with the message under the cursor."""
        message, session = self.log_view.current, self._session
        if message is None or session is None:
            return
        choices = self.actions.choices(session, message, self.log_view)
        action = await self.app.push_screen_wait(MessageMenu(choices))
        if action is not None and session is self._session:
            self.actions.run(action, session, message, self.log_view)

    @on(MessageLog.MenuRequested)
    def open_menu_of(self, event: MessageLog.MenuRequested) -> None:
        self.log_view.current = event.message_id
        self.post_message(self.CursorMoved())
        self.open_menu()

    @on(MessageLog.MessageAction)
    def act(self, event: MessageLog.MessageAction) -> None:
        if self._session is not None:
            self.actions.run(event.action, self._session, event.message_id, self.log_view)

    def show_evenly(self, smooth: bool | None) -> bool:
        """Show text evenly or as it arrives, or, for `None`, the other way round; return whether evenly."""
        self._is_smooth = not self._is_smooth if smooth is None else smooth
        columns = self._columns.columns if self._columns is not None else ()
        for log in (self.log_view, *(column.log_view for column in columns)):
            log.smooth = self._is_smooth
        return self._is_smooth

    # -- side by side, or nothing

    def _compare(self, tasks: Sequence[ReplyTask]) -> None:
        session = self._session
        if session is None:
            return
        self._close_columns()
        self._columns = ComparePane(session, tasks)
        self.show_evenly(self._is_smooth)
        self.mount(self._columns)
        self.screen.add_class("-comparing")
        self.log_view.display = False
        self.welcome.display = False

    def _close_columns(self) -> None:
        columns, self._columns = self._columns, None
        if columns is not None:
            columns.remove()
            self.screen.remove_class("-comparing")
            self.log_view.display = True

    def show_emptiness(self) -> None:
        """Show the welcome where there is nothing else."""
        session = self._session
        if session is None or self._columns is not None:
            return
        self.welcome.display = session.is_blank
        self.log_view.display = not session.is_blank
        if session.is_blank:
            self.welcome.show(is_demo=session.conversation.model.provider.name == "demo")
