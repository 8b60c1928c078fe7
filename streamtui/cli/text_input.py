"""Text from stdin and files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Final, TextIO

from streamtui.chat.decoding import decode
from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli.stdio import complain
from streamtui.workspace.attachments.files import LARGEST

_PATIENCE_S: Final = 1.0


def read_piped(stdin: TextIO | None, *, also_typed: bool = False) -> str:
    """Return what is piped in, to its end; nothing where stdin is closed, or a terminal and not `also_typed`.

    A line on stderr says so where the end is long in coming. Raises `ConfigError` for what can't be read or is not
    text.
    """
    if stdin is None:
        return ""
    is_terminal = stdin.isatty()
    if is_terminal and not also_typed:
        return ""
    try:
        with _said_when_slow(not is_terminal):
            data = stdin.buffer.read()
    except OSError as error:
        raise ConfigError(f"What is piped in can't be read: {error.strerror}.") from None
    return decoded(data, "what is piped in").strip("\r\n")


def read_piped_file(stdin: TextIO | None) -> bytes:
    """Return the bytes that are piped in, to their end, or to one more than a file may have.

    Raises `ConfigError` where there are none to be read.
    """
    if stdin is None or stdin.isatty():
        raise ConfigError("Nothing is piped in that -f - could send.")
    try:
        with _said_when_slow(True):
            return stdin.buffer.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"What is piped in can't be read: {error.strerror}.") from None


def read_file(name: str) -> str:
    """Return the text of a file. Raises `ConfigError` for one that can't be read or is not text."""
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{sanitize_line(name)} can't be read: {why}.") from None
    return decoded(data, sanitize_line(name))


def decoded(data: bytes, name: str) -> str:
    """Return the text of `data`; a line on stderr says what could not be decoded. Raises `ConfigError` where `data` is
    not text."""
    decoded = decode(data, name)
    if decoded.damage:
        complain(f"{decoded.damage} in {name}: each stands as \ufffd. (iconv -t UTF-8 converts other encodings.)")
    return decoded.text


@contextmanager
def _said_when_slow(is_wanted: bool) -> Iterator[None]:
    line = "reading piped text until its end (</dev/null or --no-stdin skips it)"
    timer = Timer(_PATIENCE_S, complain, (line,))
    timer.daemon = True
    if is_wanted:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
