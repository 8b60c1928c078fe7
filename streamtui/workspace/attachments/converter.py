"""A program that makes of a file what endpoints take: run by `conversion`, never imported.

It has a process of its own because a hostile file may make the libraries run for ever, or take all memory. The file
comes on stdin; stdout gets a line of JSON, and behind it the bytes of a result. The line is `{"unchanged": true}`,
`{"media_type": …}`, `{"pages": …}` or `{"problem": …}`.
"""

import io
import json
import sys
import warnings
from typing import Any, Final

_MEMORY: Final = 3 * 1024**3
_MOST_PIXELS: Final = 250_000_000
_MOST_PAGES: Final = 2_000
_MOST_TEXT: Final = 16_000_000
_TAKEN: Final = ("PNG", "JPEG", "GIF", "WEBP")
_ORIENTATION: Final = 0x0112
_QUALITIES: Final = (88, 75, 60, 45, 30)


def main() -> None:
    kind, *limits = sys.argv[1:]
    _limit_memory()
    content = sys.stdin.buffer.read()
    try:
        head, body = _image(content, *map(int, limits)) if kind == "image" else _pdf(content)
    except Exception as error:  # whatever a library makes of a file that is none
        head, body = {"problem": "broken", "why": f"{type(error).__name__}: {error}"[:300]}, b""
    sys.stdout.buffer.write(json.dumps(head).encode("ascii") + b"\n" + body)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, OSError, ValueError):
        return  # a system without such limits


def _image(content: bytes, edge: int, most_bytes: int) -> tuple[dict[str, Any], bytes]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit below is checked before anything is decoded
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        if width * height > _MOST_PIXELS:
            return {"problem": "pixels", "width": width, "height": height}, b""
        is_upright = image.getexif().get(_ORIENTATION, 1) == 1
        if image.format in _TAKEN and is_upright and max(width, height) <= edge and len(content) <= most_bytes:
            return {"unchanged": True}, b""
        is_photo = image.format in ("JPEG", "MPO", "HEIF", "AVIF")
        image.draft("RGB", (edge, edge))  # lets a JPEG be decoded at a fraction of its size
        image.thumbnail((edge, edge), reducing_gap=2.0)
        upright = ImageOps.exif_transpose(image)
        has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        plain = upright.convert("RGBA" if has_alpha else "RGB")
    if not is_photo and len(png := _encoded(plain, "PNG", optimize=True)) <= most_bytes:
        return {"media_type": "image/png"}, png
    if has_alpha:
        ground = Image.new("RGB", plain.size, "white")
        ground.paste(plain, mask=plain.getchannel("A"))
        plain = ground
    for quality in _QUALITIES:
        if len(jpeg := _encoded(plain, "JPEG", quality=quality)) <= most_bytes:
            return {"media_type": "image/jpeg"}, jpeg
    return {"problem": "pixels", "width": width, "height": height}, b""


def _encoded(image: Any, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _pdf(content: bytes) -> tuple[dict[str, Any], bytes]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        return {"problem": "encrypted"}, b""
    pages = len(reader.pages)
    if pages > _MOST_PAGES:
        return {"problem": "pages", "pages": pages, "most": _MOST_PAGES}, b""
    texts: list[str] = []
    room = _MOST_TEXT
    for page in reader.pages:
        texts.append(page.extract_text().strip())
        room -= len(texts[-1])
        if room < 0:
            return {"problem": "text"}, b""
    if not any(texts):
        return {"problem": "no text", "pages": pages}, b""
    text = "\n\n".join(f"[page {number} of {pages}]\n{text}" for number, text in enumerate(texts, 1))
    return {"pages": pages}, text.encode("utf-8", "replace")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
