"""Textual's driver for terminals, rewritten where it loses keys, waits for who doesn't read, or leaves a mess.

Private Textual names used here, checked on 8.2.8: `LinuxDriver._run_input_thread` (replaced), `_key_thread`,
`_get_terminal_size`, `_patch_lflag`, `_patch_iflag`, `_must_signal_resume`, `_mouse`, `Driver._app`, `_loop`, and
`App._handle_exception`.
"""

import asyncio
import codecs
import logging
import os
import selectors
import signal
import termios
import time
import tty
from contextlib import suppress
from threading import Thread
from typing import Any, Final

from rich.color import ColorSystem
from textual import constants, events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Offset, Size

from streamtui.tui.terminal import terminal_modes
from streamtui.tui.terminal.frame_writer import Frame, FrameWriter
from streamtui.tui.terminal.input_messages import InputMessages, ModifiedEnterReported
from streamtui.tui.terminal.output import TerminalOutput
from streamtui.tui.terminal.terminal import Terminal
from streamtui.tui.terminal.terminal_app import TerminalApp
from streamtui.tui.terminal.tokenizer import Token, Tokenizer

log = logging.getLogger(__name__)

_DRAIN_S: Final = 0.5
"""How long a terminal that is left may take to read what is written; what it has not read then is dropped."""
_BEGIN_FRAME: Final = "\x1b[?2026h"
_END_FRAME: Final = "\x1b[?2026l"
_READ_BYTES: Final = 65_536


