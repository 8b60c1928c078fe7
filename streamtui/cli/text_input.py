"""Text from outside, stdin and files: decoded where its bytes say how, refused where it is none."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Final, TextIO

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli.stdio import complain

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_ESCAPED_BYTE: Final = re.compile("[\udc80-\udcff]")
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


def read_file(name: str) -> str:
    """Return the text of a file. Raises `ConfigError` for one that can't be read or is not text."""
    try:
        data = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{sanitize_line(name)} can't be read: {why}.") from None
    return decoded(data, sanitize_line(name))


def decoded(data: bytes, name: str) -> str:
    """Return the text that a byte order mark, or else UTF-8, makes of `data`; a line on stderr says what it could not
    be made of. Raises `ConfigError` where `data` is not text."""
    codec, encoding = _encoding_of(data)
    if encoding == "UTF-8" and b"\0" in data:
        raise ConfigError(f"{name} is binary, not text: nothing was sent.")
    text = data.decode(codec, "replace")
    if damaged := _count_damage(data, codec):
        unit = "byte" if encoding == "UTF-8" else "character"
        were = f"{damaged:,} {unit} was" if damaged == 1 else f"{damaged:,} {unit}s were"
        complain(f"{were} not {encoding} in {name}: each stands as \ufffd. (iconv -t UTF-8 converts other encodings.)")
    return text


def _encoding_of(data: bytes) -> tuple[str, str]:
    """Return the codec and the name of the encoding."""
    for mark, codec, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return codec, encoding
    return "utf-8", "UTF-8"


def _count_damage(data: bytes, codec: str) -> int:
    """Return how many bytes of UTF-8, or characters of another encoding, can't be decoded."""
    if codec.startswith("utf-8"):
        return len(_ESCAPED_BYTE.findall(data.decode("utf-8", "surrogateescape")))
    replaced, ignored = (data.decode(codec, errors).count("\ufffd") for errors in ("replace", "ignore"))
    return replaced - ignored


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
