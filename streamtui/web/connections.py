"""Taking on connections: no more than there are file descriptors for."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Sized
from typing import Final

log = logging.getLogger(__name__)

_MOST: Final = 2000
_WANTED_DESCRIPTORS: Final = 4096
_OTHER_DESCRIPTORS: Final = 48
"""What the store, the log, the interpreter and what it imports have open."""
_FULL_S: Final = 0.05
_TROUBLE_S: Final = 1.0


def connection_limit(streams: int) -> int:
    """Return how many clients there can be at once, beside `streams` connections to endpoints.

    Raises the process's limit of open files as far as it may.
    """
    return max(4, min(_MOST, _descriptors() - _OTHER_DESCRIPTORS - 2 * streams))


if sys.platform == "win32":

    def _descriptors() -> int:
        return _WANTED_DESCRIPTORS

else:
    import resource

    def _descriptors() -> int:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_WANTED_DESCRIPTORS, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            except (OSError, ValueError):
                return soft
        return wanted


async def accept(listener: socket.socket, connect: Callable[[], asyncio.Protocol], open_now: Sized, most: int) -> None:
    """Take connections until cancelled, while fewer than `most` are open; the others wait in the system's queue.

    asyncio's own server accepts first and asks later: without descriptors it logs a traceback for each one that waits.
    """
    loop = asyncio.get_running_loop()
    starting: set[asyncio.Task[object]] = set()
    while True:
        if len(open_now) + len(starting) >= most:
            log.warning("as many connections as possible (%d) are open; the next ones wait", most)
            await asyncio.sleep(_FULL_S)
            continue
        try:
            connection, _ = await loop.sock_accept(listener)
        except OSError as error:
            log.warning("a connection can't be taken on: %s", error.strerror)
            await asyncio.sleep(_TROUBLE_S)
            continue
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(connect, connection))
        starting.add(task)
        task.add_done_callback(starting.discard)
