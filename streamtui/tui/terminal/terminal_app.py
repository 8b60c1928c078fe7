"""An app that draws through our driver, and whose end no failure of the toolkit turns into a traceback.

Private Textual names used here, checked on 8.2.8: `App._display` (through which every frame goes), `_batch_count`,
`_running`, `_closed`, `_driver`, `_clipboard`, `_handle_exception`, `_set_pointer_shape`; `Console._color_system`;
`textual._compositor`.
"""

from contextlib import suppress
from typing import Any, Final, TypeVar, assert_never

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events, messages, on, work
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ScreenStackError
from textual.driver import Driver
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from streamtui.tui.terminal import clipboard
from streamtui.tui.terminal.terminal import Terminal

CATCH_UP_S: Final = 0.1

ReturnType = TypeVar("ReturnType")


class TerminalApp(App[ReturnType], inherit_bindings=False):
    """Knows the terminal, and nothing of what is shown there."""

    _catching_up: Timer | None = None

    class ImagePasted(Message):
        """Ctrl+V was pressed while the desktop's clipboard held an image."""

        def __init__(self, data: bytes, mime: str) -> None:
            super().__init__()
            self.data = data
            self.mime = mime

    class NothingPasted(Message):
        """Ctrl+V was pressed where no clipboard can be read, or an empty one."""

    def get_driver_class(self) -> type[Driver]:
        chosen = super().get_driver_class()
        if chosen.__name__ != "LinuxDriver":
            return chosen
        from streamtui.tui.terminal.driver import TerminalDriver

        return TerminalDriver

    @property
    def terminal(self) -> Terminal | None:
        """The terminal, `None` in tests without one and on Windows."""
        return self._driver if isinstance(self._driver, Terminal) else None

    def redraw(self) -> None:
        """Draw everything again, over whatever else wrote to the terminal."""
        if self._driver is not None:
            self._driver.write("\x1b[2J")
        self.repaint()

    def repaint(self) -> None:
        """Draw everything again, what the terminal shows being no longer known."""
        if self.terminal is not None:
            self.terminal.frames.forget()
        with suppress(ScreenStackError):
            self.screen.refresh(layout=True)

    async def copy_out(self, text: str, what: str) -> str:
        """Copy `text`, which is `what`; return a sentence about it."""
        self._clipboard = text
        return await clipboard.copy(text, what, self._write)

    def copy_to_clipboard(self, text: str) -> None:
        self.run_worker(self.copy_out(text, "text"), group="copy")

    def _write(self, text: str) -> None:
        if self._driver is not None:
            self._driver.write(text)

    @work(exclusive=True, group="paste")
    async def action_paste(self) -> None:
        """Paste what the desktop's clipboard holds into whatever has the keys, else what was copied here last."""
        pasted = await clipboard.paste()
        receiver = self.focused or self.screen
        match pasted:
            case clipboard.PastedText(text):
                receiver.post_message(events.Paste(text))
            case clipboard.PastedImage(data, mime):
                self.post_message(self.ImagePasted(data, mime))
            case None if self._clipboard:
                receiver.post_message(events.Paste(self._clipboard))
            case None:
                self.post_message(self.NothingPasted())
            case _:
                assert_never(pasted)

    def panic(self, *renderables: RenderableType) -> None:
        """End as after any other failure; what Textual wants printed would be a traceback."""
        self._handle_exception(RuntimeError(f"Textual gave up: {' '.join(str(part) for part in renderables)}"))

    def _set_pointer_shape(self, shape: str) -> None:
        """Leave the pointer as it is: its shape would stay behind at the end, and nothing follows its movement."""

    @on(messages.TerminalSupportsSynchronizedOutput)
    def _show_frames_whole(self) -> None:
        if self.terminal is not None:
            self.terminal.shows_frames_whole = True

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write what changed on the screen, but not to a terminal that has stopped reading: it gets the rest once it
        reads again."""
        terminal = self.terminal
        if terminal is None or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        if self._batch_count or not self._running or self._closed:
            return
        if terminal.is_behind:
            self._catching_up = self._catching_up or self.set_interval(CATCH_UP_S, self._catch_up)
            return
        try:
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            colors = self.console._color_system or ColorSystem.TRUECOLOR
            terminal.draw(renderable, self.size, cursor, colors)
        except Exception as error:
            self._handle_exception(error)
        self.post_display_hook()

    def _catch_up(self) -> None:
        if self._catching_up is not None and self.terminal is not None and not self.terminal.is_behind:
            self._catching_up.stop()
            self._catching_up = None
            self.screen.refresh(layout=True)
