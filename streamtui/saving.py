"""Opening the store for a command, and saying on stderr what the reader should know about it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from streamtui import signals
from streamtui.config import Config
from streamtui.store import Store
from streamtui.streams import say


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """Open the store, and say it if in the end something could not be written down. No signal interrupts that: while
    the database is locked the text is on no disk yet."""
    store = Store.open(config.paths.data)
    try:
        yield store
    finally:
        with signals.ignored():
            is_saved = store.close()
        if not is_saved:
            say(sys.stderr, f"streamtui: the last text could not be saved. {store.trouble or ''}".rstrip())


def announce(store: Store) -> None:
    """Say what was found on opening: files set aside, text recovered, why nothing can be saved."""
    for line in (*store.notices, *filter(None, [store.trouble])):
        say(sys.stderr, f"streamtui: {line}")
