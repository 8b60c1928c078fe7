"""The app: owns what lives as long as the process does, and ends it well.

Private Textual names used here, checked on 8.2.8: `App._handle_exception` (where an unexpected exception ends up),
`App._notifications` and `_unnotify`.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import ClassVar, Final
from urllib.parse import urlsplit

from textual import events, on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen
from textual.widgets import Input, TextArea
from textual.worker import WorkerCancelled

from streamtui import markdown
from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StoreError, StreamtuiError
from streamtui.chat.reply_tasks import ReplyTasks
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.commands import COMMANDS
from streamtui.tui.drafts import Drafts
from streamtui.tui.input_hold import InputHold
from streamtui.tui.launch import Start
from streamtui.tui.screens.chat import ChatScreen
from streamtui.tui.screens.dialogs import Interruption, Question
from streamtui.tui.session import Session, Sessions
from streamtui.tui.submissions import Submissions
from streamtui.tui.terminal import browser, clipboard
from streamtui.tui.terminal.terminal_app import TerminalApp

CRASHED: Final = 70
PRELOAD_S: Final = 0.25
"""How long after the first paint the SDK is imported: the prompt is usable before, the reader still typing after."""
TWICE_S: Final = 2.0
"""Within which the second Ctrl+C counts as the second."""
LOW: Final = 10
"""Terminals with fewer lines show the conversation and the prompt, or a dialog, and nothing else."""
SHORT: Final = 18
"""With fewer lines than this, what stands between the two is kept short."""
LONGEST_HOST: Final = 253
"""Characters (RFC 1035): its end says whose it is, and has to be seen."""
GUARD_S: Final = 2.5
"""After a signal the process is gone by then, whatever the terminal does."""


class CommandSource(Provider):
    """Offers the commands in the palette."""

    async def discover(self) -> Hits:
        for command in COMMANDS:
            yield DiscoveryHit(command.name, partial(self._run, command.name), help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in COMMANDS:
            if (score := matcher.match(f"{command.name} {command.help}")) > 0:
                yield Hit(score, matcher.highlight(command.name), partial(self._run, command.name), help=command.help)

    def _run(self, name: str) -> None:
        chat = self.app.screen
        if isinstance(chat, ChatScreen):
            chat.action_command(name)


class StreamtuiApp(TerminalApp[None], inherit_bindings=False):
    """Holds the sessions and the replies in flight; the screens do the rest."""

    CSS_PATH = "streamtui.tcss"
    TITLE = "streamtui"
    ENABLE_COMMAND_PALETTE = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LOW, "-short"), (SHORT, "-tall")]  # noqa: RUF012 - Textual's own type
    COMMANDS = {CommandSource}  # noqa: RUF012 - Textual's own type
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "copy, stop, stash, quit", show=False, priority=True, system=True),
        Binding("ctrl+p", "command_palette", "commands", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", show=False, priority=True),
        Binding("ctrl+l", "redraw", "redraw", show=False),
        Binding("f2", "toggle_mouse", "release or take the mouse", show=False, priority=True),
    ]

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.start = start
        self.catalog = start.catalog
        self.storage = start.storage
        self.live = ReplyTasks()
        self.outbox = Submissions(
            self,
            start.catalog,
            start.storage.library,
            confirm=self._confirm_exposure,
            say=self._say_error,
            left=lambda session: self.drafts.keep(session),
        )
        self.sessions = Sessions(self.live, self.outbox.dispatch, start.storage.library.remember_prompt)
        self.drafts = Drafts(start.storage.library, self.outbox)
        self.deletions: list[str] = []
        """Ids of the conversations that were deleted, the latest last."""
        self.farewell = ""
        """A line for stderr after the screen is restored."""
        self._chat = ChatScreen()
        self.gate = InputHold()
        self._last_interrupt = 0.0

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        return ()

    # -- the beginning

    async def on_mount(self) -> None:
        if self.start.theme in self.available_themes:
            self.theme = self.start.theme
        self._catch_signals()
        await self.push_screen(self._chat)
        self.new_conversation()
        self.storage.on_trouble(self._chat.show_banner)
        self._chat.show_banner(self.storage.trouble)
        for notice in self.start.notices:
            self.say(notice, "warning")
        self._begin()
        self.set_timer(PRELOAD_S, self._preload)
        self.set_timer(PRELOAD_S, self._name_model)

    @work(group="begin")
    async def _begin(self) -> None:
        """Read what the first paint can do without: the conversation to reopen, the draft, the prompt history."""
        new = self._chat.session
        with self.gate.closed():
            try:
                await self._reopen()
                await self.drafts.give_back(new)
                if self._chat.shows(new):
                    self._chat.draft_changed()
                self._chat.prompt.recent.load(await self.storage.library.prompts(500))
            except StoreError as error:
                self.say(str(error), "error")

    async def _reopen(self) -> None:
        """Bring the conversation into view that the app was started with, if any."""
        library = self.storage.library
        try:
            wanted = await library.find(self.start.resume) if self.start.resume else None
            wanted = wanted or (await library.latest() if self.start.latest else None)
            if wanted is not None:
                await self._chat.open_saved(wanted).wait()
        except StoreError as error:
            self.say(str(error), "error")
        except WorkerCancelled:  # the reader opened another one meanwhile
            pass

    async def on_event(self, event: events.Event) -> None:
        """Let keys typed ahead wait for what they are meant for."""
        if isinstance(event, events.InputEvent | events.Paste):
            await self.gate.passed()
        await super().on_event(event)

    @work(thread=True, group="preload")
    def _preload(self) -> None:
        """Import the SDK while the reader types. What goes wrong here goes wrong again, and is said, on sending."""
        with suppress(StreamtuiError):
            self.catalog.preload()
        markdown.preload()

    @work(group="name")
    async def _name_model(self) -> None:
        """Where no model was named, learn which one answers, unless the reader has to agree first that anything is
        sent there. What goes wrong here goes wrong again, and is said, on sending."""
        unnamed = self.catalog.model()
        if unnamed.name or self.catalog.exposed_host(unnamed):
            return
        with suppress(StreamtuiError):
            named = await self.catalog.resolve(unnamed)
            blank = self._blank()
            if blank is not None and blank.conversation.model == unnamed:
                blank.conversation.use(named)
                self._chat.refresh_title()

    # -- conversations

    def new_conversation(self) -> None:
        """Bring an empty conversation into view; an empty one that is open already will do."""
        session = self._blank() or self.sessions.add(
            Conversation(
                self.start.model or self.catalog.model(),
                self.storage.recorder,
                system=self.start.system,
                options=self.start.options,
            )
        )
        if not self._chat.shows(session):
            self._chat.show_session(session)

    def _blank(self) -> Session | None:
        """Return the session in which nothing was asked yet, nor is about to be, if there is one."""
        blank = [session for session in self.sessions if session.is_blank and not self.outbox.texts(session)]
        return next((session for session in blank if self._chat.shows(session)), blank[-1] if blank else None)

    def forget(self, conversation: str) -> None:
        """Settle and let go of a conversation; what was unsent there is written down."""
        session = self.sessions.known(conversation)
        if session is None:
            return
        self.outbox.take_back(session)
        session.stop()
        self.drafts.keep(session)
        self.sessions.close(conversation)
        if self._chat.shows(session):
            self.new_conversation()

    # -- what is said, copied, opened

    def say(self, text: str, severity: str = "information") -> None:
        """Show one line for a moment; no text is ever read as markup. News stand in the status bar, where nothing is
        covered; what is a worry, or has no room there, stands over the conversation's beginning."""
        text = sanitize_line(text)
        level = severity if severity in ("warning", "error") else "information"
        if level == "information" and self.screen is self._chat and self._chat.tell(text):
            return
        for shown in list(self._notifications):
            if level == shown.severity == "information":  # news replaces news: a pile of it would cover the text
                self._unnotify(shown, refresh=False)
        self.notify(text, severity=level, markup=False, timeout=4 if level == "information" else 10)  # type: ignore[arg-type]

    def _say_error(self, text: str) -> None:
        self.say(text, "error")

    async def _confirm_exposure(self, host: str) -> bool:
        question = f"Your API key would travel to {host} unencrypted, readable by everyone on the way. Send it?"
        return await self.interrupt(question, "Send it")

    async def interrupt(self, question: str, yes: str) -> bool:
        """Ask something that the reader did not ask for; what is typed meanwhile goes to the box."""
        answer = await self.push_screen_wait(Interruption(question, yes, self._chat.prompt.insert_pasted))
        return answer is True

    @on(MessageLog.Copy)
    def copy_from_log(self, event: MessageLog.Copy) -> None:
        self.copy(event.text, event.what)

    @on(MessageLog.OpenLink)
    def open_from_log(self, event: MessageLog.OpenLink) -> None:
        self.open_link(event.href)

    @work
    async def copy(self, text: str, what: str) -> None:
        where = await clipboard.copy(self, text)
        self.say(f"Copied the {what} {where}.")

    @work
    async def open_link(self, href: str) -> None:
        """Ask, showing the host the link really leads to, then open it; where no browser is, copy it."""
        host = sanitize_line(urlsplit(href).hostname or "", LONGEST_HOST)
        if not await self.push_screen_wait(
            Question(f"Open this page at {host}?\n\n{sanitize_line(href, 300)}", "Open")
        ):
            return
        if not await asyncio.to_thread(browser.open_page, href):
            self.copy(href, "link")

    # -- keys

    def action_interrupt(self) -> None:
        """Ctrl+C: copy what is selected, else stop the reply, else stash the draft, else quit at the second press."""
        if self._copy_selection() or self._chat.stop_in_view():
            return
        if self.screen is not self._chat:
            self.screen.dismiss(None)
            return
        if not self._chat.prompt.is_blank:
            self._chat.stash()
            return
        now = time.monotonic()
        if now - self._last_interrupt < TWICE_S:
            self.leave()
            return
        self._last_interrupt = now
        self.say("Ctrl+C again quits.")

    def _copy_selection(self) -> bool:
        focused = self.focused
        selected = focused.selected_text if isinstance(focused, TextArea | Input) else ""
        selected = selected or self.screen.get_selected_text() or ""
        if not selected:
            return False
        self.copy(selected, "selection")
        self.screen.clear_selection()
        return True

    def action_toggle_mouse(self) -> None:
        """Hand the mouse to the terminal, for its own selection, or take it back."""
        if self.terminal is None:
            return
        self.terminal.has_mouse = not self.terminal.has_mouse
        if self.terminal.has_mouse:
            self.say("The mouse is ours again.")
        else:
            self.say("The mouse is the terminal's: select with it. F2 takes it back.")

    def action_redraw(self) -> None:
        self.redraw()

    # -- the end

    def leave(self, code: int = 0) -> None:
        """Settle everything and quit."""
        self._chat.save_draft()
        self.sessions.stop_all()
        for session in self.sessions:
            self.drafts.keep_last(session, in_view=self._chat.shows(session))
        self._chat.let_go()
        self.exit(return_code=code)

    async def on_unmount(self) -> None:
        self.sessions.stop_all()
        await self.live.aclose()
        await self.catalog.aclose()

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, not under tests' threads
            for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"):
                number = getattr(signal, name)
                loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: int) -> None:
        """Store first, leave second; a terminal that is gone or stopped reading can hold up only the leaving."""
        code = 128 + number
        self._guard(code)
        self.leave(code)
        threading.Thread(target=self.storage.flush_or_spill, args=(1.5,), daemon=True).start()

    def _guard(self, code: int) -> None:
        def end() -> None:
            self.storage.flush_or_spill(0.2)
            if self.terminal is not None:
                self.terminal.abandon()
            os._exit(code)

        guard = threading.Timer(GUARD_S, end)
        guard.daemon = True
        guard.start()

    def _handle_exception(self, error: Exception) -> None:
        """Let no traceback reach the reader: settle, write the report, leave with a line that says where it is."""
        if self.farewell:
            return
        self.farewell = self.start.report(error)
        with suppress(Exception):
            self.sessions.stop_all()
        self.exit(return_code=CRASHED)
