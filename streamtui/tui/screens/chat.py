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
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option

from streamtui.chat.clean import clean_line
from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StoreError, StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, TextDelta
from streamtui.chat.live import Run
from streamtui.chat.messages import ChatMessage, Usage
from streamtui.chat.reply import Reply
from streamtui.tui import commands
from streamtui.tui.commands import Command
from streamtui.tui.figures import state_line
from streamtui.tui.log import MessageLog
from streamtui.tui.screens import perform
from streamtui.tui.screens.dialogs import Question
from streamtui.tui.session import Session
from streamtui.tui.widgets.bars import StatusBar, TitleBar
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
        Binding("alt+c", "command('continue')", "continue the reply", show=False, priority=True),
    ]

    app: "StreamtuiApp"

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._draft_timer: Timer | None = None
        self._state_timer: Timer | None = None
        self._matches: list[Command] = []

    # -- structure

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Horizontal(id="stage"):
            yield Welcome()
            yield MessageLog()
        yield Static(id="banner", markup=False)
        yield Static(id="queue", markup=False)
        yield OptionList(id="menu", compact=True)
        yield Prompt()
        yield StatusBar()

    def on_mount(self) -> None:
        self.query_one("#menu").can_focus = False
        self.prompt.placeholder = Content("Ask anything, / for commands")
        self.prompt.focus()
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
    def session(self) -> Session:
        """The session in view. There is always one once the app has started."""
        assert self._session is not None
        return self._session

    # -- which session is in view

    def show_session(self, session: Session, shown: Sequence[ChatMessage] | None = None) -> None:
        """Bring a session into view; its draft comes with it. `shown` are messages to begin with."""
        self._leave()
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
        for row in rows:
            self.log_view.add(row)
        self.log_view.begin(reply.message, reply.meter)
        self.log_view.following = True
        if reply.message.parent and len(self.session.conversation.siblings_of(reply.message)) > 1:
            siblings = self.session.conversation.siblings_of(reply.message)
            self.log_view.set_branches(reply.id, siblings.index(reply.id) + 1, len(siblings))
        self._show_emptiness()
        self._show_state()

    def arrived(self, run: Run, event: Event) -> None:
        match event:
            case TextDelta() | ReasoningDelta():
                self.log_view.feed(run.reply.id, event)
            case Notice():
                self.log_view.notice(run.reply.id, event)
                if event.kind in ("reconnected", "field_dropped", "not_saved"):
                    self.say(event.text)
            case Usage():
                pass
            case Finished() | Failed():
                self.log_view.update(run.reply.message)
                self._show_title()
                self._show_state()

    def taken_back(self, messages: Sequence[str], prompt: str) -> None:
        for message in messages:
            self.log_view.discard(message)
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
            if self._matches:
                self._complete()
                return
            self.say(f"There is no command /{parsed}; / lists them.", "warning")
            return
        self._hide_menu()
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
        self._show_menu(event.text_area.text)
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

    def _show_menu(self, text: str) -> None:
        name = text[1:] if text.startswith("/") else None
        self._matches = commands.matching(name) if name is not None and (name.isalpha() or not name) else []
        menu = self.query_one("#menu", OptionList)
        menu.set_class(bool(self._matches), "-shown")
        menu.clear_options()
        menu.add_options([Option(Content(f"{each.usage:<34} {each.help}")) for each in self._matches])
        if self._matches:
            menu.highlighted = 0
        self.prompt.has_menu = bool(self._matches)

    def _hide_menu(self) -> None:
        self._matches = []
        self.prompt.has_menu = False
        self.query_one("#menu").remove_class("-shown")

    @on(Prompt.MenuKey)
    def menu_key(self, event: Prompt.MenuKey) -> None:
        menu = self.query_one("#menu", OptionList)
        match event.key:
            case "up":
                menu.action_cursor_up()
            case "down":
                menu.action_cursor_down()
            case _:
                self._complete()

    @on(OptionList.OptionSelected, "#menu")
    def menu_chosen(self) -> None:
        self._complete()

    def _complete(self) -> None:
        chosen = self._matches[self.query_one("#menu", OptionList).highlighted or 0]
        if chosen.argument:
            self.prompt.put(chosen.slash + " ")
        else:
            self.prompt.take()
            self.run_worker(perform.run(self, chosen, ""))
        self._hide_menu()

    # -- keys

    def action_escape(self) -> None:
        """Close the list of commands, else stop the reply in view, else go back to the prompt."""
        if self._matches:
            self._hide_menu()
        elif not self.session.stop():
            self.prompt.focus()

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
