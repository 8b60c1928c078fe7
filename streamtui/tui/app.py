"""The app: owns what lives as long as the process does, and ends it well.

Private Textual names used here, checked on 8.2.8: `App._handle_exception` (where an unexpected exception ends up).
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar, Final
from urllib.parse import urlsplit

from textual import events, on, work
from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.widgets import TextArea
from textual.worker import WorkerCancelled

from streamtui import markdown
from streamtui.chat.catalog import ServerSearch
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Storage
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui import keybindings
from streamtui.tui.actions import attachments
from streamtui.tui.actions.context import Program
from streamtui.tui.input_hold import InputHold
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.notifications import Notifications
from streamtui.tui.options import Choices, Looks, Opening
from streamtui.tui.paper import PAPER
from streamtui.tui.screens.chat import ChatScreen
from streamtui.tui.screens.dialogs import Question
from streamtui.tui.signals import Signals
from streamtui.tui.terminal import browser
from streamtui.tui.terminal.input_messages import TerminalBackground
from streamtui.tui.terminal.terminal_app import TerminalApp
from streamtui.tui.widgets.prompt import Prompt
from streamtui.workspace import Workspace

CRASHED: Final = 70
DEFAULT_THEME: Final = "textual-dark"
PRELOAD_S: Final = 0.25
"""How long after the first paint the SDK is imported: the prompt is usable before, the reader still typing after."""
COLLECT_AFTER: Final = 2000
"""Objects made, after which the collector looks through the latest ones; imports go on without it (`__main__`)."""
TWICE_S: Final = 2.0
"""Within which the second Ctrl+C counts as the second."""
LOW: Final = 10
"""Terminals with fewer lines show the conversation and the prompt, or a dialog, and nothing else."""
SHORT: Final = 18
"""With fewer lines than this, what stands between the two is kept short."""
LONGEST_HOST: Final = 253
"""Characters (RFC 1035): its end says whose it is, and has to be seen."""


class StreamtuiApp(TerminalApp[None], inherit_bindings=False):
    """Holds the sessions and the replies in flight; the screens do the rest."""

    CSS_PATH = "streamtui.tcss"
    TITLE = "streamtui"
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LOW, "-short"), (SHORT, "-tall")]  # noqa: RUF012 - Textual's own type
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.APP)

    def __init__(
        self,
        workspace: Workspace,
        storage: Storage,
        choices: Choices,
        *,
        opening: Opening,
        looks: Looks,
        report: Callable[[BaseException], str],
    ) -> None:
        """`report` writes a crash report and returns the line about it."""
        super().__init__()
        self.workspace = workspace
        self.workspace.sender.confirm = self._confirm_exposure
        self.hold = InputHold()
        self._keys, self._key_problems = keybindings.moved(looks.keys)
        self.set_keymap(self._keys.moved)
        self.chat = ChatScreen(
            self,
            workspace,
            choices,
            self._keys,
            self.hold,
            Program(self.leave, self.lend_terminal),
            has_sidebar=looks.sidebar,
        )
        self.workspace.events.watch(
            Notifications(
                looks.notify,
                lambda session: self.app_focus and self.chat.session is session,
                lambda text: self._write(text),
            ).hear
        )
        self.farewell = ""
        """A line for stderr after the screen is restored."""
        self._storage = storage
        self._opening = opening
        self._looks = looks
        self._report = report
        self._last_interrupt = 0.0
        self._signals = Signals(storage, self.leave, lambda: self.terminal)

    # -- the beginning

    def get_default_screen(self) -> ChatScreen:
        """Have no other screen below: it would be laid out and drawn before the first one that shows anything."""
        lines = self.size.height
        # Known before anything is styled; otherwise all of it would be styled twice.
        self.chat.add_class(next(name for least, name in reversed(self.VERTICAL_BREAKPOINTS) if lines >= least))
        return self.chat

    async def on_mount(self) -> None:
        self.register_theme(PAPER)
        if self._looks.theme in self.available_themes:
            self.theme = self._looks.theme
        self._signals.catch()
        await self.chat.composed.wait()
        self.chat.view.show_evenly(self._looks.smooth)
        self.chat.show_session(self.workspace.new())
        self._storage.on_trouble(self.chat.banner.show)
        self.chat.banner.show(self._storage.trouble)
        for notice in (*self._opening.notices, *self._key_problems):
            self.chat.say(notice, "warning")
        self._begin()
        self.set_timer(PRELOAD_S, self._preload)
        self.set_timer(PRELOAD_S, self._name_model)

    @work(group="begin")
    async def _begin(self) -> None:
        """Read what the first paint can do without: the conversation to reopen, the draft, the prompt history."""
        new = self.chat.session
        with self.hold.closed():
            try:
                await self._reopen()
                await self.workspace.drafts.restore_new(new)
                self.chat.composer.prompt.recent.load(await self.workspace.library.prompts(500))
            except StreamtuiError as error:
                self.chat.say(str(error), "error")

    async def _reopen(self) -> None:
        """Bring the conversation into view that the app was started with, if any."""
        if self._opening.conversation is None and not self._opening.latest:
            return
        try:
            wanted = await self.workspace.locate(self._opening.conversation)
            await self.chat.open_saved(wanted).wait()
        except WorkerCancelled:  # the user opened another one meanwhile
            pass
        except StreamtuiError as error:
            self.chat.say(str(error), "error")

    async def on_event(self, event: events.Event) -> None:
        """Let keys typed ahead wait for what they are meant for."""
        if isinstance(event, events.InputEvent | events.Paste):
            await self.hold.passed()
        await super().on_event(event)

    @work(thread=True, group="preload")
    def _preload(self) -> None:
        """Import the SDK while the user types. What goes wrong here goes wrong again, and is said, on sending."""
        with suppress(StreamtuiError):
            self.workspace.catalog.preload()
        markdown.preload()
        gc.freeze()  # nothing of all that is ever garbage
        gc.set_threshold(COLLECT_AFTER)

    @work(group="name")
    async def _name_model(self) -> None:
        if await self.workspace.default_model.name():
            self.chat.show_title()
        await self.workspace.default_model.search(self._show_search)

    def _show_search(self, search: ServerSearch) -> None:
        """Say what the look for servers of this machine brought; one that is there is about to be asked."""
        self.chat.show_search(search)
        if search.model is not None:
            self._preload()

    @on(TerminalBackground)
    def _suit_background(self, event: TerminalBackground) -> None:
        """On a light terminal start with ink on paper, unless a theme was chosen."""
        if event.is_light and self._looks.theme == DEFAULT_THEME and self.theme == DEFAULT_THEME:
            self.theme = PAPER.name

    # -- what is asked, copied, opened

    async def _confirm_exposure(self, host: str) -> bool:
        question = f"Your API key would travel to {host} unencrypted, readable by everyone on the way. Send it?"
        return await self.chat.confirm(question, "Send it")

    @on(MessageLog.Copy)
    @on(Prompt.Cut)
    def copy_what_is_asked(self, event: MessageLog.Copy | Prompt.Cut) -> None:
        self.copy(event.text, event.what)

    @on(TerminalApp.ImagePasted)
    @work
    async def _attach_image(self, event: TerminalApp.ImagePasted) -> None:
        try:
            await attachments.attach_image(self.chat.context, event.data)
        except StreamtuiError as error:
            self.chat.say(str(error), "error")

    @on(TerminalApp.NothingPasted)
    def _say_nothing_to_paste(self) -> None:
        self.chat.say("There is nothing to paste that can be read from here; your terminal's own key may know more.")

    @on(MessageLog.OpenLink)
    def open_from_log(self, event: MessageLog.OpenLink) -> None:
        self.open_link(event.href)

    @work
    async def copy(self, text: str, what: str) -> None:
        self.chat.say(await self.copy_out(text, what))

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
        if self._copy_selection() or self.workspace.stop(self.chat.session):
            return
        if self.screen is not self.chat:
            self.screen.dismiss(None)
            return
        if self.chat.composer.stash():
            self.chat.say("Draft stashed: Up brings it back.")
            return
        now = time.monotonic()
        if now - self._last_interrupt < TWICE_S:
            self.leave()
            return
        self._last_interrupt = now
        self.chat.say(f"{self._keys['interrupt']} again quits.")

    def _copy_selection(self) -> bool:
        from textual.widgets import Input  # only dialogs have one

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
            self.chat.say("The mouse is ours again.")
        else:
            self.chat.say(f"The mouse is the terminal's: select with it. {self._keys['mouse']} takes it back.")

    def action_redraw(self) -> None:
        self.redraw()

    @contextmanager
    def lend_terminal(self) -> Iterator[None]:
        """Give the terminal to another program. Replies stream on meanwhile; what is drawn goes nowhere."""
        try:
            with self.suspend(), self._signals.without_interrupts():
                yield
        except SuspendNotSupported:
            raise StreamtuiError("This terminal can't be given to another program.") from None

    # -- the end

    def leave(self, code: int = 0) -> None:
        """Settle everything and quit."""
        self.workspace.settle()
        session = self.chat.standing.session
        if session is not None and self._storage.trouble is None:
            self.farewell = self.farewell or self._looks.farewell.text(session)
        self.chat.let_go()
        self.exit(return_code=code)

    async def on_unmount(self) -> None:
        self.workspace.settle()
        await self.workspace.aclose()
        await self.workspace.catalog.aclose()

    def _handle_exception(self, error: Exception) -> None:
        """Let no traceback reach the reader: settle, write the report, leave with a line that says where it is."""
        if self.farewell:
            return
        self.farewell = self._report(error)
        with suppress(Exception):
            self.workspace.settle()
        self.exit(return_code=CRASHED)
