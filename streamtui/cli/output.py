"""Writing to pipes, terminals and files, waiting on the event loop where text can't be taken yet."""

import asyncio
import json
import os
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.system.atomic import AtomicFile

_PIECE: Final = 4096
"""Bytes a pipe that reports itself writable takes without blocking (PIPE_BUF on Linux)."""


class TextWriter(Protocol):
    """Takes text, and waits where it can't be taken yet."""

    async def write(self, text: str) -> None: ...


@runtime_checkable
class RevisableWriter(TextWriter, Protocol):
    """A `TextWriter` that can take back what it has written."""

    async def revise(self, text: str) -> None:
        """Hold `text` instead of all that was written."""


class Output:
    """Writes text to a file descriptor, waiting on the event loop where it is read slowly.

    Raises `BrokenPipeError` when nobody reads it any more, `StreamtuiError` when writing fails for another reason.
    What a cancelled `write` had not written yet goes out with the next.
    """

    def __init__(self, descriptor: int, name: str = "The output") -> None:
        self.descriptor = descriptor
        self._name = name
        self._unwritten = bytearray()

    @property
    def is_pipe(self) -> bool:
        with suppress(OSError):
            return stat.S_ISFIFO(os.fstat(self.descriptor).st_mode)
        return False

    async def write(self, text: str) -> None:
        self._unwritten += text.encode("utf-8", "replace")
        while self._unwritten:
            if not self._is_writable():
                await self._writable()
            with suppress(BlockingIOError):  # somebody else filled the pipe in between
                del self._unwritten[: self._write(bytes(self._unwritten[:_PIECE]))]

    def _write(self, piece: bytes) -> int:
        try:
            return os.write(self.descriptor, piece)
        except (BrokenPipeError, BlockingIOError):
            raise
        except OSError as error:
            raise StreamtuiError(f"{self._name} can't be written: {error.strerror}.") from None

    def _is_writable(self) -> bool:
        try:
            return bool(select.select((), (self.descriptor,), (), 0)[1])
        except (OSError, ValueError):  # not a descriptor that can be waited for: it never blocks for long
            return True

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_writer(self.descriptor, wake)
        try:
            await ready
        finally:
            loop.remove_writer(self.descriptor)


class StderrWriter:
    """Stderr: waited for like any output, but that nobody reads it any more is no reason to fail."""

    def __init__(self, descriptor: int) -> None:
        self._output = Output(descriptor)
        self._is_gone = False

    async def write(self, text: str) -> None:
        if self._is_gone:
            return
        try:
            await self._output.write(text)
        except (OSError, StreamtuiError):
            self._is_gone = True


def standard_output() -> Output:
    return Output(sys.stdout.fileno())


def standard_error() -> StderrWriter:
    return StderrWriter(sys.stderr.fileno())


async def print_text(text: str) -> None:
    """Write to stdout, so that a signal is obeyed while nobody reads it."""
    await standard_output().write(text)


async def print_json(value: object) -> None:
    """Write an indented JSON document to stdout."""
    await print_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def stdout_is_terminal() -> bool:
    return sys.stdout.isatty()


def is_on_the_screen_of_stderr(output: TextWriter) -> bool:
    """Whether what is written there and what goes to stderr stand on one screen."""
    if not isinstance(output, Output):
        return False
    try:
        return os.ttyname(output.descriptor) == os.ttyname(sys.stderr.fileno())
    except (OSError, ValueError):
        return False


class File(Protocol):
    """A `TextWriter` into a file."""

    async def write(self, text: str) -> None: ...

    def settle(self, *, is_complete: bool) -> None:
        """Write nothing more. What is complete takes the place of what was there, even if it is empty."""

    def close(self) -> None:
        """Leave no trace of what was not settled, unless it was written in place."""


@contextmanager
def opened(name: str, *, in_one_piece: bool) -> Iterator[File]:
    """Open a file for text that is to be there as it arrives, or `in_one_piece` at the end. Raises `ConfigError`.

    What the file held stays as long as there is nothing to take its place.
    """
    if not name:
        raise ConfigError("An empty name names no file: -o FILE.")
    try:
        file = _open(Path(name), in_one_piece)
    except (OSError, ValueError) as error:
        raise ConfigError(_complaint(name, error)) from None
    try:
        yield file
    finally:
        file.close()


def _open(path: Path, in_one_piece: bool) -> File:
    if path.exists() and not path.is_file():
        return Device(path)
    return Replacement(path) if in_one_piece else InPlace(path)


class Device(Output):
    """A pipe, a terminal: something that has a name but holds nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(os.open(path, os.O_WRONLY), sanitize_line(str(path)))

    def settle(self, *, is_complete: bool) -> None:
        return

    def close(self) -> None:
        os.close(self.descriptor)


class InPlace:
    """Grows as the text arrives. What the file held goes when the first of it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_new = not path.exists()
        self._is_begun = False
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb")

    async def write(self, text: str) -> None:
        if not text:
            return
        with _as_streamtui_error(self._path):
            self._begin()
            self._file.write(text.encode("utf-8", "replace"))
            self._file.flush()

    async def revise(self, text: str) -> None:
        """Hold `text` instead of all that was written."""
        with _as_streamtui_error(self._path):
            self._begin()
            self._file.seek(0)
            self._file.truncate()
        await self.write(text)

    def settle(self, *, is_complete: bool) -> None:
        if is_complete:
            with _as_streamtui_error(self._path):
                self._begin()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
        if self._is_new and not self._is_begun:
            with suppress(OSError):
                self._path.unlink()

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._file.truncate(0)


class Replacement:
    """Written beside the file, which it replaces in the end: nobody ever reads half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._target = path.resolve()  # a link stays one
        mode = self._mode()
        self._file = AtomicFile(self._target, mode=0o666)
        if mode is not None:
            self._file.part.chmod(mode)

    async def write(self, text: str) -> None:
        with _as_streamtui_error(self._path):
            self._file.write(text.encode("utf-8", "replace"))

    def settle(self, *, is_complete: bool) -> None:
        if is_complete or self._file.size:
            with _as_streamtui_error(self._path):
                self._file.commit()

    def close(self) -> None:
        self._file.discard()

    def _mode(self) -> int | None:
        """Return the permissions of the file that is there. Raises `OSError` where it may not be written to: a
        replacement would not ask."""
        try:
            descriptor = os.open(self._target, os.O_WRONLY)
        except FileNotFoundError:
            return None
        try:
            return stat.S_IMODE(os.fstat(descriptor).st_mode)
        finally:
            os.close(descriptor)


@contextmanager
def _as_streamtui_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StreamtuiError(_complaint(str(path), error)) from None


def _complaint(name: str, error: OSError | ValueError) -> str:
    why = error.strerror if isinstance(error, OSError) else error
    return f"{sanitize_line(name)} can't be written: {why}."
