"""A program in a real pseudo-terminal: keys go in, and what a person would see, or every raw byte, comes out."""

import copy
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil
import pyte

from tests.patience import PATIENCE_S

KEYS: Final = {
    "enter": b"\r",
    "esc": b"\x1b",
    "alt+esc": b"\x1b\x1b",
    "tab": b"\t",
    "backspace": b"\x7f",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "delete": b"\x1b[3~",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "shift+enter": b"\x1b[13;2u",
    "ctrl+enter": b"\x1b[13;5u",
    "alt+enter": b"\x1b\r",
    "alt+up": b"\x1b[1;3A",
    "alt+down": b"\x1b[1;3B",
}
_BECOME_FOREGROUND = """
import fcntl, os, resource, signal, sys, termios
for each in (signal.SIGINT, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if int(sys.argv[1]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Runs in the child: takes the terminal as a login would, ignoring no signal, then becomes the program. (No
`preexec_fn`: there are threads in this process.)"""

# pyte would read the private forms as the plain ones, and shows the contents of strings (DCS, APC) as text.
_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=][\d;:]*[@-~]|\x1b\[\?[\d;]*(?:\$p|u)|\x1b\[[\d;]*t|\x1b[P_^X].*?\x1b\\", re.DOTALL
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[<>=?]?[\d;:$]*|[P_^X][^\x1b]*\x1b?)?\Z", re.DOTALL)
_FRAME_BEGINS: Final = b"\x1b[?2026h"
_FRAME_ENDS: Final = b"\x1b[?2026l"
ANSWERS: Final[Mapping[bytes, bytes]] = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
"""What a terminal says when it is asked what it can: this one shows frames whole."""


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes the program wrote, and when they came, by `time.monotonic()`."""

    time: float
    data: bytes


class _Screen(pyte.Screen):
    """pyte's screen with the alternate one that it lacks: leaving a full-screen program shows what was before."""

    _main: dict[int, Any] | None = None

    def set_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private") and 1049 in modes and self._main is None:
            self._main = copy.deepcopy(dict(self.buffer))
            self._place = (self.cursor.x, self.cursor.y)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private") and 1049 in modes and self._main is not None:
            self.erase_in_display(2)
            self.buffer.update(self._main)
            self.cursor.x, self.cursor.y = self._place
            self._main = None
        super().reset_mode(*modes, **kwargs)


@dataclass
class _Emulator:
    """What a terminal would show: of a program that brackets its frames, no half of one."""

    columns: int
    rows: int
    screen: pyte.Screen = field(init=False)

    def __post_init__(self) -> None:
        self.screen = _Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        unfinished = _UNFINISHED.search(data)
        at = unfinished.start() if unfinished else len(data)
        if (begun := data.rfind(_FRAME_BEGINS)) > data.rfind(_FRAME_ENDS):
            at = min(at, begun)
        self._rest = data[at:]
        self._show(data[:at])

    def end(self) -> None:
        """Nothing more comes: show what there is of the last frame."""
        rest, self._rest = self._rest, b""
        self._show(rest)

    def _show(self, data: bytes) -> None:
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))


