"""The store for as long as a command runs, and on stderr what the reader should know about it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from streamtui import signals
from streamtui.config import Config
from streamtui.store import Store
from streamtui.streams import say


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """Open the store for a front end that shows its troubles, and say it if in the end something was not saved."""
    store = Store.open(config.paths.data)
    try:
        yield store
    finally:
        if not _close(store):
            _say(f"the last text could not be saved. {store.trouble or ''}".rstrip())


@contextmanager
def announced(config: Config) -> Iterator[Store]:
    """Open the store and say what was found: files set aside, text recovered; and, once, why nothing can be saved."""
    store = Store.open(config.paths.data)
    for notice in store.notices:
        _say(notice)
    said = store.trouble
    if said:
        _say(said)
    try:
        yield store
    finally:
        is_saved = _close(store)
        if store.trouble and store.trouble != said:
            _say(store.trouble)
        elif not is_saved and not said:
            _say("the last text could not be saved.")


def _close(store: Store) -> bool:
    """Close the store; return whether nothing was lost. No signal interrupts that: while the database is locked, the
    text is on no disk yet."""
    with signals.ignored():
        return store.close()


def _say(line: str) -> None:
    say(sys.stderr, f"streamtui: {line}")