class TerminalDriver(LinuxDriver, Terminal):
    """Reads keys and sizes, writes frames, and gives the terminal back as it was.

    The stock driver looks at the clock only every 100 ms, so that a lone Escape waits that long whatever `ESCDELAY`
    says; it types what it doesn't know; it stops reading for good at the first byte that is no UTF-8; it measures the
    terminal in a signal handler, which the next signal can interrupt: of many resizes an older one may then come out
    as the last; and it makes the event loop, and with it every stream, wait for a terminal that has stopped reading.
    """

    def __init__(
        self, app: TerminalApp[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._app: TerminalApp[Any] = app
        self.frames = FrameWriter()
        self.tells_enter_apart = False
        self._output: TerminalOutput | None = None
        self._wake: tuple[int, int] | None = None

    # -- output

    @property
    def is_behind(self) -> bool:
        return self._output is not None and self._output.is_behind

    def write(self, data: str) -> None:
        if self._output is not None and data:
            self._output.write(data)

    def draw(self, frame: Frame, size: Size, cursor: Offset, colors: ColorSystem) -> None:
        if changes := self.frames.draw(frame, size, cursor, colors):
            self.write(f"{_BEGIN_FRAME}{changes}{_END_FRAME}" if self.shows_frames_whole else changes)

    @property
    def has_mouse(self) -> bool:
        return self._mouse

    @has_mouse.setter
    def has_mouse(self, has_mouse: bool) -> None:
        self._mouse = has_mouse
        self.write(terminal_modes.MOUSE_ON if has_mouse else terminal_modes.MOUSE_OFF)

    # -- taking the terminal, giving it back

    def start_application_mode(self) -> None:
        if not self._is_in_foreground():
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._measure)
        assert self._file is not None
        self._output = TerminalOutput(self._file.fileno())
        self._output.start()
        self._measure()
        self._take_line()
        self._wake = os.pipe()
        self._key_thread = Thread(target=self._run_input_thread, name="terminal-input")
        self._key_thread.start()
        self.write(terminal_modes.ENTER + terminal_modes.title(self._app.title))
        self.write(terminal_modes.QUERIES + terminal_modes.BACKGROUND_QUERY)
        if self._mouse:
            self.write(terminal_modes.MOUSE_ON)
        if self._must_signal_resume:
            self._must_signal_resume = False
            self.send_message(self.SignalResume())

    def _is_in_foreground(self) -> bool:
        """Whether the terminal may be written to. After `bg` in the shell it may not: the process sleeps again, until
        `fg`."""
        if not os.isatty(self.fileno):
            return True
        for number in (signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(number, lambda *_: os.kill(os.getpid(), signal.SIGSTOP))
        try:
            termios.tcsetattr(self.fileno, termios.TCSANOW, termios.tcgetattr(self.fileno))
        except termios.error:
            return False
        finally:
            for number in (signal.SIGTTOU, signal.SIGTTIN):
                signal.signal(number, signal.SIG_DFL)
        return True

    def _take_line(self) -> None:
        """Let every key come at once and unchanged."""
        self.attrs_before = None
        with suppress(termios.error):
            self.attrs_before = termios.tcgetattr(self.fileno)
            settings = termios.tcgetattr(self.fileno)
            settings[tty.LFLAG] = self._patch_lflag(settings[tty.LFLAG])
            settings[tty.IFLAG] = self._patch_iflag(settings[tty.IFLAG])
            settings[tty.CC][termios.VMIN] = 1
            termios.tcsetattr(self.fileno, termios.TCSANOW, settings)

    def stop_application_mode(self) -> None:
        """Give the terminal back: modes first, then what it had sent meanwhile is thrown away, then the line."""
        output, self._output = self._output, None
        if output is None:
            return
        output.write(terminal_modes.LEAVE)
        if not output.drain(_DRAIN_S):
            output.drop(terminal_modes.ABANDON)
        self.disable_input()
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        output.close()

    def close(self) -> None:
        """Do nothing: the output ends with application mode."""

    def abandon(self) -> None:
        output = self._output
        if self.attrs_before is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        if output is not None:
            output.drop(terminal_modes.ABANDON)

    # -- input

    def disable_input(self) -> None:
        """Stop reading, and throw away what was not read."""
        thread, self._key_thread = self._key_thread, None
        if thread is None or self._wake is None:
            return
        with suppress(ValueError, RuntimeError, NotImplementedError):
            self._loop.remove_signal_handler(signal.SIGWINCH)
        self.exit_event.set()
        reading, writing = self._wake
        os.write(writing, b"\0")
        thread.join()
        for descriptor in (reading, writing):
            os.close(descriptor)
        self._wake = None
        self.exit_event.clear()
        with suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def _measure(self) -> None:
        """Learn the size, and draw everything: a terminal may arrange anew what it shows."""
        size = Size(*self._get_terminal_size())
        self.send_message(events.Resize(size, size))
        self._loop.call_soon_threadsafe(self._app.repaint)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        assert self._wake is not None
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        tokenizer = Tokenizer(constants.ESCAPE_DELAY)
        self._messages = InputMessages()
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._wake[0], selectors.EVENT_READ)
            while not self.exit_event.is_set():
                timeout = None if tokenizer.due is None else max(0.0, tokenizer.due - time.monotonic())
                if not selector.select(timeout):
                    tokens = list(tokenizer.expire(time.monotonic()))
                elif self.exit_event.is_set():
                    return
                else:
                    try:
                        data = os.read(self.fileno, _READ_BYTES)
                    except OSError:  # the terminal is gone: what follows is the hangup's business
                        return
                    if not data:
                        return
                    tokens = list(tokenizer.feed(decode(data), time.monotonic()))
                for token in tokens:
                    self._take(token)
                if tokenizer.tells_enter_apart and not self.tells_enter_apart:
                    self.tells_enter_apart = True
                    self.send_message(ModifiedEnterReported())

    def _take(self, token: Token) -> None:
        """Pass on what a token means. One that Textual fails on is dropped: it is the terminal's mistake or Textual's,
        and no reason to end a conversation."""
        try:
            for message in self._messages.read(token):
                self.process_message(message)
        except Exception:
            log.exception("input was dropped: %s", type(token).__name__)
            self._messages = InputMessages()
