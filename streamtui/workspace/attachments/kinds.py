"""What the bytes of a file are, by how they begin: an image, a PDF, text, or nothing that can be attached."""

from typing import Final

from streamtui.chat.decoding import decode
from streamtui.chat.errors import ConfigError

TEXT: Final = "text/plain"
PDF: Final = "application/pdf"
TAKEN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Images that endpoints take as they are; others have to be made into one of these."""
_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", PDF),
)
_BRANDS: Final = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic",
                  b"mif1": "image/heic", b"msf1": "image/heic"}  # fmt: skip
"""Of the container that cameras and phones use."""


def media_type_of(content: bytes, name: str) -> str:
    """Return the kind of file that `content` is. Raises `ConfigError` for one that can't be attached."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _BRANDS:
        return _BRANDS[content[8:12]]
    if content.startswith(b"BM") and content[6:10] == b"\0\0\0\0" and b"\0" in content:
        return "image/bmp"
    text_of(content, name)
    return TEXT


def text_of(content: bytes, name: str) -> str:
    """Return the text that a file holds, all of it. Raises `ConfigError` where it is none, or not wholly."""
    try:
        decoded = decode(content, name)
    except ConfigError:
        raise _binary(name) from None
    if "\0" in decoded.text:
        raise _binary(name)
    if decoded.damage:
        raise ConfigError(
            f"{name} is binary, or text in an encoding that it does not name ({decoded.damage}): "
            "iconv -t UTF-8 converts it. Nothing was sent."
        )
    return decoded.text


def _binary(name: str) -> ConfigError:
    return ConfigError(f"{name} is binary: only text, images and PDFs can be attached. Nothing was sent.")
