"""Running a command so that a signal ends it in good order."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class Stopped(Exception):
    """A signal ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def on_loop(command: Coroutine[Any, Any, int]) -> int:
    """Run a command; a signal cancels it, and it settles what it was doing. Raises `Stopped`."""
    caught: list[int] = []

    async def guarded() -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(command)

        def stop(number: int) -> None:
            caught.append(number)
            task.cancel()

        with suppress(NotImplementedError):  # Windows' loop has no signal handlers; Ctrl+C works without
            for number in _signals():
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's word stays
                    loop.add_signal_handler(number, stop, number)
        return await task

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise Stopped(caught[0] if caught else signal.SIGINT) from None


def _signals() -> list[int]:
    return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
