"""Writing to the standard streams; it waits on the event loop where text can't be taken yet, so signals are obeyed."""

import asyncio
import os
import select
import stat
import sys
from contextlib import suppress
from typing import Final, Protocol

from streamtui.chat.errors import StreamtuiError

_PIECE: Final = 4096
"""Bytes a pipe that reports itself writable takes without blocking (PIPE_BUF on Linux)."""


class TextWriter(Protocol):
    """Takes text, and waits where it can't be taken yet."""

    async def write(self, text: str) -> None: ...


class Output:
    """Writes text to a file descriptor, waiting on the event loop where the reader is slow.

    Raises `BrokenPipeError` when the reader has gone, `StreamtuiError` when nothing can be written for another reason.
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
    """Stderr: waited for like any output, but a reader of it who has gone is no reason to fail."""

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


def is_on_the_screen_of_stderr(output: Output) -> bool:
    """Whether what is written there and what goes to stderr stand on one screen."""
    try:
        return os.ttyname(output.descriptor) == os.ttyname(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
