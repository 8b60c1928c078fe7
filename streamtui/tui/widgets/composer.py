"""Where prompts are written: the box, what is queued above it, the list of commands."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import TextArea

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import carried
from streamtui.tui import commands
from streamtui.tui.commands import Command
from streamtui.tui.keybindings import Keybindings
from streamtui.tui.options import Kind
from streamtui.tui.widgets.bars import NextBar
from streamtui.tui.widgets.file_panel import FilePanel
from streamtui.tui.widgets.menu import CommandMenu
from streamtui.tui.widgets.path_menu import PathMenu
from streamtui.tui.widgets.prompt import EnterMeans, Prompt, Reading
from streamtui.tui.widgets.queue import Queue
from streamtui.workspace import DraftChanged, NextChanged, SendPrompt, Session, SessionEvent, Submission, Workspace

DRAFT_S: Final = 0.3
"""How long the user pauses before the draft is saved."""
PLACEHOLDER: Final = "Ask anything, / for commands"


class Runner(Protocol):
    """Runs commands at once: a prompt may follow right behind."""

    def run(self, command: Command, argument: str) -> None: ...

    def run_named(self, name: str, argument: str = "") -> None: ...

    def refuse(self, name: str) -> None:
        """Say that there is no command of this name."""
        ...


class Composer(Vertical):
    """Holds the draft of the session in view, sends it, and runs the commands in it."""

    class Changed(Message):
        """What Enter means, or what is in the box, is something else."""

    def __init__(
        self,
        workspace: Workspace,
        reading: Reading,
        runner: Runner,
        keys: Keybindings,
        names: Callable[[Kind], Sequence[str]],
    ) -> None:
        super().__init__(id="composer")
        self.prompt = Prompt(reading, keys)
        self.recent = self.prompt.recent
        """The prompts sent before."""
        self.prompt.placeholder = Content(PLACEHOLDER)
        self.menu = CommandMenu(keys, names)
        self.queue = Queue()
        self.files = FilePanel(self.prompt)
        self._workspace = workspace
        self._runner = runner
        self._session: Session | None = None
        self._unwatch: Callable[[], None] = lambda: None
        self._draft_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield NextBar()
        yield self.queue
        yield self.menu
        yield self.files
        yield self.prompt

    # -- the session in view

    def show(self, session: Session) -> None:
        """Hold the draft of another session; the one there was is written down."""
        self.let_go()
        self._session = session
        session.outgoing.unsent = lambda: self.prompt.draft
        self._unwatch = session.watch(self._on_session_event)
        self.prompt.put(session.outgoing.draft)
        self.files.show(session)
        self._show_next(session)
        self.prompt.focus()

    def let_go(self) -> None:
        """Hold no session's draft any more; that of the one there was is written down."""
        self._unwatch()
        session = self._session
        if session is None:
            return
        self.save_draft()
        self._session = None
        session.outgoing.unsent = lambda: session.outgoing.draft

    def _on_session_event(self, event: SessionEvent) -> None:
        session = self._session
        match event:
            case DraftChanged() if session is not None:
                self.files.note_foreign(session.outgoing.draft)
                self.prompt.put(session.outgoing.draft)
            case NextChanged() if session is not None:
                self._show_next(session)
            case _:
                pass

    def _show_next(self, session: Session) -> None:
        models = [model.id for model in session.outgoing.next.models]
        self.queue.show(session.outgoing)
        self.files.show_chips()
        self.query_one(NextBar).show(models, is_edit=session.outgoing.next.edits is not None)
        self.post_message(self.Changed())

    # -- sending

    @on(Prompt.Submitted)
    def submit(self, event: Prompt.Submitted) -> None:
        self.send(event.text)

    def send(self, text: str) -> None:
        """Send a prompt, or run the command that it is."""
        if self._session is None:
            return
        if self.menu.shows_names:
            self.menu.choose()
            return
        parsed = commands.parse(text)
        if isinstance(parsed, str):
            if self.menu.is_open:
                self.menu.choose()
            else:
                self.prompt.give_back(text)
                self._runner.refuse(parsed)
            return
        self.close_menu()
        if parsed is not None:
            self._runner.run(*parsed)
            return
        session = self._session
        self._remember(text)
        session.outgoing.draft = self.prompt.draft  # now: sending may be quicker than the box's own message
        if (submission := self._submission(session, text)) is not None:
            self._workspace.sender.submit(session, submission)

    def _submission(self, session: Session, text: str) -> Submission | None:
        """Return what sending a text means, with the files that it names; where one can't go along, that is said, the
        text is in the box again, and `None` is returned."""
        try:
            session.outgoing.attach(*self.files.files_in(text))
        except StreamtuiError as error:
            session.outgoing.refuse(SendPrompt(text), error)
            return None
        return session.outgoing.prompt(text)

    @on(Prompt.SentNothing)
    def go_on(self) -> None:
        """Enter on the empty box sends the files that are attached, or goes on with the highlighted one of several
        replies."""
        session = self._session
        if session is None:
            return
        if carried("", session.outgoing.next.attachments):
            self._workspace.sender.submit(session, session.outgoing.prompt(""))
        else:
            session.comparison.pick()

    @on(Prompt.Recalled)
    def recall(self) -> None:
        if self._session is not None and not self._session.outgoing.unqueue():
            self.prompt.recall()

    @property
    def draft(self) -> str:
        """What is in the box."""
        return self.prompt.draft

    def put(self, text: str) -> None:
        """Replace what is in the box, and give it the keys."""
        self.prompt.put(text)
        self.prompt.focus()

    def take(self) -> Submission | None:
        """Take the draft out of the box, or from an empty one the first queued prompt; `None` where there is
        neither."""
        if self._session is None:
            return None
        if self.prompt.is_blank:
            return self._session.outgoing.dequeue()
        text = self.prompt.take()
        self._remember(text)
        self._session.outgoing.draft = ""
        return self._submission(self._session, text)

    def insert(self, text: str) -> None:
        """Put what was typed or pasted elsewhere into the box."""
        if len(text) > 1:
            self.files.note_foreign(text)
        self.prompt.insert_pasted(text)
        self.prompt.focus()

    # -- the draft

    @on(TextArea.Changed)
    def changed(self, event: TextArea.Changed) -> None:
        self.menu.suggest(event.text_area.text)
        self.set_meaning()
        if self._session is not None:
            self._session.outgoing.draft = self.prompt.draft
            self.files.text_changed()
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_S, self.save_draft)

    def save_draft(self) -> None:
        """Write the unsent text down. An emptied box ends the editing of a message."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
            self._draft_timer = None
        session = self._session
        if session is None:
            return
        session.outgoing.draft = self.prompt.draft
        if not session.outgoing.draft and session.outgoing.next.edits is not None:
            session.outgoing.leave_edit()
        self._workspace.drafts.keep(session)

    def stash(self) -> bool:
        """Put the draft on top of the prompt history and leave the box empty; return whether there was one."""
        if self.prompt.is_blank or self._session is None:
            return False
        text = self.prompt.take()
        self._session.outgoing.stash(text)
        self._remember(text)
        return True

    def _remember(self, text: str) -> None:
        """Put a prompt into the history that Up walks, unless nobody shall find it in another conversation."""
        if self._session is not None and not self._workspace.is_incognito(self._session):
            self.prompt.recent.remember(text)

    # -- the list of commands that a slash opens

    @on(Prompt.MenuKey)
    def menu_key(self, event: Prompt.MenuKey) -> None:
        if self.menu.is_open:
            self.menu.step(event.key)
        elif event.key == "enter" and not self.files.is_to_complete:
            self.prompt.action_submit()
        else:
            self.files.paths.step(event.key)

    # -- files

    @on(Prompt.Pasted)
    def note_paste(self, event: Prompt.Pasted) -> None:
        self.files.note_foreign(event.text)
        self.files.offer("")
        self._runner.run_named("offer_pasted", event.text)

    @on(PathMenu.Changed)
    def set_meaning(self) -> None:
        """Let Enter, Up and Down go to the list that is open."""
        if self.menu.is_open:
            self.prompt.enter_means = EnterMeans.COMMAND
        else:
            self.prompt.enter_means = EnterMeans.PATH if self.files.paths.is_open else EnterMeans.SEND
        self.post_message(self.Changed())

    @on(CommandMenu.Chosen)
    def complete(self, event: CommandMenu.Chosen) -> None:
        """Run the chosen command, or let its argument be typed. After Tab its beginning is still in the box."""
        typed = self.prompt.take()
        after = "" if typed.startswith("/") else typed
        if event.command.argument:
            self.prompt.put(f"{event.command.slash} {after}")
        else:
            self.prompt.put(after)
            self._runner.run(event.command, "")
        self.close_menu()

    @on(CommandMenu.Named)
    def run_named(self, event: CommandMenu.Named) -> None:
        """Run a command with the name that was chosen. After Tab its beginning is still in the box."""
        typed = self.prompt.take()
        self.prompt.put("" if typed.startswith(event.command.slash) else typed)
        self.close_menu()
        self._runner.run(event.command, event.argument)

    def close_menu(self) -> bool:
        """Close the list of commands; return whether it was open."""
        was_open = self.menu.is_open
        self.menu.close()
        was_open = self.files.paths.dismiss_word() or was_open
        self.set_meaning()
        return was_open
