"""How the process of a command ends: obeying signals, writing a log without keys, reporting a crash."""

import asyncio
import logging
import os
import platform
import signal
import threading
import time
import traceback
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

from streamtui import __version__
from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.providers.redaction import Secret, redact

_PATIENCE_S: Final = 2.5
"""How long a command may take to leave: a signal has to be obeyed within three seconds in all."""
_LOOP_DESCRIPTORS: Final = 4

T = TypeVar("T")
Handlers = Mapping[int, Any]


class Stopped(Exception):
    """A signal ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def on_loop(command: Coroutine[Any, Any, T], *, rescue: Callable[[], object] | None = None) -> T:
    """Run a command and return its result; a signal cancels it, and it settles what it was doing. Raises `Stopped`.

    After the first signal no other one does anything, for the rest of the process: what is left then is to save. With
    `rescue` the process ends even where leaving takes too long; that is called before, from another thread.
    """
    try:
        _require_descriptors()
        # Handlers of the loop's own would go with the loop, before anything is saved.
        loop = asyncio.new_event_loop()
    except OSError:
        command.close()
        raise
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


def _require_descriptors() -> None:
    """Raise `OSError` where an event loop can't be made for want of file descriptors: half of one complains as it
    goes."""
    descriptors: list[int] = []
    try:
        for _ in range(_LOOP_DESCRIPTORS):
            descriptors.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def ignore_signals() -> None:
    """Let no more signals end the process."""
    _handle(signal.SIG_IGN)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Let no signal interrupt what ends soon by itself."""
    before = _handle(signal.SIG_IGN)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def signals_raised(rescue: Callable[[], object]) -> Iterator[None]:
    """Have a signal that ends the process raise `Stopped` in the main thread, once; Ctrl+C stays what it is. `rescue`
    is called, from another thread, where leaving takes too long."""

    def obey(number: int, frame: object) -> None:
        ignore_signals()
        _end_in_any_case(number, rescue)
        raise Stopped(number)

    before = _handle(obey)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except Stopped:
        raise
    else:
        _restore(before)


async def _result(task: "asyncio.Task[T]") -> T:
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


def start_log(name: str | None, secrets: Collection[Secret]) -> None:
    """Log to the file `name`, every line redacted; `secrets` may still be filled. Without a name nothing is logged.

    Every process of a command calls it for itself: lines are appended, so they can share the file. Raises
    `ConfigError` for a file that can't be written.
    """
    if name is None:
        logging.getLogger().addHandler(logging.NullHandler())  # without any, warnings would go to the terminal
        return
    try:
        handler = logging.FileHandler(name, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{sanitize_line(name)} can't be written: {error.strerror}.") from None
    handler.setFormatter(_Redacting(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class _Redacting(logging.Formatter):
    def __init__(self, secrets: Collection[Secret]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(sanitize(super().format(record)), self._secrets)


def report_crash(error: BaseException, folder: Path, secrets: Iterable[Secret]) -> str:
    """Write the report and return the line for the user. Never raises: a crash must not hide behind another."""
    secrets = list(secrets)
    # Redacted before it is cut: half a key is not recognised. And an exception whose `str` fails has words here too.
    what = sanitize_line(redact("".join(traceback.format_exception_only(error)), secrets))
    text = f"streamtui {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n" + "".join(
        traceback.format_exception(error)
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _new_file(folder, f"crash-{time.strftime('%Y%m%d-%H%M%S')}")
        path.write_text(redact(sanitize(text), secrets), encoding="utf-8")
    except OSError as failure:
        return f"streamtui: it crashed ({what}), and the report could not be written: {failure.strerror}."
    return f"streamtui: it crashed ({what}). What you had is saved; the report is in {sanitize_line(str(path))}."


def _new_file(folder: Path, stem: str) -> Path:
    """Make an empty file, under another name than any that is there. Raises `OSError`."""
    for number in count(1):
        path = folder / (f"{stem}.txt" if number == 1 else f"{stem}-{number}.txt")
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
            break
    return path
