"""`streamtui delete`: names what it is about to delete, asks where somebody can answer, and waits until it is gone."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from streamtui.chat.errors import NotFoundError
from streamtui.chat.ports import ConversationRecord, Library
from streamtui.cli import output
from streamtui.cli.args import LAST, DeleteArgs
from streamtui.cli.exit_codes import DONE
from streamtui.cli.process import on_loop
from streamtui.cli.stdio import complain
from streamtui.store import Store

_SHORTEST: Final = 6
"""Characters of an id: two conversations of one evening begin alike."""
_ERASE_S: Final = 10.0
_QUIET_S: Final = 1.0
"""How long erasing may take before a line says that it goes on."""
_DAY_S: Final = 24 * 3600.0


def run(args: DeleteArgs, storage: Store) -> int:
    """Delete what the arguments name, and return the exit code. Raises `NotFoundError`; then nothing is deleted."""
    titles = on_loop(_chosen(args, storage.library))
    if not titles:
        complain(f"nothing to delete: no conversation is older than {args.older_than:g} days")
        return DONE
    if not args.yes and sys.stdin is not None and sys.stdin.isatty() and not _confirmed(list(titles.values())):
        complain("nothing was deleted")
        return DONE
    on_loop(_delete(titles, storage.library))
    _erase(storage)
    return DONE


async def _delete(titles: Mapping[str, str], library: Library) -> None:
    await library.delete(*titles)
    await output.print_text("".join(f"deleted {id} “{title}”\n" for id, title in titles.items()))


async def _chosen(args: DeleteArgs, library: Library) -> dict[str, str]:
    """Return the titles of what is to be deleted by id."""
    if args.older_than is not None:
        summaries = await library.older_than(time.time() - args.older_than * _DAY_S)
        return {summary.id: summary.title for summary in summaries}
    records = [await _record(reference, library) for reference in args.ids]
    return {record.id: record.title for record in records}


async def _record(reference: str, library: Library) -> ConversationRecord:
    try:
        id = await library.find(reference, at_least=_SHORTEST)
    except NotFoundError:
        if reference != LAST and len(reference) < _SHORTEST:
            raise NotFoundError(
                f"{reference} is too short to delete by: give six characters of the id, the whole title, or `last`."
            ) from None
        raise
    record, _ = await library.tail(id, 1)
    return record


def _confirmed(titles: Sequence[str]) -> bool:
    what = f"“{titles[0]}”" if len(titles) == 1 else f"these {len(titles)} conversations"
    if len(titles) > 1:
        sys.stderr.write("".join(f"  {title}\n" for title in titles))
    sys.stderr.write(f"Delete {what} for good? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _erase(storage: Store) -> None:
    """Wait until no file holds the text any more, and say where that is not so yet."""
    began, is_said = time.monotonic(), False

    def say_progress(part: float) -> None:
        nonlocal is_said
        if not is_said and time.monotonic() - began > _QUIET_S:
            is_said = True
            complain(f"erasing the text from disk ({part:.0%} done)")

    if not storage.erase(_ERASE_S, say_progress):
        complain("deleted, but not yet erased from disk: every later command carries on with that for a while")
