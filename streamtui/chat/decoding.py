"""Text from outside, stdin and files: decoded where its bytes say how, refused where it is none."""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from streamtui.chat.errors import ConfigError

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_ESCAPED_BYTE: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text that bytes stand for."""

    text: str
    """What can't be decoded stands as U+FFFD."""
    damage: str = ""
    """What could not be decoded, `3 bytes were not UTF-8`; empty where all could."""


def decode(data: bytes, name: str) -> DecodedText:
    """Return the text that a byte order mark, or else UTF-8, makes of `data`. Raises `ConfigError` where it is not
    text."""
    codec, encoding = _encoding_of(data)
    if encoding == "UTF-8" and b"\0" in data:
        raise ConfigError(f"{name} is binary, not text: nothing was sent.")
    text = data.decode(codec, "replace")
    damaged = _count_damage(data, codec) if "\ufffd" in text else 0
    if not damaged:
        return DecodedText(text)
    unit = "byte" if encoding == "UTF-8" else "character"
    were = f"{damaged:,} {unit} was" if damaged == 1 else f"{damaged:,} {unit}s were"
    return DecodedText(text, f"{were} not {encoding}")


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
