"""Running a command so that a signal ends it in good order: the first one is obeyed, and no other one hurries it."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

_PATIENCE_S: Final = 2.5
"""How long a command may take to leave: a signal has to be obeyed within three seconds in all."""

Handlers = Mapping[int, Any]


class Stopped(Exception):
    """A signal ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def on_loop(command: Coroutine[Any, Any, int], *, rescue: Callable[[], object] | None = None) -> int:
    """Run a command; a signal cancels it, and it settles what it was doing. Raises `Stopped`.

    After the first signal no other one does anything, for the rest of the process: what is left then is to save. With
    `rescue` the process ends even where leaving takes too long; that is called before, from another thread.
    """
    # Handlers of the loop's own would go with the loop, before anything is saved.
    loop = asyncio.new_event_loop()
    task = loop.create_task(command)
    caught: list[int] = []

    def obey(number: int, frame: object) -> None:
        caught.append(number)
        if len(caught) > 1:
            return
        if rescue is not None:
            _end_in_any_case(number, rescue)
        with suppress(RuntimeError):  # the loop is closed: the command has ended
            loop.call_soon_threadsafe(task.cancel)

    before = _handle(obey)
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(_result(task))
    except asyncio.CancelledError:
        raise Stopped(caught[0] if caught else signal.SIGINT) from None
    finally:
        if not caught:
            _restore(before)


def ignore() -> None:
    """Let no more signals end the process."""
    _handle(signal.SIG_IGN)


@contextmanager
def ignored() -> Iterator[None]:
    """Let no signal interrupt what ends soon by itself."""
    before = _handle(signal.SIG_IGN)
    try:
        yield
    finally:
        _restore(before)


async def _result(task: "asyncio.Task[int]") -> int:
    return await task


def _end_in_any_case(number: int, rescue: Callable[[], object]) -> None:
    def end() -> None:
        rescue()
        os._exit(128 + number)

    guard = threading.Timer(_PATIENCE_S, end)
    guard.daemon = True
    guard.start()


def _handle(handler: Any) -> Handlers:
    """Set the handler of all signals that end a process, and return those they had. What is ignored already stays so,
    as `nohup` wants it. Only the main thread can do this; elsewhere it does nothing."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    names = (name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
    before = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
    return {
        number: signal.signal(number, handler)
        for number, handled in before.items()
        if handled not in (signal.SIG_IGN, None)
    }


def _restore(before: Handlers) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
