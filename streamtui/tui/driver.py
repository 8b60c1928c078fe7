"""Textual's driver for terminals, with ears that don't wait: Escape counts after the escape delay, no byte deafens it.

Private Textual names used here, checked on 8.2.8: `LinuxDriver.run_input_thread` (replaced), `LinuxDriver._debug`.
"""

import codecs
import os
import selectors
from contextlib import closing
from typing import Final

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_POLL_S: Final = 0.1
"""How often to look whether the app has ended, while nobody types."""
_GRACE_S: Final = 0.002
"""By how much to outwait the parser's own clock."""


class TerminalDriver(LinuxDriver):
    """Reads keys.

    The stock one looks at the clock only every 100 ms, so that a lone Escape waits that long whatever `ESCDELAY` says,
    and it stops reading for good at the first byte that is no UTF-8.
    """

    def run_input_thread(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
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
                    if text := decode(data):
                        for event in parser.feed(text):
                            self.process_message(event)
                    patience = constants.ESCAPE_DELAY + _GRACE_S
                else:
                    patience = _POLL_S
                for event in parser.tick():
                    self.process_message(event)
