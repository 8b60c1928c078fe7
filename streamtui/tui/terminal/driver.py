"""Textual's driver for terminals, with better ears, and without ever waiting for who doesn't read.

Private Textual names used here, checked on 8.2.8: `LinuxDriver.run_input_thread` (replaced), `LinuxDriver._debug`,
`_app`, `_get_terminal_size`, `_in_band_window_resize`, `_writer_thread`, its `_queue`, and `textual._xterm_parser`.
"""

import asyncio
import codecs
import os
import re
import selectors
import signal
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

_POLL_S: Final = 0.1
"""How often to look whether the app has ended, while nobody types."""
_GRACE_S: Final = 0.002
"""By how much to outwait the parser's own clock."""
_BACKLOG: Final = 24
"""Pieces that may wait to be written, a frame being up to three; a terminal that reads leaves none."""
_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_ALT_ENTER: Final = "\x1b\r", "\x1b[13;3u"
"""What terminals send, and a form of it that Textual's parser does not take for Enter."""
_ALT_ARROW: Final = re.compile(r"\x1b\x1b[\[O]([A-D])"), "\x1b[1;3\\1"
"""What some terminals send, in one piece, for Alt with an arrow, which would be read as Escape; and what most do."""


class PasteDecoder:
    """Takes bracketed pastes out of what a terminal sends, so that nothing inside one is ever read as a key."""

    def __init__(self) -> None:
        self._held = ""
        self._pasted: list[str] | None = None

    def hear(self, text: str) -> Iterator[str | events.Paste]:
        """Yield keys, as the terminal encodes them, and whole pastes."""
        text, self._held = self._held + text, ""
        while text:
            if self._pasted is None:
                keys, begins, text = text.partition(_BEGIN)
                # A lone Escape is never held: it has to be counted from now on.
                if not begins and (kept := _begun(keys, _BEGIN)) > 1:
                    keys, self._held = keys[:-kept], keys[-kept:]
                if keys:
                    yield re.sub(*_ALT_ARROW, keys.replace(*_ALT_ENTER))
                if begins:
                    self._pasted = []
            else:
                pasted, ends, text = text.partition(_END)
                if not ends and (kept := _begun(pasted, _END)):
                    pasted, self._held = pasted[:-kept], pasted[-kept:]
                self._pasted.append(pasted)
                if ends:
                    yield events.Paste("".join(self._pasted))
                    self._pasted = None

    def rest(self) -> str:
        """Return what was held as the beginning of a paste and is none, nothing having followed it."""
        if self._pasted is not None:
            return ""
        held, self._held = self._held, ""
        return held


def _begun(text: str, mark: str) -> int:
    """Return how much of `mark` is begun at the end of `text`."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


class TerminalDriver(LinuxDriver):
    """Reads keys and sizes.

    The stock driver looks at the clock only every 100 ms, so that a lone Escape waits that long whatever `ESCDELAY`
    says; it reads escape sequences inside a paste as keys; it stops reading for good at the first byte that is no
    UTF-8; it measures the terminal in a signal handler, which the next signal can interrupt: of many resizes an older
    one may then come out as the last; and it makes the event loop, and with it every stream, wait for a terminal that
    has stopped reading.
    """

    @property
    def is_behind(self) -> bool:
        """Whether the terminal doesn't read what is written: then nothing more should be drawn."""
        return self._writer_thread is not None and self._writer_thread._queue.qsize() > _BACKLOG

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self._writer_thread._queue.maxsize = 0  # no limit: `is_behind` tells when to stop
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._measure)

    def _measure(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(events.Resize(size, size))

    def run_input_thread(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        ears = PasteDecoder()
        parser = XTermParser(self._debug)
        patience = _POLL_S
        with closing(selectors.DefaultSelector()) as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(patience):
                    try:
                        data = os.read(self.fileno, 65_536)
                    except OSError:  # the terminal is gone: what follows is the hangup's business
                        break
                    if not data:
                        break
                    self._take(parser, ears.hear(decode(data)))
                    patience = constants.ESCAPE_DELAY + _GRACE_S
                elif held := ears.rest():
                    self._take(parser, [held])
                else:
                    patience = _POLL_S
                for event in parser.tick():
                    self.process_message(event)

    def _take(self, parser: XTermParser, heard: "Iterator[str | events.Paste] | list[str]") -> None:
        for each in heard:
            if isinstance(each, str):
                for event in parser.feed(each):
                    self.process_message(event)
            else:
                self.process_message(each)
