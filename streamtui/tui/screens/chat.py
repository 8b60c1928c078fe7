"""The chat: wires the log, the prompt and the bars to the session in view."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static, TextArea

from streamtui.chat.clean import clean_line
from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StoreError, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, TextDelta
from streamtui.chat.live import Run
from streamtui.chat.messages import ChatMessage, Usage
from streamtui.chat.ports import Model
from streamtui.chat.reply import Reply
from streamtui.tui import commands
from streamtui.tui.figures import state_line
from streamtui.tui.log import MessageLog
from streamtui.tui.screens import perform
from streamtui.tui.screens.dialogs import Question
from streamtui.tui.session import Session
from streamtui.tui.typewriter import Typewriter
from streamtui.tui.widgets.bars import StatusBar, TitleBar
from streamtui.tui.widgets.columns import Columns
from streamtui.tui.widgets.menu import CommandMenu
from streamtui.tui.widgets.prompt import Prompt
from streamtui.tui.widgets.welcome import Welcome

if TYPE_CHECKING:
    from streamtui.tui.app import StreamtuiApp

DRAFT_S: Final = 0.3
"""How long the reader pauses before the draft is saved."""
STATE_S: Final = 0.25
TAIL: Final = 60
"""Messages shown before the rest of a conversation is read: more than any screen holds."""
LOW: Final = 10
"""Terminals with fewer lines show the conversation and the prompt, and nothing else."""


class ChatScreen(Screen[None]):
    """Shows one session at a time; the others stream on without it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,alt+escape", "escape", "stop", show=False),
        Binding("ctrl+n", "command('new')", "new conversation", show=False, priority=True),
        Binding("ctrl+o", "command('open')", "conversations", show=False, priority=True),
        Binding("f1", "command('help')", "help", show=False),
        Binding("ctrl+l", "redraw", "redraw", show=False, priority=True),
        Binding("alt+up", "cursor(-1)", "message above", show=False, priority=True),
        Binding("alt+down", "cursor(1)", "message below", show=False, priority=True),
        Binding("alt+left", "sideways(-1)", "branch or column to the left", show=False, priority=True),
        Binding("alt+right", "sideways(1)", "branch or column to the right", show=False, priority=True),
        Binding("ctrl+t", "command('compare')", "compare models", show=False, priority=True),
        Binding("alt+c", "command('continue')", "continue the reply", show=False, priority=True),
    ]

    app: "StreamtuiApp"

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._draft_timer: Timer | None = None
        self._state_timer: Timer | None = None
        self._columns: Columns | None = None
        self._typewriter = Typewriter(self, self._feed, time.monotonic)

    # -- structure

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="stage"):
            yield Welcome()
            yield MessageLog()
        yield Static(id="banner", markup=False)
        yield Static(id="queue", markup=False)
        yield CommandMenu()
        yield Prompt()
        yield StatusBar()

    def on_mount(self) -> None:
        self.prompt.placeholder = Content("Ask anything, / for commands")
        self.prompt.focus()
        self.set_pace(smooth=self.app.start.smooth)
        self._state_timer = self.set_interval(STATE_S, self._show_state, pause=True)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")

    @property
    def log_view(self) -> MessageLog:
        return self.query_one(MessageLog)

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

    def show_session(self, session: Session, shown: Sequence[ChatMessage] | None = None) -> None:
        """Bring a session into view; its draft comes with it. `shown` are messages to begin with."""
        self._leave()
        self.close_columns()
        self._session = session
        session.view = self
        session.unread = False
        self.show_path(shown)
        self.prompt.put(session.draft)
        self.queue_changed()
        self._show_title()

    def show_path(self, shown: Sequence[ChatMessage] | None = None) -> None:
        """Show the branch in view, and what streams in it."""
        session = self.session
        self._typewriter.forget()
        path = shown if shown is not None else session.conversation.path()
        self.log_view.show(path, self._branches(path))
        for run in session.runs:
            if any(message.id == run.reply.id for message in path):
                self._follow(run)
        self._show_emptiness()
        self._show_state()

    def _follow(self, run: Run) -> None:
        """Show a reply that is already streaming: what arrived so far, then what follows."""
        reply = run.reply
        self.log_view.begin(reply.message, reply.meter)
        if reply.visible:
            seen_reasoning, seen_text = len(reply.message.reasoning), len(reply.message.text)
            self.log_view.feed(reply.id, ReasoningDelta(reply.reasoning[seen_reasoning:]))
            self.log_view.feed(reply.id, TextDelta(reply.text[seen_text:]))

    def _leave(self) -> None:
        if self._session is None:
            return
        self._session.view = None
        self._session.draft = self.prompt.text
        self._save_draft()

    def _branches(self, path: Sequence[ChatMessage]) -> dict[str, tuple[int, int]]:
        branches: dict[str, tuple[int, int]] = {}
        counts = self.session.conversation.branch_points()
        for message in path:
            siblings = counts.get((message.parent, message.role), ())
            if len(siblings) > 1:
                branches[message.id] = (siblings.index(message.id) + 1, len(siblings))
        return branches

    def _show_emptiness(self) -> None:
        if self._columns is not None:
            return
        empty = not (self.session.conversation.messages or self.session.is_streaming)
        welcome = self.query_one(Welcome)
        welcome.display = empty
        self.log_view.display = not empty
        if empty:
            welcome.show(is_demo=self.session.conversation.model.provider.name == "demo")

    def _show_title(self) -> None:
        conversation = self.session.conversation
        self.query_one(TitleBar).show(conversation.title or "New conversation", conversation.model.label)

    def refresh_title(self) -> None:
        self._show_title()
        self._show_emptiness()

    # -- a session's view (`session.View`)

    def began(self, rows: Sequence[ChatMessage], reply: Reply) -> None:
        log = self.log_view
        for row in rows:
            log.add(row)
        log.begin(reply.message, reply.meter)
        log.following = True
        siblings = self.session.conversation.siblings_of(reply.message)
        if len(siblings) > 1:
            log.set_branches(reply.id, siblings.index(reply.id) + 1, len(siblings))
        self._show_emptiness()
        self._show_state()

    def arrived(self, run: Run, event: Event) -> None:
        match event:
            case TextDelta():
                self._typewriter.feed(run.reply.id, event)
            case ReasoningDelta():
                self._feed(run.reply.id, event)
            case Notice():
                self._log_of(run.reply.id).notice(run.reply.id, event)
                if event.kind in ("reconnected", "field_dropped", "not_saved"):
                    self.say(event.text)
            case Usage():
                pass
            case Finished() | Failed():
                self._typewriter.finish(run.reply.id)
                self._log_of(run.reply.id).update(run.reply.message)
                self._show_title()
                self._show_state()

    def _feed(self, message: str, event: TextDelta | ReasoningDelta) -> None:
        self._log_of(message).feed(message, event)

    def _log_of(self, message: str) -> MessageLog:
        """Return the log that shows a message: a column's while models are compared."""
        return (self._columns and self._columns.log_of(message)) or self.log_view

    def taken_back(self, messages: Sequence[str], prompt: str) -> None:
        for message in messages:
            self._log_of(message).discard(message)
        if prompt and self.prompt.is_blank:
            self.prompt.put(prompt)
        elif prompt and not messages:
            self.prompt.put(f"{prompt}\n\n{self.prompt.text}")
        self._show_emptiness()

    def queue_changed(self) -> None:
        queue = self.query_one("#queue", Static)
        queued = self.session.queued
        queue.set_class(bool(queued), "-shown")
        queue.update(Content(f"next: {clean_line(queued, 300)}   (up edits, esc gives it back)" if queued else ""))

    # -- the prompt

    @on(Prompt.Submitted)
    def submit(self, event: Prompt.Submitted) -> None:
        event.stop()
        parsed = commands.parse(event.text)
        if isinstance(parsed, str):
            if self.menu.is_open:
                self.menu.choose()
            else:
                self.say(f"There is no command /{parsed}; / lists them.", "warning")
            return
        self._close_menu()
        self.prompt.take()
        if parsed is not None:
            self.run_worker(perform.run(self, *parsed))
            return
        self.prompt.recent.remember(event.text)
        self.send(event.text)

    @work
    async def send(self, prompt: str) -> None:
        """Send, or queue, a prompt of the session in view; it comes back into the box if that can't be done."""
        session = self.session
        if session.is_streaming:
            session.send(prompt)
            return
        try:
            if not await self.prepare(session):
                raise StreamtuiError("Not sent.")
            self._send(session, prompt)
        except StreamtuiError as error:
            self.say(str(error), "error")
            if session.view is self and self.prompt.is_blank:
                self.prompt.put(prompt)
            else:
                session.draft = session.draft or prompt

    def _send(self, session: Session, prompt: str) -> None:
        self.pick()
        if models := session.compared:
            session.compared = ()
            self.compare(prompt, models)
            return
        edited, session.editing = session.editing, None
        if edited is None:
            session.send(prompt)
        else:
            perform.start_branch(self, session.conversation.edit(edited, prompt))

    async def prepare(self, session: Session) -> bool:
        """Make a session's model ready to be asked; return whether the reader wants it asked. Raises
        `StreamtuiError`."""
        await session.ready.wait()
        conversation = session.conversation
        resolved = await self.app.catalog.resolve(conversation.model)
        if resolved != conversation.model:
            conversation.use(resolved)
            self._show_title()
        host = self.app.catalog.exposed_host(resolved)
        if host is None:
            return True
        question = f"Your API key would travel to {host} unencrypted, readable by everyone on the way. Send it?"
        if not await self.app.push_screen_wait(Question(question, "Send it")):
            return False
        self.app.catalog.allow_exposed(host)
        return True

    @on(Prompt.Recalled)
    def recall(self) -> None:
        queued = self.session.unqueue()
        if queued:
            self.prompt.put(queued)
        else:
            self.prompt.recall()

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
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_S, self._save_draft)

    def _save_draft(self) -> None:
        """Write the unsent text down; a conversation without messages has no row, so its draft is that of the next."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
            self._draft_timer = None
        if self._session is not None:
            self._session.draft = self.prompt.text
            self._session.editing = self._session.editing if self.prompt.text else None
            conversation = self._session.conversation
            key = conversation.id if conversation.messages else None
            self.app.storage.library.keep_draft(key, self.prompt.text)

    # -- the list of commands that a slash opens

    @on(Prompt.MenuKey)
    def menu_key(self, event: Prompt.MenuKey) -> None:
        self.menu.step(event.key)

    @on(CommandMenu.Chosen)
    def complete(self, event: CommandMenu.Chosen) -> None:
        """Run the chosen command, or let its argument be typed."""
        if event.command.argument:
            self.prompt.put(event.command.slash + " ")
        else:
            self.prompt.take()
            self.run_worker(perform.run(self, event.command, ""))
        self._close_menu()

    def _close_menu(self) -> None:
        self.menu.close()
        self.prompt.has_menu = False

    # -- models side by side

    def compare(self, prompt: str, models: Sequence[Model]) -> None:
        """Ask several models at once, each in a column of its own."""
        session = self.session
        replies = session.conversation.compare(prompt, models)
        session.view = None
        runs = [session.run(reply) for reply in replies]
        session.view = self
        self._columns = Columns(runs)
        self.query_one("#stage").mount(self._columns)
        self.log_view.display = False
        self.query_one(Welcome).display = False
        self.say("Alt+Left/Right highlights a column, Esc stops it, Enter on an empty box goes on with it.")
        self._show_state()

    def pick(self) -> bool:
        """Go on with the highlighted column, the others staying as branches; return whether there was one."""
        if self._columns is None:
            return False
        picked = self._columns.run.reply
        conversation = self.session.conversation
        conversation.use(picked.model)
        if picked.id in conversation.messages:
            conversation.choose(picked.id)
        self.close_columns()
        self.show_path()
        self._show_title()
        return True

    def close_columns(self) -> None:
        columns, self._columns = self._columns, None
        if columns is not None:
            columns.remove()

    @on(Prompt.SentNothing)
    def go_on(self) -> None:
        self.pick()

    def action_sideways(self, step: int) -> None:
        """Highlight the next column, or walk the branches of the message at the cursor or of the last that has some."""
        if self._columns is not None:
            self._columns.step(step)
            return
        path = self.session.conversation.path()
        branches = self._branches(path)
        at = self.log_view.current or next((m.id for m in reversed(path) if m.id in branches), None)
        if at is not None:
            perform.walk(self, at, step)

    # -- keys

    def action_escape(self) -> None:
        """Close the list of commands, else stop the reply in view, else go back to the prompt."""
        if self.menu.is_open:
            self._close_menu()
        elif not self.stop_in_view():
            self.prompt.focus()

    def stop_in_view(self) -> bool:
        """Stop the reply in view, of several the highlighted one; return whether there was one."""
        only = self._columns.stop() if self._columns is not None else None
        return self.session.stop(only)

    def action_command(self, name: str) -> None:
        command = commands.find(name)
        if command is not None:
            self.run_worker(perform.run(self, command, ""))

    def action_cursor(self, step: int) -> None:
        if step < 0:
            self.log_view.action_cursor_up()
        else:
            self.log_view.action_cursor_down()

    def action_redraw(self) -> None:
        """Draw everything again, over whatever else wrote to the terminal."""
        self.app.redraw()

    def stash(self) -> None:
        """Put the draft on top of the prompt history and leave the box empty."""
        text = self.prompt.take()
        self.prompt.recent.remember(text)
        self.app.storage.library.remember_prompt(text)
        self.say("Draft stashed: Up brings it back.")

    # -- the log

    @on(MessageLog.Copy)
    def copy(self, event: MessageLog.Copy) -> None:
        self.app.copy(event.text, event.what)

    @on(MessageLog.OpenLink)
    def open_link(self, event: MessageLog.OpenLink) -> None:
        self.app.open_link(event.href)

    @on(MessageLog.MessageAction)
    def message_action(self, event: MessageLog.MessageAction) -> None:
        self.run_worker(perform.on_message(self, event.action, event.message_id))

    @property
    def is_smooth(self) -> bool:
        return self._typewriter.is_on

    def set_pace(self, *, smooth: bool) -> None:
        """Show text at a typewriter's pace from here on, or as it arrives."""
        self._typewriter.is_on = smooth

    # -- what is said

    def say(self, text: str, severity: str = "information") -> None:
        """Show one line for a moment."""
        self.app.say(text, severity)

    def show_banner(self, text: str | None) -> None:
        """Show what stays true until it is mended: that nothing can be saved."""
        banner = self.query_one("#banner", Static)
        banner.set_class(bool(text), "-shown")
        banner.update(Content(text or ""))

    def _show_state(self) -> None:
        runs = self.session.runs
        self.query_one(StatusBar).show(state_line([run.reply for run in runs], time.monotonic(), len(self.app.live)))
        if self._state_timer is None:
            return
        if len(self.app.live):
            self._state_timer.resume()
        else:
            self._state_timer.pause()

    # -- opening

    @work(exclusive=True, group="open")
    async def open_saved(self, conversation: str) -> None:
        """Bring a saved conversation into view: its end at once, the rest as soon as it is read."""
        sessions = self.app.sessions
        if (session := sessions.get(conversation)) is not None:
            self.show_session(session)
            return
        library = self.app.storage.library
        try:
            record, tail = await library.tail(conversation, TAIL)
            model = self.app.start.model or self.app.catalog.model(record.model)
        except StreamtuiError as error:
            self.say(str(error), "error")
            return
        opened = Conversation.resume(model, self.app.storage.recorder, record, tail, options=self.app.start.options)
        session = sessions.add(opened)
        session.ready.clear()
        try:
            session.draft = await library.draft(conversation)
            self.show_session(session, tail)
            await self._read_rest(session, tail)
        except StoreError as error:
            self.say(str(error), "error")
        finally:
            session.ready.set()

    async def _read_rest(self, session: Session, tail: Sequence[ChatMessage]) -> None:
        _, messages = await self.app.storage.library.load(session.conversation.id)
        session.conversation.adopt(messages)
        if session is not self._session:
            return
        first = tail[0].id if tail else ""
        path = session.conversation.path()
        older = next((index for index, message in enumerate(path) if message.id == first), 0)
        self.log_view.prepend(path[:older])
        for message, (index, count) in self._branches(path).items():
            self.log_view.set_branches(message, index, count)
