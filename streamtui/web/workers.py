"""Several processes on one socket: started, replaced when they die, ended together."""

import asyncio
import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from streamtui.chat.errors import ConfigError, StreamtuiError

log = logging.getLogger(__name__)

_END_S: Final = 20.0
"""How long workers may take to save and end before they are killed: on a busy machine a short time would cost text."""
_PERIOD_S: Final = 0.2
_REST_S: Final = 1.0
"""How long the place of a dead worker stays empty: what killed it may kill the next one at once."""

_USELESS: Final = 2
"""How a worker ends that another one in its place would only imitate."""

Work = Callable[..., Coroutine[Any, Any, None]]


async def supervise(count: int, start_log: Callable[[], None], work: Work, arguments: tuple[Any, ...]) -> None:
    """Keep `count` processes at `work(*arguments)`, each with a log of its own, until cancelled.

    What is handed over must be picklable: it goes through a pipe, so no command line shows it. Raises `ConfigError`
    when a worker says that it can't start.
    """
    context = multiprocessing.get_context("spawn")

    def start() -> SpawnProcess:
        process = context.Process(target=run_worker, args=(start_log, work, arguments), daemon=True)
        process.start()
        return process

    workers = [start() for _ in range(count)]
    died: dict[int, float] = {}
    """When, by place."""
    try:
        while True:
            await asyncio.sleep(_PERIOD_S)
            now = time.monotonic()
            for place, worker in enumerate(workers):
                if worker.is_alive():
                    continue
                if worker.exitcode == _USELESS:
                    raise ConfigError("A worker could not start; it said why.")
                if now - died.setdefault(place, now) >= _REST_S:
                    del died[place]
                    workers[place] = start()
    finally:
        await _end(workers)


def no_log() -> None:
    """Log nothing."""
    logging.getLogger().addHandler(logging.NullHandler())  # without any, warnings would go to the terminal


def run_worker(start_log: Callable[[], None], work: Work, arguments: tuple[Any, ...]) -> None:
    """Work in this process until a signal says otherwise."""
    try:
        start_log()
        asyncio.run(_until_signal(work(*arguments)))
    except asyncio.CancelledError:
        pass
    except StreamtuiError as error:
        sys.stderr.write(f"streamtui: {error}\n")
        sys.exit(_USELESS)
    except Exception as error:
        log.exception("a worker failed")
        sys.stderr.write(f"streamtui: a worker failed ({type(error).__name__}) and is replaced.\n")
        sys.exit(1)


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    ending = False

    def end() -> None:
        nonlocal ending
        if not ending:  # Ctrl+C reaches the whole group, and then the supervisor says it again
            ending = True
            task.cancel()

    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
    await task


async def _end(workers: list[SpawnProcess]) -> None:
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + _END_S
    for worker in workers:
        await asyncio.to_thread(worker.join, max(0.0, deadline - time.monotonic()))
    for worker in workers:
        worker.kill()
        worker.join()
