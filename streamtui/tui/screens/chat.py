"""The screen of a conversation: the session in view, the box under it, and what the keys do there."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType

from streamtui.chat.catalog import ServerSearch
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Finished
from streamtui.chat.reply import Reply
from streamtui.tui.actions import conversations, long_conversations
from streamtui.tui.actions.context import CommandContext, Program
from streamtui.tui.actions.sidebar import act
from streamtui.tui.command_runner import CommandRunner
from streamtui.tui.input_hold import InputHold
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT, Keybindings
from streamtui.tui.message_actions import MessageActions
from streamtui.tui.options import Choices
from streamtui.tui.reply_news import ReplyNews
from streamtui.tui.screens.conversations import ago
from streamtui.tui.screens.dialogs import Decision, Question
from streamtui.tui.screens.picker import Picker
from streamtui.tui.standing import Standing
from streamtui.tui.terminal.compositor import RowScreen
from streamtui.tui.widgets.bars import Banner, Severity, StatusBar, TitleBar
from streamtui.tui.widgets.composer import Composer
from streamtui.tui.widgets.conversation_view import ConversationView
from streamtui.tui.widgets.find_bar import FindBar
from streamtui.tui.widgets.sidebar import Sidebar
from streamtui.tui.widgets.welcome import Action
from streamtui.workspace import Closed, Continue, ReplyEnded, Session, SessionEvent, Workspace


class ChatScreen(RowScreen):
    """Shows one session at a time; the others stream on without it."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.CHAT)

    def __init__(
        self,
        app: App[Any],
        workspace: Workspace,
        choices: Choices,
        keys: Keybindings,
        hold: InputHold,
        program: Program,
        *,
        has_sidebar: bool,
    ) -> None:
        """`hold` keeps keys back while a conversation is being opened; `program` ends the app."""
        super().__init__()
        self.view = ConversationView(MessageActions(workspace, self.say, self.action_command))
        self.context = CommandContext(app, self, self.view, workspace, choices, keys, program)
        self.commands = CommandRunner(self.context)
        self.composer = Composer(workspace, self.view, self.commands, keys, choices.texts.names)
        self.box = self.composer
        self.sidebar = Sidebar(
            workspace,
            lambda action, conversation: self.commands.finish(act(self.context, action, conversation)),
            is_wanted=has_sidebar,
        )
        self.find_bar = FindBar()
        self.standing = Standing(workspace, self.view, self.composer, self.find_bar, self.sidebar, choices.prices)
        self.find_bar.is_changing = self.standing.is_changing
        self.status = StatusBar(keys, self.standing.moment, self.standing.state, self.standing.is_moving)
        self.banner = Banner()
        self._title = TitleBar()
        self._news = ReplyNews(keys, self.say, self._offer_after_refusal, self._look_at_context)
        self._workspace = workspace
        self._hold = hold
        self._unwatch: Callable[[], None] = lambda: None
        self.composed = asyncio.Event()
        """Set once all widgets are there."""

    def compose(self) -> ComposeResult:
        yield self.sidebar
        yield self._title
        yield self.view
        yield self.banner
        yield self.find_bar
        yield self.composer
        yield self.status

    def on_mount(self) -> None:
        self.composed.set()

    # -- the session in view

    @property
    def session(self) -> Session:
        """The session in view. There is always one once the app has started."""
        assert self.standing.session is not None
        return self.standing.session

    def show_session(self, session: Session) -> None:
        """Bring a session into view; its draft comes with it."""
        shown = self.standing.session
        if shown is session:
            return
        if shown is not None:
            shown.comparison.pick()
        self._unwatch()
        self.find_bar.close(stay=True)
        self.standing.session = session
        self._unwatch = session.watch(partial(self._on_session_event, session))
        self._workspace.events.seen(session.conversation.id)
        self.view.show(session)
        self.composer.show(session)
        self.sidebar.show(session.conversation.id)
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

    def show_search(self, search: ServerSearch) -> None:
        """Show which server of this machine answers from here on, or what was looked for."""
        self.show_title()
        if search.model is None or self.session.conversation.model == search.model:
            self.view.welcome.show_search(search)
        else:
            self.view.welcome.forget_search()
            self.say(f"{search.model.label} is there now, for new conversations; /model asks it here.")

    @on(events.Unmount)
    def let_go(self) -> None:
        """Show nothing more of what happens in the session in view: the app ends, and its widgets go."""
        self._unwatch()
        self.view.let_go()
        self.composer.let_go()

    def show_title(self) -> None:
        """Show the title, the model, and how the conversation stands."""
        model = self.session.conversation.model
        title = self.session.title or "New conversation"
        is_incognito = not self.session.is_saved
        self._title.show(f"⊘ incognito, nothing is saved · {title}" if is_incognito else title, model.label)
        self.set_class(is_incognito, "-incognito")
        self.view.show_emptiness()
        self.status.update_state()

    @work(exclusive=True, group="open")
    async def open_saved(self, conversation: str, message: str | None = None, words: Sequence[str] = ()) -> None:
        """Bring a saved conversation into view: its end at once, the rest as soon as it is read, and then a message
        where it is asked for, whatever its branch."""
        self.composer.save_draft()
        try:
            with self._hold.closed():
                session = await self._workspace.open(conversation)
                self.show_session(session)
                if message is not None:
                    await self.view.show_message(message, words)
        except StreamtuiError as error:
            self.say(str(error), "error")

    def _on_session_event(self, session: Session, event: SessionEvent) -> None:
        self._news.hear(session, event)
        match event:
            case ReplyEnded(task=task, ending=Finished()):
                self._workspace.learn_window(task.reply.model)
            case Closed(error=error):
                if error is not None:
                    self.say(str(error), "error")
                conversations.new(self.context)
                return
            case _:
                pass
        self.show_title()

    def _offer_after_refusal(self, session: Session, reply: Reply) -> None:
        self.run_worker(long_conversations.offer_after_refusal(self.context, session, reply))

    def _look_at_context(self, session: Session) -> None:
        if (offer := long_conversations.due(self.context, session)) is not None:
            self.run_worker(offer)

    # -- commands

    def action_command(self, name: str, argument: str = "") -> None:
        self.commands.run_named(name, argument)

    def find(self, text: str) -> None:
        """Let the user find a text in the conversation in view."""
        if self.session.is_blank:
            self.say("There is nothing to find in yet.")
        else:
            self.find_bar.open(self.view.log_in_view, text)

    # -- what is said and asked

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show one line for a moment: in the status bar, or in the list that is open over it."""
        top = self.app.screen
        if isinstance(top, Picker):
            top.tell(text, 10)
        self.status.tell(text, severity)

    async def confirm(self, question: str, yes: str) -> bool:
        """Ask something that the user did not ask for; what is typed meanwhile goes to the box."""
        answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        await self.app.push_screen(Question(question, yes, typed=self.composer.insert), answer.set_result)
        return await answer is True

    async def decide(self, question: str, choices: Sequence[tuple[str, str]]) -> str | None:
        """Ask something like that with several ways to go on; return the id of the one that is chosen."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        await self.app.push_screen(Decision(question, choices, typed=self.composer.insert), answer.set_result)
        return await answer

    @on(events.DescendantFocus)
    @on(Composer.Changed)
    @on(ConversationView.CursorMoved)
    def show_hints(self) -> None:
        """Show what the keys do now."""
        self.status.update_hints()

    # -- the sidebar

    def on_resize(self) -> None:
        if self.sidebar.fit(self.size.width):
            self.say("The sidebar is hidden until the terminal is wider.")

    # -- keys

    def action_escape(self) -> None:
        """Do the innermost: close the list of commands, put the message cursor away, give back the newest queued
        prompt, stop the reply."""
        is_done = (
            self.find_bar.close(stay=False)
            or self.composer.close_menu()
            or self.composer.queue.leave()
            or self.sidebar.leave()
            or self.view.hide_cursor()
            or self.session.outgoing.unqueue()
        )
        if not is_done:
            self._workspace.stop(self.session)

    def action_continue_reply(self) -> None:
        self._workspace.sender.submit(self.session, Continue())

    def on_key(self, event: events.Key) -> None:
        """What is typed is meant for the box, wherever the focus is."""
        if event.is_printable and event.character is not None and not self.composer.prompt.has_focus:
            event.stop()
            self.composer.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted over the conversation is meant for the box."""
        self.composer.insert(event.text)