class Terminal:
    """A context manager around one process and its terminal. Leaving ends that process, and nothing else."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (100, 30),
        largest_file: int = 0,
        answers: Mapping[bytes, bytes] = ANSWERS,
    ) -> None:
        """`size` is columns and rows; `largest_file` limits what the process may write to one file, as a full disk
        would; `answers` is what the terminal says to what it is asked."""
        self._words = list(words)
        self._environment = dict(environment)
        self._folder = folder
        self._largest_file = largest_file
        self._answers = answers
        self._emulator = _Emulator(*size)
        self._changed = threading.Condition()
        self._may_read = threading.Event()
        self._may_read.set()
        self._open = True
        self.written: list[Written] = []
        self._watched: str | None = None
        self._shown_at: float | None = None
        self.started = self.pressed = self.ended = 0.0

    # -- life

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._set_size(self._emulator.columns, self._emulator.rows)
        self.modes = self.line_settings()
        """The line's settings before the program touched them."""
        self.started = time.monotonic()
        limit = str(self._largest_file)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BECOME_FOREGROUND, limit, *self._words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
        )
        self._line = os.ttyname(slave)
        os.close(slave)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.process.poll() is None:
            for child in self.children():
                child.kill()
            self.process.kill()
        self.process.wait()
        self.resume_reading()
        self.close_master()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def exit_code(self, within: float = PATIENCE_S) -> int:
        """Wait for the end and return the code, 128+n for a signal that killed. All output is read by then."""
        code = self.process.wait(within)
        self.ended = time.monotonic()
        self.resume_reading()
        if self._open:
            self._reader.join(within)
        return 128 - code if code < 0 else code

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def close_master(self) -> None:
        """Close the terminal's window."""
        if not self._open:
            return
        self._open = False
        self._may_read.set()
        self._reader.join()
        os.close(self._master)

    # -- what goes in

    def type(self, text: str) -> None:
        self._write(text.encode())

    def press(self, *keys: str) -> float:
        """Press named keys, `ctrl+x`, `alt+x` or single characters; return when the last one went in."""
        for key in keys:
            self._write(_key(key))
        self.pressed = time.monotonic()
        return self.pressed

    def send(self, text: str) -> None:
        """Type a prompt, see it in the box, press Enter."""
        self.type(text)
        self.wait_for(lambda: text[-20:] in self.screen, what=f"{text!r} typed")
        self.press("enter")

    def paste(self, text: str) -> None:
        """Paste as terminals do that were asked to say so."""
        self._write(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def send_bytes(self, data: bytes) -> None:
        """Let any bytes come from the keyboard."""
        self._write(data)

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self._emulator.columns, self._emulator.rows = columns, rows
            self._emulator.screen.resize(rows, columns)
            self._set_size(columns, rows)

    def stop_reading(self) -> None:
        """Let the program's output pile up, as a terminal does whose window is frozen."""
        self._may_read.clear()

    def resume_reading(self) -> None:
        self._may_read.set()

    def wait_until_full(self, seconds: float = 1.0) -> None:
        """Wait until the program, which nobody reads, could write nothing more for so long."""
        writable_at = time.monotonic()

        def is_full() -> bool:
            nonlocal writable_at
            if self._takes_more():
                writable_at = time.monotonic()
            return time.monotonic() - writable_at > seconds

        self.wait_for(is_full, what="the terminal full")

    # -- what comes out

    @property
    def raw(self) -> bytes:
        return b"".join(each.data for each in list(self.written))

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return [line.rstrip() for line in self._emulator.screen.display]

    @property
    def screen(self) -> str:
        """What a person sees, line by line."""
        return "\n".join(self.lines)

    def wait_for(self, wanted: "str | Callable[[], object]", timeout: float = PATIENCE_S, *, what: str = "") -> float:
        """Wait until a text is on the screen or a condition is true; return when that was found."""
        satisfied: Callable[[], object] = wanted if callable(wanted) else lambda: wanted in self.screen
        deadline = time.monotonic() + timeout
        while True:
            ended = not self.is_running
            if satisfied():
                return time.monotonic()
            now = time.monotonic()
            if now > deadline or ended:
                why = f"the process ended with {self.process.returncode}" if ended else f"not within {timeout} s"
                raise AssertionError(f"{what or wanted}: {why}. On the screen:\n{self.screen}")
            with self._changed:
                self._changed.wait(0.02)

    def wait_until_gone(self, text: str, timeout: float = PATIENCE_S) -> None:
        self.wait_for(lambda: text not in self.screen, timeout, what=f"{text!r} gone")

    def wait_for_quiet(self, seconds: float) -> None:
        """Wait until nothing was written for so long: for things that can't be seen."""
        began = time.monotonic()
        self.wait_for(
            lambda: time.monotonic() - max(began, self.written[-1].time) > seconds, what=f"{seconds} s of quiet"
        )

    def scribble(self, text: str) -> None:
        """Let another program write on the screen."""
        with self._changed:
            self._emulator.feed(f"\x1b[H{text}".encode())

    def watch_for(self, text: str) -> None:
        """Note when `text`, which is not on the screen now, comes onto it: what changes is written in any pieces."""
        with self._changed:
            self._watched, self._shown_at = text, None

    def shown_at(self) -> float:
        """Wait until what is watched for is on the screen; return when it was written."""
        self.wait_for(lambda: self._shown_at is not None, what=f"{self._watched!r}")
        assert self._shown_at is not None
        return self._shown_at

    def line_settings(self) -> list[Any]:
        """What `stty` would show."""
        return list(termios.tcgetattr(self._master))

    def children(self) -> list[psutil.Process]:
        """The processes that the program started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    # -- inside

    def _write(self, data: bytes) -> None:
        while data:
            select.select([], [self._master], [], PATIENCE_S)
            data = data[os.write(self._master, data[:2048]) :]

    def _takes_more(self) -> bool:
        """Whether the program could write now."""
        line = os.open(self._line, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return bool(select.select([], [line], [], 0)[1])
        finally:
            os.close(line)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while self._open:
            self._may_read.wait()
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            if not self._may_read.is_set():
                continue
            try:
                data = os.read(self._master, 65_536)
            except OSError:  # Linux's way of saying that nobody has the other end any more
                data = b""
            now = time.monotonic()
            with self._changed:
                self._changed.notify_all()
                if not data:
                    self._emulator.end()
                    return
                self.written.append(Written(now, data))
                self._emulator.feed(data)
                if self._watched is not None and self._shown_at is None:
                    self._shown_at = now if self._watched in "\n".join(self._emulator.screen.display) else None
            for question, answer in self._answers.items():
                if question in data:
                    with suppress(OSError):  # who asked may be gone
                        self._write(answer)


def _key(key: str) -> bytes:
    if key in KEYS:
        return KEYS[key]
    modifier, _, rest = key.rpartition("+")
    if modifier == "ctrl" and len(rest) == 1:
        return bytes([ord(rest.upper()) & 0x1F])
    if modifier == "alt":
        return b"\x1b" + _key(rest)
    if modifier or len(key) != 1:
        raise ValueError(f"unknown key {key}")
    return key.encode()
