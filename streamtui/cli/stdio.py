"""The standard streams: there from the start, UTF-8, and written out to the end."""

import io
import os
import signal
import sys
from contextlib import suppress
from typing import TextIO


def prepare() -> None:
    """Let what is printed be UTF-8, as `ask`'s replies are, whatever the locale says.

    A process that was started with closed streams (`>&-`) gets a place to write to. Otherwise the next file that is
    opened, the database for one, would be standard output.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def written_out(code: int) -> int:
    """Write out what is buffered and return the exit code, another one where that fails.

    Left to the interpreter, the failure would be a message of its own and the code 120.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout)
        code = 128 + signal.SIGPIPE
    except OSError as error:
        _forget(sys.stdout)
        complain(f"The output can't be written: {error.strerror}.")
        code = code or 1
    try:
        sys.stderr.flush()
    except OSError:
        _forget(sys.stderr)
    return code


def complain(text: str) -> None:
    """Write a line of ours to stderr; a closed stderr is no reason to fail."""
    say(f"streamtui: {text}")


def say(line: str) -> None:
    """Write a line to stderr as it is; a closed stderr is no reason to fail."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _forget(stream: TextIO) -> None:
    """Let what can't be written go nowhere when the interpreter shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
