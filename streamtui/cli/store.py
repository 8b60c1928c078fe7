"""The store for as long as a command runs, and on stderr what the user should know about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from streamtui.cli.process import signals_ignored
from streamtui.cli.stdio import complain
from streamtui.settings.config import Config
from streamtui.store import Store


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """Open the store for a front end that shows its troubles, and say it if in the end something was not saved."""
    store = Store.open(config.paths.data)
    try:
        yield store
    finally:
        _close(store)


@contextmanager
def reported(config: Config) -> Iterator[Store]:
    """Open the store for a command on what is saved already, and say how that went: files set aside, text recovered.

    Why nothing can be saved is no concern of a command that reads, unless there is nothing to read for the same reason;
    one that changes something fails with it.
    """
    store = Store.open(config.paths.data)
    trouble = None if store.path.is_file() else store.trouble
    for line in (*store.notices, *filter(None, [trouble])):
        complain(line)
    try:
        yield store
    finally:
        _close(store, announced=trouble)


@contextmanager
def announced(config: Config) -> Iterator[Store]:
    """Open the store and say how that went: files set aside, text recovered; and, once, why nothing can be saved."""
    store = Store.open(config.paths.data)
    trouble = store.trouble
    for line in (*store.notices, *filter(None, [trouble])):
        complain(line)
    try:
        yield store
    finally:
        _close(store, announced=trouble)


def _close(store: Store, *, announced: str | None = None) -> None:
    """Close the store, and say it if something was lost, unless `announced` has the reason already.

    No signal interrupts the closing: while the database is locked, the text is on no disk yet.
    """
    with signals_ignored():
        is_saved = store.close()
    if not is_saved and (announced is None or store.trouble != announced):
        complain(f"the last text could not be saved. {store.trouble or ''}".rstrip())
