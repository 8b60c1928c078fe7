"""The screen of a conversation: the session in view, the box under it, and what the keys do there."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar, Final

from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Event, Failed, Finished, Notice
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.tui import commands, format, keymap
from streamtui.tui.actions import Actions
from streamtui.tui.commands import COMMANDS, Command
from streamtui.tui.input_hold import InputHold
from streamtui.tui.keymap import Moment, Place
from streamtui.tui.message_actions import MessageActions
from streamtui.tui.options import Choices
from streamtui.tui.screens.conversations import ago
from streamtui.tui.screens.dialogs import Help, Interruption
from streamtui.tui.screens.palette import Palette
from streamtui.tui.screens.picker import Picker
from streamtui.tui.terminal.terminal_app import TerminalApp
from streamtui.tui.widgets.bars import Banner, Severity, StatusBar, TitleBar
from streamtui.tui.widgets.composer import Composer
from streamtui.tui.widgets.conversation_view import ConversationView
from streamtui.tui.widgets.prompt import EnterMeans, Prompt
from streamtui.tui.widgets.welcome import Action
from streamtui.workspace import Closed, Continue, NotSent, ReplyEnded, ReplyStarted, Session, SessionEvent, Workspace

SPOKEN: Final = ("reconnected", "field_dropped", "not_saved", "refusal", "tool_call", "finish")
"""Notices that are worth a word beside the bubble, because the text soon takes their place there."""


class ChatScreen(Screen[None]):
    """Shows one session at a time; the others stream on without it."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Place.CHAT)

    def __init__(
        self, app: App[Any], workspace: Workspace, choices: Choices, hold: InputHold, leave: Callable[[], None]
    ) -> None:
        """`hold` keeps keys back while a conversation is being opened; `leave` ends the app."""
        super().__init__()
        self.leave = leave
        self.message_actions = MessageActions(workspace, self.say)
        self.view = ConversationView(self.message_actions)
        self.composer = Composer(workspace, self.view, self.run_command)
        self.actions = Actions(app, self, self.view, workspace, choices)
        self.status = StatusBar(self._moment, self._state, lambda: len(workspace.tasks) > 0)
        self.banner = Banner()
        self._title = TitleBar()
        self._workspace = workspace
        self._prices = choices.prices
        self._hold = hold
        self._session: Session | None = None
        self._unwatch: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.view
        yield self.banner
        yield self.composer
        yield self.status

    def on_unmount(self) -> None:
        self.let_go()

    # -- the session in view

    @property
    def session(self) -> Session:
        """The session in view. There is always one once the app has started."""
        assert self._session is not None
        return self._session

    def show_session(self, session: Session) -> None:
        """Bring a session into view; its draft comes with it."""
        if self._session is session:
            return
        if self._session is not None:
            self._session.comparison.pick()
        self._unwatch()
        self._session = session
        self._unwatch = session.watch(self._on_session_event)
        self.view.show(session)
        self.composer.show(session)
        self.show_title()
        if session.is_blank:
            self._show_latest()

    @work(exclusive=True, group="latest")
    async def _show_latest(self) -> None:
        """Offer to go on with the conversation used last. What can't be read now is said when it is opened."""
        with suppress(StreamtuiError):
            latest = await self._workspace.library.conversations(limit=1)
            age = ago(time.time() - latest[0].updated) if latest else ""
            self.view.welcome.show_latest(latest[0].title if latest else "", age)

    @on(Action.Chosen)
    def begin(self, event: Action.Chosen) -> None:
        """Do one of the ways to begin that the welcome names."""
        self.composer.send(event.line)

    def let_go(self) -> None:
        """Show nothing more of what happens in the session in view: the app ends, and its widgets go."""
        self._unwatch()
        self.view.let_go()
        self.composer.let_go()

    def show_title(self) -> None:
        """Show the title, the model, and how the conversation stands."""
        model = self.session.conversation.model
        self._title.show(self.session.title or "New conversation", model.label)
        self.view.show_emptiness()
        self.status.update_state()

    @work(exclusive=True, group="open")
    async def open_saved(self, conversation: str) -> None:
        """Bring a saved conversation into view: its end at once, the rest as soon as it is read."""
        self.composer.save_draft()
        try:
            with self._hold.closed():
                self.show_session(await self._workspace.open(conversation))
        except StreamtuiError as error:
            self.say(str(error), "error")

    def _on_session_event(self, event: SessionEvent) -> None:
        match event:
            case ReplyStarted(task=task):
                task.watch(self._on_reply_event)
            case ReplyEnded(task=task, ending=ending):
                self._offer(task, ending)
                if isinstance(ending, Finished):
                    self._workspace.learn_window(task.reply.model)
            case NotSent(error=error):
                self.say(str(error), "error")
            case Closed(error=error):
                if error is not None:
                    self.say(str(error), "error")
                self.actions.new()
                return
            case _:
                pass
        self.show_title()

    def _on_reply_event(self, event: Event) -> None:
        if isinstance(event, Notice) and event.kind in SPOKEN:
            self.say(event.text)

    def _offer(self, task: ReplyTask, ending: Finished | Failed) -> None:
        """After a reply that broke off, say what can be done about it."""
        match ending:
            case Failed(error=error) if error.kind == "context_length":
                if not self.session.comparison.tasks and self.session.has_older_turns:
                    self.run_worker(self.actions.offer_to_leave_out(self.session, task.reply))
            case Failed() if task.reply.message.can_continue:
                self.say("Alt+C lets the reply go on where it stopped.")
            case _:
                pass

    # -- commands

    def run_command(self, command: Command, argument: str) -> None:
        """Run a command; what goes wrong is said in one line."""
        try:
            rest = command.handler(self.actions, argument)
        except StreamtuiError as error:
            self.say(str(error), "error")
            return
        if rest is not None:
            self.run_worker(self._finish(rest))

    async def _finish(self, rest: Coroutine[None, None, None]) -> None:
        try:
            await rest
        except StreamtuiError as error:
            self.say(str(error), "error")

    def action_command(self, name: str, argument: str = "") -> None:
        """Run a command by its name; one that needs an argument goes into the box, to be completed."""
        command = commands.find(name)
        if command is None:
            return
        if command.needs_argument and not argument:
            self.put_in_box(f"{command.slash} ")
        else:
            self.run_command(command, argument)

    @work
    async def action_palette(self) -> None:
        name = await self.app.push_screen_wait(Palette())
        if name is not None:
            self.action_command(name)

    def show_help(self) -> None:
        rows = [(command.usage, command.help) for command in COMMANDS]
        terminal = self.app.terminal if isinstance(self.app, TerminalApp) else None
        keys = keymap.sections(tells_enter_apart=terminal is not None and terminal.tells_enter_apart)
        self.app.push_screen(Help({**keys, "Commands": rows}))

    def put_in_box(self, text: str) -> None:
        self.composer.prompt.put(text)
        self.composer.prompt.focus()

    # -- what is said and asked

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show one line for a moment: in the status bar, or in the list that is open over it."""
        top = self.app.screen
        if isinstance(top, Picker):
            top.tell(text, 10)
        self.status.tell(text, severity)

    @on(Composer.UnknownCommand)
    def say_unknown(self, event: Composer.UnknownCommand) -> None:
        self.say(f"There is no command /{event.name}; / lists them.", "warning")

    async def confirm(self, question: str, yes: str) -> bool:
        """Ask something that the user did not ask for; what is typed meanwhile goes to the box."""
        answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        await self.app.push_screen(Interruption(question, yes, self.composer.insert), answer.set_result)
        return await answer is True

    @on(Composer.Changed)
    @on(ConversationView.CursorMoved)
    def show_hints(self) -> None:
        """Show what the keys do now, Enter among them."""
        prompt = self.composer.prompt
        if self.view.log_view.current is not None:
            prompt.enter_means = EnterMeans.MESSAGE
        elif prompt.enter_means is EnterMeans.MESSAGE:
            prompt.enter_means = EnterMeans.SEND
        self.status.update_hints()

    def _moment(self) -> Moment:
        session, is_streaming = self._session, self._session is not None and self._session.is_streaming
        if self.composer.menu.is_open:
            return Moment.MENU
        if self.view.log_view.current is not None:
            return Moment.MESSAGES
        if self.view.columns is not None:
            return Moment.COMPARING if is_streaming else Moment.COMPARED
        if session is None or is_streaming:
            return Moment.STREAMING if is_streaming else Moment.IDLE
        path = session.conversation.path()
        return Moment.BROKEN_OFF if path and path[-1].can_continue else Moment.IDLE

    def _state(self) -> list[str]:
        if self._session is None:
            return []
        elsewhere = len(self._workspace.tasks) - len(self._session.tasks)
        return format.state_of(self._session, self._prices, elsewhere)

    # -- keys

    @on(Prompt.SentNothing)
    def go_on(self) -> None:
        self.session.comparison.pick()

    @on(Prompt.Left)
    def quit(self) -> None:
        self.leave()

    def action_escape(self) -> None:
        """Do the innermost: close the list of commands, put the message cursor away, give back the newest queued
        prompt, stop the reply."""
        is_done = self.composer.close_menu() or self.view.hide_cursor() or self.session.outgoing.unqueue()
        if not is_done:
            self.stop_in_view()

    def stop_in_view(self) -> bool:
        """Stop the reply in view, or take back what is about to leave; return whether there was anything."""
        stopped = self.session.stop_in_view()
        return self._workspace.sender.take_back(self.session) or stopped

    def action_continue_reply(self) -> None:
        self._workspace.sender.submit(self.session, Continue())

    def action_edit_last(self) -> None:
        own = [message for message in self.session.conversation.path() if message.role == "user"]
        if own:
            self.message_actions.edit(self.session, own[-1].id)
        else:
            self.say("There is no prompt to edit yet.")

    def action_cursor(self, step: int) -> None:
        self.view.move_cursor(step)

    def on_key(self, event: events.Key) -> None:
        """What is typed is meant for the box, wherever the focus is."""
        if event.is_printable and event.character is not None and not self.composer.prompt.has_focus:
            event.stop()
            self.composer.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted over the conversation is meant for the box."""
        self.composer.insert(event.text)
