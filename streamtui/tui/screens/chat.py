"""The chat: wires the stage, the prompt and the bars to the session in view."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus, Paste
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import TextArea

from streamtui.chat.events import Event, Failed, Finished, Notice
from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.log import MessageLog
from streamtui.log.paint.stream_state import BEAT_S
from streamtui.tui import command_handlers, commands
from streamtui.tui.screens import open_saved, status_text
from streamtui.tui.screens.conversation_pane import ConversationPane, branches_of
from streamtui.tui.session import Session
from streamtui.tui.widgets.bars import Banner, NextBar, StatusBar, TitleBar
from streamtui.tui.widgets.menu import CommandMenu
from streamtui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from streamtui.tui.app import StreamtuiApp

DRAFT_S: Final = 0.3
"""How long the reader pauses before the draft is saved."""
SPOKEN: Final = ("reconnected", "field_dropped", "not_saved", "refusal", "tool_call", "finish")
"""Notices that are worth a word beside the bubble, because the text soon takes their place there."""


class ChatScreen(Screen[None]):
    """Shows one session at a time; the others stream on without it."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape", "escape", "stop", show=False),
        Binding("ctrl+n", "command('new')", "new conversation", show=False),
        Binding("ctrl+o", "command('open')", "conversations", show=False),
        Binding("f1", "command('help')", "help", show=False),
        Binding("alt+up", "cursor(-1)", "message above", show=False),
        Binding("alt+down", "cursor(1)", "message below", show=False),
        Binding("alt+left", "sideways(-1)", "branch or column to the left", show=False),
        Binding("alt+right", "sideways(1)", "branch or column to the right", show=False),
        Binding("ctrl+t", "command('compare')", "compare models", show=False),
        Binding("alt+c", "command('continue')", "continue the reply", show=False),
    ]

    app: "StreamtuiApp"

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._draft_timer: Timer | None = None
        self._state_timer: Timer | None = None

    # -- structure

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield ConversationPane()
        yield Banner()
        yield NextBar()
        yield CommandMenu()
        yield Prompt()
        yield StatusBar()

    def on_mount(self) -> None:
        self.prompt.placeholder = Content("Ask anything, / for commands")
        self.stage.smooth = self.app.start.smooth
        self._state_timer = self.set_interval(BEAT_S, self._beat, pause=True)

    def on_unmount(self) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Show nothing more of what happens in the session in view: the app ends, and its widgets go."""
        if self._session is not None:
            self._session.view = None

    @property
    def stage(self) -> ConversationPane:
        return self.query_one(ConversationPane)

    @property
    def log_view(self) -> MessageLog:
        return self.stage.log_view

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def menu(self) -> CommandMenu:
        return self.query_one(CommandMenu)

    @property
    def session(self) -> Session:
        """The session in view. There is always one once the app has started."""
        assert self._session is not None
        return self._session

    # -- which session is in view

    def shows(self, session: Session) -> bool:
        return self._session is session

    def show_session(self, session: Session, path: Sequence[ChatMessage] | None = None) -> None:
        """Bring a session into view; its draft comes with it. `path` is the end of its branch, to begin with."""
        if self._session is not None:
            self.pick()
            self.save_draft()
            self._session.view = None
        self._session = session
        session.view = self
        self.show_path(path)
        self.draft_changed()
        self.next_changed()
        self.prompt.focus()

    def show_path(self, path: Sequence[ChatMessage] | None = None) -> None:
        """Show the branch in view anew."""
        self.stage.show(self.session, path)
        self.refresh_title()
        self._show_state()

    def refresh_title(self) -> None:
        conversation = self.session.conversation
        self.query_one(TitleBar).show(self.session.title or "New conversation", conversation.model.label)
        self.stage.show_emptiness()

    # -- a session's view (`session.View`)

    def about_to_send(self) -> None:
        self.pick()

    def turned(self, path: Sequence[ChatMessage]) -> None:
        self.show_path(path)

    def began(self, rows: Sequence[ChatMessage], reply: Reply) -> None:
        self.stage.began(rows, reply)
        self.refresh_title()
        self._show_state()

    def compared(self, runs: Sequence[ReplyTask]) -> None:
        self.stage.compare(runs)
        self.prompt.focus()
        self.refresh_title()
        self._show_state()

    def arrived(self, run: ReplyTask, event: Event) -> None:
        self.stage.arrived(run, event)
        match event:
            case Notice(kind=kind, text=text) if kind in SPOKEN:
                self.say(text)
            case Finished() | Failed():
                self.refresh_title()
                self._show_state()
                command_handlers.offer(self, run.reply, event)

    def taken_back(self) -> None:
        columns = self.stage.columns
        if columns is None or not columns.are_in(self.session.conversation.messages):
            self.show_path()

    def unsent(self) -> str:
        return self.prompt.text

    def draft_changed(self) -> None:
        self.prompt.put(self.session.draft)

    def next_changed(self) -> None:
        session = self.session
        queued = session.queued.text if session.queued is not None else None
        models = [model.id for model in session.comparing]
        self.query_one(NextBar).show(queued, models, is_edit=session.editing is not None)

    # -- the prompt

    @on(Prompt.Submitted)
    def submit(self, event: Prompt.Submitted) -> None:
        parsed = commands.parse(event.text)
        if isinstance(parsed, str):
            if self.menu.is_open:
                self.menu.choose()
            else:
                self.prompt.give_back(event.text)
                self.say(f"There is no command /{parsed}; / lists them.", "warning")
            return
        self._close_menu()
        if parsed is not None:
            command_handlers.run(self, *parsed)
            return
        self.prompt.recent.remember(event.text)
        self.session.draft = self.prompt.text  # now: sending may be quicker than the box's own message
        self.app.outbox.dispatch(self.session, self.session.asks(event.text))

    @on(Prompt.Recalled)
    def recall(self) -> None:
        queued = self.session.unqueue()
        if queued is not None:
            self.session.give_back(queued)
        else:
            self.prompt.recall()

    @on(Prompt.SentNothing)
    def go_on(self) -> None:
        self.pick()

    @on(Prompt.Left)
    def leave_app(self) -> None:
        self.app.leave()

    @on(Prompt.Scrolled)
    def scroll_log(self, event: Prompt.Scrolled) -> None:
        log = self.log_view
        match event:
            case Prompt.Scrolled(edge=-1):
                log.scroll_home(animate=False)
            case Prompt.Scrolled(edge=1):
                log.following = True
            case Prompt.Scrolled(pages=-1):
                log.action_page_up()
            case _:
                log.action_page_down()

    @on(TextArea.Changed)
    def changed(self, event: TextArea.Changed) -> None:
        self.menu.suggest(event.text_area.text)
        self.prompt.has_menu = self.menu.is_open
        self.show_keys()
        if self._session is not None:
            self._session.draft = event.text_area.text
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_S, self.save_draft)

    def save_draft(self) -> None:
        """Write the unsent text down."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
            self._draft_timer = None
        session = self._session
        if session is None:
            return
        session.draft = self.prompt.text
        if not session.draft and session.editing is not None:
            session.aim(models=session.comparing)
        self.app.drafts.keep(session)

    def stash(self) -> None:
        """Put the draft on top of the prompt history and leave the box empty."""
        text = self.prompt.take()
        self.session.aim(models=self.session.comparing)
        self.prompt.recent.remember(text)
        self.app.storage.library.remember_prompt(text)
        self.say("Draft stashed: Up brings it back.")

    # -- the list of commands that a slash opens

    @on(Prompt.MenuKey)
    def menu_key(self, event: Prompt.MenuKey) -> None:
        self.menu.step(event.key)

    @on(CommandMenu.Chosen)
    def complete(self, event: CommandMenu.Chosen) -> None:
        """Run the chosen command, or let its argument be typed. After Tab its beginning is still in the box."""
        typed = self.prompt.take()
        after = "" if typed.startswith("/") else typed
        if event.command.argument:
            self.prompt.put(f"{event.command.slash} {after}")
        else:
            self.prompt.put(after)
            command_handlers.run(self, event.command, "")
        self._close_menu()

    def _close_menu(self) -> None:
        self.menu.close()
        self.prompt.has_menu = False
        self.show_keys()

    # -- models side by side

    def pick(self) -> None:
        """Go on with the highlighted column, if there are any; the others stay as branches."""
        columns = self.stage.columns
        if columns is None:
            return
        picked = columns.run.reply
        conversation = self.session.conversation
        if picked.id in conversation.messages:  # else it was stopped before anything came
            conversation.use(picked.model)
            conversation.choose(picked.id)
        self.show_path()

    # -- keys

    def action_escape(self) -> None:
        """Close the list of commands, else stop the reply in view, else go back to the prompt."""
        if self.menu.is_open:
            self._close_menu()
        elif not self.stop_in_view():
            self.prompt.focus()

    def stop_in_view(self) -> bool:
        """Stop the reply in view, of several the highlighted one; return whether there was one."""
        columns = self.stage.columns
        stopped = self.session.stop(columns.stop() if columns is not None else self.session.run_in_view)
        return self.app.outbox.take_back(self.session) or stopped

    def action_command(self, name: str) -> None:
        """Run a command by its name; one that needs an argument goes into the box, to be completed."""
        command = commands.find(name)
        if command is None:
            return
        if command.needs_argument:
            self.prompt.put(f"{command.slash} ")
            self.prompt.focus()
        else:
            command_handlers.run(self, command, "")

    def action_cursor(self, step: int) -> None:
        if not self.log_view.display:
            return
        self.log_view.focus()
        if step < 0:
            self.log_view.action_cursor_up()
        else:
            self.log_view.action_cursor_down()
        if self.log_view.current is None:
            self.prompt.focus()

    def action_sideways(self, step: int) -> None:
        """Highlight the next column, or walk the branches of the message at the cursor or of the last that has some."""
        columns = self.stage.columns
        if columns is not None:
            columns.step(step)
            return
        path = self.session.conversation.path()
        branches = branches_of(self.session, path)
        at = self.log_view.current or next((m.id for m in reversed(path) if m.id in branches), None)
        if at is not None:
            command_handlers.walk(self, at, step)

    def on_paste(self, event: Paste) -> None:
        """What is pasted over the conversation is meant for the box."""
        self.prompt.focus()
        self.prompt.insert_pasted(event.text)

    # -- the log

    @on(MessageLog.MessageAction)
    def message_action(self, event: MessageLog.MessageAction) -> None:
        command_handlers.on_message(self, event.action, event.message_id)

    # -- what is said

    def say(self, text: str, severity: str = "information") -> None:
        """Show one line for a moment."""
        self.app.say(text, severity)

    def show_banner(self, text: str | None) -> None:
        self.query_one(Banner).show(text)

    def tell(self, news: str) -> bool:
        """Say something in the status bar; return whether that is there, and has the room."""
        bar = self.query_one(StatusBar)
        return bar.display and bar.tell(news)

    def _beat(self) -> None:
        """Show how the replies go now."""
        self._show_state()

    def _show_state(self) -> None:
        self.query_one(StatusBar).show_state(status_text.state(self))
        self.show_keys()
        if self._state_timer is not None and len(self.app.live):
            self._state_timer.resume()
        elif self._state_timer is not None:
            self._state_timer.pause()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def show_keys(self) -> None:
        """Show what the keys do now."""
        if self._session is not None:
            self.query_one(StatusBar).show_keys(status_text.keys(self))

    # -- opening

    @work(exclusive=True, group="open")
    async def open_saved(self, conversation: str) -> None:
        """Bring a saved conversation into view."""
        await open_saved.open_saved(self, conversation)
